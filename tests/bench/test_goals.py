"""What the figures of a load test have to be."""

from __future__ import annotations

import pytest

from chatd.bench.goals import KINDS, UNASKED, Goal, goals


def test_read() -> None:
    """A goal has a name, and the most that it may be: a time, a count or a size."""
    assert goals("p99=50ms, lost=0,memory=36k") == (
        Goal("p99", 0.05, "p99=50ms"),
        Goal("lost", 0, "lost=0"),
        Goal("memory", 36 * 1024, "memory=36k"),
    )
    assert {goal.most for goal in goals(UNASKED)} == {0}
    for name, kind in KINDS.items():
        assert goals(f"{name}={'1s' if kind.like.startswith('a time') else '1'}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is no goal: write NAME=MOST"),
        ("p98=1s", "NAME one of p50, p99, max"),
        ("p99", "'p99' is no goal"),
        ("p99=fast", "p99 is a time, like 50ms or 2s"),
        ("lost=1%", "lost is a whole number"),
        ("lost=-1", "lost is a whole number"),
        ("memory=lots", "memory is a size"),
        ("p99=1s,,", "'' is no goal"),
    ],
)
def test_no_good(text: str, why: str) -> None:
    """What is no goal is refused with a sentence that says what would be."""
    with pytest.raises(ValueError, match="no goal") as caught:
        goals(text)
    assert why in str(caught.value)


def test_judged() -> None:
    """A goal is held up to its value, missed above it, and missed without a figure."""
    time, count, size = goals("p99=50ms,lost=2,memory=1k")
    assert time.missed({"p99": 0.05}) is None
    assert time.missed({"p99": 0.0512}) == "p99=50ms is missed: it was 51.2ms"
    assert time.missed({"p99": None}) == "p99=50ms cannot be judged: this run has no such figure"
    assert count.missed({"lost": 3}) == "lost=2 is missed: it was 3"
    assert size.missed({"memory": 2048.0}) == "memory=1k is missed: it was 2.0k"
