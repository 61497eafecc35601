"""Connections that carry files to and from a real daemon: blocking, over TLS.

with Carrier(daemon, ticket, 0) as sender:
    sender.sends(content[sender.start :])
    sender.line()
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from types import TracebackType

from chatd.wire.relay import Fail, Ok, Presented, Status, parse_status
from tests.daemon import PATIENCE, Daemon


class Carrier:
    """One such connection; what the daemon has answered is its `answer`."""

    def __init__(self, daemon: Daemon, ticket: str, offset: int = 0) -> None:
        context = ssl.create_default_context(cafile=str(daemon.certificate))
        context.check_hostname = False
        plain = socket.create_connection(("127.0.0.1", daemon.port("irc")), PATIENCE)
        self._socket = context.wrap_socket(plain)
        self._socket.sendall(Presented(ticket, offset).line())

    def __enter__(self) -> Carrier:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def line(self) -> Status:
        """The next line that the daemon says."""
        line = b""
        while not line.endswith(b"\n"):
            more = self._socket.recv(1)
            if not more:
                raise EOFError(line)
            line += more
        return parse_status(line.removesuffix(b"\n"))

    def start(self) -> int:
        """From where on the bytes go."""
        answer = self.line()
        assert isinstance(answer, Ok), answer
        return answer.offset

    def refusal(self) -> str:
        """The code with which it was refused."""
        answer = self.line()
        assert isinstance(answer, Fail), answer
        return answer.code

    def sends(self, data: bytes) -> bool:
        """Send bytes; whether that went well."""
        with contextlib.suppress(OSError):
            self._socket.sendall(data)
            return True
        return False

    def gets(self, count: int) -> bytes:
        """So many bytes, or as many as come before the end."""
        found = bytearray()
        with contextlib.suppress(OSError):
            while len(found) < count:
                more = self._socket.recv(min(1 << 16, count - len(found)))
                if not more:
                    break
                found += more
        return bytes(found)

    def cut(self) -> None:
        """The connection is cut, as by a machine that falls over."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._socket.close()
