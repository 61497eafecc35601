"""Reading back: pages both ways, places by id and by time, and how far one has read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.history import Spot
from chatd.core.settings import Limits
from chatd.errors import (
    AccountRequired,
    InvalidParams,
    NoSuchMessage,
    NoSuchRoom,
    NotInRoom,
)
from chatd.events import Kept, Posted
from chatd.model import Rank, Role
from chatd.stores.memory import MemoryStore
from tests.house import FakeSession, House


class HistoryCase(SynchronousTestCase):
    """#tea: entry 1 is ada's coming, 2 to 9 are "2" to "9", a second apart."""

    def setUp(self) -> None:
        self.house = House(limits=Limits(history=5))
        self.history = self.house.core.history
        self.ada = self.house.session("ada", account=True)
        self.eve = self.house.session("eve")
        self.house.ask(self.ada, "JOIN", "#tea")
        self.room = self.house.core.rooms.find("#tea")
        self.start = self.house.core.log.now()
        for number in range(2, 10):
            self.house.clock.advance(1)
            self.house.ask(self.ada, "PRIVMSG", "#tea", str(number))

    def spot(self, number: int) -> Spot:
        return Spot(id=f"{self.room.key}-{number}")

    def at(self, number: int, more: int = 0) -> Spot:
        """The time of an entry, or some milliseconds more."""
        return Spot(time=self.start + (number - 1) * 1000 + more)

    def numbers(self, done: Any) -> list[int]:
        page = self.house.now(done)
        self.assertEqual(page.to, "#tea")
        return [entry.number for entry in page.entries]


class PageTests(HistoryCase):
    def test_dense_numbers(self) -> None:
        """The entries of a room are numbered from 1 on without gaps, and hold what was said."""
        page = self.house.now(self.history.after(self.ada, "#tea", self.spot(5), 5))
        self.assertEqual(
            [(e.number, e.text) for e in page.entries], [(n, str(n)) for n in range(6, 10)]
        )
        self.assertEqual(
            self.numbers(self.history.after(self.ada, "#tea", self.spot(0), 3)), [1, 2, 3]
        )

    def test_latest(self) -> None:
        """The newest, oldest first; only those after a place if there is one."""
        ask = self.history.latest
        self.assertEqual(self.numbers(ask(self.ada, "#tea", 3)), [7, 8, 9])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", 3, self.spot(7))), [8, 9])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", 3, self.spot(2))), [7, 8, 9])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", 3, self.spot(9))), [])

    def test_before(self) -> None:
        """Paging back meets every entry once, and ends with an empty page."""
        ask = self.history.before
        pages, place = [], self.spot(9)
        for _ in range(4):
            page = self.numbers(ask(self.ada, "#tea", place, 3))
            pages.append(page)
            place = self.spot(page[0] if page else 1)
        self.assertEqual(pages, [[6, 7, 8], [3, 4, 5], [1, 2], []])

    def test_after(self) -> None:
        """Paging on meets every entry once, and ends with an empty page."""
        ask = self.history.after
        pages, place = [], self.spot(1)
        for _ in range(4):
            page = self.numbers(ask(self.ada, "#tea", place, 3))
            pages.append(page)
            place = self.spot(page[-1] if page else 9)
        self.assertEqual(pages, [[2, 3, 4], [5, 6, 7], [8, 9], []])

    def test_by_time(self) -> None:
        """A time means the entries before it, or after it, and not those at it."""
        before, after, latest = self.history.before, self.history.after, self.history.latest
        self.assertEqual(self.numbers(before(self.ada, "#tea", self.at(4), 2)), [2, 3])
        self.assertEqual(self.numbers(before(self.ada, "#tea", self.at(4, 1), 2)), [3, 4])
        self.assertEqual(self.numbers(after(self.ada, "#tea", self.at(4), 2)), [5, 6])
        self.assertEqual(self.numbers(after(self.ada, "#tea", self.at(4, -1), 2)), [4, 5])
        self.assertEqual(self.numbers(latest(self.ada, "#tea", 5, self.at(8))), [9])
        self.assertEqual(self.numbers(before(self.ada, "#tea", Spot(time=0), 5)), [])
        self.assertEqual(self.numbers(after(self.ada, "#tea", self.at(99), 5)), [])

    def test_between(self) -> None:
        """Between two places, without them; from the first on, in whichever direction."""
        ask = self.history.between
        self.assertEqual(
            self.numbers(ask(self.ada, "#tea", self.spot(3), self.spot(7), 5)), [4, 5, 6]
        )
        self.assertEqual(
            self.numbers(ask(self.ada, "#tea", self.spot(7), self.spot(3), 5)), [4, 5, 6]
        )
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.spot(3), self.spot(7), 2)), [4, 5])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.spot(7), self.spot(3), 2)), [5, 6])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.at(3), self.at(7), 2)), [4, 5])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.at(7), self.at(3), 2)), [5, 6])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.at(3), self.spot(5), 5)), [4])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.spot(3), self.spot(3), 5)), [])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.spot(3), self.spot(4), 5)), [])

    def test_around(self) -> None:
        """Around a place: it and its neighbours, fewer at an end."""
        ask = self.history.around
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.spot(5), 5)), [3, 4, 5, 6, 7])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.spot(5), 4)), [3, 4, 5, 6])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.spot(5), 1)), [5])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.at(5), 3)), [4, 5, 6])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.at(5, 500), 3)), [5, 6, 7])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.spot(1), 4)), [1, 2])
        self.assertEqual(self.numbers(ask(self.ada, "#tea", self.spot(9), 4)), [7, 8, 9])

    def test_limit(self) -> None:
        """A page has so many entries at most; no limit means that many."""
        self.assertEqual(len(self.numbers(self.history.latest(self.ada, "#tea", 100))), 5)
        self.assertEqual(len(self.numbers(self.history.latest(self.ada, "#tea", 0))), 5)
        self.assertEqual(
            len(self.numbers(self.history.around(self.ada, "#tea", self.spot(5), 99))), 5
        )
        with self.assertRaises(InvalidParams):
            self.numbers(self.history.latest(self.ada, "#tea", -1))

    def test_ids(self) -> None:
        """A message id is that of an entry in this very room."""
        for id_ in (
            "",
            "1",
            "x-1",
            f"{self.room.key + 1}-1",
            f"{self.room.key}--1",
            "-",
            f"{self.room.key}-1x",
            f"{self.room.key}-²",
            f"{self.room.key}-{'1' * 19}",
        ):
            with self.assertRaises(NoSuchMessage):
                self.numbers(self.history.after(self.ada, "#tea", Spot(id=id_), 5))

    def test_find(self) -> None:
        """One entry by its id; there is none with number 0 or one too high."""
        found: Any = self.house.now(self.history.find(self.ada, "#tea", f"{self.room.key}-5"))
        self.assertEqual((found.number, found.text), (5, "5"))
        for number in (0, 10):
            with self.assertRaises(NoSuchMessage):
                self.house.now(self.history.find(self.ada, "#tea", f"{self.room.key}-{number}"))
        with self.assertRaises(NoSuchMessage):
            self.house.now(self.history.find(self.ada, "nobody", f"{self.room.key}-5"))

    def test_only_what_was_said(self) -> None:
        """Who asks for messages alone gets as many as there are, past whatever else happened."""
        for _ in range(4):
            self.house.ask(self.eve, "JOIN", "#tea")
            for mode in ("secret", "moderated"):
                self.house.ask(self.ada, "SET", "#tea", mode)
                self.house.ask(self.ada, "UNSET", "#tea", mode)
        self.house.ask(self.ada, "PRIVMSG", "#tea", "26")
        latest = self.history.latest(self.ada, "#tea", 3, said=True)
        self.assertEqual(self.numbers(latest), [8, 9, 26])
        after = self.history.after(self.ada, "#tea", self.spot(8), 5, said=True)
        self.assertEqual(self.numbers(after), [9, 26])
        before = self.history.before(self.ada, "#tea", self.spot(26), 2, said=True)
        self.assertEqual(self.numbers(before), [8, 9])
        around = self.history.around(self.ada, "#tea", self.spot(20), 3, said=True)
        self.assertEqual(self.numbers(around), [9, 26])
        backwards = self.spot(26), self.spot(1)
        between = self.history.between(self.ada, "#tea", *backwards, 2, said=True)
        self.assertEqual(self.numbers(between), [8, 9])

    def test_erased(self) -> None:
        """An erased message keeps its number and has lost its text."""
        self.house.now(self.house.core.messages.take_back(self.ada, "#tea", f"{self.room.key}-9"))
        entry, redacted = self.house.now(self.history.latest(self.ada, "#tea", 2)).entries
        self.assertEqual(redacted.number, 10)
        self.assertEqual((entry.number, entry.text, entry.erased), (9, "", True))
        self.assertEqual(str(entry), "ada said something that was taken back.")


class WhoMayReadTests(HistoryCase):
    def test_members(self) -> None:
        """Members read all of a room's history, also what was said before they came."""
        self.house.ask(self.eve, "JOIN", "#tea")
        self.assertEqual(self.numbers(self.history.latest(self.eve, "#tea", 2)), [8, 9])

    def test_outsiders(self) -> None:
        """Nobody else does, not even the server's administrators."""
        self.eve.rank = Rank.ADMIN
        for ask in (
            self.history.latest(self.eve, "#tea", 1),
            self.history.latest(self.ada, "#no", 1),
        ):
            with self.assertRaises((NotInRoom, NoSuchRoom)):
                self.house.now(ask)
        self.house.ask(self.ada, "PART", "#tea")
        with self.assertRaises(NotInRoom):
            self.house.now(self.history.around(self.ada, "#tea", self.spot(1), 1))

    def test_for_a_role(self) -> None:
        """What was said to the ops of a room only its ops read back."""
        self.house.ask(self.eve, "JOIN", "#tea")
        self.house.ask(self.ada, "PRIVMSG", "@#tea", "shall we?")
        eve, key = self.eve, self.room.key
        self.assertEqual(self.texts(self.ada), ["9", "shall we?"])
        self.assertEqual(self.texts(eve), ["9"])
        with self.assertRaises(NoSuchMessage):
            self.house.now(self.history.find(eve, "#tea", f"{key}-10"))
        around = self.house.now(self.history.around(eve, "#tea", self.spot(10), 2))
        self.assertEqual([e.number for e in around.entries], [9])
        self.house.now(self.house.core.rooms.grant(self.ada, "#tea", "eve", Role.OP, True))
        self.assertEqual(self.texts(eve), ["9", "shall we?"])

    def texts(self, session: FakeSession) -> list[str]:
        page = self.house.now(self.history.after(session, "#tea", self.spot(8), 5))
        return [e.text for e in page.entries if isinstance(e, Posted)]


class Committing(MemoryStore):
    """A store whose commit takes as long as the test wants: all can be read meanwhile."""

    commit: Deferred[None] | None = None

    async def append(self, entries: Sequence[Kept]) -> Sequence[int]:
        numbers = await super().append(entries)
        if self.commit is not None:
            await self.commit
        return numbers


class OnceTests(SynchronousTestCase):
    def test_told_before_it_is_read(self) -> None:
        """What stands in a page has been told by then: nobody is told it after the page."""
        store = Committing()
        house = House(store)
        ada = house.client("ada", "batch draft/chathistory")
        ada.joins("#tea")
        bob = house.client("bob", "batch draft/chathistory")
        ada.says("PRIVMSG #tea :first")
        bob.joins("#tea")
        store.commit = Deferred()
        ada.says("PRIVMSG #tea :second")
        bob.says("CHATHISTORY LATEST #tea * 10")
        self.assertEqual(bob.hears(), [])
        store.commit.callback(None)
        heard = [line for line in bob.hears() if "BATCH" not in line]
        first, second = (f":ada PRIVMSG #tea :{text}" for text in ("first", "second"))
        self.assertEqual(heard, [second, first, second])


class ConversationsTests(HistoryCase):
    def found(self, one: int, other: int, limit: int = 5) -> list[tuple[str, int]]:
        found = self.house.now(self.history.conversations(self.ada, one, other, limit))
        return [(c.other, c.latest - self.start) for c in found]

    def test_between_two_times(self) -> None:
        """Rooms and people with whom something was last said between two times, by time."""
        bob = self.house.session("bob", account=True)
        self.house.clock.advance(1)
        self.house.ask(bob, "PRIVMSG", "ada", "hello")
        start = self.start
        both = [("#tea", 8000), ("bob", 9000)]
        self.assertEqual(self.found(start, start + 9001), both)
        self.assertEqual(self.found(start + 9001, start), both)
        self.assertEqual(self.found(start, start + 9000), both[:1])
        self.assertEqual(self.found(start + 8000, start + 9001), both[1:])
        self.assertEqual(self.found(start, start + 9001, 1), both[:1])

    def test_guests(self) -> None:
        """Guests have no list of conversations."""
        with self.assertRaises(AccountRequired):
            self.house.now(self.history.conversations(self.eve, 0, 1, 1))

    def test_nothing_said_yet(self) -> None:
        """A conversation in which nothing was said has an empty history."""
        for done in (
            self.history.latest(self.ada, "bob", 5),
            self.history.between(self.ada, "bob", Spot(time=0), Spot(time=1), 5),
            self.history.around(self.ada, "bob", Spot(time=0), 5),
        ):
            self.assertEqual(self.house.now(done).entries, ())
