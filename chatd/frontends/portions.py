"""What is too much for one turn of the reactor, done in portions: the one place for it.

Who is in a room of thousands is told to one client in as many turns as it takes, each of a
few milliseconds for all clients together, and while its machine takes no more it rests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from chatd.frontends.outbox import Outbox

TURN = 0.002
"""Seconds of one turn of the reactor that go to portions."""
PORTION = 0.001
"""Seconds after which it is the next client's turn."""
REST = 0.05
"""Seconds until it is seen whether a client takes more."""

Steps = Iterator[object]


@dataclass(slots=True)
class Pile:
    """What is still to be done for one client, and who waits for that."""

    steps: deque[Steps] = field(default_factory=deque)
    awaited: list[Deferred[None]] = field(default_factory=list)


class Portions:
    """What is still to be done, by whose outbox it is for. Each step should be a short one."""

    log = Logger()

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._piles: dict[Outbox, Pile] = {}
        self._until: float | None = None
        self._next: IDelayedCall | None = None

    def __contains__(self, outbox: Outbox) -> bool:
        return outbox in self._piles

    def add(self, outbox: Outbox, steps: Steps) -> None:
        """Go through steps, after those added before: now if this turn allows, else later."""
        pile = self._piles.get(outbox)
        if pile is not None:
            pile.steps.append(steps)
        elif not self._finish(steps, self._end_of_turn()):
            self._piles[outbox] = Pile(deque([steps]))

    async def done(self, outbox: Outbox) -> None:
        """Wait until nothing is left to be done for somebody."""
        while (pile := self._piles.get(outbox)) is not None:
            waiter: Deferred[None] = Deferred()
            pile.awaited.append(waiter)
            await waiter

    def drop(self, outbox: Outbox) -> None:
        """Do no more for somebody who is gone."""
        pile = self._piles.pop(outbox, None)
        for waiter in pile.awaited if pile is not None else ():
            waiter.callback(None)

    def _end_of_turn(self) -> float:
        """Until when portions may go on in this turn; the first one sees to the next."""
        if self._until is None:
            self._until = self._reactor.seconds() + TURN
            self._go_on_after(0)
        return self._until

    def _go_on_after(self, seconds: float) -> None:
        """See to what is left then, instead of when that was due before."""
        if self._next is not None:
            self._next.cancel()
        self._next = self._reactor.callLater(seconds, self._next_turn)

    def _next_turn(self) -> None:
        self._until = self._next = None
        ready = [outbox for outbox in self._piles if not outbox.stuck]
        if ready:
            self._share(ready, self._end_of_turn())
        elif self._piles:
            self._go_on_after(REST)

    def _share(self, ready: list[Outbox], end: float) -> None:
        for outbox in ready:
            if outbox in self._piles:
                self._work_on(outbox, min(end, self._reactor.seconds() + PORTION))
            if self._reactor.seconds() >= end:
                return

    def _work_on(self, outbox: Outbox, until: float) -> None:
        """Do a portion; what is left goes behind that of the others."""
        pile = self._piles.pop(outbox)
        self._piles[outbox] = pile
        while pile.steps:
            try:
                if not self._finish(pile.steps[0], until):
                    return
            except Exception:
                self.log.failure("something was said only in part")
            pile.steps.popleft()
        self.drop(outbox)

    def _finish(self, steps: Steps, until: float) -> bool:
        """Whether that time was enough for all steps; one is done in any case."""
        return all(self._reactor.seconds() < until for _ in steps)
