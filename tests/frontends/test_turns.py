"""The lines of one client, in turn."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatd.errors import ChatError
from chatd.frontends.turns import AT_ONCE, WAITING, Turns


class Worker:
    """A client whose lines are done when the test says so; those with a ! only say something."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.doing: dict[str, Deferred[None]] = {}
        self.wait = 0.0

    async def do(self, line: str) -> None:
        self.begun.append(line)
        self.doing[line] = Deferred()
        await self.doing[line]

    def finish(self, line: str) -> None:
        self.doing.pop(line).callback(None)

    def posts(self, line: str) -> bool:
        return line.startswith("!")

    def most_posts(self) -> int:
        return 2

    def ahead(self) -> float:
        return self.wait


class TurnsTests(SynchronousTestCase):
    """What is begun when."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.worker = Worker()
        self.held: list[bool] = []
        self.turns = Turns(self.worker, self.clock, self.held.append)

    def add(self, *lines: str) -> list[str]:
        """Lines come in; what is begun by then."""
        for line in lines:
            self.turns.add(line)
        return self.worker.begun

    def test_one_after_another(self) -> None:
        """A line waits until the one before it is done."""
        self.assertEqual(self.add("a", "b"), ["a"])
        self.worker.finish("a")
        self.assertEqual(self.worker.begun, ["a", "b"])

    def test_posts_together(self) -> None:
        """A few posts are under way at once; anything else waits for them, and they for it."""
        self.assertEqual(self.add("!1", "!2", "!3", "a", "!4"), ["!1", "!2"])
        self.worker.finish("!1")
        self.assertEqual(self.worker.begun, ["!1", "!2", "!3"])
        self.worker.finish("!2")
        self.assertEqual(self.worker.begun[3:], [])
        self.worker.finish("!3")
        self.assertEqual(self.worker.begun[3:], ["a"])
        self.worker.finish("a")
        self.assertEqual(self.worker.begun[3:], ["a", "!4"])

    def test_answers(self) -> None:
        """The line after a question is its answer, also if it is there already."""
        self.add("a", "early")
        early = self.turns.next()
        self.add("b")
        self.assertEqual(self.successResultOf(early), "early")
        late = self.turns.next()
        self.assertTrue(self.turns.asking)
        self.add("c")
        self.assertEqual(self.successResultOf(late), "b")

    def test_no_answer(self) -> None:
        """Whoever is gone, or goes, answers nothing more."""
        self.add("a")
        asked = self.turns.next()
        self.turns.stop()
        self.failureResultOf(asked, ChatError)
        self.failureResultOf(self.turns.next(), ChatError)
        self.assertEqual(self.add("b"), ["a"])

    def test_holds(self) -> None:
        """Beyond a bound the client is held, until half of its lines are done."""
        self.add(*map(str, range(WAITING)))
        self.assertEqual(self.held, [])
        self.add("one more")
        self.assertEqual(self.held, [True])
        for number in range(WAITING):
            self.worker.finish(str(number))
            self.clock.advance(0)
        self.assertEqual(self.held, [True, False])

    def test_slows_down(self) -> None:
        """Who is ahead of the limits waits, and not longer than they say."""
        self.worker.wait = 1.5
        self.assertEqual(self.add("a"), [])
        self.worker.wait = 0.0
        self.clock.advance(1.4)
        self.assertEqual(self.add("b"), [])
        self.clock.advance(0.2)
        self.assertEqual(self.worker.begun, ["a"])

    def test_many_at_once(self) -> None:
        """Thousands of lines that came together are done in order, some in each turn."""
        done: list[str] = []

        async def do(line: str) -> None:
            if line == "first":
                await first
            done.append(line)

        first: Deferred[None] = Deferred()
        self.worker.do = do  # type: ignore[method-assign]
        lines = ["first", *(str(number) for number in range(5000))]
        self.add(*lines)
        first.callback(None)
        self.assertEqual(done, lines[:AT_ONCE])
        self.clock.advance(0)
        self.assertEqual(done, lines)

    def test_turn_about(self) -> None:
        """Who sends much has some of it done, then it is the turn of others."""
        done: list[str] = []

        async def do(line: str) -> None:
            done.append(line)

        self.worker.do = do  # type: ignore[method-assign]
        others = Turns(self.worker, self.clock, self.held.append)
        for _ in range(2 * AT_ONCE):
            self.turns.add("mine")
        for _ in range(2 * AT_ONCE):
            others.add("theirs")
        self.clock.advance(0)
        mine, theirs = ["mine"] * AT_ONCE, ["theirs"] * AT_ONCE
        self.assertEqual(done, mine + theirs + mine + theirs)

    def test_gone_with_lines_left(self) -> None:
        """What somebody who went has not yet had done is not done, and nothing waits for them."""

        async def do(line: str) -> None:
            self.worker.begun.append(line)
            if len(self.worker.begun) == AT_ONCE:
                self.turns.stop()

        self.worker.do = do  # type: ignore[method-assign]
        self.add(*["much"] * (2 * AT_ONCE))
        self.assertEqual(len(self.worker.begun), AT_ONCE)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_bug(self) -> None:
        """A line that cannot be done does not keep the next ones from it."""

        async def do(line: str) -> None:
            self.worker.begun.append(line)
            raise ZeroDivisionError

        self.worker.do = do  # type: ignore[method-assign]
        self.assertEqual(self.add("a", "!1", "b"), ["a", "!1", "b"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)
