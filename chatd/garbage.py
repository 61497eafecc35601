"""When Python looks for garbage: bit by bit in busy moments, through everything in a quiet one.

Nearly all that is used no more is freed at once. Only what refers to itself in a circle has to be
found, and for that Python looks at all there is: tens of milliseconds with a thousand clients,
during which nobody is served. By itself it does so when much is new, which is when a crowd comes.
Here it does so seldom, and besides that when there is little to do.

What is young is looked through at the end of each long turn of the reactor. By itself Python does
that when there are so many objects more than the last time, and while a crowd's old ones go as
fast as new ones come that is never, until it is many milliseconds' work.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import thread_time
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall

EVERY = 60.0
"""Seconds between two looks at how much there is to do."""
QUIET = 0.05
"""The share of that time at work up to which a moment is quiet."""
USUAL = gc.get_threshold()
"""When Python does it by itself."""
MORE = 2500
"""So many objects more, in short turns, are looked through; usually it is 700."""
SELDOM = 3000
"""After so many looks at what is young, everything is looked through; usually it is 10."""


def collect_young() -> None:
    """Look through what has come since the last time; what is still in use is young no more."""
    gc.collect(1)


class Collector(Service):
    """Collects the garbage of a daemon.

    :param collect: looks at all there is.
    :param work: the seconds that this thread has been at work.
    :param young: how often what is young was collected since all was.
    """

    def __init__(
        self,
        reactor: Any,
        collect: Callable[[], object] = gc.collect,
        work: Callable[[], float] = thread_time,
        young: Callable[[], int] = lambda: gc.get_count()[2],
    ) -> None:
        self._reactor = reactor
        self._collect = collect
        self._work = work
        self._young = young
        self._looks: LoopingCall | None = None
        self._worked = 0.0

    def startService(self) -> None:
        """All that is here by now stays, and is never looked at again."""
        super().startService()
        self._collect()
        gc.freeze()
        gc.set_threshold(MORE, USUAL[1], SELDOM)
        self._worked = self._work()
        self._looks = LoopingCall(self._look)
        self._looks.clock = self._reactor
        self._looks.start(EVERY, now=False)

    def stopService(self) -> None:
        """From now on it is Python's affair again."""
        if self._looks is not None:
            self._looks.stop()
            self._looks = None
            gc.set_threshold(*USUAL)
        super().stopService()

    def _look(self) -> None:
        worked, self._worked = self._worked, self._work()
        is_quiet = self._worked - worked <= QUIET * EVERY
        if is_quiet and self._young() >= USUAL[2]:
            self._collect()
