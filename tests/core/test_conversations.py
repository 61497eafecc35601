"""Direct conversations: of two people, who need not be on line, and of nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.commands.login import enter
from chatd.core import conversations
from chatd.core.settings import Auth
from chatd.errors import NoSuchAccount
from chatd.events import Posted
from chatd.model import Person
from chatd.stores.memory import MemoryStore
from tests.house import FakeSession, House


class SlowStore(MemoryStore):
    """A store that makes rooms when the test says so, and may not forget any."""

    wait: Deferred[None] | None = None
    stuck = False

    async def add_room(self, room: Any, members: Any) -> Any:
        if self.wait is not None:
            await self.wait
        return await super().add_room(room, members)

    async def drop_room(self, room: int) -> None:
        if not self.stuck:
            await super().drop_room(room)


class ConversationsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.store = SlowStore()
        self.house = House(self.store)
        self.ada = self.house.session("ada", account=True)
        self.bob = self.house.session("bob", account=True)
        self.eve = self.house.session("eve")

    def say(self, by: FakeSession, to: str, text: str) -> None:
        self.assertEqual(self.house.says(by, "PRIVMSG", to, text), [])

    def read(self, by: FakeSession, other: str) -> list[str]:
        page = self.house.now(self.house.core.history.latest(by, other, 10))
        return [entry.text for entry in page.entries]

    def go(self, session: FakeSession) -> None:
        self.house.core.sessions.leave(session, "")
        self.house.settle()

    def direct_rooms(self) -> list[str]:
        store: Any = self.house.store
        return [s.room.name for s in store._shelves.values() if s.room.direct]

    def test_both_hear(self) -> None:
        """All sessions of both hear what is said, and nobody else."""
        second = self.house.session("ada", account=True)
        self.say(self.ada, "BOB", "hello")
        for session in (self.ada, second, self.bob):
            (posted,) = session.heard
            assert isinstance(posted, Posted)
            self.assertEqual((posted.to, posted.text, posted.number), ("bob", "hello", 1))
        self.assertEqual(self.eve.heard, [])

    def test_one_conversation_for_both(self) -> None:
        """Both sides read the same conversation, in one order."""
        self.say(self.ada, "bob", "one")
        self.say(self.bob, "ada", "two")
        self.assertEqual(self.read(self.ada, "bob"), ["one", "two"])
        self.assertEqual(self.read(self.bob, "Ada"), ["one", "two"])
        self.assertEqual(self.direct_rooms(), ["ada bob"])

    def test_to_somebody_off_line(self) -> None:
        """What is said to an account that is off line is there when it comes back."""
        self.go(self.bob)
        self.say(self.ada, "bob", "are you there?")
        bob = self.house.session("bob", account=True)
        self.assertEqual(self.read(bob, "ada"), ["are you there?"])

    def test_to_oneself(self) -> None:
        """One can write to oneself; each session hears it once."""
        second = self.house.session("ada", account=True)
        self.say(self.ada, "ada", "milk")
        self.assertEqual((self.ada.hears(), second.hears()), (["ada: milk"], ["ada: milk"]))
        self.assertEqual(self.read(second, "ada"), ["milk"])

    def test_two_begin_at_once(self) -> None:
        """If both write first at the same time there is still one conversation."""
        post = self.house.core.messages.post
        both: list[Any] = [
            ensureDeferred(post(self.ada, "bob", "one")),
            ensureDeferred(post(self.bob, "ada", "two")),
        ]
        self.house.settle()
        self.assertEqual([self.successResultOf(d).number for d in both], [1, 2])

    def test_two_begin_with_a_guest_at_once(self) -> None:
        """Nor are there two if one of those who write first is a guest."""
        self.store.wait = Deferred()
        post = self.house.core.messages.post
        one = ensureDeferred(post(self.ada, "eve", "one"))
        two = ensureDeferred(post(self.eve, "ada", "two"))
        self.store.wait.callback(None)
        self.house.settle()
        numbers = {self.successResultOf(d).number for d in (one, two)}  # type: ignore[attr-defined]
        self.assertEqual(numbers, {1, 2})

    def test_found_by_another_process(self) -> None:
        """A conversation that the store has already is not made again."""
        self.say(self.ada, "bob", "one")
        again = House(self.house.store)
        ada = again.session("ada", account=True)
        again.ask(ada, "PRIVMSG", "bob", "two")
        self.assertEqual(self.read(self.ada, "bob"), ["one", "two"])

    def test_with_a_guest(self) -> None:
        """A conversation with a guest ends with the guest; the next one reads nothing of it."""
        self.say(self.ada, "eve", "secret")
        self.say(self.eve, "ada", "indeed")
        self.assertEqual(self.read(self.eve, "ada"), ["secret", "indeed"])
        self.go(self.eve)
        self.assertEqual(self.direct_rooms(), [])
        other = self.house.session("eve")
        self.assertEqual(self.read(other, "ada"), [])

    def next_eve(self) -> FakeSession:
        """Another guest who takes the name at once, before anything else is told."""
        other = FakeSession(Person("eve"), key="another")
        self.successResultOf(ensureDeferred(enter(self.house.core, other)))
        return other

    def test_name_in_the_same_turn(self) -> None:
        """Who takes a guest's name in the turn in which it went reads nothing of it either."""
        self.say(self.ada, "eve", "secret")
        self.house.core.sessions.leave(self.eve, "")
        other = self.next_eve()
        latest = ensureDeferred(self.house.core.history.latest(other, "ada", 10))
        self.assertEqual(self.successResultOf(latest).entries, ())
        self.say(self.ada, "eve", "hello")
        self.assertEqual(self.read(other, "ada"), ["hello"])
        self.go(other)
        self.assertEqual(self.direct_rooms(), [])

    def test_last_words(self) -> None:
        """What a guest says just before it goes is still heard."""
        self.say(self.ada, "eve", "hello")
        self.ada.hears()
        said = ensureDeferred(self.house.core.messages.post(self.eve, "ada", "goodbye"))
        self.go(self.eve)
        self.successResultOf(said)
        self.assertEqual(self.ada.hears(), ["eve: goodbye"])

    def test_gone_while_it_was_made(self) -> None:
        """If a guest goes while its conversation is made, there is none, for nobody."""
        self.store.wait = Deferred()
        said = ensureDeferred(self.house.core.messages.post(self.ada, "eve", "secret"))
        self.go(self.eve)
        other = self.next_eve()
        self.store.wait.callback(None)
        self.failureResultOf(said, NoSuchAccount)
        self.assertEqual(self.direct_rooms(), [])
        self.assertEqual(self.read(other, "ada"), [])

    def test_gone_before_it_was_made(self) -> None:
        """Nor does a guest who has gone already begin one."""
        self.go(self.eve)
        said = ensureDeferred(self.house.core.messages.post(self.eve, "ada", "secret"))
        self.failureResultOf(said, NoSuchAccount)
        self.assertEqual(self.direct_rooms(), [])

    def test_not_dropped(self) -> None:
        """A conversation that the store could not drop is read by nobody all the same."""
        self.say(self.ada, "eve", "secret")
        self.store.stuck = True
        self.go(self.eve)
        self.store.stuck = False
        other = self.next_eve()
        self.assertEqual(self.read(other, "ada"), [])
        self.say(self.ada, "eve", "hello")
        self.assertEqual(self.read(other, "ada"), ["hello"])

    def test_two_guests_go_at_once(self) -> None:
        """What two guests said to each other ends once, whoever goes first."""
        other = self.house.session("mallory")
        self.say(self.eve, "mallory", "secret")
        for session in (self.eve, other):
            self.house.core.sessions.leave(session, "")
        self.house.settle()
        self.assertEqual(self.direct_rooms(), [])

    def test_guest_with_another_name(self) -> None:
        """Nor does a guest who takes the name that another has given up."""
        self.say(self.eve, "ada", "secret")
        here = self.house.core.sessions.find("eve")
        change = self.house.core.sessions.change(here, replace(here.person, name="eva"))
        self.house.now(change)
        self.assertEqual(self.direct_rooms(), [])
        other = self.house.session("eve")
        self.assertEqual(self.read(other, "ada"), [])

    def test_guest_writes_its_name_otherwise(self) -> None:
        """A guest that only writes its name in capitals keeps its conversations."""
        self.say(self.eve, "ada", "secret")
        here = self.house.core.sessions.find("eve")
        change = self.house.core.sessions.change(here, replace(here.person, name="EVE"))
        self.house.now(change)
        self.assertEqual(self.read(self.eve, "ada"), ["secret"])

    def test_many(self) -> None:
        """More conversations than are remembered are still found."""
        self.patch(conversations, "REMEMBERED", 1)
        for name in ("bob", "ada", "bob"):
            self.say(self.ada, name, "hello")
        self.assertEqual(self.read(self.ada, "bob"), ["hello", "hello"])
        self.assertEqual(len(self.house.core.conversations._rooms), 1)

    def test_forgotten_guest(self) -> None:
        """A guest's conversation that is not remembered any more ends with the guest too."""
        self.patch(conversations, "REMEMBERED", 1)
        self.say(self.ada, "eve", "secret")
        self.say(self.ada, "bob", "hello")
        self.go(self.eve)
        other = self.house.session("eve")
        self.assertEqual(self.read(other, "ada"), [])


class OtherNamesTests(SynchronousTestCase):
    def test_account_under_another_name(self) -> None:
        """Where names are free, a conversation is the account's whatever it is called."""
        house = House(auth=Auth(guests=True, fixed_names=False))
        ada, bob = house.session("ada", account=True), house.session("bob", account=True)
        here = house.core.sessions.find("bob")
        house.now(house.core.sessions.change(here, replace(here.person, name="bobby")))
        house.ask(ada, "PRIVMSG", "bobby", "hello")
        self.assertEqual(bob.hears()[-1], "ada: hello")
        page = house.now(house.core.history.latest(ada, "bob", 5))
        self.assertEqual([e.text for e in page.entries], ["hello"])
