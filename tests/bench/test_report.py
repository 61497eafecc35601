"""What a load test makes of what it has seen."""

from __future__ import annotations

import pytest

from chatd.bench.figures import HOUR
from chatd.bench.report import Memory

MB = 1024**2


@pytest.mark.parametrize(
    ("seconds", "growth"), [(299.6, 36 * MB), (3600.0, 36 * MB), (240.0, None), (0.0, None)]
)
def test_growth(seconds: float, growth: float | None) -> None:
    """It is known after five minutes, though the last look was just before their end; what came
    in the first fifth does not count."""
    memory = Memory(50 * MB, 60 * MB)
    for step in range(int(seconds * 10) + 1 if seconds else 0):
        at = step / 10
        leap = 5 * MB if at >= seconds / 10 else 0
        memory.samples.append((at, 60 * MB + leap + round(at * 36 * MB / HOUR)))
    assert memory.growth == (None if growth is None else pytest.approx(growth, rel=0.001))


def test_per_client() -> None:
    """A client costs what came with all of them, shared."""
    assert Memory(50 * MB, 60 * MB).per_client(10) == MB
