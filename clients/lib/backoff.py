"""How long to wait before the next attempt."""

from __future__ import annotations

from collections.abc import Callable

FIRST = 1.0
MOST = 60.0


class Backoff:
    """Delays that double up to a minute, with jitter, so that not all clients come back at once.

    :param chance: gives a number from 0 up to 1.
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures = 0

    def next(self) -> float:
        """Seconds to wait after one more failure: between half and all of what is due."""
        due = min(MOST, FIRST * (1 << min(self._failures, 10)))
        self._failures += 1
        return due * (0.5 + self._chance() / 2)

    def reset(self) -> None:
        """An attempt has worked."""
        self._failures = 0
