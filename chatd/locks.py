"""A lock for coroutines that many may wait for.

With Twisted's own, whoever lets go lets the next one in from within, who does what is to be done
and lets the one after in from within that: after some hundred there is no more stack.
"""

from __future__ import annotations

from twisted.internet.defer import DeferredLock


class Lock(DeferredLock):
    """One at a time, in the order in which they came; `async with` holds it."""

    def __init__(self) -> None:
        super().__init__()
        self._letting_go = 0

    def release(self) -> None:
        """Let the next one in. Those who are done at once come back here, and are not nested."""
        self._letting_go += 1
        if self._letting_go > 1:
            return
        while self._letting_go:
            super().release()
            self._letting_go -= 1
