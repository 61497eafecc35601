"""Until we know who it is: whatever order, however slow, whoever has the name already."""

from __future__ import annotations

from itertools import permutations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Auth, Server
from chatd.stores.memory import MemoryStore
from tests.house import Client, House


def verbs(client: Client) -> list[str]:
    return [line.verb for line in client.lines()]


class HandshakeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.stranger()

    def test_every_order(self) -> None:
        """The parts of a registration may come in any order."""
        parts = ("NICK ada", "USER ada 0 * :Ada", "PASS ada:sesame")
        for order in permutations(parts):
            house = House()
            house.account("ada")
            client = house.stranger()
            client.says("CAP REQ batch", *order, "CAP END")
            self.assertIn("001", verbs(client), order)
            self.assertEqual(client.session.person.account, "ada")

    def test_welcome(self) -> None:
        """It ends with numbers 001 to 005, who is there, and the message of the day."""
        self.ada.says("NICK ada", "USER ada 0 * :Ada")
        heard = verbs(self.ada)
        self.assertEqual(heard[:4], ["001", "002", "003", "004"])
        self.assertEqual(set(heard[4:-8]), {"005"})
        self.assertEqual(heard[-8:], ["251", "252", "253", "254", "255", "265", "266", "422"])

    def test_not_yet(self) -> None:
        """Before that, most verbs are refused, and nothing of them happens."""
        for line in ("JOIN #tea", "PRIVMSG #tea :x", "WHOIS x", "OPER x y", "MODE x", "BREW"):
            self.ada.says(line)
            self.assertEqual(verbs(self.ada), ["451"], line)
        self.ada.says("PING x", "PONG", "ERROR :x")
        self.assertEqual(self.ada.hears(), ["PONG house x"])
        self.assertEqual(len(self.house.core.places), 0)

    def test_quits(self) -> None:
        """One may go before it is done; nobody hears of that."""
        self.ada.says("NICK ada", "QUIT :no")
        self.assertEqual(self.ada.hears(), ["ERROR :Closing link: ada (Quit: no)"])
        self.assertTrue(self.ada.gone)
        self.ada.leaves()
        self.assertEqual(len(self.house.irc.clients), 0)
        self.assertEqual(len(self.house.core.sessions), 0)

    def test_too_slow(self) -> None:
        """Who takes too long is put out; who is done, or gone, is not."""
        bob = self.house.client("bob")
        cy = self.house.stranger()
        cy.leaves()
        self.house.clock.advance(59)
        self.assertFalse(self.ada.gone)
        self.house.clock.advance(1)
        self.assertEqual(
            self.ada.hears(), ["ERROR :Closing link: * (You took too long to register.)"]
        )
        self.assertTrue(self.ada.gone)
        self.assertFalse(bob.gone)

    def test_name_in_use(self) -> None:
        """A name that somebody has is refused; with another one it goes on."""
        self.house.client("ada")
        self.ada.says("USER ada 0 * :Ada", "NICK ADA")
        self.assertEqual(self.ada.hears(), ["433 * ADA :The name ADA is taken."])
        self.ada.says("NICK eve")
        self.assertIn("001", verbs(self.ada))

    def test_two_at_once(self) -> None:
        """Of two who ask for a name at the same time the one that is done first has it."""
        other = self.house.stranger()
        for client in (self.ada, other):
            client.says("NICK ada")
        other.says("USER ada 0 * :Other")
        self.assertIn("001", verbs(other))
        self.ada.says("USER ada 0 * :Ada")
        self.assertEqual(verbs(self.ada), ["433"])

    def test_reserved(self) -> None:
        """The name of an account, or one that looks like it, is only for that account."""
        self.house.account("lily")
        for name in ("lily", "LILY", "li1y", "l|ly"):
            client = self.house.stranger()
            client.says(f"NICK {name}", "USER x 0 * :x")
            self.assertEqual(verbs(client), ["433"], name)
            client.says("NICK other")
            self.assertIn("001", verbs(client))
            client.says("QUIT")
            client.leaves()

    def test_bad_name(self) -> None:
        """What cannot be a name is refused, with the reason; none at all too."""
        for name in ("1ada", "a", "a" * 33, "a.b", "#tea", "*", "ädä"):
            self.ada.says(f"NICK {name}")
            self.assertEqual(verbs(self.ada), ["432"], name)
        for line in ("NICK", "NICK :"):
            self.ada.says(line)
            self.assertEqual(verbs(self.ada), ["431"])

    def test_user_twice(self) -> None:
        """USER counts once, and needs all its parameters."""
        for line in ("USER ada", "USER ada 0 *", "USER ada 0 * :"):
            self.ada.says(line)
            self.assertEqual(verbs(self.ada), ["461"], line)
        self.ada.says("USER ada 0 * :Ada", "USER eve 0 * :Eve", "NICK ada", "USER eve 0 * :Eve")
        heard = verbs(self.ada)
        self.assertEqual((heard[0], heard[-1]), ("462", "462"))
        self.assertEqual(self.house.core.sessions.find("ada").person.real, "Ada")

    def test_user_is_made_safe(self) -> None:
        """A user name is cut and cleaned, whatever it was."""
        self.ada.says("NICK ada", "USER !@*#äöü-and-so-on-and-on 0 * x")
        person = self.house.core.sessions.find("ada").person
        self.assertEqual(person.user, "~äöü-and-so-o")

    def test_renamed(self) -> None:
        """A guest may change its name; all who share a room hear, once."""
        ada, bob = self.house.client("ada"), self.house.client("bob")
        for client in (ada, bob):
            client.joins("#tea", "#pot")
        ada.hears()
        ada.says("NICK eve", "NICK eve", "NICK Eve", "NICK bob")
        self.assertEqual(bob.hears(), [":ada NICK eve", ":eve NICK Eve"])
        self.assertEqual(
            ada.hears(), [":ada NICK eve", ":eve NICK Eve", "433 Eve bob :The name bob is taken."]
        )

    def test_name_of_an_account_stays(self) -> None:
        """Who is logged in is called as the account is."""
        ada = self.house.client("ada", account=True)
        ada.says("NICK eve", "NICK ADA")
        self.assertEqual(
            ada.hears(),
            ["447 ada :You are logged in, so your name stays ada.", ":ada NICK ADA"],
        )


class PassTests(SynchronousTestCase):
    """PASS, for clients without SASL."""

    def setUp(self) -> None:
        self.house = House()
        self.house.account("ada")

    def enters(self, secret: str, name: str = "ada") -> Client:
        client = self.house.stranger()
        client.says(f"PASS {secret}", f"NICK {name}", f"USER {name} 0 * :x")
        return client

    def test_name_and_password(self) -> None:
        """PASS name:password logs in, whatever NICK was."""
        client = self.enters("ada:sesame", "other")
        self.assertIn("001", verbs(client))
        self.assertEqual(client.session.person.name, "ada")
        self.assertEqual(client.session.person.account, "ada")

    def test_password_alone(self) -> None:
        """PASS password is for the account that is called as NICK says."""
        self.assertEqual(self.enters("sesame").session.person.account, "ada")

    def test_wrong(self) -> None:
        """With a wrong one the client is told so and put out."""
        client = self.enters("ada:wrong")
        number, error = client.hears()
        self.assertEqual(number, "464 ada :The name or the secret is wrong.")
        self.assertTrue(error.startswith("ERROR"))
        self.assertTrue(client.gone)

    def test_several_sessions(self) -> None:
        """An account may come in several times, under one name."""
        one, two = self.enters("ada:sesame"), self.enters("ada:sesame")
        self.assertIn("001", verbs(one))
        self.assertIn("001", verbs(two))
        self.assertEqual(len(self.house.core.sessions), 1)

    def test_too_late(self) -> None:
        """When one is on line it is too late for PASS."""
        client = self.enters("ada:sesame")
        client.hears()
        client.says("PASS x")
        self.assertEqual(verbs(client), ["462"])


class AccountsOnlyTests(SynchronousTestCase):
    """A house where guests are not welcome."""

    def setUp(self) -> None:
        self.house = House(auth=Auth(guests=False), server=Server(name="house", lobby="#lobby"))
        self.house.account("ada")

    def test_guests(self) -> None:
        """A guest is told that it needs an account, and put out."""
        client = self.house.stranger()
        client.says("NICK bob", "USER bob 0 * :Bob")
        fail, error = client.lines()
        self.assertEqual((fail.verb, *fail.params[:2]), ("FAIL", "*", "ACCOUNT_REQUIRED"))
        self.assertEqual(error.verb, "ERROR")
        self.assertTrue(client.gone)

    def test_accounts(self) -> None:
        """An account comes in, and is in the lobby to begin with."""
        ada = self.house.client("ada", account=True)
        self.assertEqual([p.room.name for p in self.house.core.places.of("ada")], ["#lobby"])
        self.assertFalse(ada.gone)

    def test_register_first(self) -> None:
        """One may make an account before one is on line, and then come in."""
        client = self.house.stranger()
        client.says("CAP LS 302", "NICK bob", "USER bob 0 * :Bob", "REGISTER * * open-sesame")
        self.assertIn("REGISTER SUCCESS bob :The account bob is made.", client.hears())
        client.says("CAP END")
        self.assertIn("001", verbs(client))


class SlowStore(MemoryStore):
    """A store that looks for accounts as slowly as the test wants."""

    waiting: Deferred[None] | None = None

    async def find_alike(self, skeleton: str):  # type: ignore[no-untyped-def]
        if self.waiting is not None:
            await self.waiting
        return await super().find_alike(skeleton)


class GoneMeanwhileTests(SynchronousTestCase):
    def test_gone_before_the_welcome(self) -> None:
        """Who goes while its name is being looked up was never there."""
        store = SlowStore()
        house = House(store)
        store.waiting = Deferred()
        client = house.stranger()
        client.says("NICK ada", "USER ada 0 * :Ada")
        client.leaves()
        store.waiting.callback(None)
        house.settle()
        self.assertEqual(len(house.core.sessions), 0)
        self.assertEqual(len(house.irc.clients), 0)

    def test_put_out_meanwhile(self) -> None:
        """Nor is who took too long meanwhile."""
        store = SlowStore()
        house = House(store)
        store.waiting = Deferred()
        client = house.stranger()
        client.says("NICK ada", "USER ada 0 * :Ada")
        house.clock.advance(60)
        store.waiting.callback(None)
        house.settle()
        self.assertNotIn("001", verbs(client))
        self.assertEqual(len(house.core.sessions), 0)
