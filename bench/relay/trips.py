"""From where to where a file goes, and what both ends have to say before it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chatd.wire.relay import Presented
from tests.daemon import Daemon
from tests.talker import CAPS, Talker

SENDER, RECEIVER = "ada", "bob"
SECRET = "milk first"


@dataclass(frozen=True, slots=True)
class Trip:
    """The ports and first lines of two ends; an end without a line is not answered either."""

    from_port: int
    to_port: int
    from_line: str = ""
    to_line: str = ""

    def __str__(self) -> str:
        return f"{self.from_port}|{self.to_port}|{self.from_line}|{self.to_line}"


@contextmanager
def offered(daemon: Daemon, count: int, size: int) -> Iterator[list[Trip]]:
    """So many files that one account of a daemon offers to another, while both are on line."""
    for name in (SENDER, RECEIVER):
        daemon.add_account(name, SECRET)
    caps = f"{CAPS} chatd/files"
    with (
        Talker(daemon, SENDER, SECRET, caps) as sender,
        Talker(daemon, RECEIVER, SECRET, caps) as receiver,
    ):
        yield [_accepted(daemon, sender, receiver, size) for _ in range(count)]


def _accepted(daemon: Daemon, sender: Talker, receiver: Talker, size: int) -> Trip:
    id_ = _asked(sender, f"OFFER {RECEIVER} {size} a/b * :x.mp4", "OFFERED", 2)
    receiver.asks(f"FILE ACCEPT {id_}")
    lines = [
        Presented(_asked(talker, f"TICKET {id_} {side}", "TICKET", 4), 0).line().decode().strip()
        for talker, side in ((sender, "SEND"), (receiver, "RECEIVE"))
    ]
    port = daemon.port("irc")
    return Trip(port, port, lines[0], lines[1])


def _asked(talker: Talker, request: str, what: str, at: int) -> str:
    """A parameter of the answer to a request."""
    found = [line for line in talker.asks(f"FILE {request}") if line.params[:1] == (what,)]
    assert found, f"FILE {request} was refused"
    return found[0].params[at]
