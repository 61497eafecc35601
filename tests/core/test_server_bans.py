"""Bans of the whole server: whom they mean, whom they may not mean, and how long they hold."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatd.errors import BanRefused, ChatError, InvalidParams, NotKept, ServerBanned
from chatd.model import Barred, Person, Rank, Sealed
from chatd.stores.memory import MemoryStore
from tests.house import FakeSession, House


class Deaf(MemoryStore):
    """A store that keeps no records while it is `full`."""

    full = False

    async def record(self, follow: Any) -> Sealed:
        if self.full:
            raise NotKept("the disk is full.")
        return await super().record(follow)


class ServerBansTests(SynchronousTestCase):
    """judge is a moderator; ada and bob have accounts; eve is a guest."""

    def setUp(self) -> None:
        self.house = House(Deaf())
        self.judge = self.comes("judge", "192.0.2.1", Rank.MODERATOR)
        self.ada = self.comes("ada", "192.0.2.77")
        self.eve = self.house.session("eve")
        self.eve.address = "2001:db8::7"

    def comes(self, name: str, address: str, rank: Rank = Rank.USER) -> FakeSession:
        self.house.account(name, rank)
        session = self.house.session(name, account=True, rank=rank)
        session.address = address
        return session

    def add(self, target: str, *more: str, by: FakeSession | None = None) -> list[str]:
        """What the answer is when somebody is banned."""
        return self.house.says(by or self.judge, "UBAN", "ADD", target, *more)

    def barred(self, person: Person, address: str = "") -> bool:
        """Whether somebody could not come on line."""
        stranger = FakeSession(person)
        stranger.address = address
        try:
            self.house.core.server_bans.check(stranger, person)
        except ServerBanned:
            return True
        return False

    def test_targets(self) -> None:
        """What is meant is told from how it is written."""
        bans = self.house.core.server_bans
        for text, kind, target in (
            ("192.0.2.7", Barred.NETWORK, "192.0.2.7"),
            ("::ffff:192.0.2.7", Barred.NETWORK, "192.0.2.7"),
            ("::ffff:192.0.2.0/120", Barred.NETWORK, "192.0.2.0/24"),
            ("192.0.2.7/32", Barred.NETWORK, "192.0.2.7"),
            ("192.0.2.7/24", Barred.NETWORK, "192.0.2.0/24"),
            ("2001:DB8::/48", Barred.NETWORK, "2001:db8::/48"),
            ("eve!*@*", Barred.MASK, "eve!*@*"),
            ("*@host", Barred.MASK, "*!*@host"),
            ("eve*", Barred.MASK, "eve*!*@*"),
            ("ADA", Barred.ACCOUNT, "ada"),
        ):
            draft = self.house.now(bans.draft(self.judge, text))
            self.assertEqual((draft.kind, draft.target), (kind, target))

    def test_no_targets(self) -> None:
        """What is none of them is refused with what would be."""
        bans = self.house.core.server_bans
        for text, error in (
            ("192.0.2.300", InvalidParams),
            ("192.0.2.0/33", InvalidParams),
            ("10.0.0/8", InvalidParams),
            ("2001:db8::/129", InvalidParams),
            ("::ffff::1", InvalidParams),
            ("$a:ada", InvalidParams),
            ("nobody", BanRefused),
        ):
            with self.assertRaises(error):
                self.house.now(bans.draft(self.judge, text))

    def test_network(self) -> None:
        """A network bars its addresses, also as IPv6 writes them, and no others."""
        self.add("198.51.100.0/25"), self.add("2001:db8:1::/48")
        bans = self.house.core.server_bans
        for address, barred in (
            ("198.51.100.0", True),
            ("198.51.100.127", True),
            ("::ffff:198.51.100.5", True),
            ("198.51.100.128", False),
            ("198.51.99.255", False),
            ("2001:db8:1:ffff::1", True),
            ("2001:db8:1::1%eth0", True),
            ("2001:db8:2::1", False),
            ("", False),
            ("unix", False),
        ):
            self.assertIs(bans.bars(address), barred, address)
            self.assertIs(self.barred(Person("x"), address), barred, address)

    def test_mask(self) -> None:
        """A mask bars those whose name, user, made-up host or real address fits."""
        self.add("spam*!*@*"), self.add("*!*@bad.chat"), self.add("*!*@203.0.113.*")
        self.assertTrue(self.barred(Person("SPAMMER")))
        self.assertTrue(self.barred(Person("x", host="bad.chat")))
        self.assertTrue(self.barred(Person("x"), "203.0.113.9"))
        self.assertFalse(self.barred(Person("x", host="good.chat"), "203.0.114.9"))

    def test_account(self) -> None:
        """A ban of an account bars all who are logged in to it, and nobody called like it."""
        self.add("ada")
        self.assertTrue(self.barred(Person("other", account="Ada", key=2)))
        self.assertFalse(self.barred(Person("ada")))

    def test_those_on_line(self) -> None:
        """Whoever is meant is told why and until when, and hung up on at once; others stay."""
        sentence = "You are banned from this server until 2026-01-01 02:00 UTC: too loud"
        self.assertEqual(
            self.add("192.0.2.64/26", "2h", "too", "loud"),
            ["192.0.2.64/26 (network) is banned until 2026-01-01 02:00 UTC. 1 session was closed."],
        )
        self.assertEqual(self.ada.closed, sentence)
        self.assertEqual([str(answer) for answer in self.ada.answers], [sentence])
        self.assertEqual((self.judge.closed, self.eve.closed), (None, None))

    def test_expires(self) -> None:
        """A ban ends when its time is over, and is forgotten at the next one."""
        self.add("198.51.100.7", "90s", "noise"), self.add("spam*", "1m"), self.add("ada", "1m")
        lady = Person("ada", account="ada", key=9)
        self.house.clock.advance(59)
        self.assertTrue(self.barred(Person("spam")) and self.barred(lady))
        self.house.clock.advance(1)
        self.assertFalse(self.barred(Person("spam")) or self.barred(lady))
        self.assertTrue(self.barred(Person("x"), "198.51.100.7"))
        self.house.clock.advance(30)
        self.assertFalse(self.barred(Person("x"), "198.51.100.7"))
        self.assertEqual(list(self.house.core.server_bans), [])
        self.add("198.51.100.8")
        kept = self.house.now(self.house.store.server_bans())
        self.assertEqual([ban.target for ban in kept], ["198.51.100.8"])

    def test_not_oneself(self) -> None:
        """Nobody bans themselves, by whatever way they are meant; then nothing is changed."""
        for target in ("judge", "192.0.2.0/24", "JUDGE!*@*", "*!*@192.0.2.1"):
            (said,) = self.add(target)
            self.assertTrue(said.endswith("is not banned: it means you yourself."), said)
        self.assertEqual(list(self.house.core.server_bans), [])
        self.assertIsNone(self.judge.closed)

    def test_not_oneself_by_the_office(self) -> None:
        """Nor the account whose office they have taken up."""
        self.eve.rank, self.eve.office = Rank.MODERATOR, "Judge"
        (said,) = self.add("judge", by=self.eve)
        self.assertEqual(said, "judge is not banned: it means you yourself.")

    def test_nobody_above(self) -> None:
        """Nobody bans somebody of a higher rank, whether they are on line or not; equals may be."""
        root = self.comes("root", "203.0.113.5", Rank.ADMIN)
        root.rank = Rank.USER
        self.house.account("away", Rank.ADMIN)
        self.house.account("peer", Rank.MODERATOR)
        for target in ("root", "root!*@*", "203.0.113.0/24", "away"):
            (said,) = self.add(target)
            self.assertIn("who is above you", said)
        self.assertIsNone(root.closed)
        self.assertIn("is banned", self.add("peer")[0])

    def test_too_wide(self) -> None:
        """What means very many has to be confirmed."""
        for target in ("0.0.0.0/0", "10.0.0.0/15", "2001::/31", "::/0", "*!*@*", "*", "*!*@*.chat"):
            (said,) = self.add(target)
            self.assertIn("Say CONFIRM after it", said)
        for target in ("10.0.0.0/16", "2001:db9::/32", "*!*@*.net"):
            self.assertIn("is banned", self.add(target)[0])
        (said,) = self.add("10.0.0.0/8", "CONFIRM", "1h", "all of them")
        self.assertIn("is banned", said)
        (said,) = self.add("0.0.0.0/0", "CONFIRM")
        self.assertIn("it means you yourself", said)

    def test_not_on_record(self) -> None:
        """A ban that cannot be put on record does not begin."""
        self.house.store.full = True
        (said,) = self.add("ada")
        self.assertIn("the disk is full", said)
        self.assertEqual((self.ada.closed, list(self.house.core.server_bans)), (None, []))

    def test_restart(self) -> None:
        """Bans and the lockdown are there again when the daemon is."""
        self.add("198.51.100.0/24", "noise")
        self.house.clock.advance(1)
        self.add("spam*", "2h")
        self.house.says(self.judge, "LOCKDOWN", "on", "storm")
        again = House(self.house.store).core.server_bans
        self.assertEqual([ban.target for ban in again], ["198.51.100.0/24", "spam*!*@*"])
        self.assertTrue(again.bars("198.51.100.9"))
        assert again.lockdown is not None
        self.assertEqual((again.lockdown.by, again.lockdown.reason), ("judge", "storm"))

    def test_lockdown(self) -> None:
        """While nobody new is let in, those who ask are told so; off again, they come."""
        bans = self.house.core.server_bans
        bans.check_newcomer()
        for reason, sentence in (
            ("", "Nobody new is let in just now: come again later. "),
            ("A storm.", "Nobody new is let in just now: A storm. "),
        ):
            self.house.now(bans.lock_down(self.judge, True, reason))
            with self.assertRaises(ChatError) as caught:
                bans.check_newcomer()
            self.assertTrue(str(caught.exception).startswith(sentence))
        self.assertEqual(list(bans), [])
        self.house.now(bans.lock_down(self.judge, False))
        bans.check_newcomer()
