"""What follows when somebody is known."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatd.commands.login import enter, host_for
from chatd.core.settings import Auth
from chatd.errors import AccountRequired, BadName, NameReserved, NameTaken
from chatd.model import Person, Rank
from tests.house import FakeSession, House


class EnterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.house.account("ada")

    def enter(self, name: str) -> Any:
        return self.house.now(enter(self.house.core, FakeSession(Person(name), Rank.GUEST)))

    def test_guests(self) -> None:
        """A guest comes in by a name that is free, allowed and nobody's account."""
        self.assertTrue(self.enter("eve"))
        self.assertRaises(NameTaken, self.enter, "eve")
        self.assertRaises(NameReserved, self.enter, "ADA")
        self.assertRaises(BadName, self.enter, "1st")

    def test_no_guests(self) -> None:
        """Where guests are not welcome it takes an account."""
        self.house.settings.auth = Auth(guests=False)
        self.assertRaises(AccountRequired, self.enter, "eve")
        self.house.session("ada", account=True)

    def test_watchers_hear(self) -> None:
        """Who watches a name hears of the first session and not of the second."""
        eve = self.house.session("eve")
        self.house.core.presence.watch(eve, ["ada"])
        self.house.session("ada", account=True)
        self.house.session("ada", account=True)
        self.assertEqual(eve.hears(), ["ada is on line."])


class HostTests(SynchronousTestCase):
    def host(self, address: str, secret: bytes = b"secret") -> str:
        house = House()
        core: Any = type("Core", (), {"settings": house.settings, "secret": secret})
        return host_for(core, address)

    def test_made_up(self) -> None:
        """A host is the same for the same network, another for another, and for another house."""
        one = self.host("192.0.2.1")
        self.assertEqual(one, self.host("192.0.2.1"))
        self.assertRegex(one, r"^[a-z2-7]{13}\.chat$")
        self.assertNotEqual(one, self.host("192.0.2.2"))
        self.assertNotEqual(one, self.host("192.0.2.1", b"another"))

    def test_networks(self) -> None:
        """An IPv6 network of 64 bits is one; an IPv4 address is the same written as IPv6."""
        self.assertEqual(self.host("2001:db8::1"), self.host("2001:db8::ffff:2"))
        self.assertNotEqual(self.host("2001:db8::1"), self.host("2001:db8:0:1::1"))
        self.assertEqual(self.host("fe80::1%eth0"), self.host("fe80::1"))
        self.assertEqual(self.host("::ffff:192.0.2.1"), self.host("192.0.2.1"))
        self.assertRegex(self.host(""), r"\.chat$")

    def test_no_cloak(self) -> None:
        """Where nobody wants that, the address itself is shown, fit for a mask."""
        house = House(auth=Auth(cloak=False))
        shown = [host_for(house.core, a) for a in ("192.0.2.1", "2001:db8::1", "")]
        self.assertEqual(shown, ["192.0.2.1", "2001-db8--1", "local"])


class BecomeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.house.account("ada")
        self.bob = self.house.session("bob", account=True)
        self.eve = self.house.session("eve")

    def test_rooms_that_refuse(self) -> None:
        """Who logs in goes back to each room that takes the account, and hears of the others."""
        for room in ("#one", "#two"):
            self.house.ask(self.bob, "JOIN", room)
            self.house.ask(self.eve, "JOIN", room)
        self.house.ask(self.bob, "BAN", "#one", "ada")
        said = self.house.says(self.eve, "LOGIN", "ada", "sesame")
        self.assertIn("You are banned from #one.", said)
        rooms = [place.room.name for place in self.house.core.places.of("ada")]
        self.assertEqual(rooms, ["#two"])

    def test_rank(self) -> None:
        """Who logs in may do what an account may; no office is taken along."""
        self.house.ask(self.eve, "LOGIN", "ada", "sesame")
        self.assertEqual(self.eve.rank, Rank.USER)
        self.eve.rank = Rank.ADMIN
        self.house.ask(self.eve, "LOGIN", "bob", "sesame")
        self.assertEqual((self.eve.person.name, self.eve.rank), ("bob", Rank.USER))

    def test_proving_again_keeps_the_office(self) -> None:
        """Who logs in to the account they have keeps what they may do."""
        self.bob.rank = Rank.ADMIN
        self.house.ask(self.bob, "LOGIN", "bob", "sesame")
        self.assertEqual(self.bob.rank, Rank.ADMIN)

    def test_name_held_by_a_guest(self) -> None:
        """An account made of a name that a guest has at the moment: nothing is lost."""
        self.house.account("mallory")
        guest = self.house.session("mal")
        held = self.house.core.sessions.find("eve")
        self.house.account("eve")
        said = self.house.says(guest, "LOGIN", "eve", "sesame")
        self.assertEqual(said, ["The name eve is taken."])
        self.assertEqual(guest.person.name, "mal")
        self.assertIn(guest, self.house.core.sessions)
        self.assertIs(self.house.core.sessions.find("eve"), held)
