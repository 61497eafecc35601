"""Who is on line: several sessions of somebody, one name, and what others see of it."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.sessions import REMEMBERED
from chatd.errors import NameTaken, NoSuchAccount
from chatd.events import Event, PersonChanged
from chatd.model import Person
from tests.house import FakeSession, House


class SessionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.sessions = self.house.core.sessions
        self.bob = self.house.session("bob", account=True)
        self.house.ask(self.bob, "JOIN", "#tea")

    def leave(self, session: FakeSession, reason: str = "") -> None:
        self.sessions.leave(session, reason)
        self.house.settle()

    def test_one_name_for_one_person(self) -> None:
        """Somebody else cannot have a name that is in use, in whatever case."""
        self.house.session("eve")
        self.assertRaises(NameTaken, self.house.session, "EVE")
        self.assertRaises(NameTaken, self.sessions.enter, FakeSession(Person("Bob")))

    def test_sessions_of_an_account_share_its_name(self) -> None:
        """An account's second session is the same person, and nobody sees it come or go."""
        ada = self.house.session("ada", account=True)
        self.house.ask(ada, "JOIN", "#tea")
        self.bob.hears()
        second = self.house.session("ada", account=True)
        self.assertIs(second.person, ada.person)
        self.assertEqual(self.sessions.of_account(ada.person.key or 0), [ada, second])
        self.assertEqual(len(self.sessions), 2)
        self.leave(ada)
        self.assertEqual(self.bob.hears(), [])
        self.leave(second, "tired")
        self.assertEqual(self.bob.hears(), ["ada went off line (tired)."])

    def test_second_session_is_in_the_same_rooms(self) -> None:
        """Both sessions hear what is said, and what one says the other hears."""
        second = self.house.session("bob", account=True)
        eve = self.house.session("eve")
        self.house.ask(eve, "JOIN", "#tea")
        self.house.ask(self.bob, "PRIVMSG", "#tea", "hello")
        self.assertEqual(second.hears(), ["eve joined #tea.", "bob: hello"])
        self.assertEqual(self.bob.hears(), ["bob joined #tea.", "eve joined #tea.", "bob: hello"])

    def test_find(self) -> None:
        """People are found by name; asking for nobody is an error."""
        self.assertIs(self.sessions.find("BOB").person, self.bob.person)
        self.assertRaises(NoSuchAccount, self.sessions.find, "eve")
        self.assertIsNone(self.sessions.get("eve"))

    def test_leaving_twice(self) -> None:
        """A session that has gone cannot go again, nor take another's place with it."""
        eve = self.house.session("eve")
        self.leave(eve)
        again = self.house.session("eve")
        self.leave(eve)
        self.assertIs(self.sessions.find("eve").person, again.person)

    def test_those_who_went(self) -> None:
        """Who had a name before is remembered, newest first, up to a number of people."""
        for real in ("First", "Second"):
            eve = FakeSession(Person("eve", real=real))
            self.sessions.enter(eve)
            self.leave(eve)
        self.assertEqual([p.real for p, _ in self.sessions.gone("EVE")], ["Second", "First"])
        for number in range(REMEMBERED):
            passing = FakeSession(Person(f"guest{number}"))
            self.sessions.enter(passing)
            self.leave(passing)
        self.assertEqual(self.sessions.gone("eve"), [])

    def test_most_ever(self) -> None:
        """The most people that were ever here are counted, not their sessions."""
        eve = self.house.session("eve")
        self.house.session("bob", account=True)
        self.leave(eve)
        self.assertEqual((len(self.sessions), self.sessions.most), (1, 2))


class NameTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.eve = self.house.session("eve")
        self.bob = self.house.session("bob")
        for session in (self.eve, self.bob):
            self.house.ask(session, "JOIN", "#tea")
        self.eve.hears(), self.bob.hears()

    def rename(self, session: FakeSession, name: str) -> None:
        sessions = self.house.core.sessions
        here = sessions.find(session.person.name)
        self.house.now(sessions.change(here, replace(here.person, name=name)))

    def test_rename(self) -> None:
        """A new name is told to those who share a room, and keeps the place there."""
        self.rename(self.eve, "eva")
        self.assertEqual(self.bob.hears(), ["eve is now called eva."])
        self.assertEqual(self.eve.hears(), ["eve is now called eva."])
        self.house.ask(self.eve, "PRIVMSG", "#tea", "still me")
        self.assertEqual(self.bob.hears(), ["eva: still me"])
        self.assertEqual(self.house.says(self.bob, "NAMES", "#tea"), ["In #tea: eva, bob."])

    def test_rename_to_a_name_in_use(self) -> None:
        """A name in use cannot be taken, but one's own may be written otherwise."""
        self.assertRaises(NameTaken, self.rename, self.eve, "BOB")
        self.rename(self.eve, "Eve")
        self.assertEqual(self.bob.hears(), ["eve is now called Eve."])

    def test_old_name_is_free(self) -> None:
        """Who takes a name that another had has nothing of theirs: no room, no role."""
        self.rename(self.eve, "eva")
        other = self.house.session("eve")
        self.assertEqual(self.house.core.places.of("eve"), ())
        self.assertEqual(self.house.says(other, "KICK", "#tea", "bob"), ["You are not in #tea."])

    def test_name_in_the_same_turn(self) -> None:
        """Nor has whoever takes the name in the very turn in which the other went."""
        self.house.core.sessions.leave(self.eve, "")
        other = FakeSession(Person("eve"))
        self.house.core.sessions.enter(other)
        self.assertEqual(self.house.says(other, "KICK", "#tea", "bob"), ["You are not in #tea."])
        self.assertEqual(other.hears(), [])


class HandOverTests(SynchronousTestCase):
    """A guest logs in."""

    def setUp(self) -> None:
        self.house = House()
        self.house.account("ada")
        self.bob = self.house.session("bob", account=True)
        self.eve = self.house.session("eve")
        for session in (self.bob, self.eve):
            self.house.ask(session, "JOIN", "#tea")
        self.bob.hears(), self.eve.hears()

    def test_guest_becomes_account(self) -> None:
        """Others see the guest go and the account come, to the same rooms."""
        said = self.house.says(self.eve, "LOGIN", "ada", "sesame")
        self.assertEqual(said[0], "You are logged in as ada.")
        self.assertEqual(
            self.bob.hears(), ["eve went off line (logged in as ada).", "ada joined #tea."]
        )
        self.assertEqual(self.eve.hears(), ["eve is now called ada.", "ada joined #tea."])
        self.house.ask(self.bob, "PRIVMSG", "#tea", "welcome")
        self.assertEqual(self.eve.hears(), ["bob: welcome"])

    def test_guest_joins_a_person_who_is_there(self) -> None:
        """A guest that logs in where the account is on line is one session more of it."""
        ada = self.house.session("ada", account=True)
        self.house.ask(self.eve, "LOGIN", "ada", "sesame")
        self.assertEqual(self.bob.hears()[0], "eve went off line (logged in as ada).")
        self.house.ask(self.bob, "PRIVMSG", "#tea", "welcome")
        for session in (ada, self.eve):
            self.assertEqual(session.hears()[-1], "bob: welcome")

    def test_guest_makes_an_account_of_its_name(self) -> None:
        """A guest that registers its own name stays in its rooms, and never sees itself go."""
        self.house.ask(self.eve, "REGISTER", "*", "*", "open sesame")
        self.assertNotIn("eve went off line", " ".join(self.eve.hears()))
        self.house.ask(self.bob, "PRIVMSG", "#tea", "welcome")
        self.assertEqual(self.eve.hears(), ["bob: welcome"])
        self.house.ask(self.eve, "PRIVMSG", "#tea", "thanks")
        self.assertEqual(self.bob.hears()[-1], "eve: thanks")

    def test_guest_alone_in_its_room(self) -> None:
        """A guest's own room is its account's from then on."""
        self.house.ask(self.eve, "JOIN", "#mine")
        self.house.ask(self.eve, "REGISTER", "*", "*", "open sesame")
        (present,) = self.house.core.rooms.members(self.eve, "#mine").present
        self.assertEqual(present.person.account, "eve")
        self.assertTrue(self.house.core.rooms.find("#mine").kept)

    def test_logging_in_again(self) -> None:
        """Who is logged in already may prove it again; nothing happens."""
        said = self.house.says(self.bob, "LOGIN", "bob", "sesame")
        self.assertEqual(said, ["You are logged in as bob."])
        self.assertEqual(self.eve.hears(), [])
        self.house.ask(self.eve, "PRIVMSG", "#tea", "still there?")
        self.assertEqual(self.bob.hears(), ["eve: still there?"])

    def test_one_session_to_another_account(self) -> None:
        """One of several sessions logs in elsewhere: the others stay who they were."""
        second = self.house.session("bob", account=True)
        self.house.ask(second, "LOGIN", "ada", "sesame")
        self.assertEqual([second.person.name, self.bob.person.name], ["ada", "bob"])
        self.assertEqual(self.eve.hears(), ["ada joined #tea."])
        changed: list[Event] = [e for e in second.heard if isinstance(e, PersonChanged)]
        self.assertEqual([str(e) for e in changed], ["bob is now called ada."])
