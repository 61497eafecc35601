"""All that answers one labelled request, put together (IRCv3 labeled-response).

Nothing is answered by ACK, one line carries the label itself, several are a batch.
"""

from __future__ import annotations

from collections.abc import Callable

from chatd.frontends.irc.render import tagged
from chatd.wire.irc import Line


class Response:
    """The answer to one request. Without a label its lines go out at once, past this.

    `inline` requests are answered by their echo, which carries the label itself, so that
    it stays in its place among what others say.
    """

    __slots__ = ("_lines", "echoed", "inline", "label")

    def __init__(self, label: str | None) -> None:
        self.label = label
        self.inline = False
        self.echoed = False
        self._lines: list[Line] = []

    def add(self, line: Line) -> None:
        """One line more."""
        self._lines.append(line)

    def receipts(self, lines: list[Line]) -> list[Line]:
        """What to send at once of the echo of a message."""
        self.echoed = True
        if self.inline and self.label is not None:
            return [tagged(line, {"label": self.label}) for line in lines]
        self._lines.extend(lines)
        return []

    def lines(self, server: str, new_id: Callable[[], str]) -> list[Line]:
        """What to send when all is said."""
        if self.label is None or (self.inline and self.echoed):
            return self._lines
        label = {"label": self.label}
        if not self._lines:
            return [Line("ACK", (), server, label)]
        if len(self._lines) == 1:
            return [tagged(self._lines[0], label)]
        reference = new_id()
        inner = [
            line if "batch" in line.tags else tagged(line, {"batch": reference})
            for line in self._lines
        ]
        return [
            Line("BATCH", (f"+{reference}", "labeled-response"), server, label),
            *inner,
            Line("BATCH", (f"-{reference}",), server),
        ]
