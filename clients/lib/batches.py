"""Lines that belong together, put together: IRCv3 `batch` and `labeled-response`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from chatd.wire.irc import Line


@dataclass(slots=True)
class Batch:
    """What came between BATCH + and BATCH -. Batches can be in each other."""

    kind: str
    params: tuple[str, ...]
    label: str | None
    outer: str | None
    parts: list[Line | Batch] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        """All lines in it, in order, those of inner batches too."""
        for part in self.parts:
            if isinstance(part, Batch):
                yield from part.lines()
            else:
                yield part


class Batches:
    """The batches of one connection that have begun and not ended."""

    def __init__(self) -> None:
        self._open: dict[str, Batch] = {}

    def take(self, line: Line) -> Line | Batch | None:
        """Give back the line if it stands alone, a batch if it has just ended, or nothing yet."""
        if line.verb == "BATCH" and line.params:
            return self._mark(line, line.params[0])
        batch = self._open.get(line.tags.get("batch", ""))
        if batch is None:
            return line
        batch.parts.append(line)
        return None

    def _mark(self, line: Line, mark: str) -> Batch | None:
        sign, reference = mark[:1], mark[1:]
        if sign == "+":
            kind, *params = line.params[1:] or ("",)
            label = line.tags.get("label")
            self._open[reference] = Batch(kind, tuple(params), label, line.tags.get("batch"))
            return None
        batch = self._open.pop(reference, None)
        if batch is None:
            return None
        outer = self._open.get(batch.outer or "")
        if outer is None:
            return batch
        outer.parts.append(batch)
        return None
