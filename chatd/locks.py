"""Locks for coroutines that many may wait for.

With Twisted's own, whoever lets go lets the next one in from within, who does what is to be done
and lets the one after in from within that: after some hundred there is no more stack.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from twisted.internet.defer import Deferred, DeferredLock


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


class SharedLock:
    """Held by one alone or by several beside each other, in the order in which they came."""

    def __init__(self) -> None:
        self._held: set[str | None] = set()
        self._waiting: deque[tuple[str | None, Deferred[None]]] = deque()
        self._letting_in = False

    @asynccontextmanager
    async def hold(self, name: str | None = None) -> AsyncIterator[None]:
        """Hold it beside those of other names; without a name, alone."""
        turn: Deferred[None] = Deferred()
        self._waiting.append((name, turn))
        self._let_in()
        await turn
        try:
            yield
        finally:
            self._held.remove(name)
            self._let_in()

    def _let_in(self) -> None:
        """Those who are done at once come back here, and are not nested."""
        if self._letting_in:
            return
        self._letting_in = True
        while self._waiting and self._may_hold(self._waiting[0][0]):
            name, turn = self._waiting.popleft()
            self._held.add(name)
            turn.callback(None)
        self._letting_in = False

    def _may_hold(self, name: str | None) -> bool:
        return not self._held or not (name is None or self._held & {name, None})
