"""A client of a real daemon: blocking, over TLS, for tests that need no more than that.

with Talker(daemon, "ada", "milk first") as ada:
    ada.says("JOIN #tea")
    ada.waits_for("366")
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from dataclasses import dataclass, field
from types import TracebackType

from chatd.wire.irc import Line, parse_text
from tests.daemon import PATIENCE, Daemon

CAPS = (
    "batch draft/chathistory echo-message labeled-response message-tags server-time"
    " standard-replies"
)


BY_RESET = struct.pack("ii", 1, 0)
"""How a socket is told to end its connection by a reset."""
AT_ONCE = 20
ON_THE_WAY = 60
"""Messages that may be without their echo while one goes on talking."""


class Gone(Exception):
    """The daemon has hung up, or is no more."""


class Talker:
    """One IRC client; on line when it has been made.

    :param password: of its account; without one it is a guest.
    :param port: where to connect, if not to the daemon itself.
    :raise Gone: if the daemon has hung up before.
    """

    def __init__(
        self, daemon: Daemon, name: str, password: str = "", caps: str = CAPS, port: int = 0
    ) -> None:
        self._socket = connect(daemon, port or daemon.port("irc"))
        self._rest = b""
        self._lines: list[Line] = []
        try:
            if password:
                self.says(f"PASS :{name}:{password}")
            self.says(f"CAP REQ :{caps}", f"NICK {name}", f"USER {name} 0 * :{name}", "CAP END")
            self.waits_for("376", "422")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Talker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def close(self, hard: bool = False) -> None:
        """Hang up, without a word; `hard` drops what is on its way (RST)."""
        if hard:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)
        self._socket.close()

    def says(self, *lines: str) -> None:
        """Send lines.

        :raise Gone: if nobody is there to take them.
        """
        try:
            self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())
        except OSError as error:
            raise Gone from error

    def hears(self, patience: float = PATIENCE) -> list[Line]:
        """The next lines, as many as have come; none if it was in vain to wait.

        :raise Gone: when there will be no more.
        """
        if self._lines:
            lines, self._lines = self._lines, []
            return lines
        self._socket.settimeout(max(patience, 0.001))
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return []
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        *whole, self._rest = (self._rest + data).split(b"\r\n")
        return [parse_text(line.decode()) for line in whole]

    def waits_for(self, *verbs: str, patience: float = PATIENCE) -> list[Line]:
        """All lines up to one of these; what has come after it waits for the next time."""
        deadline = time.monotonic() + patience
        found: list[Line] = []
        while True:
            while self._lines:
                found.append(self._lines.pop(0))
                if found[-1].verb in verbs:
                    return found
            left = deadline - time.monotonic()
            assert left > 0, f"no {verbs} in {[line.text() for line in found]}"
            self._lines = self.hears(left)

    def asks(self, *lines: str) -> list[Line]:
        """Send lines; all that comes until the daemon has answered a PING after them."""
        self.says(*lines, "PING :asked")
        return self.waits_for("PONG")[:-1]

    def page(self, room: str, after: str) -> list[Line]:
        """The messages that came in a room after the one with this id."""
        found = self.asks(f"CHATHISTORY AFTER {room} msgid={after} 1000")
        return [line for line in found if line.verb == "PRIVMSG" and "batch" in line.tags]


def connect(daemon: Daemon, port: int) -> ssl.SSLSocket:
    """A TLS connection to a daemon.

    :raise Gone: if there is nobody, or they hang up.
    """
    context = ssl.create_default_context(cafile=str(daemon.certificate))
    context.check_hostname = False
    try:
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
    except OSError as error:
        raise Gone from error
    try:
        return context.wrap_socket(plain)
    except OSError as error:
        plain.close()
        raise Gone from error


@dataclass
class Seen:
    """What a client saw before the daemon was killed: numbers and texts, in that order."""

    echoed: list[tuple[int, str]] = field(default_factory=list)
    heard: list[tuple[int, str]] = field(default_factory=list)
    sent: int = 0
    farewell: str = ""

    def note(self, line: Line) -> None:
        """Remember a message; one with a label is the receipt of one's own."""
        if line.verb == "ERROR":
            self.farewell = line.params[0]
        if line.verb == "PRIVMSG":
            found = (number(line), line.params[1])
            (self.echoed if "label" in line.tags else self.heard).append(found)


def number(line: Line) -> int:
    """The number in a line's message id."""
    return int(line.tags["msgid"].partition("-")[2])


def talk(talker: Talker, prefix: str, seen: Seen) -> None:
    """Say as much as one can until there is nobody to say it to."""
    with contextlib.suppress(Gone), talker:
        while True:
            while seen.sent - len(seen.echoed) < ON_THE_WAY:
                numbers = range(seen.sent, seen.sent + AT_ONCE)
                talker.says(*(f"@label={n} PRIVMSG #tea :{prefix} {n}" for n in numbers))
                seen.sent += AT_ONCE
            for line in talker.hears():
                seen.note(line)
