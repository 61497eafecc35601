"""Many measurements in a few figures."""

from __future__ import annotations

import pytest

from chatd.bench.figures import Spread, Times, slope, spread


def test_spread() -> None:
    """Half are not above p50, and 99 of 100 not above p99."""
    assert spread(range(100, 0, -1)) == Spread(50, 99, 100)
    assert spread(range(1, 1001)) == Spread(500, 990, 1000)
    assert spread([7.0]) == Spread(7, 7, 7)
    assert spread([]) is None


def test_minutes() -> None:
    """Each minute has figures of its own, and one in which nothing happened has none."""
    times = Times()
    for at, seconds in ((0, 1), (59.9, 3), (125, 5)):
        times.add(at, seconds)
    assert times.by_minute() == [Spread(1, 3, 3), None, Spread(5, 5, 5)]
    assert times.spread() == Spread(3, 5, 5)
    assert (Times().by_minute(), Times().spread()) == ([], None)


def test_slope() -> None:
    """A line has its own slope, noise has hardly any, and a single moment has none."""
    assert slope([(second, 10 + 2 * second) for second in range(60)]) == pytest.approx(2)
    assert slope([(second, second % 2) for second in range(1000)]) == pytest.approx(0, abs=1e-5)
    assert slope([(1, 5), (1, 6)]) is None
