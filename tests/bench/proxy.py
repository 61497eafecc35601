"""A proxy that speaks TLS to both sides and does something to messages on their way to clients.

with Proxy(daemon, dropped) as proxy:
    connect(proxy.port)
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from itertools import count
from threading import Thread
from types import TracebackType

from tests.daemon import Daemon

Fate = Callable[[asyncio.StreamWriter, bytes, int], None]
"""What becomes of a message: it is given with where it would go, and which one it is of all."""


def passed(to: asyncio.StreamWriter, line: bytes, number: int) -> None:
    """Let it pass."""
    to.write(line)


class Proxy:
    """Shows the daemon's own certificate; `met` is how many messages have come by."""

    def __init__(self, daemon: Daemon, fate: Fate) -> None:
        self._daemon = daemon
        self._fate = fate
        self._numbers = count()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, daemon=True)
        self.met = 0
        self.port = 0

    def __enter__(self) -> Proxy:
        self._server = self._loop.run_until_complete(self._listen())
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_forever()

    async def _listen(self) -> asyncio.Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._daemon.certificate, self._daemon.data / "key.pem")
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        port = self._daemon.port("irc")
        there, back = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        await asyncio.gather(
            self._copy(reader, back, passed), self._copy(there, writer, self._fated)
        )

    def _fated(self, to: asyncio.StreamWriter, line: bytes, number: int) -> None:
        if b" PRIVMSG " in line:
            self.met += 1
            self._fate(to, line, next(self._numbers))
        else:
            to.write(line)

    async def _copy(
        self, here: asyncio.StreamReader, there: asyncio.StreamWriter, fate: Fate
    ) -> None:
        try:
            while line := await here.readline():
                fate(there, line, 0)
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            there.close()
