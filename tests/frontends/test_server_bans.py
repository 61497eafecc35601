"""What people who are banned from the server are told, by each door, and when."""

from __future__ import annotations

from base64 import b64encode

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.limits import TOLD, TOLD_EVERY, Gate
from chatd.core.settings import Settings
from chatd.frontends.irc import Options, make_irc
from chatd.model import Rank, Secret
from tests.frontends.human.persons import HumanHouse

REFUSAL = "You are banned from this server until 2026-01-01 02:00 UTC: noise"


class BannedTests(SynchronousTestCase):
    """198.51.100.0/24, the account ada, and names that begin with spam are banned."""

    def setUp(self) -> None:
        self.house = HumanHouse()
        self.house.account("ada")
        self.house.account("bob")
        self.house.account("judge", Rank.MODERATOR)
        judge = self.house.session("judge", account=True, rank=Rank.MODERATOR)
        for target in ("198.51.100.0/24", "ada", "spam*!*@*"):
            self.house.ask(judge, "UBAN", "ADD", target, "2h", "noise")

    def test_irc_at_connect(self) -> None:
        """A client from a banned network is told at once, before it has said anything."""
        client = self.house.stranger("198.51.100.7")
        refusal = [f"465 * :{REFUSAL}", f"ERROR :Closing link: * ({REFUSAL})"]
        self.assertEqual((client.hears(), client.gone), (refusal, True))
        client.says("NICK eve", "USER eve 0 * :Eve")
        self.assertEqual(client.hears(), [])

    def test_others_come_in(self) -> None:
        """Whoever is not meant does not notice."""
        client = self.house.stranger("198.51.101.7")
        client.says("NICK eve", "USER eve 0 * :Eve")
        self.assertIn("001 eve :Welcome to Tea House, eve", client.hears())

    def test_irc_by_name(self) -> None:
        """A client whose name is meant is told when it would come on line, and let go."""
        client = self.house.stranger()
        client.says("NICK spammer", "USER eve 0 * :Eve")
        refusal = [f"465 spammer :{REFUSAL}", f"ERROR :Closing link: spammer ({REFUSAL})"]
        self.assertEqual((client.hears(), client.gone), (refusal, True))
        self.assertIsNone(self.house.core.sessions.get("spammer"))

    def test_irc_by_account(self) -> None:
        """Whoever proves that a banned account is theirs is told, by whatever way they do so."""
        proof = b64encode(b"\0ada\0sesame").decode()
        client = self.house.stranger()
        client.says("CAP REQ sasl", "NICK adam", "AUTHENTICATE PLAIN", f"AUTHENTICATE {proof}")
        self.assertEqual(client.hears()[-1], f"904 adam :Log-in failed: {REFUSAL}")
        self.assertIsNone(client.session.person.account)
        client = self.house.stranger()
        client.says("PASS ada:sesame", "NICK ada", "USER ada 0 * :Ada")
        self.assertEqual(client.hears()[0], f"465 ada :{REFUSAL}")
        self.assertTrue(client.gone)
        client = self.house.client("eve")
        client.says("LOGIN ada sesame")
        self.assertEqual((client.hears(), client.gone), ([f"465 eve :{REFUSAL}"], False))
        client.says("LOGIN ada wrong")
        self.assertEqual(client.hears(), ["464 eve :The name or the secret is wrong."])

    def test_irc_by_name_of_account(self) -> None:
        """Nobody who is on line already takes a name that is meant by logging in."""
        self.house.account("spamalot")
        client = self.house.client("eve")
        client.says("LOGIN spamalot sesame")
        self.assertEqual((client.hears(), client.gone), ([f"465 eve :{REFUSAL}"], False))
        self.assertIsNone(self.house.core.sessions.get("spamalot"))

    def test_irc_behind_a_gateway(self) -> None:
        """Where a gateway says that its user is from, counts, and not where it is itself."""
        options = Options(tls=False, insecure=True, proxies=("10.0.0.1",), webirc=Secret("hush"))
        self.house.irc = make_irc(self.house.core, options, self.house.clock)
        judge = self.house.core.sessions.find("judge").sessions
        for session in judge.values():
            self.house.ask(session, "UBAN", "ADD", "10.0.0.1", "2h", "noise")
        for user, refused in (("198.51.100.7", True), ("192.0.2.9", False)):
            client = self.house.stranger("10.0.0.1")
            client.says(f"WEBIRC hush gate host {user}")
            self.assertEqual((f"465 * :{REFUSAL}" in client.hears(), client.gone), (refused,) * 2)
        alone = self.house.stranger("10.0.0.1")
        alone.says("NICK eve", "USER eve 0 * :Eve")
        self.assertEqual((alone.hears()[0], alone.gone), (f"465 eve :{REFUSAL}", True))

    def test_human_at_connect(self) -> None:
        """A person from a banned network reads why, and nothing else."""
        person = self.house.stranger_at_terminal("198.51.100.7")
        self.assertEqual((person.reads(), person.gone), ([REFUSAL], True))

    def test_human_by_name(self) -> None:
        """A person whose name is meant reads why, and is let go."""
        person = self.house.stranger_at_terminal()
        person.reads()
        person.types("GUEST spammer")
        self.assertEqual((person.reads(), person.gone), ([REFUSAL], True))

    def test_human_by_account(self) -> None:
        """A person who logs in to a banned account is refused with the reason."""
        person = self.house.stranger_at_terminal()
        person.types("LOGIN ada", "sesame")
        self.assertIn(f"AUTH_FAILED {REFUSAL}", person.reads())
        person.types("LOGIN bob", "sesame")
        self.assertIn("AUTH_SUCCESS", person.reads())

    def test_oper(self) -> None:
        """The office of a banned account cannot be taken up."""
        client = self.house.client("eve")
        self.house.account("root", Rank.ADMIN)
        root = self.house.session("root", account=True, rank=Rank.ADMIN)
        self.house.ask(root, "UBAN", "ADD", "judge")
        client.hears()
        client.says("OPER judge sesame")
        self.assertEqual(
            client.hears(), ["465 eve :You are banned from this server: no reason given."]
        )
        self.assertIs(client.session.rank, Rank.GUEST)


class GateTests(SynchronousTestCase):
    def test_banned_at_the_gate(self) -> None:
        """Those who are banned are let in to be told so, but only a few each second."""
        clock = Clock()
        gate = Gate(Settings(), clock.seconds, lambda address: address.startswith("198."))
        admitted = [gate.admits(f"198.51.100.{host}") for host in range(TOLD + 5)]
        self.assertEqual(admitted, [True] * TOLD + [False] * 5)
        self.assertTrue(gate.admits("192.0.2.1"))
        clock.advance(TOLD_EVERY)
        self.assertEqual([gate.admits("198.51.100.1") for _ in range(2)], [True, False])
