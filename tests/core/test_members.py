"""Coming to rooms and going from them: who may, what others hear, and what is kept."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred

from chatd.answers import Entered, Refused
from chatd.core.settings import Server
from chatd.errors import (
    AlreadyInRoom,
    BadRoomName,
    NoSuchAccount,
    NoSuchRoom,
    NotAllowed,
    NotInRoom,
    NotKept,
    TheyAreNotInRoom,
    TooMany,
    TooManyRooms,
)
from chatd.model import Rank, Role
from tests.core.membership import MembersCase
from tests.house import FakeSession, House


class JoinTests(MembersCase):
    def test_first_one_owns_the_room(self) -> None:
        """Who makes a room owns it; who comes later is a member; all of them hear."""
        entered = self.join(self.ada)
        self.assertIsInstance(entered, Entered)
        self.join(self.bob)
        self.assertEqual(self.roles(), {"ada": Role.OWNER | Role.OP, "bob": Role.MEMBER})
        self.assertEqual(self.ada.hears(), ["ada joined #tea.", "bob joined #tea."])
        self.assertEqual(self.bob.hears(), ["bob joined #tea."])

    def test_guests_room(self) -> None:
        """A guest runs the room it made."""
        self.join(self.eve, "#eves")
        self.join(self.ada, "#eves")
        self.assertEqual(self.roles("#eves"), {"eve": Role.OP, "ada": Role.MEMBER})

    def test_joining_twice(self) -> None:
        """Who is in a room and joins it is not told anything, nor is anybody else."""
        self.join(self.ada)
        self.ada.hears()
        self.assertIsNone(self.join(self.ada, "#TEA"))
        self.assertEqual(self.ada.hears(), [])

    def test_joining_twice_at_once(self) -> None:
        """Two sessions of an account that join at once come in once."""
        other = self.house.session("bob", account=True)
        self.join(self.ada)
        self.ada.hears()
        asked = [ensureDeferred(self.members.join(one, "#tea")) for one in (self.bob, other)]
        self.house.settle()
        self.assertEqual([self.successResultOf(one) is None for one in asked], [False, True])
        for session in (self.ada, self.bob, other):
            self.assertEqual(session.hears(), ["bob joined #tea."])

    def test_coming_in_together(self) -> None:
        """Others may come in meanwhile; whoever is put out is put out when they are in."""
        self.join(self.ada)
        self.ada.hears()
        asked = [ensureDeferred(self.members.join(one, "#tea")) for one in (self.bob, self.eve)]
        asked.append(ensureDeferred(self.members.remove(self.ada, "#tea", "eve", "out")))
        self.house.settle()
        for one in asked:
            self.successResultOf(one)
        told = ["bob joined #tea.", "eve joined #tea.", "ada removed eve from #tea (out)."]
        self.assertEqual(self.ada.hears(), told)

    def test_room_names(self) -> None:
        """A room's name starts with # and has a longest length, and no spaces or commas."""
        longest = "#" + "a" * 63
        for name in ("tea", "#", longest + "a", "#a b", "#a,b", "#a\x07", "&tea", ""):
            self.assertRaises(BadRoomName, self.join, self.ada, name)
        for name in (longest, "#чай"):
            self.join(self.ada, name)

    def test_most_rooms_of_a_person(self) -> None:
        """One can be in so many rooms, and in no more until one leaves one."""
        self.join(self.bob, "#1"), self.join(self.bob, "#2")
        self.join(self.ada, "#3"), self.join(self.ada, "#4")
        for room in ("#1", "#2", "#3"):
            self.join(self.eve, room)
        self.assertRaises(TooManyRooms, self.join, self.eve, "#4")
        self.assertIsNone(self.join(self.eve, "#3"))
        self.leave(self.eve, "#1")
        self.join(self.eve, "#4")

    def test_most_rooms_of_an_account(self) -> None:
        """An account can own so many rooms, also when it is not in them any more."""
        self.join(self.ada, "#1")
        self.join(self.ada, "#2")
        self.assertRaises(TooMany, self.join, self.ada, "#3")
        self.assertFalse(self.is_there("#3"))
        self.join(self.bob, "#3")
        self.join(self.ada, "#3")

    def test_not_kept(self) -> None:
        """A room whose first member could not be kept is not there at all."""
        self.store.full = True
        self.assertRaises(NotKept, self.join, self.ada)
        self.assertFalse(self.is_there("#tea"))
        self.store.full = False
        self.join(self.ada)
        self.assertEqual(self.roles(), {"ada": Role.OWNER | Role.OP})

    def test_not_kept_in_a_room(self) -> None:
        """If a later member cannot be kept, the room stays as it was."""
        self.join(self.ada)
        self.ada.hears()
        self.store.full = True
        self.assertRaises(NotKept, self.join, self.bob)
        self.assertEqual(self.ada.hears(), [])
        self.assertEqual(list(self.roles()), ["ada"])

    def test_nothing_kept_nothing_changed(self) -> None:
        """If that one goes, or is put out, cannot be kept, one is still there."""
        self.join(self.ada)
        self.join(self.bob)
        self.ada.hears()
        self.store.full = True
        self.assertRaises(NotKept, self.leave, self.bob)
        self.assertRaises(NotKept, self.now, self.members.remove(self.ada, "#tea", "bob", ""))
        self.assertEqual((list(self.roles()), self.ada.hears()), (["ada", "bob"], []))

    def test_crowd_at_a_new_room(self) -> None:
        """However many come to a room that is only just being made, all of them get in."""
        crowd = [self.house.session(f"n{number}") for number in range(500)]
        self.store.wait = wait = Deferred()
        joining = [ensureDeferred(self.members.join(one, "#tea")) for one in crowd]
        self.house.settle()
        self.store.wait = None
        wait.callback(None)
        self.house.settle()
        for one in joining:
            self.successResultOf(one)
        place = self.house.core.places.find("#tea")
        self.assertEqual(len(place.seats), 500)

    def test_gone_while_the_room_was_made(self) -> None:
        """A guest that goes while its room is being made leaves nothing behind."""
        self.store.wait = Deferred()
        joining = ensureDeferred(self.members.join(self.eve, "#eves"))
        self.go(self.eve)
        self.store.wait.callback(None)
        self.house.settle()
        self.successResultOf(joining)
        self.assertFalse(self.is_there("#eves"))

    def test_last_one_goes_off_line_while_one_comes(self) -> None:
        """The same if the room ends because its last one goes off line."""
        self.join(self.eve, "#eves")
        self.house.core.sessions.leave(self.eve, "")
        entered = self.join(self.bob, "#eves")
        self.assertEqual([p.person.name for p in entered.members.present], ["bob"])
        self.assertEqual(self.roles("#eves"), {"bob": Role.OWNER | Role.OP})
        self.assertTrue(self.is_there("#eves"))

    def test_room_ends_while_one_comes(self) -> None:
        """Who comes in the moment a guest's room ends makes it anew."""
        self.join(self.eve, "#eves")
        leaving = ensureDeferred(self.members.leave(self.eve, "#eves"))
        joining = ensureDeferred(self.members.join(self.bob, "#eves"))
        self.house.settle()
        self.successResultOf(leaving)
        entered: Any = self.successResultOf(joining)
        self.assertEqual([p.person.name for p in entered.members.present], ["bob"])
        self.assertEqual(self.roles("#eves"), {"bob": Role.OWNER | Role.OP})
        self.house.ask(self.bob, "PRIVMSG", "#eves", "mine now")
        self.assertEqual(self.bob.hears(), ["bob joined #eves.", "bob: mine now"])

    def test_only_its_name_waits_until_a_room_is_dropped(self) -> None:
        """While a room that has ended is being dropped, others come into all other rooms."""
        self.join(self.eve, "#eves")
        self.store.dropping = dropping = Deferred()
        self.go(self.eve)
        joining = ensureDeferred(self.members.join(self.bob, "#eves"))
        self.house.settle()
        self.join(self.ada, "#tea")
        self.join(self.bob, "#tea")
        self.assertNoResult(joining)
        self.assertFalse(self.house.core.rooms.idle())
        self.store.dropping = None
        dropping.callback(None)
        self.house.settle()
        self.successResultOf(joining)
        self.assertTrue(self.is_there("#eves"))
        self.assertTrue(self.house.core.rooms.idle())

    def test_room_cannot_be_dropped(self) -> None:
        """If the store does not drop a room that has ended, nobody can make it until it does."""
        self.join(self.eve, "#eves")
        self.store.stuck = True
        self.go(self.eve)
        self.assertTrue(self.house.core.rooms.idle())
        self.assertRaises(NotKept, self.join, self.bob, "#eves")
        self.join(self.bob, "#tea")
        self.store.stuck = False
        self.join(self.bob, "#eves")
        self.assertTrue(self.is_there("#eves"))

    def test_room_takes_the_name_of_one_that_has_just_ended(self) -> None:
        """When a room gets the name of one that has ended, the store has only one of that name."""
        self.join(self.ada, "#ours")
        self.join(self.eve, "#eves")
        self.store.wait = wait = Deferred()
        making = ensureDeferred(self.members.join(self.bob, "#bobs"))
        renaming = ensureDeferred(self.house.core.rooms.rename(self.ada, "#ours", "#eves"))
        self.go(self.eve)
        stored: list[str] = []
        append = self.store.append

        async def look_and_append(entries: Any) -> Any:
            stored.extend(room.name for room in await self.store.rooms())
            return await append(entries)

        self.patch(self.store, "append", look_and_append)
        wait.callback(None)
        self.house.settle()
        self.successResultOf(making)
        self.successResultOf(renaming)
        self.assertNotIn("#eves", stored)
        self.assertEqual(self.roles("#eves"), {"ada": Role.OWNER | Role.OP})


class LeaveTests(MembersCase):
    def test_leave(self) -> None:
        """All hear of it, the one who goes as well; then it is over for them."""
        self.join(self.ada)
        self.join(self.bob)
        self.ada.hears(), self.bob.hears()
        self.leave(self.bob, reason="tired")
        self.assertEqual(self.ada.hears(), ["bob left #tea (tired)."])
        self.assertEqual(self.bob.hears(), ["bob left #tea (tired)."])
        self.house.ask(self.ada, "PRIVMSG", "#tea", "hello?")
        self.assertEqual(self.bob.hears(), [])
        self.assertRaises(NotInRoom, self.leave, self.bob)

    def test_nowhere(self) -> None:
        """One cannot leave where one is not."""
        self.assertRaises(NoSuchRoom, self.leave, self.ada)
        self.join(self.ada)
        self.assertRaises(NotInRoom, self.leave, self.bob)

    def test_rooms_of_accounts_stay(self) -> None:
        """A room made by an account is there with nobody in it, and its log with it."""
        self.join(self.ada)
        self.house.ask(self.ada, "PRIVMSG", "#tea", "remember")
        self.leave(self.ada)
        self.assertTrue(self.is_there("#tea"))
        self.join(self.ada)
        self.assertEqual(self.roles(), {"ada": Role.MEMBER})
        said = self.house.says(self.ada, "HISTORY", "#tea")
        self.assertIn("ada: remember", said[0])

    def test_rooms_of_guests_end(self) -> None:
        """A guest's room ends with the last of them, and its log is dropped."""
        self.join(self.eve, "#eves")
        self.join(self.bob, "#eves")
        self.house.ask(self.eve, "PRIVMSG", "#eves", "secret")
        self.go(self.eve)
        self.assertTrue(self.is_there("#eves"))
        self.leave(self.bob, "#eves")
        self.assertFalse(self.is_there("#eves"))
        self.join(self.bob, "#eves")
        said = self.house.says(self.bob, "HISTORY", "#eves")
        self.assertEqual(said, ["bob joined #eves."])

    def test_guests_room_ends_when_the_last_is_put_out(self) -> None:
        """It also ends when the last is removed, or goes off line."""
        self.join(self.eve, "#eves")
        self.now(self.members.remove(self.eve, "#eves", "eve", ""))
        self.assertFalse(self.is_there("#eves"))
        self.join(self.eve, "#eves")
        self.go(self.eve)
        self.assertFalse(self.is_there("#eves"))


class RemoveTests(MembersCase):
    def setUp(self) -> None:
        super().setUp()
        for session in (self.ada, self.bob, self.eve):
            self.join(session)
        for session in (self.ada, self.bob, self.eve):
            session.hears()

    def remove(self, by: FakeSession, who: str, room: str = "#tea") -> None:
        self.now(self.members.remove(by, room, who, "noise"))

    def test_remove(self) -> None:
        """All hear of it, also the one who is put out, who then hears no more."""
        self.remove(self.ada, "BOB")
        for session in (self.ada, self.bob, self.eve):
            self.assertEqual(session.hears(), ["ada removed bob from #tea (noise)."])
        self.house.ask(self.ada, "PRIVMSG", "#tea", "quiet now")
        self.assertEqual(self.bob.hears(), [])

    def test_removed_for_good(self) -> None:
        """An account that was put out does not belong to the room when it comes back."""
        self.remove(self.ada, "bob")
        self.go(self.bob)
        self.house.session("bob", account=True)
        self.assertNotIn("bob", self.roles())

    def test_refused(self) -> None:
        """Only ops put others out, and nobody whoever is above them."""
        self.assertRaises(NotAllowed, self.remove, self.bob, "eve")
        self.house.ask(self.ada, "GRANT", "#tea", "bob", "op")
        self.remove(self.bob, "eve")
        self.assertRaises(NotAllowed, self.remove, self.bob, "ada")
        self.assertRaises(NotInRoom, self.remove, self.eve, "ada")
        self.assertRaises(NoSuchRoom, self.remove, self.ada, "eve", "#milk")
        self.assertRaises(TheyAreNotInRoom, self.remove, self.ada, "eve")
        self.assertRaises(NoSuchAccount, self.remove, self.ada, "nobody")


class InviteTests(MembersCase):
    def setUp(self) -> None:
        super().setUp()
        self.join(self.ada)
        self.join(self.bob)
        self.ada.hears(), self.bob.hears()

    def test_who_hears(self) -> None:
        """The one invited hears of it, and the ops; plain members do not."""
        self.now(self.members.invite(self.ada, "#tea", "EVE"))
        for session, heard in ((self.ada, 1), (self.eve, 1), (self.bob, 0)):
            self.assertEqual(session.hears(), ["ada invited eve to #tea."] * heard)

    def test_refused(self) -> None:
        """One cannot invite from outside, nor whoever is in, or is nobody."""
        for who, error in (("bob", AlreadyInRoom), ("nobody", NoSuchAccount)):
            self.assertRaises(error, self.now, self.members.invite(self.ada, "#tea", who))
        self.assertRaises(NotInRoom, self.now, self.members.invite(self.eve, "#tea", "eve"))
        self.assertRaises(NoSuchRoom, self.now, self.members.invite(self.ada, "#no", "eve"))


class ArriveTests(MembersCase):
    server = Server(name="house", lobby="#lobby")

    def test_lobby(self) -> None:
        """Whoever is in no room comes to the lobby; nobody owns it."""
        self.assertEqual(self.roles("#lobby"), dict.fromkeys(("ada", "bob", "eve"), Role.MEMBER))
        for session in (self.ada, self.bob, self.eve):
            self.leave(session, "#lobby")
        self.assertTrue(self.is_there("#lobby"))

    def test_back_in_all_rooms(self) -> None:
        """An account that comes back is in its rooms, and not in the lobby it has left."""
        self.join(self.ada)
        self.leave(self.ada, "#lobby")
        self.go(self.ada)
        ada = self.house.session("ada", account=True)
        rooms = [place.room.name for place in self.house.core.places.of("ada")]
        self.assertEqual(rooms, ["#tea"])
        self.assertEqual(self.roles(), {"ada": Role.OWNER | Role.OP})
        self.assertEqual(ada.heard, [])

    def test_told_of_its_rooms(self) -> None:
        """Each session of an account is told at log-in where the account is."""
        ada = FakeSession(self.ada.person, key="second")
        first = self.house.core.sessions.enter(ada)
        self.now(self.members.arrive(ada, first))
        self.assertEqual(ada.hears(), ["ada joined #lobby."])
        (entered,) = ada.answers
        assert isinstance(entered, Entered)
        self.assertEqual(entered.room.name, "#lobby")

    def test_kept_out_of_the_lobby(self) -> None:
        """Who may not be in the lobby learns why, and is on line all the same."""
        lobby = self.house.core.rooms.find("#lobby")
        self.ada.rank = Rank.MODERATOR
        self.house.ask(self.ada, "SET", lobby.name, "registered-only")
        new = FakeSession(self.eve.person.__class__("new"), Rank.GUEST)
        self.now(self.members.arrive(new, self.house.core.sessions.enter(new)))
        self.assertIsInstance(new.answers[0], Refused)

    def test_after_a_restart(self) -> None:
        """A house that starts again knows its rooms, but not those of guests."""
        self.join(self.ada)
        self.house.ask(self.ada, "BAN", "#tea", "eve")
        self.join(self.eve, "#eves")
        again = House(self.store, server=self.server)
        ada = again.session("ada", account=True)
        self.assertEqual(again.says(ada, "BANS", "#tea"), ["eve!*@* (by ada)"])
        self.assertRaises(NoSuchRoom, again.core.rooms.find, "#eves")
        self.assertTrue(again.core.rooms.find("#lobby").kept)
