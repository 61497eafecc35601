"""Many measurements in a few figures."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

MINUTE = 60.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in seconds: half of the time, nearly always, and at worst."""

    p50: float
    p99: float
    max: float


class Times:
    """How long something took, again and again, minute by minute."""

    def __init__(self) -> None:
        self._minutes: dict[int, array[float]] = {}

    def add(self, at: float, seconds: float) -> None:
        """Note one that began `at` seconds after the beginning of all."""
        self._minutes.setdefault(int(at // MINUTE), array("d")).append(seconds)

    def spread(self) -> Spread | None:
        """Of all; None if there was none."""
        return spread(value for minute in self._minutes.values() for value in minute)

    def by_minute(self) -> list[Spread | None]:
        """Of each minute, from the first on."""
        last = max(self._minutes, default=-1)
        return [spread(self._minutes.get(minute, ())) for minute in range(last + 1)]


def spread(values: Iterable[float]) -> Spread | None:
    """The figures of some values; None without any."""
    ordered = sorted(values)
    if not ordered:
        return None
    return Spread(rank(ordered, 0.5), rank(ordered, 0.99), ordered[-1])


def rank(ordered: Sequence[float], share: float) -> float:
    """The smallest value that this share of all is not above."""
    return ordered[ceil(share * len(ordered)) - 1]


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """By how much a value rises in a second, by least squares; None without two moments."""
    if len({at for at, _ in points}) < 2:
        return None
    middle = sum(at for at, _ in points) / len(points)
    level = sum(value for _, value in points) / len(points)
    rise = sum((at - middle) * (value - level) for at, value in points)
    return rise / sum((at - middle) ** 2 for at, _ in points)
