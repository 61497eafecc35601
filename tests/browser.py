"""A WebSocket to a real daemon, as a page in a browser has one.

with Browser(daemon, port, TEXT) as web:
    web.says("NICK eve", "USER eve 0 * :eve")
    web.waits_for(" 001 ")

It is the asyncio client of `websockets`, run while one waits for it. The blocking one reads in one
thread and writes in another; where these meet in one SSLSocket as a session ticket comes, what
is read or written may be lost, and the connection hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterable
from types import TracebackType
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chatd.frontends.tls import Pair
from tests.daemon import PATIENCE, Daemon

TEXT = "text.ircv3.net"
BINARY = "binary.ircv3.net"
MOMENT = 0.05


def trust(daemon: Daemon, own: Pair | None = None) -> ssl.SSLContext:
    """What trusts the daemon, and shows a certificate of its own if it has one."""
    made = ssl.create_default_context(cafile=str(daemon.certificate))
    made.check_hostname = False
    if own is not None:
        made.load_cert_chain(own.certificate, own.key)
    return made


class Browser:
    """One WebSocket; connected when it has been made.

    :param wanted: the subprotocols that it asks for.
    :param own: the certificate that it shows.
    :param headers: what it sends besides, with underlines for hyphens.
    """

    def __init__(
        self, daemon: Daemon, port: int, *wanted: str, own: Pair | None = None, **headers: str
    ) -> None:
        self._runner = asyncio.Runner()
        wish: Any = connect(
            f"wss://127.0.0.1:{port}/",
            ssl=trust(daemon, own),
            subprotocols=list(wanted),  # type: ignore[arg-type]
            additional_headers={name.replace("_", "-"): text for name, text in headers.items()},
            open_timeout=PATIENCE,
            max_queue=None,  # else it does not hear the end before all has been asked for
            proxy=None,
        )
        try:
            self.connection = self._run(_come(wish))
        except BaseException:
            self._runner.close()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._run(self.connection.close())
        self._runner.close()

    def says(self, *messages: Any) -> None:
        """Send each."""
        for message in messages:
            self._run(self.connection.send(message))

    def says_in_frames(self, pieces: Iterable[str]) -> None:
        """Send one message, a frame for each piece, and listen in between."""

        async def one_by_one() -> AsyncIterator[str]:
            for piece in pieces:
                await asyncio.sleep(0)
                yield piece

        self._run(self.connection.send(one_by_one()))

    def hears(self) -> str | bytes:
        """The next message."""
        message: str | bytes = self._run(asyncio.wait_for(self.connection.recv(), PATIENCE))
        return message

    def hears_all(self) -> list[str | bytes]:
        """All that has come, and comes in a moment; nothing more after the end."""
        heard: list[str | bytes] = []
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            while True:
                heard.append(self._run(asyncio.wait_for(self.connection.recv(), MOMENT)))
        return heard

    def waits_for(self, sign: str) -> str:
        """Read up to a line that has this in it."""
        while sign not in (line := text(self.hears())):
            pass
        return line

    def enters(self, name: str) -> None:
        """Come on line, as a guest or with what has been said before."""
        self.says(f"NICK {name}", f"USER {name} 0 * :{name}")
        self.waits_for(" 001 ")

    def pings(self) -> None:
        """Send a ping, and wait for its pong."""

        async def ping() -> None:
            await asyncio.wait_for(await self.connection.ping(), PATIENCE)

        self._run(ping())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)


def text(message: str | bytes) -> str:
    """A message of either subprotocol."""
    return message.decode() if isinstance(message, bytes) else message


async def _come(wish: Any) -> Any:
    return await wish
