"""When Python looks for garbage: bit by bit in busy moments, through everything in a quiet one.

Nearly all that is used no more is freed at once. Only what refers to itself in a circle has to be
found, and for that Python looks at all there is: tens of milliseconds with a thousand clients,
during which nobody is served. By itself it does so when much is new, which is when a crowd comes.
Here it does so seldom, and besides that when there is little to do, or after ten minutes.

What is young is looked through at the end of each turn of the reactor that was at work for long. By
itself Python does that when so many more objects were made than went, old ones included. While a
crowd comes, old ones go as fast as new ones come: it looks late, and then for many milliseconds.
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
THRESHOLDS = (2500, 2, 3000)
"""When it does so here, for `gc.set_threshold`: at what is new after so many objects more, at all
that is young at every third time, and at everything after so many looks at what is young."""
AT_LATEST = 600.0
"""Seconds after which everything is looked through, however much there is to do."""


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
        self._worked = self._looked = 0.0

    def startService(self) -> None:
        """All that is here by now stays, and is never looked at again."""
        super().startService()
        self._collect()
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)
        self._worked, self._looked = self._work(), self._reactor.seconds()
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
        now = self._reactor.seconds()
        is_quiet = self._worked - worked <= QUIET * EVERY
        is_due = is_quiet or now - self._looked >= AT_LATEST
        if is_due and self._young() >= USUAL[2]:
            self._looked = now
            self._collect()
