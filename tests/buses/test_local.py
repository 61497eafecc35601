"""The bus of one process."""

from __future__ import annotations

from twisted.internet.defer import ensureDeferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from chatd.buses.local import Options, make
from chatd.events import Batch
from chatd.interfaces import IBus


class LocalBusTest(SynchronousTestCase):
    """What one publishes, all hear at once."""

    def setUp(self) -> None:
        self.bus = make(Options(), None)
        self.heard: list[tuple[str, Batch]] = []

    def publish(self, said: Batch) -> None:
        self.successResultOf(ensureDeferred(self.bus.publish(said)))

    def test_promises(self) -> None:
        """It is a bus."""
        self.assertTrue(verifyObject(IBus, self.bus))

    def test_all_hear_in_order(self) -> None:
        """Each subscriber hears each batch before `publish` returns, in order of subscription."""
        self.bus.subscribe(lambda said: self.heard.append(("first", said)))
        self.bus.subscribe(lambda said: self.heard.append(("second", said)))
        one, two = Batch(()), Batch(())
        self.publish(one)
        self.assertEqual(self.heard, [("first", one), ("second", one)])
        self.publish(two)
        self.assertEqual(self.heard[2:], [("first", two), ("second", two)])

    def test_nobody_there(self) -> None:
        """What nobody hears is no fault, and is not kept for later."""
        self.publish(Batch(()))
        self.bus.subscribe(lambda said: self.heard.append(("late", said)))
        self.assertEqual(self.heard, [])
