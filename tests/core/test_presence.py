"""Away, and watch lists."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits
from chatd.errors import TooMany
from chatd.model import Person
from tests.house import FakeSession, House


class PresenceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(limits=Limits(watched=2, reason=5))
        self.presence = self.house.core.presence
        self.ada = self.house.session("ada")

    def go(self, session: FakeSession) -> None:
        self.house.core.sessions.leave(session, "")
        self.house.settle()

    def away(self, text: str | None) -> None:
        self.house.now(self.presence.set_away(self.ada, text))

    def test_away(self) -> None:
        """Those who share a room hear, once, that somebody is away, and that they are back."""
        bob, eve = self.house.session("bob"), self.house.session("eve")
        for session in (self.ada, bob):
            self.house.ask(session, "JOIN", "#tea")
        self.ada.hears(), bob.hears()
        for text in ("lunch", "lunch", None, None, ""):
            self.away(text)
        self.assertEqual(bob.hears(), ["ada is away: lunch", "ada is back."])
        self.assertEqual((self.ada.hears(), eve.hears()), ([], []))

    def test_away_is_known(self) -> None:
        """Being away is seen by who asks, and ends with the last session."""
        self.away("lunchtime")
        self.assertEqual(self.house.core.sessions.find("ada").away, "lunch")
        self.go(self.ada)
        self.house.session("ada")
        self.assertIsNone(self.house.core.sessions.find("ada").away)

    def test_watching(self) -> None:
        """Who watches a name hears when its first session comes and its last one goes."""
        added = self.presence.watch(self.ada, ["Bob", "bob"])
        self.assertEqual((added, self.presence.watched(self.ada)), (["Bob"], ["Bob"]))
        first = self.house.session("bob", account=True)
        second = self.house.session("bob", account=True)
        self.assertEqual(self.ada.hears(), ["bob is on line."])
        self.go(first)
        self.assertEqual(self.ada.hears(), [])
        self.go(second)
        self.assertEqual(self.ada.hears(), ["bob is off line."])

    def test_renamed(self) -> None:
        """Another name is one that goes and one that comes; the same in capitals is neither."""
        self.presence.watch(self.ada, ["bob", "rob"])
        self.house.session("bob")
        here = self.house.core.sessions.find("bob")
        for name in ("Bob", "rob"):
            now = replace(here.person, name=name)
            self.house.now(self.house.core.sessions.change(here, now))
        self.assertEqual(
            self.ada.hears(), ["bob is on line.", "Bob is off line.", "rob is on line."]
        )

    def test_name_taken_at_once(self) -> None:
        """A name that another has before the going was told has not been off line."""
        self.presence.watch(self.ada, ["bob"])
        bob = self.house.session("bob")
        self.ada.hears()
        self.house.core.sessions.leave(bob, "")
        self.house.core.sessions.enter(FakeSession(Person("bob")))
        self.house.settle()
        self.assertEqual(self.ada.hears(), [])

    def test_limit(self) -> None:
        """A list has so many names; what fits is on it, and what is on it does not count twice."""
        with self.assertRaises(TooMany) as caught:
            self.presence.watch(self.ada, ["bob", "BOB", "cyd", "dan", "eve"])
        self.assertEqual(caught.exception.args[2:], ("dan", ["bob", "cyd"]))
        self.assertEqual(self.presence.watch(self.ada, ["cyd"]), [])
        self.presence.unwatch(self.ada, ["CYD", "nobody"])
        self.assertEqual(self.presence.watch(self.ada, ["dan"]), ["dan"])

    def test_no_more(self) -> None:
        """Who stops watching hears no more, and leaves nothing behind."""
        self.presence.watch(self.ada, ["bob", "cyd"])
        self.presence.unwatch(self.ada, ["bob"])
        self.house.session("bob")
        self.assertEqual(self.ada.hears(), [])
        self.presence.unwatch_all(self.ada)
        self.presence.came(Person("cyd"))
        self.assertEqual((self.ada.hears(), self.presence._watchers), ([], {}))
        self.assertEqual(self.presence._watched, {})
