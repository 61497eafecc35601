"""Handshakes that are begun and not ended: so many, and for so long."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from chatd.frontends.halfway import AT_ONCE, PATIENCE, Halfway

MOST = 2 * AT_ONCE


class Connection:
    """One whose handshake is over when the test says so."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.finished: bytes | None = None
        self.cut = False

    def getHandle(self) -> Connection:
        return self

    def get_peer_finished(self) -> bytes | None:
        return self.finished

    def abortConnection(self) -> None:
        self.cut = True


class HalfwayTests(SynchronousTestCase):
    """Up to forty at once."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.halfway = Halfway(lambda: MOST, self.clock)

    def come(self, many: int, host: str = "192.0.2.1", through: bool = False) -> list[Connection]:
        """So many come from an address."""
        made = [Connection(host) for _ in range(many)]
        for connection in made:
            connection.finished = b"Finished" if through else None
            self.halfway.came(connection, host)
        return made

    def test_no_more_than_so_many(self) -> None:
        """Beyond the bound the oldest go, some at once."""
        made = self.come(100)
        self.assertLessEqual(len(self.halfway), MOST)
        kept = [connection for connection in made if not connection.cut]
        self.assertEqual(kept, made[-len(kept) :])
        self.assertGreaterEqual(len(kept), MOST - AT_ONCE)

    def test_those_through_do_not_count(self) -> None:
        """Who is through with the handshake is not cut off, however many come."""
        made = self.come(100, through=True)
        self.assertFalse(any(connection.cut for connection in made))
        self.assertLessEqual(len(self.halfway), MOST)

    def test_the_worst_network_first(self) -> None:
        """Few from one network are not driven out by many from another, nor is an IPv6 /64 many."""
        few = self.come(3, "192.0.2.7")
        for number in range(100):
            self.come(1, f"2001:db8::{number + 1:x}")
        self.assertFalse(any(connection.cut for connection in few))
        self.assertLessEqual(len(self.halfway), MOST)

    def test_not_for_long(self) -> None:
        """A handshake that takes too long is given up, and nothing is left of it."""
        first = self.come(2)
        self.clock.advance(PATIENCE / 2)
        second = self.come(1)
        first[0].finished = b"Finished"
        self.clock.advance(PATIENCE / 2)
        self.assertEqual([c.cut for c in (*first, *second)], [False, True, False])
        self.clock.advance(PATIENCE / 2)
        self.assertTrue(second[0].cut)
        self.assertEqual(len(self.halfway), 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_few_at_once(self) -> None:
        """However many are late, others have their turn before all of them are given up."""
        made = self.come(MOST)
        self.clock.rightNow += PATIENCE
        self.halfway._look_again()
        self.assertEqual(sum(connection.cut for connection in made), AT_ONCE)
        self.clock.advance(0)
        self.assertTrue(all(connection.cut for connection in made))

    def test_gone(self) -> None:
        """Who went by themselves are not cut off."""
        (gone,) = self.come(1)
        self.halfway.went(gone)
        self.clock.advance(2 * PATIENCE)
        self.assertFalse(gone.cut)

    def test_told(self) -> None:
        """The log says so, but not for each."""
        with capturedLogs() as logs:
            self.come(100)
        self.assertEqual(len(logs), 1)

    def test_stop(self) -> None:
        """At the end nothing waits."""
        self.come(1)
        self.halfway.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
