"""When everything is looked through for garbage: in a quiet moment.

Nearly all that is used no more is freed at once. Only what refers to itself in a circle has to be
found, and for that Python looks at all there is: tens of milliseconds with a thousand clients,
during which nobody is served. By itself it does so whenever much is new, which is when a crowd
comes. Here only what is young is looked at as usual, and the rest when there is little to do.
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
AT_LAST = 3600.0
"""Seconds after which it cannot wait for a quiet moment any longer."""
USUAL = gc.get_threshold()
"""When Python would do it by itself."""
NEVER = 1 << 30
"""More collections of young objects than there will be before one of all."""


class Collector(Service):
    """Collects the garbage of a daemon.

    :param collect: looks at all there is.
    :param work: the seconds that this thread has been at work.
    """

    def __init__(
        self,
        reactor: Any,
        collect: Callable[[], object] = gc.collect,
        work: Callable[[], float] = thread_time,
    ) -> None:
        self._reactor = reactor
        self._collect = collect
        self._work = work
        self._looks: LoopingCall | None = None
        self._collected_at = self._worked = 0.0

    def startService(self) -> None:
        """All that is here by now stays, and is never looked at again."""
        super().startService()
        self._collect()
        gc.freeze()
        gc.set_threshold(*USUAL[:2], NEVER)
        self._collected_at, self._worked = self._reactor.seconds(), self._work()
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
        now, worked = self._reactor.seconds(), self._work()
        share = (worked - self._worked) / EVERY
        self._worked = worked
        if share <= QUIET or now - self._collected_at >= AT_LAST:
            self._collect()
            self._collected_at = now
