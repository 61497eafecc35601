"""A door before a port: while it is shut, nobody comes in, and those inside are cut off.

with Door(daemon.port("irc")) as door:
    connect(door.port)
    door.shut()
    door.open()
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

from tests.daemon import PATIENCE, free_port


class Door:
    """Carries bytes both ways, unread; open when it has been made."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._inside = port
        self._lines: list[socket.socket] = []
        self.open()

    def __enter__(self) -> Door:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.shut()

    def open(self) -> None:
        """Let people in."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self._porter = threading.Thread(target=self._let_in, daemon=True)
        self._porter.start()

    def shut(self) -> None:
        """Let nobody in any more, and cut off who is in."""
        _hang_up(self._listening)
        self._porter.join()
        self._listening.close()
        for line in self._lines:
            _hang_up(line)
        self._lines.clear()

    def _let_in(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                outer, _ = self._listening.accept()
                inner = socket.create_connection(("127.0.0.1", self._inside), PATIENCE)
                inner.settimeout(None)
                self._lines += [outer, inner]
                for one, other in ((outer, inner), (inner, outer)):
                    threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket) -> None:
    """Bytes from one to the other, until either has hung up."""
    with one, contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    _hang_up(other)


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
