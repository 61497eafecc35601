"""What the figures of a load test have to be: `p99=50ms,lost=0`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chatd.model import Bytes
from chatd.values import SECONDS, Kind, kind_of

_COUNT, _SIZE = kind_of(int), kind_of(Bytes)
KINDS: dict[str, Kind] = {
    **dict.fromkeys(("p50", "p99", "max", "echo-p50", "echo-p99", "echo-max"), SECONDS),
    **dict.fromkeys(("lost", "duplicated", "reordered", "disconnected", "refused"), _COUNT),
    **{"errors": _COUNT, "memory": _SIZE, "growth": _SIZE},
}
"""Every figure that can be judged, and how its goal is written."""
OURS = frozenset({"errors", "memory", "growth"})
"""Those that only a daemon of our own shows."""
LONG_ENOUGH = 300.0
"""Seconds that a run has to take for its growth to be judged."""
UNASKED = "lost=0,duplicated=0,reordered=0,disconnected=0"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure may not be above this; `written` is how the operator said it."""

    name: str
    most: float
    written: str

    def missed(self, figures: Mapping[str, float | None]) -> str | None:
        """Why it was missed, None if it was not; a figure that is not there is no success."""
        found = figures.get(self.name)
        if found is None:
            return f"{self.written} cannot be judged: this run has no such figure"
        if found <= self.most:
            return None
        return f"{self.written} is missed: it was {_like(self.name, found)}"


def goals(text: str) -> tuple[Goal, ...]:
    """Read a list of goals.

    :raise ValueError: with a sentence, if one is no good.
    """
    return tuple(_goal(part.strip()) for part in text.split(","))


def _goal(text: str) -> Goal:
    name, sign, value = (part.strip() for part in text.partition("="))
    if name not in KINDS or not sign:
        raise ValueError(f"{text!r} is no goal: write NAME=MOST, NAME one of {', '.join(KINDS)}")
    try:
        return Goal(name, float(KINDS[name].parse(value)), text)
    except ValueError:
        like = "a time, like 50ms or 2s" if KINDS[name] is SECONDS else KINDS[name].like
        raise ValueError(f"{text!r} is no goal: {name} is {like}") from None


def _like(name: str, found: float) -> str:
    if KINDS[name] is SECONDS:
        return f"{found * 1000:.1f}ms"
    return f"{found / 1024:.1f}k" if KINDS[name] is _SIZE else f"{found:g}"
