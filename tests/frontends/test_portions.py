"""What is too much for one turn of the reactor, done in portions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatd.frontends.portions import PORTION, REST, TURN, Portions

STEP = PORTION / 4


class Box:
    """The outbox of a client."""

    stuck = False


class PortionsTests(SynchronousTestCase):
    """Steps that take a quarter of a portion each."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.portions = Portions(self.clock)
        self.done: list[str] = []
        self.mine: Any = Box()
        self.yours: Any = Box()

    def steps(self, name: str, many: int) -> Iterator[None]:
        """So many steps."""
        for number in range(many):
            self.clock.rightNow += STEP
            self.done.append(f"{name}{number}")
            yield

    def turn(self) -> list[str]:
        """One turn of the reactor; what was done in it."""
        self.done.clear()
        due, self.clock.calls = self.clock.calls, []
        for call in due:
            call.func(*call.args, **call.kw)
        return self.done

    def test_little(self) -> None:
        """What fits into a turn is done at once."""
        self.portions.add(self.mine, self.steps("a", 3))
        self.assertEqual(self.done, ["a0", "a1", "a2"])
        self.assertNotIn(self.mine, self.portions)
        self.assertEqual(self.turn(), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_much(self) -> None:
        """What does not fit is done in later turns, and in order."""
        self.portions.add(self.mine, self.steps("a", 1000))
        before = list(self.done)
        self.assertLess(len(before), TURN / STEP + 2)
        self.assertIn(self.mine, self.portions)
        self.portions.add(self.mine, self.steps("b", 1))
        while self.mine in self.portions:
            before += self.turn()
            self.assertLess(len(self.done), TURN / STEP + 2)
        self.assertEqual(before, [*(f"a{n}" for n in range(1000)), "b0"])

    def test_all_together(self) -> None:
        """A turn is no longer if many have much to be told; all get on."""
        boxes: list[Any] = [Box() for _ in range(10)]
        for number, box in enumerate(boxes):
            self.portions.add(box, self.steps(f"{number}:", 20))
        self.assertLess(len(self.done), TURN / STEP + 12)
        seen: set[str] = set()
        for _ in range(5):
            seen |= {done[0] for done in self.turn()}
            self.assertLess(len(self.done), TURN / STEP + 6)
        self.assertEqual(seen, set("0123456789"))

    def test_waiting(self) -> None:
        """One can wait until all is done; who is gone keeps nobody waiting."""
        self.portions.add(self.mine, self.steps("a", 100))
        self.portions.add(self.yours, self.steps("b", 1_000_000))
        mine = ensureDeferred(self.portions.done(self.mine))
        yours = ensureDeferred(self.portions.done(self.yours))
        while self.mine in self.portions:
            self.assertNoResult(mine)
            self.turn()
        self.successResultOf(mine)
        self.assertNoResult(yours)
        self.portions.drop(self.yours)
        self.successResultOf(yours)
        self.assertEqual(self.turn(), [])

    def test_stuck(self) -> None:
        """Whose machine takes no more is left alone for a while; the others are not."""
        self.portions.add(self.mine, self.steps("a", 100))
        self.portions.add(self.yours, self.steps("b", 100))
        self.mine.stuck = True
        while self.yours in self.portions:
            self.assertEqual({done[0] for done in self.turn()}, {"b"})
        (later,) = self.clock.getDelayedCalls()
        self.assertEqual(self.turn(), [])
        (later,) = self.clock.getDelayedCalls()
        self.assertGreaterEqual(later.getTime(), self.clock.seconds() + REST)
        self.mine.stuck = False
        self.assertNotEqual(self.turn(), [])

    def test_one_look(self) -> None:
        """Whose machine takes no more is looked at so often, however much others are told."""
        self.portions.add(self.mine, self.steps("a", 100))
        self.mine.stuck = True
        for _ in range(10):
            self.turn()
            self.portions.add(self.yours, self.steps("b", 1))
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.turn()
        (later,) = self.clock.getDelayedCalls()
        self.assertGreaterEqual(later.getTime(), self.clock.seconds() + REST)

    def test_bug(self) -> None:
        """What fails half-way is given up; the next thing is done."""

        def fails() -> Iterator[None]:
            yield from self.steps("a", 100)
            raise ZeroDivisionError

        self.portions.add(self.mine, fails())
        self.portions.add(self.mine, self.steps("b", 1))
        while self.mine in self.portions:
            self.turn()
        self.assertEqual(self.done[-1], "b0")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
