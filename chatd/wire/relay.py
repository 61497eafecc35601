"""The lines on a connection that carries a file, before and after its bytes.

The client begins with `RELAY ticket offset`; the server answers `OK offset size digest` or
`FAIL code :sentence`, and says `DONE digest` at the end to who sends. Who receives says
`DONE digest` or `FAIL`. An unknown digest is `*`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OPENING = b"RELAY "
"""How the first line begins, by which such a connection is told from one that chats."""
LONGEST = 256
"""Bytes of a line, its end not counted."""
UNKNOWN = "*"

_REQUEST = re.compile(rb"RELAY ([0-9A-Za-z_-]{1,128}) ([0-9]{1,18})")
_OK = re.compile(rb"OK ([0-9]{1,18}) ([0-9]{1,18}) (\*|[0-9a-f]{64})")
_DONE = re.compile(rb"DONE (\*|[0-9a-f]{64})")
_FAIL = re.compile(rb"FAIL(?: ([A-Z_]{1,64})(?: :(.*))?)?", re.DOTALL)


class BadLine(Exception):
    """It is none of these lines."""


@dataclass(frozen=True, slots=True)
class Presented:
    """A ticket, and how far one is."""

    ticket: str
    offset: int

    def line(self) -> bytes:
        """As it is sent."""
        return f"RELAY {self.ticket} {self.offset}\r\n".encode()


@dataclass(frozen=True, slots=True)
class Ok:
    """The bytes go from here on. An empty digest is not known."""

    offset: int
    size: int
    digest: str = ""

    def line(self) -> bytes:
        """As it is sent."""
        return f"OK {self.offset} {self.size} {self.digest or UNKNOWN}\r\n".encode()


@dataclass(frozen=True, slots=True)
class Done:
    """All bytes are there, and this is their digest."""

    digest: str = ""

    def line(self) -> bytes:
        """As it is sent."""
        return f"DONE {self.digest or UNKNOWN}\r\n".encode()


@dataclass(frozen=True, slots=True)
class Fail:
    """Something is wrong."""

    code: str = ""
    text: str = ""

    def line(self) -> bytes:
        """As it is sent."""
        words = f"FAIL {self.code} :{self.text}" if self.code else "FAIL"
        return f"{words}\r\n".encode()


Status = Ok | Done | Fail


def parse_request(line: bytes) -> Presented:
    """What a client begins with, without the end of the line.

    :raise BadLine: if it is something else.
    """
    match = _REQUEST.fullmatch(line.removesuffix(b"\r"))
    if match is None:
        raise BadLine
    return Presented(match[1].decode(), int(match[2]))


def parse_status(line: bytes) -> Status:
    """What else is said, by either side.

    :raise BadLine: if it is something else.
    """
    line = line.removesuffix(b"\r")
    if match := _OK.fullmatch(line):
        return Ok(int(match[1]), int(match[2]), _known(match[3]))
    if match := _DONE.fullmatch(line):
        return Done(_known(match[1]))
    if match := _FAIL.fullmatch(line):
        return Fail((match[1] or b"").decode(), (match[2] or b"").decode(errors="replace"))
    raise BadLine


def _known(digest: bytes) -> str:
    return "" if digest == b"*" else digest.decode()
