"""A cable between a client and a daemon: it counts what goes through, and it can be pulled.

    with Cable(daemon, [5_000_000]) as cable:
        connect(cable.port)
    cable.twice()

It has the daemon's own certificate, and so sees which connections carry files, and from where on.
When a file comes past one of the given places the cable is pulled: all that is connected by it
ends, gently (FIN) or not (RST), or only the client is told. What was under way in it is lost.
"""

from __future__ import annotations

import contextlib
import random
import select
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from types import TracebackType

from tests.daemon import PATIENCE, Daemon
from tests.talker import BY_RESET

IN_THE_CABLE = 1 << 14
"""Bytes that one end of a connection may have under way, as the system counts them."""
RECORD = 1 << 14
BLOCK = 1 << 10
"""What is sent twice is counted in such."""


@dataclass
class Passage:
    """A connection that carries a file: from where on, and how many bytes came out of the sender,
    be that a client or the daemon."""

    start: int = 0
    carried: int = 0

    @property
    def end(self) -> int:
        """How far it came."""
        return self.start + self.carried


class Cable:
    """One with a port of its own, until it is closed.

    :param places: how far a file is when it is pulled.
    :param stop: how far a file is when nothing goes on any more, until it is `loosened`.
    """

    def __init__(self, daemon: Daemon, places: Iterable[int] = (), stop: int | None = None) -> None:
        self.passages: list[Passage] = []
        self.pulled = 0
        self._places = sorted(places)
        self._stop = stop
        self._loose = Event()
        self._daemon = daemon
        self._links: list[Link] = []
        self._lock = Lock()
        self._server = _small(socket.socket())
        self._server.bind(("127.0.0.1", 0))
        self._server.listen()
        self.port: int = self._server.getsockname()[1]
        self._thread = Thread(target=self._accept)

    def __enter__(self) -> Cable:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.loosen()
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()
        for link in self._links:
            link.end("hard")
            link.join()
            link.close()

    @property
    def address(self) -> str:
        """Where clients connect to."""
        return f"127.0.0.1:{self.port}"

    @property
    def far(self) -> int:
        """How far the file is."""
        return max((passage.end for passage in self.passages), default=0)

    def loosen(self) -> None:
        """Let go on what was stopped."""
        self._loose.set()

    def twice(self) -> list[int]:
        """How many bytes came again with each connection after the first."""
        again, before = [], bytearray()
        for passage in self.passages:
            blocks = slice(passage.start // BLOCK, passage.end // BLOCK)
            before.extend(bytes(max(0, blocks.stop - len(before))))
            again.append(sum(before[blocks]) * BLOCK)
            before[blocks] = b"\1" * (blocks.stop - blocks.start)
        return again[1:]

    def see(self, passage: Passage) -> None:
        """More of a file goes through."""
        with self._lock:
            over = [place for place in self._places if place <= passage.end]
            self._places = self._places[len(over) :]
            self.pulled += bool(over)
        if over:
            self._pull()
        if self._stop is not None and passage.end >= self._stop:
            self._loose.wait(PATIENCE)

    def _pull(self) -> None:
        how = random.choice(("gently", "hard", "silently"))
        for link in tuple(self._links):
            link.end(how)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                link = Link(self, client, self._daemon)
                self._links.append(link)
                link.start()


@dataclass
class Way:
    """One of the two directions of a connection: its first line, and how much came after it."""

    line: bytes = b""
    after: int = 0

    def see(self, chunk: bytes) -> None:
        """More has come."""
        if self.line.endswith(b"\n"):
            self.after += len(chunk)
        else:
            line, end, rest = (self.line + chunk).partition(b"\n")
            self.line, self.after = line + end, len(rest)


@dataclass
class Ends:
    """The two sockets of a connection, and what came out of them."""

    client: ssl.SSLSocket
    daemon: ssl.SSLSocket
    up: Way = field(default_factory=Way)
    down: Way = field(default_factory=Way)

    def ready(self) -> list[tuple[ssl.SSLSocket, ssl.SSLSocket, Way]]:
        """From where something has come, to where it goes."""
        both = [(self.client, self.daemon, self.up), (self.daemon, self.client, self.down)]
        found = [way for way in both if way[0].pending()]
        if not found:
            readable, _, _ = select.select([self.client, self.daemon], [], [])
            found = [way for way in both if way[0] in readable]
        return found


class Link(Thread):
    """One connection, in a thread of its own."""

    def __init__(self, cable: Cable, client: socket.socket, daemon: Daemon) -> None:
        super().__init__()
        self._cable = cable
        self._plain = [client]
        self._daemon = daemon
        self._silent = False
        self._passage: Passage | None = None

    def run(self) -> None:
        """Carry what comes, either way, until it ends."""
        with contextlib.suppress(OSError, ValueError):
            ends = self._connect()
            while self._carry(ends):
                pass
        if not self._silent:
            self.close()
        self._plain[0].close()

    def end(self, how: str) -> None:
        """Let both ends know, or the client alone."""
        self._silent = how == "silently"
        for plain in self._plain[: 1 if self._silent else 2]:
            with contextlib.suppress(OSError):
                if how != "gently":
                    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)
                socket.socket.shutdown(plain, socket.SHUT_RDWR)  # without a word of TLS

    def close(self) -> None:
        """Nothing is left of it."""
        for plain in self._plain:
            plain.close()

    def _connect(self) -> Ends:
        plain = _small(socket.socket())
        self._plain.append(plain)
        plain.connect(("127.0.0.1", self._daemon.port("irc")))
        ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        ours.load_cert_chain(self._daemon.certificate, self._daemon.data / "key.pem")
        theirs = ssl.create_default_context(cafile=str(self._daemon.certificate))
        theirs.check_hostname = False
        daemon = self._plain[1] = theirs.wrap_socket(plain)
        client = self._plain[0] = ours.wrap_socket(self._plain[0], server_side=True)
        return Ends(client, daemon)

    def _carry(self, ends: Ends) -> bool:
        for source, sink, way in ends.ready():
            source.settimeout(0)
            try:
                chunk = source.recv(RECORD)
            except ssl.SSLWantReadError:
                continue  # it was TLS that had something to say
            if not chunk:
                return False
            way.see(chunk)
            self._note(ends)
            sink.settimeout(PATIENCE)
            sink.sendall(chunk)
        return True

    def _note(self, ends: Ends) -> None:
        """See whether it carries a file, and how much of it."""
        words = ends.down.line.split()
        if ends.up.line.startswith(b"RELAY ") and words[:1] == [b"OK"]:
            if self._passage is None:
                self._passage = Passage(int(words[1]))
                self._cable.passages.append(self._passage)
            self._passage.carried = max(ends.up.after, ends.down.after)
            self._cable.see(self._passage)


def _small(plain: socket.socket) -> socket.socket:
    """Have the system keep little of what is under way."""
    for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        plain.setsockopt(socket.SOL_SOCKET, buffer, IN_THE_CABLE)
    return plain
