"""Many measurements of one thing as one figure with its spread."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several measurements, the least and the greatest of them."""

    median: float
    least: float
    most: float
    count: int

    def __str__(self) -> str:
        if self.count == 1:
            return short(self.median)
        return f"{short(self.median)} [{short(self.least)}–{short(self.most)}]"


def spread(values: Sequence[float]) -> Spread:
    """Sum several measurements up.

    :raise ValueError: if there are none.
    """
    if not values:
        raise ValueError("nothing was measured")
    return Spread(statistics.median(values), min(values), max(values), len(values))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round: what was measured one after the other is compared, as machines drift."""
    return [_ratio(our, their) for our, their in zip(ours, theirs, strict=True)]


def _ratio(our: float, their: float) -> float:
    return our / their if their else float("inf")


def short(value: float) -> str:
    """A number with three digits that count, and k or M for the rest."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= unit * 10 or (name == "M" and abs(value) >= unit):
            return f"{_digits(value / unit)} {name}"
    return _digits(value)


def _digits(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
