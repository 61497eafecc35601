"""Saying something: checked, then kept, then heard."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatd.errors import NotKept
from chatd.stores.memory import MemoryStore
from tests.house import House


class FullStore(MemoryStore):
    """A store whose disk is full while `full` is true."""

    full = False

    async def append(self, entries: Any) -> Any:
        if self.full:
            raise NotKept("the disk is full.")
        return await super().append(entries)


class MessagesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.store = FullStore()
        self.house = House(self.store)
        self.ada = self.house.client("ada", account=True)
        self.bob = self.house.client("bob", account=True)
        self.ada.joins("#tea")
        self.bob.joins("#tea")
        self.ada.hears()

    def test_message_reaches_the_room(self) -> None:
        """What one client says in a room, the others in it hear."""
        self.ada.says("PRIVMSG #tea :milk first?")
        self.assertEqual(self.bob.hears(), [":ada PRIVMSG #tea :milk first?"])
        self.assertEqual(self.ada.hears(), [])

    def test_stored_or_refused(self) -> None:
        """What cannot be stored is refused to its sender, and nobody else hears it."""
        self.store.full = True
        self.ada.says("PRIVMSG #tea :lost?")
        self.assertEqual(self.bob.hears(), [])
        (refusal,) = self.ada.hears()
        self.assertIn("could not store this", refusal)
        self.store.full = False
        self.ada.says("PRIVMSG #tea :again")
        self.assertEqual(self.bob.hears(), [":ada PRIVMSG #tea :again"])

    def test_direct_message_waits(self) -> None:
        """A direct message to an account that is off line is there when it comes back."""
        self.bob.leaves()
        self.ada.says("PRIVMSG bob :are you there?")
        self.ada.hears()
        bob = self.house.client("bob", "draft/chathistory batch", account=True)
        bob.says("CHATHISTORY LATEST ada * 10")
        self.assertIn(":ada PRIVMSG bob :are you there?", bob.hears())
