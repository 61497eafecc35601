"""What one can see of rooms, and change in them."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatd.answers import MembersAre
from chatd.core.settings import Limits
from chatd.errors import (
    ListFull,
    NoSuchAccount,
    NoSuchRoom,
    NotAllowed,
    NotInRoom,
    NotKept,
    TheyAreNotInRoom,
    TooLong,
)
from chatd.model import Listing, Mode, Rank, Role
from tests.house import Disk, FakeSession, House


class RoomsCase(SynchronousTestCase):
    """#tea, with ada who owns it and bob; eve is a guest outside."""

    def setUp(self) -> None:
        self.disk = Disk()
        self.house = House(self.disk, limits=Limits(topic=20, masks=2))
        self.rooms = self.house.core.rooms
        self.ada = self.house.session("ada", account=True)
        self.bob = self.house.session("bob", account=True)
        self.eve = self.house.session("eve")
        for session in (self.ada, self.bob):
            self.house.ask(session, "JOIN", "#tea")
        self.hush()

    def hush(self) -> None:
        for session in (self.ada, self.bob, self.eve):
            session.hears()

    def set_mode(
        self, by: FakeSession, mode: Mode | str, on: bool = True, value: Any = None
    ) -> Any:
        return self.house.now(self.rooms.set_mode(by, "#tea", mode, on, value))

    def grant(self, by: FakeSession, who: str, role: Role, on: bool = True) -> Any:
        return self.house.now(self.rooms.grant(by, "#tea", who, role, on))

    def topic(self, by: FakeSession, text: str) -> Any:
        return self.house.now(self.rooms.set_topic(by, "#tea", text))

    def mask(self, pattern: str, on: bool = True, expires: int | None = None) -> Any:
        done = self.rooms.set_mask(self.ada, "#tea", Listing.BAN, pattern, on, expires)
        return self.house.now(done)

    def masks(self) -> list[str]:
        return [m.pattern for m in self.rooms.masks(self.ada, "#tea", Listing.BAN)[1]]

    def restarted(self) -> House:
        return House(self.house.store)


class SeeingTests(RoomsCase):
    def test_find(self) -> None:
        """A room is found by its name in whatever case."""
        self.assertEqual(self.rooms.find("#TEA").name, "#tea")
        self.assertRaises(NoSuchRoom, self.rooms.find, "#milk")

    def test_new_room(self) -> None:
        """In a new room only members speak, and only ops change the topic."""
        self.assertEqual(self.rooms.find("#tea").modes, {Mode.MEMBERS_ONLY, Mode.TOPIC_LOCK})

    def test_open_room(self) -> None:
        """Everybody sees a room that is not secret, who is in it, and who of them where."""
        members = self.rooms.members(self.eve, "#tea")
        self.assertEqual([p.person.name for p in members.present], ["ada", "bob"])
        (listed,) = self.rooms.listed(self.eve)
        self.assertEqual((listed.room.name, listed.present), ("#tea", 2))
        ((room, role),) = self.rooms.shared(self.eve, "ada")
        self.assertEqual((room.name, role), ("#tea", Role.OWNER | Role.OP))

    def test_secret_room(self) -> None:
        """Of a secret room only its members see anything, and the server's moderators."""
        self.set_mode(self.ada, Mode.SECRET)
        self.assertEqual(self.rooms.members(self.eve, "#tea"), MembersAre("#tea", None, ()))
        self.assertEqual(list(self.rooms.listed(self.eve)), [])
        self.assertEqual(self.rooms.shared(self.eve, "ada"), [])
        self.assertRaises(NoSuchRoom, self.rooms.visible, self.eve, "#tea")
        self.assertEqual(len(list(self.rooms.listed(self.bob))), 1)
        self.eve.rank = Rank.MODERATOR
        self.assertEqual(len(list(self.rooms.listed(self.eve))), 1)

    def test_members_of_no_room(self) -> None:
        """Of a room that is not there, nobody is a member."""
        self.assertEqual(self.rooms.members(self.eve, "#no"), MembersAre("#no", None, ()))


class TopicTests(RoomsCase):
    def test_topic(self) -> None:
        """All hear of another topic, and who asks learns who set it when; also later."""
        self.topic(self.ada, "All about oolong")
        self.assertEqual(self.bob.hears(), ["ada set the topic of #tea to: All about oolong"])
        topic = self.restarted().core.rooms.find("#tea").topic
        assert topic is not None
        self.assertEqual((topic.text, topic.by), ("All about oolong", "ada"))
        self.assertEqual(topic.at, self.house.core.log.now())

    def test_no_topic(self) -> None:
        """An empty text takes the topic away."""
        self.topic(self.ada, "milk?")
        self.topic(self.ada, "")
        self.assertEqual(self.bob.hears()[-1], "ada took the topic of #tea away.")
        self.assertIsNone(self.rooms.find("#tea").topic)

    def test_length(self) -> None:
        """A topic has a longest length."""
        self.topic(self.ada, "x" * 20)
        self.assertRaises(TooLong, self.topic, self.ada, "x" * 21)

    def test_lock(self) -> None:
        """A locked topic is for ops; else each member may change it, but nobody outside."""
        self.assertRaises(NotAllowed, self.topic, self.bob, "mine")
        self.assertRaises(NotInRoom, self.topic, self.eve, "mine")
        self.set_mode(self.ada, Mode.TOPIC_LOCK, on=False)
        self.topic(self.bob, "mine")
        self.assertRaises(NotInRoom, self.topic, self.eve, "mine")
        no_room = self.rooms.set_topic(self.ada, "#no", "mine")
        self.assertRaises(NoSuchRoom, self.house.now, no_room)


class ModeTests(RoomsCase):
    def test_switches(self) -> None:
        """Each switch goes on and off, is told once, and is kept."""
        for mode in Mode:
            on = mode not in self.rooms.find("#tea").modes
            self.hush()
            self.set_mode(self.ada, mode, on)
            self.set_mode(self.ada, mode, on)
            verb = "set" if on else "cleared"
            self.assertEqual(self.bob.hears(), [f"ada {verb} {mode} on #tea."])
            self.assertEqual(
                self.restarted().core.rooms.find("#tea").modes, self.rooms.find("#tea").modes
            )

    def test_password_and_limit(self) -> None:
        """A password and a limit are set, changed and taken away."""
        self.set_mode(self.ada, "password", value="milk")
        self.set_mode(self.ada, "limit", value="7")
        room = self.restarted().core.rooms.find("#tea")
        self.assertEqual((room.password, room.limit), ("milk", 7))
        self.set_mode(self.ada, "password", on=False)
        self.set_mode(self.ada, "limit", on=False)
        room = self.rooms.find("#tea")
        self.assertEqual((room.password, room.limit), (None, None))
        self.assertEqual(len(self.bob.hears()), 4)

    def test_refused(self) -> None:
        """Only ops change modes."""
        self.assertRaises(NotAllowed, self.set_mode, self.bob, Mode.SECRET)
        self.assertRaises(NotInRoom, self.set_mode, self.eve, Mode.SECRET)
        self.house.ask(self.ada, "GRANT", "#tea", "bob", "op")
        self.set_mode(self.bob, Mode.SECRET)


class GrantTests(RoomsCase):
    def test_grant_and_revoke(self) -> None:
        """A role is given and taken; all hear, once; it is kept for an account."""
        self.grant(self.ada, "BOB", Role.VOICE)
        self.grant(self.ada, "bob", Role.VOICE)
        self.assertEqual(self.bob.hears(), ["ada made bob voice of #tea."])
        member = self.house.now(self.house.store.member(self.rooms.find("#tea").key, self.key()))
        self.assertEqual(member.role, Role.VOICE)
        self.grant(self.ada, "bob", Role.OP)
        self.grant(self.ada, "bob", Role.VOICE, on=False)
        self.assertEqual(self.house.core.places.find("#tea").role(self.bob.person), Role.OP)

    def key(self) -> int:
        return self.bob.person.key or 0

    def test_guests_role(self) -> None:
        """A guest's role ends with its visit."""
        self.house.ask(self.eve, "JOIN", "#tea")
        self.grant(self.ada, "eve", Role.OP)
        self.grant(self.eve, "bob", Role.VOICE)
        self.house.core.sessions.leave(self.eve, "")
        eve = self.house.session("eve")
        self.house.ask(eve, "JOIN", "#tea")
        self.assertRaises(NotAllowed, self.grant, eve, "bob", Role.VOICE)

    def test_own_role(self) -> None:
        """One can always lay down a role, and cannot take up a higher one."""
        self.grant(self.ada, "bob", Role.OP)
        self.assertRaises(NotAllowed, self.grant, self.bob, "bob", Role.ADMIN)
        self.grant(self.bob, "bob", Role.OP, on=False)
        self.assertRaises(NotAllowed, self.grant, self.bob, "bob", Role.VOICE)
        self.grant(self.ada, "ada", Role.OWNER, on=False)
        self.assertRaises(NotAllowed, self.grant, self.ada, "bob", Role.ADMIN)

    def test_who(self) -> None:
        """Roles are for those who are in the room."""
        self.assertRaises(TheyAreNotInRoom, self.grant, self.ada, "eve", Role.OP)
        self.assertRaises(NoSuchAccount, self.grant, self.ada, "nobody", Role.OP)
        self.assertRaises(NotInRoom, self.grant, self.eve, "bob", Role.OP)
        self.assertRaises(NotAllowed, self.grant, self.bob, "bob", Role.VOICE)


class MaskTests(RoomsCase):
    def test_on_and_off(self) -> None:
        """A mask is put on a list once, whatever its case, and taken off; it is kept."""
        self.mask("eve!*@*")
        self.mask("EVE!*@*")
        self.assertEqual(self.masks(), ["eve!*@*"])
        self.assertEqual(self.bob.hears(), ["ada put eve!*@* on the ban list of #tea."])
        again = self.restarted()
        listed = again.core.rooms.masks(again.session("ada", account=True), "#tea", Listing.BAN)
        self.assertEqual(listed[1], self.rooms.masks(self.ada, "#tea", Listing.BAN)[1])
        self.mask("Eve!*@*", on=False)
        self.mask("Eve!*@*", on=False)
        self.assertEqual(self.masks(), [])
        self.assertEqual(self.bob.hears(), ["ada took Eve!*@* off the ban list of #tea."])

    def test_limit(self) -> None:
        """A list has so many entries at most; those that have expired do not count."""
        self.mask("one!*@*", expires=self.house.core.log.now() + 1000)
        self.mask("two!*@*")
        self.assertRaises(ListFull, self.mask, "three!*@*")
        self.house.clock.advance(1)
        self.mask("three!*@*")
        self.assertEqual(self.masks(), ["two!*@*", "three!*@*"])

    def test_again_after_expiry(self) -> None:
        """What has expired can be put on the list again."""
        self.mask("eve!*@*", expires=self.house.core.log.now() + 1000)
        self.house.clock.advance(1)
        self.assertEqual(self.masks(), [])
        self.mask("eve!*@*")
        self.assertEqual(self.masks(), ["eve!*@*"])

    def test_refused(self) -> None:
        """Members read the lists and ops change them."""
        read = self.rooms.masks(self.bob, "#tea", Listing.EXCEPT)
        self.assertEqual(read[1], [])
        self.assertRaises(NotInRoom, self.rooms.masks, self.eve, "#tea", Listing.BAN)
        change = self.rooms.set_mask(self.bob, "#tea", Listing.BAN, "*!*@*", True)
        self.assertRaises(NotAllowed, self.house.now, change)


class NotKeptTests(RoomsCase):
    def test_nothing_changes(self) -> None:
        """What cannot be kept changes nothing, nobody hears of it, and then it can be done."""
        acts = (
            lambda: self.topic(self.ada, "milk?"),
            lambda: self.set_mode(self.ada, Mode.SECRET),
            lambda: self.grant(self.ada, "bob", Role.OP),
            lambda: self.mask("eve!*@*"),
        )
        place = self.house.core.places.find("#tea")
        before = (place.room, place.role(self.bob.person), list(place.masks))
        self.disk.full = True
        for act in acts:
            self.assertRaises(NotKept, act)
        after = (place.room, place.role(self.bob.person), list(place.masks))
        self.assertEqual((after, self.bob.hears()), (before, []))
        self.disk.full = False
        for act in acts:
            act()
        self.assertEqual(len(self.bob.hears()), 4)


class OneAfterAnotherTests(RoomsCase):
    def test_acts_on_one_room(self) -> None:
        """What is asked for in one turn happens in order: the second sees what the first did."""
        from twisted.internet.defer import ensureDeferred

        self.grant(self.ada, "bob", Role.OP)
        self.hush()
        first = ensureDeferred(self.rooms.grant(self.ada, "#tea", "bob", Role.OP, False))
        second = ensureDeferred(self.rooms.set_topic(self.bob, "#tea", "mine"))
        third = ensureDeferred(self.rooms.set_mode(self.ada, "#tea", Mode.SECRET, True))
        self.house.settle()
        self.successResultOf(first)
        self.failureResultOf(second, NotAllowed)
        self.successResultOf(third)
        self.assertEqual(
            self.bob.hears(), ["ada no longer has bob as op of #tea.", "ada set secret on #tea."]
        )
