"""All that answers one labelled request, put together (IRCv3 labeled-response).

Nothing is answered by ACK, one line carries the label itself, several are a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from chatd.frontends.irc.render import tagged
from chatd.wire.irc import Line


class Response:
    """The answer to one request. Without a label its lines go out at once, past this.

    `inline` requests are answered by their echo, which carries the label itself, so that
    it stays in its place among what others say.
    """

    __slots__ = ("_lines", "_new_id", "_server", "echoed", "inline", "label")

    def __init__(self, label: str | None, server: str, new_id: Callable[[], str]) -> None:
        self.label = label
        self._server = server
        self._new_id = new_id
        self.inline = False
        self.echoed = False
        self._lines: list[Line] = []

    def add(self, line: Line) -> None:
        """One line more."""
        self._lines.append(line)

    def receipts(self, lines: list[Line]) -> list[Line]:
        """What to send at once of the echo of a message."""
        self.echoed = True
        if self.inline and lines and lines[0].verb == "BATCH":  # the batch of one message
            return [tagged(lines[0], {"label": self.label or ""}), *lines[1:]]
        if self.inline:
            return list(self._labelled(lines))
        self._lines.extend(lines)
        return []

    def lines(self) -> Iterable[Line]:
        """What to send when all is said."""
        if self.label is None or (self.inline and self.echoed):
            return self._lines
        return self._labelled(self._lines)

    def _labelled(self, lines: list[Line]) -> Iterator[Line]:
        label = {"label": self.label or ""}
        if not lines:
            yield Line("ACK", (), self._server, label)
        elif len(lines) == 1:
            yield tagged(lines[0], label)
        else:
            reference = self._new_id()
            yield Line("BATCH", (f"+{reference}", "labeled-response"), self._server, label)
            for line in lines:
                yield line if "batch" in line.tags else tagged(line, {"batch": reference})
            yield Line("BATCH", (f"-{reference}",), self._server)
