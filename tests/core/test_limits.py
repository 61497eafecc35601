"""Token buckets and failed attempts, on a clock."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatd.core import limits
from chatd.core.limits import Attempts, Buckets, Gate, network
from chatd.core.settings import Limits, Settings
from chatd.errors import TooFast


class BucketsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.buckets = Buckets(self.clock.seconds)

    def test_burst_then_refusal(self) -> None:
        """As many as the burst are there at once; one more is too many."""
        for _ in range(3):
            self.buckets.take("ada", 3, 2.0)
        with self.assertRaises(TooFast) as caught:
            self.buckets.take("ada", 3, 2.0)
        self.assertEqual(caught.exception.args, (3,))

    def test_one_more_after_a_time(self) -> None:
        """After the time for one there is one, and not two."""
        self.buckets.take("ada", 1, 2.0)
        self.clock.advance(1.5)
        self.assertEqual(self.buckets.wait("ada", 1, 2.0), 0.5)
        self.clock.advance(0.5)
        self.assertEqual(self.buckets.wait("ada", 1, 2.0), 0.0)
        self.assertEqual(self.buckets.wait("ada", 1, 2.0), 2.0)

    def test_never_more_than_the_burst(self) -> None:
        """However long one was quiet, no more than the burst is there."""
        self.buckets.take("ada", 2, 1.0)
        self.clock.advance(1000)
        taken = [self.buckets.wait("ada", 2, 1.0) for _ in range(3)]
        self.assertEqual(taken, [0.0, 0.0, 1.0])

    def test_each_has_a_bucket(self) -> None:
        """What one takes is not taken from another."""
        self.buckets.take("ada", 1, 1.0)
        self.buckets.take("bob", 1, 1.0)
        self.assertRaises(TooFast, self.buckets.take, "ada", 1, 1.0)

    def test_no_limit(self) -> None:
        """Without a time for one there is no limit."""
        for _ in range(100):
            self.buckets.take("ada", 1, 0)

    def test_full_buckets_are_forgotten(self) -> None:
        """Thousands who came once do not stay in memory."""
        for number in range(5000):
            self.clock.advance(1)
            self.buckets.take(number, 2, 1.0)
        self.assertLess(len(self.buckets._buckets), 1100)


class AttemptsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.attempts = Attempts(self.clock.seconds)

    def count(self, *who: str) -> tuple[int, float]:
        return self.attempts.count(*who, forget_after=60)

    def test_the_worst_counts(self) -> None:
        """Of an account and an address, the one that failed more often counts."""
        self.attempts.failed("ada", "here", forget_after=60)
        self.attempts.failed("bob", "here", forget_after=60)
        self.assertEqual(self.count("ada"), (1, 60))
        self.assertEqual(self.count("ada", "here"), (2, 60))

    def test_forgotten_after_a_time(self) -> None:
        """Failures count until the time after the last of them is over, and no longer."""
        self.attempts.failed("ada", forget_after=60)
        self.clock.advance(60)
        self.assertEqual(self.count("ada"), (1, 0))
        self.clock.advance(1)
        self.assertEqual(self.count("ada"), (0, 0))
        self.attempts.failed("ada", forget_after=60)
        self.assertEqual(self.count("ada"), (1, 60))

    def test_success_forgets(self) -> None:
        """Who got it right starts anew."""
        self.attempts.failed("ada", "here", forget_after=60)
        self.attempts.succeeded("ada")
        self.assertEqual(self.count("ada")[0], 0)
        self.assertEqual(self.count("here")[0], 1)

    def test_old_failures_leave_memory(self) -> None:
        """A flood of failures under ever new names does not stay in memory."""
        for number in range(10_001):
            self.attempts.failed(number, forget_after=60)
        self.clock.advance(61)
        self.attempts.failed("ada", forget_after=60)
        self.assertEqual(len(self.attempts._failures), 1)

    def test_no_more_than_may_be_remembered(self) -> None:
        """Beyond so many those who failed longest ago are forgotten, not those who go on."""
        self.patch(limits, "MOST_FAILURES", 3)
        for name in ("ada", "bob", "ada", "cyd", "dan"):
            self.attempts.failed(name, forget_after=60)
        counts = [self.count(name)[0] for name in ("ada", "bob", "cyd", "dan")]
        self.assertEqual(counts, [2, 0, 1, 1])


class NetworkTests(SynchronousTestCase):
    def test_network(self) -> None:
        """An IPv6 /64 is one, as is an IPv4 address, however it is written."""
        self.assertEqual(network("2001:db8::1"), network("2001:db8::ffff:1%eth0"))
        self.assertNotEqual(network("2001:db8::1"), network("2001:db8:0:1::1"))
        self.assertNotEqual(network("192.0.2.1"), network("192.0.2.2"))
        self.assertEqual(network("::ffff:192.0.2.1"), "192.0.2.1")
        self.assertEqual(network(""), "")

    def test_gate(self) -> None:
        """Nobody gets past the gate more often by having many addresses in one network."""
        wanted = Limits(connections=2, connects=3, connects_every=60)  # type: ignore[arg-type]
        gate = Gate(Settings(limits=wanted), Clock().seconds)
        for host in ("1", "2"):
            self.assertTrue(gate.admits(f"2001:db8::{host}"))
            gate.came(f"2001:db8::{host}")
        self.assertFalse(gate.admits("2001:db8::3"))
        gate.went("2001:db8::1")
        self.assertTrue(gate.admits("2001:db8::3"))
        self.assertFalse(gate.admits("2001:db8::4"))
        self.assertTrue(gate.admits("2001:db8:0:1::4"))
