"""Saying something: checked, then kept, then heard."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits
from chatd.errors import (
    CannotSpeak,
    EmptyMessage,
    NoSuchAccount,
    NoSuchRoom,
    RegisteredOnly,
    TooFast,
)
from chatd.events import Posted, Signalled
from chatd.model import Kind, Role, Seconds
from tests.house import FAST, Disk, FakeSession, House


class MessagesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.store = Disk()
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


class RoomCase(SynchronousTestCase):
    """#tea with ada who owns it and bob; eve is a guest outside."""

    limits = FAST

    def setUp(self) -> None:
        self.house = House(limits=self.limits)
        self.ada = self.house.session("ada", account=True)
        self.bob = self.house.session("bob", account=True)
        self.eve = self.house.session("eve")
        for session in (self.ada, self.bob):
            self.house.ask(session, "JOIN", "#tea")
        self.ada.hears(), self.bob.hears()

    def post(self, by: FakeSession, to: str, text: str = "hello", **more: Any) -> Any:
        return self.house.now(self.house.core.messages.post(by, to, text, **more))

    def signal(self, by: FakeSession, to: str, **more: Any) -> Any:
        tags = {"+typing": "active"} | more
        return self.house.now(self.house.core.messages.signal(by, to, tags))

    def set(self, *modes: str) -> None:
        for mode in modes:
            self.house.ask(self.ada, "SET", "#tea", mode)
        self.ada.hears(), self.bob.hears()

    def unset(self, mode: str) -> None:
        self.house.ask(self.ada, "UNSET", "#tea", mode)
        self.ada.hears(), self.bob.hears()


class SpeakTests(RoomCase):
    def test_posted(self) -> None:
        """A message has its number and id, its time, its kind and its tags."""
        posted = self.post(self.ada, "#TEA", "hello", kind=Kind.NOTICE, tags={"+x": "y"})
        room = self.house.core.rooms.find("#tea")
        self.assertEqual((posted.number, posted.id), (3, f"{room.key}-3"))
        self.assertEqual((posted.to, posted.kind, posted.tags), ("#tea", Kind.NOTICE, {"+x": "y"}))
        self.assertEqual(posted.at, self.house.core.log.now())
        self.assertEqual(self.bob.heard, [posted])

    def test_nothing_to_say(self) -> None:
        """A message without a text is none."""
        self.assertRaises(EmptyMessage, self.post, self.ada, "#tea", "")

    def test_nobody_there(self) -> None:
        """There has to be such a room, or such a person."""
        self.assertRaises(NoSuchRoom, self.post, self.ada, "#no")
        self.assertRaises(NoSuchAccount, self.post, self.ada, "nobody")

    def test_from_outside(self) -> None:
        """One speaks from outside only in a room where that is allowed."""
        self.assertRaises(CannotSpeak, self.post, self.eve, "#tea")
        self.unset("members-only")
        self.post(self.eve, "#tea")
        self.assertEqual(self.bob.hears(), ["eve: hello"])
        self.set("registered-only")
        self.assertRaises(RegisteredOnly, self.post, self.eve, "#tea")

    def test_moderated(self) -> None:
        """In a moderated room those with a voice speak, and those above them."""
        self.set("moderated")
        self.assertRaises(CannotSpeak, self.post, self.bob, "#tea")
        self.post(self.ada, "#tea")
        self.house.ask(self.ada, "GRANT", "#tea", "bob", "voice")
        self.post(self.bob, "#tea")

    def test_banned(self) -> None:
        """A banned member may not speak, unless they have a voice; nor a banned outsider."""
        self.house.ask(self.ada, "BAN", "#tea", "*", "1h")
        self.assertRaises(CannotSpeak, self.post, self.bob, "#tea")
        self.house.ask(self.ada, "GRANT", "#tea", "bob", "voice")
        self.post(self.bob, "#tea")
        self.unset("members-only")
        self.assertRaises(CannotSpeak, self.post, self.eve, "#tea")
        self.house.clock.advance(3600)
        self.post(self.eve, "#tea")

    def test_registered_only(self) -> None:
        """Guests who are in a room that is then closed to them may not speak any more."""
        self.house.ask(self.eve, "JOIN", "#tea")
        self.set("registered-only")
        self.assertRaises(RegisteredOnly, self.post, self.eve, "#tea")
        self.post(self.bob, "#tea")

    def test_for_a_role(self) -> None:
        """What is for ops, ops hear, and those above, and whoever says it: any member may."""
        posted = self.post(self.bob, "#tea", least=Role.OP)
        self.assertEqual(posted.to, "@#tea")
        self.assertEqual((self.ada.hears(), self.bob.hears()), (["bob: hello"], ["bob: hello"]))
        self.post(self.ada, "#tea", least=Role.OP)
        self.assertEqual((self.ada.hears(), self.bob.hears()), (["ada: hello"], []))
        self.house.ask(self.ada, "GRANT", "#tea", "bob", "voice")
        self.bob.hears(), self.ada.hears()
        self.post(self.ada, "#tea", least=Role.VOICE)
        self.assertEqual(self.bob.hears(), ["ada: hello"])


class SignalTests(RoomCase):
    def test_passing(self) -> None:
        """A sign is heard by those who are there, and then gone."""
        self.signal(self.ada, "#tea")
        (sign,) = self.bob.heard
        assert isinstance(sign, Signalled)
        self.assertEqual(sign.tags, {"+typing": "active"})
        last = self.house.says(self.bob, "HISTORY", "#tea", "1")
        self.assertEqual(last, ["bob joined #tea."])

    def test_kept_if_asked(self) -> None:
        """A sign that asks for it is kept like a message."""
        self.signal(self.ada, "#tea", **{"+draft/persist": ""})
        (posted,) = self.bob.heard
        assert isinstance(posted, Posted)
        self.assertEqual((posted.kind, posted.number), (Kind.SIGNAL, 3))

    def test_kept_for_a_role(self) -> None:
        """A sign for ops that is kept is for ops all the same."""
        tags = {"+draft/persist": ""}
        done = self.house.core.messages.signal(self.ada, "#tea", tags, Role.OP)
        self.house.now(done)
        self.assertEqual(self.bob.heard, [])
        self.assertEqual(len(self.ada.heard), 1)

    def test_who_may_not_speak(self) -> None:
        """Who may not speak makes no signs either."""
        self.assertRaises(CannotSpeak, self.signal, self.eve, "#tea")
        self.set("moderated")
        self.assertRaises(CannotSpeak, self.signal, self.bob, "#tea")


class SpeedTests(RoomCase):
    limits = Limits(account_messages=3, account_messages_every=Seconds(2))

    def test_limit_of_an_account(self) -> None:
        """All sessions of an account together may say so much, then it takes time."""
        second = self.house.session("ada", account=True)
        for session in (self.ada, second, self.ada):
            self.post(session, "#tea")
        with self.assertRaises(TooFast) as caught:
            self.post(second, "bob")
        self.assertEqual(caught.exception.args, (3,))
        self.assertRaises(TooFast, self.signal, second, "#tea")
        self.post(self.bob, "#tea")
        self.house.clock.advance(2)
        self.post(second, "#tea")
        self.assertRaises(TooFast, self.post, self.ada, "#tea")

    def test_limit_of_guests(self) -> None:
        """All guests of a network together may say so much, whatever addresses they have in it."""
        for number in range(4):
            guest = self.house.session(f"guest{number}")
            guest.address = f"2001:db8::{number}"
            self.house.ask(guest, "JOIN", "#tea")
            if number < 3:
                self.post(guest, "#tea")
            else:
                self.assertRaises(TooFast, self.post, guest, "#tea")

    def test_nothing_is_made_too_fast(self) -> None:
        """Who is too fast makes no conversations in the store either."""
        for _ in range(3):
            self.post(self.ada, "#tea")
        self.assertRaises(TooFast, self.post, self.ada, "eve")
        self.assertRaises(TooFast, self.signal, self.ada, "bob")
        for name in ("eve", "bob"):
            found = self.house.core.conversations.find(self.ada.person, name)
            self.assertIsNone(self.house.now(found))

    def test_limit_of_an_address(self) -> None:
        """Guests from one address share what they may say."""
        other, elsewhere = self.house.session("mallory"), self.house.session("trent")
        elsewhere.address = "192.0.2.99"
        self.unset("members-only")
        for session in (self.eve, other, self.eve):
            self.post(session, "#tea")
        self.assertRaises(TooFast, self.post, other, "#tea")
        self.post(elsewhere, "#tea")
