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
    it stays in its place among what others say. An answer is
    `begun` before its end if something is told meanwhile, so that it stays before that.
    """

    __slots__ = ("_lines", "_new_id", "_reference", "_server", "echoed", "inline", "label")

    def __init__(self, label: str | None, server: str, new_id: Callable[[], str]) -> None:
        self.label = label
        self._server = server
        self._new_id = new_id
        self.inline = False
        self.echoed = False
        self._lines: list[Line] = []
        self._reference: str | None = None

    @property
    def waits(self) -> bool:
        """Whether there are lines that wait until all is said, and need not."""
        return bool(self._lines) and not (self.label is None or self.inline or self.begun)

    @property
    def begun(self) -> bool:
        """Whether lines are sent as they come."""
        return self._reference is not None

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

    def begin(self) -> Iterator[Line]:
        """What to send of what is said by now, as more is to come and not all at once."""
        self._reference = self._new_id()
        yield self._first(self._reference)
        yield from self.more()

    def more(self) -> Iterator[Line]:
        """What to send of what was said since."""
        lines, self._lines = self._lines, []
        return _inside(lines, self._reference or "")

    def lines(self) -> Iterable[Line]:
        """What to send when all is said."""
        if self._reference is not None:
            return [*self.more(), self._last(self._reference)]
        if self.label is None or (self.inline and self.echoed):
            return self._lines
        return self._labelled(self._lines)

    def _labelled(self, lines: list[Line]) -> Iterator[Line]:
        if not lines:
            yield Line("ACK", (), self._server, {"label": self.label or ""})
        elif len(lines) == 1:
            yield tagged(lines[0], {"label": self.label or ""})
        else:
            reference = self._new_id()
            yield self._first(reference)
            yield from _inside(lines, reference)
            yield self._last(reference)

    def _first(self, reference: str) -> Line:
        label = {"label": self.label or ""}
        return Line("BATCH", (f"+{reference}", "labeled-response"), self._server, label)

    def _last(self, reference: str) -> Line:
        return Line("BATCH", (f"-{reference}",), self._server)


def _inside(lines: list[Line], reference: str) -> Iterator[Line]:
    """Lines as parts of a batch, but for those that are parts of one within it."""
    for line in lines:
        yield line if "batch" in line.tags else tagged(line, {"batch": reference})
