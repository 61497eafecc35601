"""Direct messages that came while nobody of the account was there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits
from chatd.errors import NotKept
from chatd.stores.memory import MemoryStore
from tests.house import Client, House


class Forgetful(MemoryStore):
    """A store that does not note who was here when it is `full`, and waits while it is `slow`."""

    full = False
    slow: Deferred[None] | None = None
    noted: list[dict[int, int]]

    async def see(self, until: Mapping[int, int]) -> None:
        self.noted = [*getattr(self, "noted", []), dict(until)]
        if self.slow is not None:
            await self.slow
        if self.full:
            raise NotKept("the disk is full.")
        await super().see(until)


class MissedTests(SynchronousTestCase):
    """Bob was here and has gone; ada is here."""

    def setUp(self) -> None:
        self.store = Forgetful()
        self.house = House(self.store, limits=Limits(history=4))
        self.ada = self.house.client("ada", account=True)
        self.leave(self.house.client("bob", account=True))

    def leave(self, *clients: Client) -> None:
        for client in clients:
            client.leaves()
        self.house.clock.advance(1)

    def say(self, *texts: str) -> None:
        """Ada says something to bob."""
        for text in texts:
            self.ada.says(f"PRIVMSG bob :{text}")
            self.house.clock.advance(1)

    def come(self, caps: str = "") -> Client:
        """Bob comes; what was said to him meanwhile is in `said`."""
        client = self.house.stranger()
        client.says("PASS bob:sesame", f"CAP REQ :{caps}", "NICK bob", "USER bob 0 * :B", "CAP END")
        heard = [line for line in client.lines() if line.verb in ("PRIVMSG", "NOTICE", "TAGMSG")]
        self.lines = heard
        self.said = [line.params[-1] for line in heard]
        return client

    def test_told_when_they_come(self) -> None:
        """What was said while nobody of the account was there is told at log-in, with its time."""
        self.say("one", "two")
        self.ada.says("NOTICE bob :three")
        self.come("server-time message-tags")
        self.assertEqual(self.said, ["one", "two", "three"])
        first = self.lines[0]
        self.assertEqual((first.source or "")[:4], "ada!")
        self.assertEqual(first.params[0], "bob")
        self.assertEqual(first.tags["time"], "2026-01-01T00:00:01.000Z")
        self.assertIn("-", first.tags["msgid"])

    def test_told_once(self) -> None:
        """What was told, at log-in or as it was said, is not told again."""
        self.say("missed")
        bob = self.come()
        self.say("heard")
        self.assertEqual([line.params[-1] for line in bob.lines()], ["heard"])
        self.leave(bob)
        self.come()
        self.assertEqual(self.said, [])

    def test_not_what_one_can_ask_for(self) -> None:
        """A client that can read the history is told nothing, and asks."""
        self.say("one")
        bob = self.come("draft/chathistory")
        self.assertEqual(self.said, [])
        bob.says("CHATHISTORY LATEST ada * 9")
        self.assertEqual([line.params[-1] for line in bob.lines()], ["one"])

    def test_only_the_first_session(self) -> None:
        """Who comes while another client of the account is there has missed nothing."""
        self.say("one")
        self.come("draft/chathistory")
        self.come()
        self.assertEqual(self.said, [])

    def test_what_one_said_oneself_is_left_out(self) -> None:
        """Neither own messages nor signs nor what was said in rooms is told."""
        bob = self.come()
        bob.says("JOIN #tea", "PRIVMSG ada :my own")
        self.ada.says("JOIN #tea")
        self.leave(bob)
        self.ada.says("CAP REQ :message-tags", "@+draft/persist TAGMSG bob", "PRIVMSG #tea :all")
        self.say("to you")
        self.come("message-tags")
        self.assertEqual(self.said, ["to you"])

    def test_all_conversations_by_time(self) -> None:
        """What several people said comes in the order in which they said it, the latest of it."""
        eve = self.house.client("eve", account=True)
        for number in range(3):
            self.say(f"ada {number}")
            eve.says(f"PRIVMSG bob :eve {number}")
            self.house.clock.advance(1)
        self.come()
        self.assertEqual(self.said, ["ada 1", "eve 1", "ada 2", "eve 2"])

    def test_never_here_before(self) -> None:
        """An account that has never been here is told what was said to it so far."""
        self.house.account("dora")
        self.ada.says("PRIVMSG dora :welcome")
        dora = self.house.stranger()
        dora.says("PASS dora:sesame", "NICK dora", "USER dora 0 * :D")
        self.assertIn(":ada PRIVMSG dora :welcome", dora.hears())

    def test_silence_is_in_doubt(self) -> None:
        """What was sent to a connection that turns out to be dead is told again."""
        bob = self.come()
        self.say("into the dark")
        for _ in range(3):
            self.house.clock.advance(self.house.irc.options.idle)
            self.ada.says("PONG :here")
        self.assertTrue(bob.gone)
        self.come()
        self.assertEqual(self.said, ["into the dark"])

    def test_guests_miss_nothing(self) -> None:
        """A guest has no messages from before, and nothing is noted of one."""
        self.leave(self.house.client("gwen"))
        self.assertEqual(len(self.store.noted), 1)

    def test_full_disk(self) -> None:
        """While the disk is full the moment is remembered, and kept when there is room."""
        bob = self.come()
        self.store.full = True
        self.say("heard")
        self.leave(bob)
        self.say("missed")
        bob = self.come()
        self.assertEqual(self.said, ["missed"])
        self.store.full = False
        self.leave(bob)
        key = bob_key(self.house)
        self.assertEqual(self.house.now(self.store.seen(key)), self.store.noted[-1][key])

    def test_many_are_noted_together(self) -> None:
        """Those who go while others are being noted are noted in one piece; then it is idle."""
        others = [self.house.client(name, account=True) for name in ("cleo", "dora", "eve")]
        bob = self.come()
        missed = self.house.core.missed
        self.store.slow = Deferred()
        self.leave(bob)
        self.leave(*others)
        self.assertFalse(missed.idle())
        self.store.slow.callback(None)
        self.assertEqual([len(noted) for noted in self.store.noted[-2:]], [1, 3])
        self.assertTrue(missed.idle())


def bob_key(house: House) -> Any:
    """The key of bob's account."""
    return house.now(house.store.find_account("bob")).key
