"""A bad network for tests: what goes through it is delayed, split, and cut off in the middle.

    with Cutter(daemon.port("irc")) as cutter:
        connect(cutter.port)

A connection is cut after some bytes, in whichever direction they go: in a handshake, in a line,
between two. Then both ends are told, gently (FIN) or not (RST), or only the client is, and the
daemon hears no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections import deque
from threading import Event, Thread
from types import TracebackType

from tests.talker import BY_RESET

SHORT, LONG = 5_000, 100_000
"""Bytes that go through a connection before it is cut, on average: half of the connections
are hardly through their handshakes, the others see some talk."""
GHOSTS = 40
"""Connections of which the daemon does not know yet that nobody is there."""
SLOWEST = 0.02
CHUNK = 8192

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Cut(Exception):
    """The connection has carried as much as it was meant to."""


class Cutter:
    """A relay to a port of the loopback interface, in a thread of its own.

    While it is `calm` it cuts no connection that is made then.
    """

    def __init__(self, to: int) -> None:
        self.port = 0
        self.cuts = 0
        self.calm = False
        self._to = to
        self._ghosts: deque[Ends] = deque()
        self._links: set[asyncio.Task[None]] = set()
        self._ready = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Cutter:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        for _, ghost in self._ghosts:
            ghost.transport.abort()
        await asyncio.sleep(0.1)  # asyncio closes in the next turns

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.ensure_future(self._link((reader, writer)))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, client: Ends) -> None:
        """Carry one connection, as far as it goes."""
        daemon = await asyncio.open_connection("127.0.0.1", self._to)
        lasting = Lasting(None if self.calm else length())
        ways = [
            asyncio.ensure_future(lasting.carry(client[0], daemon[1])),
            asyncio.ensure_future(lasting.carry(daemon[0], client[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            ended = await asyncio.gather(*ways, return_exceptions=True)
            self._end(client, daemon, any(isinstance(one, Cut) for one in ended))

    def _end(self, client: Ends, daemon: Ends, cut: bool) -> None:
        self.cuts += cut
        match random.choice(("gently", "hard", "silently")) if cut else "gently":
            case "gently":
                client[1].close()
                daemon[1].close()
            case "hard":
                reset(client[1])
                reset(daemon[1])
            case _:
                reset(client[1])
                self._haunt(daemon)

    def _haunt(self, daemon: Ends) -> None:
        self._ghosts.append(daemon)
        if len(self._ghosts) > GHOSTS:
            _, oldest = self._ghosts.popleft()
            oldest.transport.abort()


class Lasting:
    """How many bytes one connection still carries; None if it lasts."""

    def __init__(self, left: int | None) -> None:
        self._left = left

    async def carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carry bytes one way, in pieces and not at once.

        :raise Cut: when it has carried enough.
        """
        with contextlib.suppress(ConnectionError):
            while data := await source.read(CHUNK):
                for piece in pieces(data):
                    sink.write(self._take(piece))
                    if self._left == 0:
                        raise Cut
                    await asyncio.sleep(random.choice((0, 0, 0, random.uniform(0, SLOWEST))))
                    await sink.drain()

    def _take(self, piece: bytes) -> bytes:
        if self._left is None:
            return piece
        taken = piece[: self._left]
        self._left -= len(taken)
        return taken


def length() -> int:
    """How long a connection lasts, in bytes."""
    return 1 + int(random.expovariate(1 / random.choice((SHORT, LONG))))


def pieces(data: bytes) -> list[bytes]:
    """The same bytes, often in several pieces."""
    ends = sorted(random.choices(range(len(data) + 1), k=random.choice((0, 0, 0, 1, 2, 8))))
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True) if a < b]


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection in a way that drops what is on its way (RST)."""
    plain: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)
    writer.transport.abort()
