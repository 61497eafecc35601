"""Bounded output: one write in each turn, and a reader who cannot keep up is let go."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from chatd.frontends.outbox import MOMENT, MOST, PATIENCE, TURN, Mailman, Outbox


class Transport(StringTransport):
    """Counts the writes, and can be cut."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def abortConnection(self) -> None:
        self.aborted = True


class OutboxTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.more = False
        self.mailman = Mailman(self.clock, lambda: self.more)
        self.transport = Transport()
        self.overflows = 0
        self.outbox = Outbox(self.transport, self.mailman, self.overflow)

    def overflow(self) -> bytes:
        self.overflows += 1
        return b"too slow"

    def test_one_write_in_a_turn(self) -> None:
        """What is written in one turn of the reactor goes out as one write at its end."""
        self.outbox.write(b"a")
        self.outbox.write(b"b")
        self.assertEqual(self.transport.writes, [])
        self.clock.advance(0)
        self.outbox.write(b"c")
        self.clock.advance(0)
        self.assertEqual(self.transport.writes, [b"ab", b"c"])

    def test_while_more_is_told(self) -> None:
        """What is being told in several turns goes out as one write, unless it takes long."""
        self.more = True
        self.outbox.write(b"a")
        self.clock.advance(0)
        self.outbox.write(b"b")
        self.clock.advance(0)
        self.assertEqual(self.transport.writes, [])
        self.mailman.empty()
        self.assertEqual(self.transport.writes, [b"ab"])
        self.outbox.write(b"c")
        self.clock.advance(MOMENT / 2)
        self.assertEqual(self.transport.writes, [b"ab"])
        self.clock.advance(MOMENT)
        self.assertEqual(self.transport.writes, [b"ab", b"c"])

    def test_each_client_has_its_own(self) -> None:
        """One turn empties the outboxes of all clients."""
        other = Transport()
        box = Outbox(other, self.mailman, self.overflow)
        self.outbox.write(b"a")
        box.write(b"b")
        self.clock.advance(0)
        self.assertEqual((self.transport.writes, other.writes), ([b"a"], [b"b"]))

    def test_many_clients(self) -> None:
        """The outboxes of many are emptied in several turns, not more in one even if
        something is told in it, and none is forgotten."""
        clock = self.clock

        class Slow(Transport):
            def write(self, data: bytes) -> None:
                super().write(data)
                clock.rightNow += TURN / 2

        many = [Slow() for _ in range(5)]
        boxes = [Outbox(transport, self.mailman, self.overflow) for transport in many]
        for box in boxes:
            box.write(b"a")
        (emptying,) = clock.getDelayedCalls()
        emptying.func()
        self.assertEqual([len(transport.writes) for transport in many], [1, 1, 0, 0, 0])
        self.mailman.empty()
        self.assertEqual([len(transport.writes) for transport in many], [1, 1, 0, 0, 0])
        boxes[0].write(b"b")
        boxes[4].write(b"b")
        clock.advance(0)
        written = [b"".join(transport.writes) for transport in many]
        self.assertEqual(written, [b"ab", b"a", b"a", b"a", b"ab"])

    def test_waits_while_the_client_is_full(self) -> None:
        """What the client's machine does not take waits, and then goes out in order."""
        self.outbox.write(b"a")
        self.outbox.pauseProducing()
        self.outbox.write(b"b")
        self.clock.advance(1)
        self.assertEqual(self.transport.writes, [])
        self.outbox.resumeProducing()
        self.assertEqual(self.transport.writes, [b"ab"])

    def test_too_slow(self) -> None:
        """When too much waits, the client is told so and let go, once."""
        self.outbox.pauseProducing()
        for _ in range(3):
            self.outbox.write(b"x" * (MOST // 2))
        self.outbox.write(b"more")
        self.clock.advance(0)
        self.assertEqual(self.overflows, 1)
        self.assertEqual(self.transport.writes, [b"too slow"])
        self.assertTrue(self.transport.disconnecting)
        self.assertIsNone(self.transport.producer)

    def test_as_much_as_may_wait(self) -> None:
        """Just as much as may wait is not too much, however often it is."""
        for _ in range(3):
            self.outbox.write(b"x" * MOST)
            self.clock.advance(0)
        self.assertEqual(self.overflows, 0)

    def test_last_words(self) -> None:
        """Closing sends what waits, then the last words; after that nothing is sent."""
        self.outbox.write(b"a")
        self.outbox.close(b"bye")
        self.outbox.write(b"b")
        self.outbox.close(b"again")
        self.clock.advance(0)
        self.assertEqual(self.transport.writes, [b"abye"])
        self.assertTrue(self.transport.disconnecting)
        self.assertIsNone(self.transport.producer)

    def test_cut_off(self) -> None:
        """Who does not take even the last words is cut off after a while."""
        self.outbox.close(b"bye")
        self.clock.advance(PATIENCE - 1)
        self.assertFalse(self.transport.aborted)
        self.clock.advance(1)
        self.assertTrue(self.transport.aborted)

    def test_gone(self) -> None:
        """Nothing is sent to a client that is gone, and nothing is left of it."""
        self.outbox.close(b"bye")
        self.outbox.forget()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.outbox.stopProducing()
        self.outbox.write(b"x")
        self.clock.advance(PATIENCE)
        self.assertFalse(self.transport.aborted)
        self.assertEqual(self.transport.writes, [b"bye"])
