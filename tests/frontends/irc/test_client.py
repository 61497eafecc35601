"""One client: what it has sent and is not done yet, and what it is shown."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits
from chatd.errors import NotKept
from chatd.frontends.turns import WAITING
from chatd.stores.memory import MemoryStore
from tests.house import FAST, Client, House

LIMITS = Limits(posts_waiting=3, messages_every=0, account_messages_every=0)  # type: ignore[arg-type]


class SlowStore(MemoryStore):
    """A store whose disk is as slow as the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.waiting: list[Deferred[None]] = []

    async def append(self, entries: Any) -> Any:
        if self.slow:
            self.waiting.append(Deferred())
            await self.waiting[-1]
        return await super().append(entries)


class SlowTests(SynchronousTestCase):
    """A client whose messages wait for the disk."""

    def setUp(self) -> None:
        self.store = SlowStore()
        self.house = House(self.store, limits=LIMITS)
        self.ada = self.house.client("ada", "labeled-response batch echo-message", account=True)
        self.bob = self.house.client("bob", account=True)
        for client in (self.ada, self.bob):
            client.joins("#tea")
        self.ada.hears()
        self.store.slow = True

    def disk(self) -> None:
        """Let the disk finish what it does, and all that comes after it."""
        while self.store.waiting:
            self.store.waiting.pop(0).callback(None)
            self.house.settle()

    def test_heard_when_kept(self) -> None:
        """Nobody hears a message, and its sender sees no echo, before it is on disk."""
        self.ada.says("PRIVMSG #tea :one")
        self.assertEqual((self.ada.hears(), self.bob.hears()), ([], []))
        self.disk()
        self.assertEqual(self.ada.hears(), [":ada PRIVMSG #tea :one"])
        self.assertEqual(self.bob.hears(), [":ada PRIVMSG #tea :one"])

    def test_messages_do_not_wait_for_each_other(self) -> None:
        """Several messages are on their way to the disk at once, and stay in order."""
        self.ada.says("PRIVMSG #tea :one", "NOTICE #tea :two", "PRIVMSG #tea :three")
        self.assertEqual(len(self.store.waiting), 1)
        self.store.waiting.pop().callback(None)
        self.house.settle()
        self.assertLessEqual(len(self.store.waiting), 1)
        self.disk()
        self.assertEqual(
            [line.split(":")[-1] for line in self.bob.hears()], ["one", "two", "three"]
        )

    def test_others_wait_for_them(self) -> None:
        """Any other request of the client waits until its messages are kept."""
        self.ada.says("PRIVMSG #tea :one", "PING x", "PRIVMSG #tea :two")
        self.assertEqual(self.ada.hears(), [])
        self.disk()
        self.assertEqual(
            self.ada.hears(),
            [":ada PRIVMSG #tea :one", "PONG house x", ":ada PRIVMSG #tea :two"],
        )

    def test_others_clients_do_not(self) -> None:
        """What another client asks for meanwhile is answered at once."""
        self.ada.says("PRIVMSG #tea :one")
        self.bob.says("PING x")
        self.assertEqual(self.bob.hears(), ["PONG house x"])

    def test_as_many_as_may_wait(self) -> None:
        """Only so many messages of one client wait for the disk; the rest is not begun."""
        self.ada.says(*(f"PRIVMSG #tea :{n}" for n in range(9)))
        self.store.waiting.pop().callback(None)
        self.house.settle()
        self.assertEqual([line[-1] for line in self.bob.hears()], ["0", "1", "2"])
        self.disk()
        self.assertEqual([line[-1] for line in self.bob.hears()], ["3", "4", "5", "6", "7", "8"])

    def test_pauses_its_machine(self) -> None:
        """With too many lines waiting nothing more is read, until half of them are done."""
        self.ada.says(*(f"PRIVMSG #tea :{n}" for n in range(WAITING + 2)))
        self.assertEqual(self.ada.transport.producerState, "producing")
        self.ada.says("PRIVMSG #tea :and", "PRIVMSG #tea :more")
        self.assertEqual(self.ada.transport.producerState, "paused")
        self.disk()
        self.assertEqual(self.ada.transport.producerState, "producing")
        self.assertEqual(len(self.bob.hears()), WAITING + 4)

    def test_echo_in_its_place(self) -> None:
        """An echo stands where the message is in the room, label and all, also in a batch."""
        self.ada.says("@label=1 PRIVMSG #tea :one")
        self.bob.says("PRIVMSG #tea :two")
        self.ada.says("@label=3 PRIVMSG #tea :three")
        self.disk()
        lines = self.ada.lines()
        self.assertEqual([line.params[1] for line in lines], ["one", "two", "three"])
        self.assertEqual([line.tags.get("label") for line in lines], ["1", None, "3"])

    def test_too_long_in_its_place(self) -> None:
        """Whatever is wrong with a line is said in its turn, and not in another's answer."""
        self.ada.says("@label=1 TOPIC #tea :slow", f"PING {'x' * 9000}", "@label=2 PING x")
        self.assertEqual(self.ada.hears(), [])
        self.disk()
        lines = [(line.verb, line.tags.get("label")) for line in self.ada.lines()]
        self.assertEqual(lines, [("TOPIC", "1"), ("417", None), ("PONG", "2")])

    def test_gone_meanwhile(self) -> None:
        """A client that goes while its message is being kept has said it all the same."""
        self.ada.says("PRIVMSG #tea :last words", "PRIVMSG #tea :and more")
        self.ada.leaves()
        self.disk()
        self.assertEqual(
            self.bob.hears(),
            [
                ":ada PRIVMSG #tea :last words",
                ":ada PRIVMSG #tea :and more",
                ":ada QUIT :Connection closed",
            ],
        )


class PaceTests(SynchronousTestCase):
    """A client that is ahead of its limits."""

    def setUp(self) -> None:
        self.house = House(limits=Limits(messages=10, messages_every=2.0))  # type: ignore[arg-type]

    def test_slowed_down(self) -> None:
        """It is slowed down, never cut off, and nothing is lost."""
        ada = self.house.client("ada")
        for _ in range(30):
            self.house.clock.advance(2)
        ada.says(*(f"PING {n}" for n in range(13)))
        self.assertEqual(len(ada.hears()), 10)
        self.house.clock.advance(1.9)
        self.assertEqual(ada.hears(), [])
        self.house.clock.advance(0.1)
        self.assertEqual(ada.hears(), ["PONG house 10"])
        self.house.clock.pump([1] * 4)
        self.assertEqual(ada.hears(), ["PONG house 11", "PONG house 12"])
        self.assertFalse(ada.gone)

    def test_gone_while_slowed_down(self) -> None:
        """If it goes meanwhile, nothing of it is left to wait for."""
        ada = self.house.client("ada")
        ada.says(*("PING x",) * 100)
        ada.leaves()
        self.house.clock.advance(1)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])


class LinesTests(SynchronousTestCase):
    """Bytes that are no lines, or too long."""

    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.client("ada")

    def test_in_pieces(self) -> None:
        """A line may come in any pieces, and end with or without CR."""
        for piece in (b"PI", b"NG one\r", b"\nPING two\nPING", b" three\r\n"):
            self.ada.sends(piece)
        self.assertEqual(self.ada.hears(), ["PONG house one", "PONG house two", "PONG house three"])

    def test_nothing(self) -> None:
        """Empty lines are passed over."""
        self.ada.sends(b"\r\n\n  \r\n\0\n")
        self.assertEqual(self.ada.hears(), [])

    def test_too_long(self) -> None:
        """A line that is too long is refused; no part of it is read as a command."""
        self.ada.sends(b"PRIVMSG ada :" + b"x" * 600 + b"\r\nPING x\r\n")
        self.assertEqual(self.verbs(), ["417", "PONG"])

    def test_far_too_long(self) -> None:
        """However long it is, and in whatever pieces it comes, the rest is swallowed."""
        for _ in range(100):
            self.ada.sends(b"QUIT " * 200)
        self.assertEqual(self.ada.hears(), [])
        self.ada.sends(b"\nPING x\n")
        self.assertEqual(self.verbs(), ["417", "PONG"])

    def test_not_unicode(self) -> None:
        """What is not UTF-8 is refused, and reaches nobody."""
        self.ada.sends(b"PRIVMSG ada :\xff\xfe\r\n")
        self.assertEqual(
            self.ada.hears(), ["FAIL PRIVMSG INVALID_UTF8 :Only UTF-8 is understood here."]
        )

    def test_unknown(self) -> None:
        """A verb that there is not, however long, has its number."""
        self.ada.says("BREW", "BREW" * 100)
        self.assertEqual(self.verbs(), ["421", "421"])

    def verbs(self) -> list[str]:
        return [line.verb for line in self.ada.lines()]


class ShownTests(SynchronousTestCase):
    """What happened, as each client sees it."""

    def setUp(self) -> None:
        self.house = House()

    def here(self, name: str, caps: str = "") -> Client:
        client = self.house.client(name, caps, account=True)
        client.joins("#tea")
        return client

    def test_tags_for_those_who_know_them(self) -> None:
        """Time, id and account come as tags, each where it was asked for; others see none."""
        every = self.here("ada", "server-time message-tags account-tag")
        plain, sender = self.here("bob"), self.here("cy")
        every.hears(), plain.hears()
        sender.says("@+mood=fine PRIVMSG #tea :hi")
        (line,) = every.lines()
        self.assertEqual(line.tags["time"], "2026-01-01T00:00:00.000Z")
        self.assertEqual(line.tags["account"], "cy")
        self.assertRegex(line.tags["msgid"], r"^\d+-\d+$")
        self.assertEqual(line.tags["+mood"], "fine")
        self.assertEqual(plain.lines()[0].tags, {})

    def test_several_sessions(self) -> None:
        """Somebody's other sessions see what they said, and the one that said it an echo."""
        one, two = self.here("ada", "echo-message"), self.here("ada")
        one.hears(), two.hears()
        one.says("PRIVMSG #tea :hi")
        self.assertEqual((one.hears(), two.hears()), ([":ada PRIVMSG #tea :hi"],) * 2)
        two.says("PRIVMSG #tea :ho")
        self.assertEqual((one.hears(), two.hears()), ([":ada PRIVMSG #tea :ho"], []))

    def test_to_oneself(self) -> None:
        """What one says to oneself comes once, and its echo once more."""
        plain, echoed = self.here("ada"), self.here("bob", "echo-message")
        plain.hears()
        plain.says("PRIVMSG ada :note")
        echoed.says("PRIVMSG bob :note")
        self.assertEqual(plain.hears(), [":ada PRIVMSG ada :note"])
        self.assertEqual(echoed.hears(), [":bob PRIVMSG bob :note"] * 2)

    def test_signs_only_for_those_who_ask(self) -> None:
        """TAGMSG reaches only those who know tags, and is not kept."""
        knows, plain = self.here("ada", "message-tags"), self.here("bob")
        other = self.here("cy", "message-tags draft/chathistory batch")
        knows.hears(), plain.hears()
        other.says("@+typing=active TAGMSG #tea", "TAGMSG #tea")
        (line,) = knows.lines()
        self.assertEqual((line.verb, line.tags["+typing"]), ("TAGMSG", "active"))
        self.assertEqual(plain.hears(), [])
        other.says("CHATHISTORY LATEST #tea * 5")
        self.assertNotIn("TAGMSG", [line.verb for line in other.lines()])

    def test_closed_with_a_reason(self) -> None:
        """Whoever is put off line is told why."""
        ada = self.here("ada")
        ada.session.close("Tea time")
        self.assertEqual(ada.hears(), ["ERROR :Closing link: ada (Tea time)"])
        self.assertTrue(ada.gone)

    def test_does_not_keep_up(self) -> None:
        """A client that does not read is let go with a word; the others hear it go."""
        ada, bob = self.here("ada"), self.here("bob")
        ada.hears()
        ada.session.outbox.pauseProducing()
        for _ in range(2500):
            bob.says(f"PRIVMSG #tea :{'x' * 440}")
        self.assertEqual(ada.hears(), ["ERROR :You read too slowly; come back and read on."])
        self.assertTrue(ada.gone)
        self.assertIn(":ada QUIT :Too slow", bob.hears())


class RefusedTests(SynchronousTestCase):
    def test_store_that_fails(self) -> None:
        """A labelled message that could not be kept is refused under its label."""
        store = SlowStore()
        house = House(store, limits=FAST)
        ada = house.client("ada", "labeled-response batch standard-replies", account=True)
        ada.joins("#tea")
        store.slow = True
        ada.says("@label=7 PRIVMSG #tea :lost")
        store.waiting.pop().errback(NotKept("the disk is full."))
        (line,) = ada.lines()
        self.assertEqual(line.tags["label"], "7")
        self.assertEqual((line.verb, *line.params[:2]), ("FAIL", "PRIVMSG", "NOT_KEPT"))
