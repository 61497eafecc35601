"""How long the turns of the reactor are: while one lasts, everybody else waits.

Twisted lets nobody look in between two turns, so this stands in front of the poller of its
reactors for Linux: a turn begins when that has found something, and ends when it is asked
again. That costs a microsecond a turn; of any other reactor nothing is known. What has happened
to thousands of sockets at once is handed out in several turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic, thread_time
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

LONG = 0.005
"""Seconds from which on a turn is counted."""
ENOUGH = 0.004
"""Seconds of a turn after which what has happened to further sockets waits for the next."""
TOO_LONG = 0.1
"""Seconds from which on it is worth a warning."""
WARN_EVERY = 60.0
"""Seconds between two warnings."""


@dataclass(slots=True)
class Tally:
    """What was counted, in turns, and the most seconds that one was at work.

    A turn is long if it was at work for long, and held up if it was long only because the
    system let others run, or because it waited for the disk.
    """

    turns: int = 0
    long: int = 0
    held_up: int = 0
    longest: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.turns} turns of the reactor, {self.long} of them at work for more than"
            f" {LONG * 1000:.0f} ms, the longest for {self.longest * 1000:.1f} ms;"
            f" {self.held_up} were held up"
        )


class Watchdog(Service):
    """Counts long turns, and barks at those that are far too long.

    :param tidy: ends each turn that was at work for long, and belongs to it.
    :param seconds: a clock that does not jump when somebody sets that of the machine.
    :param work: the seconds that this thread has been at work.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        tidy: Callable[[], object],
        seconds: Callable[[], float] = monotonic,
        work: Callable[[], float] = thread_time,
    ) -> None:
        self.tally = Tally()
        self._reactor = reactor
        self._tidy = tidy
        self._seconds = seconds
        self._work = work
        self._poller: Any = None
        self._barked_at = float("-inf")
        self._unsaid = 0

    def startService(self) -> None:
        """Watch, if this reactor can be watched."""
        super().startService()
        self._poller = getattr(self._reactor, "_poller", None)
        if self._poller is not None:
            self._reactor._poller = Between(
                self._poller, self.count, self._tidy, self._seconds, self._work
            )

    def stopService(self) -> Deferred[None] | None:
        """Say what was counted, and watch no more."""
        super().stopService()
        if self._poller is not None:
            self.tell()
            self._reactor._poller = self._poller
            self._poller = None
        return None

    def tell(self) -> None:
        """Say what was counted since this was last told."""
        if self._poller is not None:
            self.log.info("{tally}", tally=str(self.tally))
            self.tally = Tally()

    def count(self, lasted: float, worked: float) -> None:
        """A turn is over.

        :param lasted: its seconds by the clock.
        :param worked: those of them in which it was at work.
        """
        tally = self.tally
        tally.turns += 1
        if lasted < LONG:
            return
        if worked < LONG:
            tally.held_up += 1
        else:
            tally.long += 1
            tally.longest = max(tally.longest, worked)
        if lasted >= TOO_LONG:
            self._bark(lasted, worked)

    def _bark(self, lasted: float, worked: float) -> None:
        now = self._seconds()
        if now - self._barked_at < WARN_EVERY:
            self._unsaid += 1
            return
        self.log.warn(
            "nobody was served for {lasted} ms, of which {worked} ms were work;"
            " {unsaid} such turns before were not told",
            lasted=round(lasted * 1000),
            worked=round(worked * 1000),
            unsaid=self._unsaid,
        )
        self._barked_at, self._unsaid = now, 0


class Between:
    """A poller that notes when it is asked and when it has answered.

    What it found is handed out bit by bit, in the order in which it was found.
    """

    def __init__(
        self,
        poller: Any,
        count: Callable[[float, float], None],
        tidy: Callable[[], object],
        seconds: Callable[[], float],
        work: Callable[[], float],
    ) -> None:
        self.register = poller.register
        self.modify = poller.modify
        self._unregister = poller.unregister
        self._poll = poller.poll
        self._count = count
        self._tidy = tidy
        self._seconds = seconds
        self._work = work
        self._since, self._worked = self._seconds(), work()
        self._found: deque[Any] = deque()
        self._gone: set[int] = set()

    def poll(self, *how: Any) -> Iterator[Any]:
        """What has happened to the sockets; that ends one turn, and begins another."""
        lasted, worked = self._spent()
        if worked >= LONG:
            self._tidy()
            lasted, worked = self._spent()
            how = (0, *how[1:])  # what was tidied up may have left something to do
        self._count(lasted, worked)
        if not self._found:
            self._gone.clear()
            self._found.extend(self._poll(*how))
        self._since, self._worked = self._seconds(), self._work()
        return self._some()

    def _spent(self) -> tuple[float, float]:
        """The seconds that this turn took, and those at work, if it took long."""
        lasted = self._seconds() - self._since
        return lasted, self._work() - self._worked if lasted >= LONG else 0.0

    def unregister(self, socket: int) -> None:
        """Look at a socket no more. What was found there is forgotten, as the next to be opened
        may get its number."""
        self._gone.add(socket)
        self._unregister(socket)

    def _some(self) -> Iterator[Any]:
        until = self._since + ENOUGH
        while self._found:
            found = self._found.popleft()
            if found[0] not in self._gone:
                yield found
                if self._seconds() >= until:
                    return
