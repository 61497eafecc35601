"""Typing for programs that send whole lines and redraw nothing, such as openssl and ncat."""

from __future__ import annotations

from collections.abc import Callable

from chatd.frontends.human.editor import SEQUENCE
from chatd.wire.human import LONGEST

TOO_LONG = f"That line was too long: {LONGEST} bytes are the most. Nothing was sent."
NOT_UTF8 = "That was not UTF-8. Nothing was sent."
SEEN = "(it is seen while you type)"


class Lines:
    """What somebody types, line by line.

    :param write: takes text for the terminal.
    :param take: is given each line.
    """

    def __init__(self, write: Callable[[str], None], take: Callable[[str], None]) -> None:
        self.rest = b""
        self._write = write
        self._take = take
        self._swallowing = False

    def feed(self, data: bytes) -> None:
        """Take bytes; a line ends with a line feed, and the rest of an over-long one is lost."""
        *lines, rest = (self.rest + data).split(b"\n")
        self.rest = b""
        for line in lines:
            self._read(line)
        if self._swallowing or len(rest) > LONGEST:
            self._swallowing, rest = True, b""
        self.rest = rest

    def show(self, text: str) -> None:
        """Write one or more whole lines."""
        self._write(self.farewell(text))

    def farewell(self, text: str) -> str:
        """The last words as they are to be written."""
        return text.replace("\n", "\r\n") + "\r\n"

    def prompt(self, text: str) -> None:
        """Nothing can be put before a line that is typed elsewhere."""

    def ask(self, question: str, hidden: bool) -> None:
        """Ask for the next line."""
        self.show(f"{question} {SEEN}" if hidden else question)

    def _read(self, line: bytes) -> None:
        if self._swallowing or len(line) > LONGEST:
            self._swallowing = False
            self.show(TOO_LONG)
            return
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self.show(NOT_UTF8)
        else:
            self._take(cooked(text))


def cooked(text: str) -> str:
    """A line as it was meant: what was rubbed out is gone, and so are control characters."""
    if text.isprintable():
        return text
    kept: list[str] = []
    for char in SEQUENCE.sub("", text):
        if char in "\b\x7f":
            del kept[-1:]
        elif char == "\t":
            kept.append(" ")
        elif char >= " " and not "\x7f" < char < "\xa0":
            kept.append(char)
    return "".join(kept)
