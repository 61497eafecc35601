"""The relay that hands bytes through."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.relays.pair import REMEMBERED, Pair
from tests.relays.contract import CONTENT, RelayContract, offer


class PairTests(RelayContract, SynchronousTestCase):
    """It does what every relay does, and a little more."""

    def make_relay(self) -> Pair:
        return Pair()

    def test_nobody_there(self) -> None:
        """Without a receiver it can take nothing."""
        self.assertIsNone(self.relay.ready(offer()))

    def test_held_at_once(self) -> None:
        """The sender waits as long as the receiver does not read."""
        receiver, _ = self.gives(offer())
        sender, _ = self.takes(offer())
        receiver.pipe.pauseProducing()
        self.assertTrue(sender.waits)
        receiver.pipe.resumeProducing()
        self.assertFalse(sender.waits)

    def test_receiver_goes(self) -> None:
        """What was sent last to a receiver that goes is handed on, and the sender is there."""
        receiver, _ = self.gives(offer(), 0)
        sender, taken = self.takes(offer())
        sender.says(CONTENT[:50_000])
        receiver.goes()
        self.assertEqual((taken.value.end, taken.value.whole), (50_000, False))
        self.assertEqual(taken.value.left, CONTENT[:50_000])
        self.assertFalse(sender.pipe.gone)

    def test_remembers_little(self) -> None:
        """No more is remembered than a little, however much has gone through."""
        content = bytes(8 << 20)
        what = offer(content, "")
        receiver, _ = self.gives(what)
        sender, taken = self.takes(what)
        for at in range(0, len(content) - 16384, 16384):
            sender.says(content[at : at + 16384])
        receiver.goes()
        self.assertLess(len(taken.value.left), REMEMBERED + 16384)
        self.assertGreaterEqual(len(taken.value.left), REMEMBERED)
