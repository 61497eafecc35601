"""When garbage is looked for, and that those who go leave hardly any."""

from __future__ import annotations

import gc
from collections.abc import Callable
from unittest import skipIf

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatd.garbage import (
    AT_LATEST,
    EVERY,
    QUIET,
    THRESHOLDS,
    USUAL,
    Collector,
    collect_young,
)
from tests.house import House


class CollectorTests(SynchronousTestCase):
    """A collector whose daemon is as busy as the test says."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.worked = 0.0
        self.young = USUAL[2]
        self.collected = 0
        work, young = lambda: self.worked, lambda: self.young
        self.collector = Collector(self.clock, self.collect, work, young)
        self.collector.startService()
        self.addCleanup(gc.unfreeze)
        self.addCleanup(self.stop)

    def collect(self) -> None:
        self.collected += 1

    def stop(self) -> None:
        if self.collector.running:
            self.collector.stopService()

    def spend(self, minutes: int, share: float) -> int:
        """Be busy for this share of so many minutes; gives how often it was collected."""
        before = self.collected
        for _ in range(minutes):
            self.worked += share * EVERY
            self.clock.advance(EVERY)
        return self.collected - before

    def test_start(self) -> None:
        """What is there at the start is collected, and never looked at again."""
        self.assertEqual(self.collected, 1)
        self.assertGreater(gc.get_freeze_count(), 1000)

    def test_quiet(self) -> None:
        """In a quiet minute all is looked through, if much is new; in a busy one not."""
        self.assertEqual(self.spend(3, QUIET / 2), 3)
        self.assertEqual(self.spend(3, QUIET * 2), 0)
        self.assertEqual(self.spend(1, QUIET / 2), 1)

    def test_busy(self) -> None:
        """However busy it is, all is looked through some time, if much is new."""
        minutes = int(AT_LATEST / EVERY)
        self.assertEqual(self.spend(minutes - 1, QUIET * 2), 0)
        self.assertEqual(self.spend(1, QUIET * 2), 1)
        self.assertEqual(self.spend(minutes - 1, QUIET * 2), 0)
        self.assertEqual(self.spend(1, QUIET * 2), 1)

    def test_hardly_anything_new(self) -> None:
        """Where nothing has happened nothing is looked through, however quiet it is."""
        self.young -= 1
        self.assertEqual(self.spend(3, 0.0), 0)

    @skipIf(not USUAL[2], "this Python always collects bit by bit")
    def test_seldom_by_itself(self) -> None:
        """While it runs, Python itself looks at everything seldom; afterwards as before."""
        self.assertEqual(gc.get_threshold(), THRESHOLDS)
        self.collector.stopService()
        self.assertEqual(gc.get_threshold(), USUAL)
        self.assertEqual(self.spend(100, 0.0), 0)


@skipIf(not USUAL[2], "this Python always collects bit by bit")
class YoungTests(SynchronousTestCase):
    """What has come since the last look."""

    def test_young(self) -> None:
        """What refers to itself is found; what stays is looked at only with all, from then on."""
        gc.disable()
        self.addCleanup(gc.enable)
        kept: list[object] = []
        circle: list[object] = []
        circle += [circle, kept]
        del circle
        before, looks = len(gc.get_referrers(kept)), gc.get_count()[2]
        collect_young()
        self.assertEqual(len(gc.get_referrers(kept)), before - 1)
        self.assertEqual(gc.get_count()[2], looks + 1)
        self.assertTrue(any(one is kept for one in gc.get_objects(2)))


class GoneTests(SynchronousTestCase):
    """An IRC client that goes is forgotten at once, not when everything is looked through."""

    def garbage(self, come_and_go: Callable[[], None]) -> set[str]:
        """What was left of us by something, for Python to find."""
        come_and_go()  # once for all that is made only once
        gc.collect()
        gc.disable()
        try:
            come_and_go()
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            found = {type(one) for one in gc.garbage}
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
        return {one.__name__ for one in found if one.__module__.startswith("chatd.")}

    def test_irc_client(self) -> None:
        """A client that hangs up, and one that does so before it is in."""
        house = House()

        def come_and_go() -> None:
            ada = house.client("ada")
            ada.joins("#tea")
            ada.says("PRIVMSG #tea :hello")
            ada.leaves()
            eve = house.stranger()
            eve.says("NICK eve")
            eve.leaves()
            house.settle()

        self.assertEqual(self.garbage(come_and_go), set())
