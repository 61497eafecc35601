"""The one way by which anything becomes known: together, in order, and only if it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatd.buses.local import LocalBus
from chatd.core.log import CROWD, TURN, Log
from chatd.errors import NoSuchRoom, NotKept
from chatd.events import Batch, Event, Joined, Kept, Left, Posted, Signalled
from chatd.model import Person, Room

ADA = Person("ada")
TEA = Room(1, "#tea", True, 0)
GONE = Room(2, "#gone", False, 0)


class SlowStore:
    """A log that is on disk when the test says so."""

    def __init__(self) -> None:
        self.appended: list[Sequence[Kept]] = []
        self.done: list[Deferred[None]] = []
        self.error: Exception | None = None
        self.slow = False

    async def append(self, entries: Sequence[Kept]) -> list[int]:
        self.appended.append(entries)
        if self.slow:
            done: Deferred[None] = Deferred()
            self.done.append(done)
            await done
        if self.error is not None:
            raise self.error
        if any(kept.entry.room is GONE for kept in entries):
            raise NoSuchRoom("#gone")
        return [len(self.appended) * 10 + at for at, _ in enumerate(entries)]


class LogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.store = SlowStore()
        self.bus = LocalBus()
        self.heard: list[Batch] = []
        self.bus.subscribe(self.heard.append)
        store: Any = self.store
        self.log_ = Log(store, self.bus, self.clock, lambda: int(self.clock.seconds() * 1000))

    def keep(self, text: str, room: Room = TEA) -> Deferred[Event]:
        return self.log_.keep(Posted(by=ADA, at=0, room=room, to=room.name, text=text))

    def sign(self, to: str) -> Deferred[Event]:
        return self.log_.tell(Signalled(by=ADA, at=0, room=TEA, to=to, id="1-a", tags={}))

    def texts(self) -> list[list[str]]:
        return [[getattr(e, "text", "") or e.to for e in b.events] for b in self.heard]  # type: ignore[attr-defined]

    def test_one_turn_is_one_append_and_one_batch(self) -> None:
        """What one turn of the reactor brought is stored at once and told at once."""
        for text in "abc":
            self.keep(text)
        self.assertEqual(self.heard, [])
        self.clock.advance(0)
        self.assertEqual(len(self.store.appended), 1)
        self.assertEqual(self.texts(), [["a", "b", "c"]])

    def test_numbers_are_the_stores(self) -> None:
        """What is told has the number that the store gave it, and the sender gets the same."""
        first, second = self.keep("a"), self.keep("b")
        self.clock.advance(0)
        self.assertEqual([e.number for e in self.heard[0].events], [10, 11])  # type: ignore[attr-defined]
        self.assertIs(self.successResultOf(first), self.heard[0].events[0])
        self.assertIs(self.successResultOf(second), self.heard[0].events[1])

    def test_nobody_hears_before_the_disk(self) -> None:
        """While the disk works nobody hears, and what comes meanwhile is the next batch."""
        self.store.slow = True
        sent = self.keep("a")
        self.clock.advance(0)
        self.keep("b"), self.keep("c")
        self.clock.advance(0)
        self.assertEqual(self.heard, [])
        self.assertNoResult(sent)
        self.store.done.pop().callback(None)
        self.assertEqual(self.texts(), [["a"]])
        self.clock.advance(0)
        self.store.done.pop().callback(None)
        self.assertEqual(self.texts(), [["a"], ["b", "c"]])
        self.assertEqual([len(entries) for entries in self.store.appended], [1, 2])

    def test_passing_things_wait_their_turn(self) -> None:
        """What is not stored does not overtake what is, and came before."""
        self.sign("1"), self.keep("a"), self.sign("2"), self.keep("b")
        self.clock.advance(0)
        self.assertEqual(self.texts(), [["1", "a", "2", "b"]])
        self.assertEqual(len(self.store.appended[0]), 2)

    def test_passing_things_wait_for_the_disk(self) -> None:
        """What is not stored waits for a batch that is on its way to the disk."""
        self.store.slow = True
        self.keep("a")
        self.clock.advance(0)
        self.sign("1")
        self.clock.advance(0)
        self.assertEqual(self.heard, [])
        self.store.done.pop().callback(None)
        self.clock.advance(0)
        self.assertEqual(self.texts(), [["a"], ["1"]])

    def test_caught_up(self) -> None:
        """Whoever has read from the store can wait until all that was in it has been told."""
        self.successResultOf(self.log_.caught_up())
        self.store.slow = True
        self.keep("a")
        self.clock.advance(0)
        first = self.log_.caught_up()
        self.keep("b")
        self.assertNoResult(first)
        told = first.addCallback(lambda _: self.texts())
        self.store.done.pop().callback(None)
        self.assertEqual(self.successResultOf(told), [["a"]])
        second = self.log_.caught_up()
        self.clock.advance(0)
        self.assertNoResult(second)
        self.store.done.pop().callback(None)
        self.successResultOf(second)

    def test_caught_up_with_a_refusal(self) -> None:
        """What the store refuses is not waited for."""
        self.store.error = NotKept("the disk is full.")
        refused, waiting = self.keep("a"), self.log_.caught_up()
        self.clock.advance(0)
        self.failureResultOf(refused, NotKept)
        self.successResultOf(waiting)

    def test_refused_by_the_store(self) -> None:
        """If the store refuses, all senders learn it and only what is not durable is told."""
        self.store.error = NotKept("the disk is full.")
        refused, told = self.keep("a"), self.sign("1")
        self.clock.advance(0)
        self.failureResultOf(refused, NotKept)
        self.successResultOf(told)
        self.assertEqual(self.texts(), [["1"]])

    def test_works_again(self) -> None:
        """When the store takes entries again, all goes on without anybody doing anything."""
        self.store.error = NotKept("the disk is full.")
        self.failureResultOf(self._sent("a"), NotKept)
        self.store.error = None
        self.successResultOf(self._sent("b"))
        self.assertEqual(self.texts(), [["b"]])
        self.assertTrue(self.log_.idle())

    def test_a_bug_in_the_store(self) -> None:
        """A store that breaks is a refusal to the senders, and its traceback is logged."""
        self.store.error = ZeroDivisionError()
        self.failureResultOf(self._sent("a"), NotKept)
        self.assertEqual(self.heard, [])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_room_that_is_gone(self) -> None:
        """If one of the rooms has just ended, only what was for that room is refused."""
        good, bad, other = self.keep("a"), self.keep("b", GONE), self.keep("c")
        self.clock.advance(0)
        self.failureResultOf(bad, NoSuchRoom)
        self.successResultOf(good), self.successResultOf(other)
        self.assertEqual(self.texts(), [["a", "c"]])

    def test_a_bus_that_fails(self) -> None:
        """What is stored is acknowledged even if the bus cannot tell it; the log has why."""

        def break_(batch: Batch) -> None:
            raise ZeroDivisionError

        self.bus.subscribe(break_)
        self.successResultOf(self._sent("a"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.successResultOf(self._sent("b"))
        self.flushLoggedErrors(ZeroDivisionError)

    def test_time_does_not_go_back(self) -> None:
        """The time of events stands still while the clock is set back."""
        times = iter([5000, 3000, 6000])
        store: Any = self.store
        log = Log(store, self.bus, self.clock, lambda: next(times))
        self.assertEqual([log.now(), log.now(), log.now()], [5000, 5000, 6000])

    def test_idle(self) -> None:
        """It is idle when all that came in is told, and not before."""
        self.assertTrue(self.log_.idle())
        self.keep("a")
        self.assertFalse(self.log_.idle())
        self.clock.advance(0)
        self.assertTrue(self.log_.idle())

    def _sent(self, text: str) -> Deferred[Event]:
        sent = self.keep(text)
        self.clock.advance(0)
        return sent

    def test_comings_are_told_bit_by_bit(self) -> None:
        """Of many who come and go at once some are told of, then it is others' turn; in order."""
        told: list[str] = []

        def hear(batch: Batch) -> None:
            self.clock.rightNow += TURN / 2
            told.append(" ".join(str(event) for event in batch.events))

        self.bus.subscribe(hear)
        names = [f"n{number}" for number in range(CROWD + 1)]
        for name in names:
            self.log_.keep(Joined(by=Person(name), at=0, room=TEA))
        for name in names[:4]:
            self.log_.keep(Left(by=Person(name), at=0, room=TEA, reason=""))
        last = self.keep("hello")
        self.clock.callLater(0, told.append, "another's turn")
        self.clock.advance(0)
        self.successResultOf(last)
        self.assertEqual(len(self.store.appended), 1)
        self.assertEqual([len(batch.events) for batch in self.heard], [CROWD, *[1] * 6])
        heard = [getattr(event, "text", event.by.name) for b in self.heard for event in b.events]
        self.assertEqual(heard, [*names, *names[:4], "hello"])
        self.assertEqual(told.index("another's turn"), 2)

    def test_answers_are_given_bit_by_bit(self) -> None:
        """Of many who wait some are answered, then it is others' turn; in order."""
        answered: list[str] = []

        def answer(event: Event) -> None:
            self.clock.rightNow += TURN / 2
            answered.append(getattr(event, "text", ""))

        for text in "abc":
            self.keep(text).addCallback(answer)
        self.clock.callLater(0, answered.append, "another's turn")
        self.clock.advance(0)
        self.assertEqual(answered, ["a", "b", "another's turn", "c"])

    def test_telling_and_answering_share_a_turn(self) -> None:
        """Where telling has taken long, it is others' turn before anybody is answered."""
        answered: list[str] = []

        def hear(batch: Batch) -> None:
            self.clock.rightNow += TURN

        self.bus.subscribe(hear)
        self.keep("a").addCallback(lambda event: answered.append("a"))
        self.clock.callLater(0, answered.append, "another's turn")
        self.clock.advance(0)
        self.assertEqual(answered, ["another's turn", "a"])

    def test_bug_afterwards(self) -> None:
        """If one of those who are called afterwards fails, the others are called all the same."""
        called: list[str] = []
        self.log_.afterwards(lambda: called[1])  # type: ignore[arg-type, return-value]
        self.log_.afterwards(lambda: called.append("other"))
        told = self.keep("milk")
        self.clock.advance(0)
        self.successResultOf(told)
        self.assertEqual(called, ["other"])
        self.assertEqual(len(self.flushLoggedErrors(IndexError)), 1)
        self.assertTrue(self.log_.idle())
