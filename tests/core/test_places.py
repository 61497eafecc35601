"""The rooms as they stand: changed by what is told, and by nothing else."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.masks import fits
from chatd.core.places import Places, with_mode
from chatd.core.sessions import Sessions
from chatd.errors import NoSuchRoom
from chatd.events import (
    Event,
    Invited,
    Joined,
    Left,
    MaskChanged,
    ModeChanged,
    PersonChanged,
    Quit,
    Removed,
    RoleChanged,
    TopicChanged,
    WentAway,
)
from chatd.model import Listing, Mode, Person, Role, Room
from tests.house import FakeSession, House

ADA = Person("ada", user="~a", host="tea.example", account="Ada", key=1)
EVE = Person("eve", user="~e", host="192.0.2.1")


class FitsTests(SynchronousTestCase):
    def test_masks(self) -> None:
        """A mask is name!user@host with * and ?; case does not matter, brackets are plain."""
        for mask in (
            "*!*@*",
            "ADA!*@*",
            "a?a!*@*",
            "*!~a@*",
            "*!*@*.example",
            "ada!~a@tea.example",
        ):
            self.assertTrue(fits(mask, ADA), mask)
        for mask in ("ada", "ad!*@*", "a?!*@*", "*!*@example", "[a]da!*@*", "", "$a"):
            self.assertFalse(fits(mask, ADA), mask)
        self.assertTrue(fits("[x]!*@*", Person("[x]")))
        self.assertFalse(fits("[x]!*@*", Person("x")))

    def test_account_masks(self) -> None:
        """`$a:` means an account, whatever its owner is called; no guest fits."""
        self.assertTrue(fits("$a:ada", ADA))
        self.assertTrue(fits("$a:*", ADA))
        self.assertFalse(fits("$a:bob", ADA))
        self.assertFalse(fits("$a:*", EVE))


class WithModeTests(SynchronousTestCase):
    def test_modes(self) -> None:
        """Switches, password and limit of a room, on and off."""
        room = Room(1, "#tea", True, 0)
        self.assertEqual(with_mode(room, Mode.SECRET, True, None).modes, {Mode.SECRET})
        self.assertEqual(with_mode(room, "password", True, "milk").password, "milk")
        self.assertEqual(with_mode(room, "limit", True, "3").limit, 3)
        full = Room(1, "#tea", True, 0, modes=frozenset(Mode), password="milk", limit=3)
        self.assertEqual(with_mode(full, Mode.SECRET, False, None).modes, set(Mode) - {"secret"})
        self.assertIsNone(with_mode(full, "password", False, "x").password)
        self.assertIsNone(with_mode(full, "limit", False, None).limit)


class PlacesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.sessions: Sessions = House().core.sessions
        self.places = Places(self.sessions)
        self.place = self.places.add(Room(7, "#tea", True, 0))
        for person in (ADA, EVE):
            self.sessions.enter(FakeSession(person))

    def tell(self, kind: type[Event], by: Person = ADA, **more: object) -> None:
        if "now" not in more and kind is not Quit and kind is not WentAway:
            more["room"] = self.place.room
        self.places.apply(kind(by=by, at=5, **more))  # type: ignore[arg-type]

    def test_come_and_go(self) -> None:
        """Who joined is in, until they leave, are removed, or go off line."""
        for going in (
            lambda: self.tell(Left),
            lambda: self.tell(Removed, EVE, who=ADA),
            lambda: self.tell(Quit),
        ):
            self.tell(Joined, role=Role.OP)
            self.assertEqual(self.place.role(ADA), Role.OP)
            self.assertEqual(self.places.of("ADA"), (self.place,))
            going()
            self.assertIsNone(self.place.role(ADA))
            self.assertEqual(self.places.of("ada"), ())

    def test_one_by_one(self) -> None:
        """Who goes through a room finds who is there by now, each time anew."""

        def found() -> list[str]:
            return [seat.person.name for seat in self.place.one_by_one()]

        self.assertEqual(found(), [])
        self.tell(Joined)
        self.assertEqual(found(), ["ada"])
        self.tell(Joined, EVE)
        begun = self.place.one_by_one()
        self.assertEqual((next(begun).person.name, found()), ("ada", ["ada", "eve"]))
        self.tell(Left, EVE)
        self.assertEqual((list(begun), found()), ([], ["ada"]))

    def test_changes(self) -> None:
        """Topic, modes, roles and lists are as was told last."""
        self.tell(Joined)
        self.tell(TopicChanged, text="oolong")
        self.tell(ModeChanged, mode=Mode.SECRET, on=True)
        self.tell(RoleChanged, who=ADA, role=Role.VOICE, on=True)
        self.tell(MaskChanged, listing=Listing.BAN, pattern="eve!*@*", on=True)
        self.assertEqual(self.place.room.topic.text, "oolong")  # type: ignore[union-attr]
        self.assertEqual(self.place.room.modes, {Mode.SECRET})
        self.assertEqual(self.place.role(ADA), Role.VOICE)
        self.assertTrue(self.place.is_banned(EVE, 5))
        self.tell(MaskChanged, listing=Listing.BAN, pattern="EVE!*@*", on=False)
        self.assertFalse(self.place.is_banned(EVE, 5))

    def test_lists_are_apart(self) -> None:
        """An exception lifts a ban, and an invitation does not."""
        self.tell(MaskChanged, listing=Listing.BAN, pattern="*!*@*", on=True)
        self.tell(MaskChanged, listing=Listing.INVITE, pattern="*!*@*", on=True)
        self.assertTrue(self.place.is_banned(EVE, 5))
        self.tell(MaskChanged, listing=Listing.EXCEPT, pattern="*!*@*", on=True)
        self.assertFalse(self.place.is_banned(EVE, 5))

    def test_expiry(self) -> None:
        """A mask counts before its time, and not at it."""
        self.tell(MaskChanged, listing=Listing.BAN, pattern="*!*@*", on=True, expires=9)
        self.assertTrue(self.place.is_banned(EVE, 8))
        self.assertFalse(self.place.is_banned(EVE, 9))

    def test_rename(self) -> None:
        """Who has another name sits where they sat, in the same order."""
        self.tell(Joined)
        self.tell(Joined, EVE)
        now = Person("adeline", key=1)
        self.tell(PersonChanged, now=now)
        self.assertEqual(list(self.place.seats), ["adeline", "eve"])
        self.assertEqual(self.places.of("ada"), ())
        self.assertEqual(self.places.of("adeline"), (self.place,))

    def test_passing_room_ends(self) -> None:
        """A room that nobody keeps is gone with its last, and is handed over once."""
        passing = self.places.add(Room(8, "#passing", False, 0))
        for person in (ADA, EVE):
            self.places.apply(Joined(by=person, at=0, room=passing.room))
        self.places.apply(Left(by=ADA, at=0, room=passing.room))
        self.assertIn(passing, self.places)
        self.places.apply(Quit(by=EVE, at=0))
        self.assertNotIn(passing, self.places)
        self.assertRaises(NoSuchRoom, self.places.find, "#passing")
        self.assertEqual(self.places.take_ended(), [passing.room])
        self.assertEqual(self.places.take_ended(), [])

    def test_what_does_not_concern_us(self) -> None:
        """Events of rooms that are gone, of people who are gone, or of no room, do nothing."""
        nobody, nowhere = Person("nobody"), Room(9, "#gone", True, 0)
        self.tell(Joined, nobody)
        self.tell(Left)
        self.tell(Quit)
        self.tell(WentAway, text=None)
        self.tell(Invited, who=nobody)
        self.tell(RoleChanged, who=ADA, role=Role.OP, on=True)
        self.places.apply(Joined(by=ADA, at=0, room=nowhere))
        self.assertEqual((self.place.seats, self.place.invited, len(self.places)), ({}, [], 1))

    def test_invitations_of_guests_who_went(self) -> None:
        """Guests who were asked in and went are forgotten when the next one is asked in."""
        self.tell(Joined, EVE, role=Role.MEMBER)
        self.tell(Invited, EVE, who=ADA)
        self.assertEqual(self.place.invited, [])
        self.tell(Left, EVE)
        self.tell(Joined, role=Role.OP)
        self.tell(Invited, who=EVE)
        self.tell(Invited, who=EVE)
        self.assertTrue(self.place.is_invited(EVE))
        (here,) = self.place.invited
        here.sessions.clear()
        self.tell(Invited, who=ADA)
        self.assertFalse(self.place.is_invited(EVE))
        self.assertTrue(self.place.is_invited(Person("adeline", key=1)))
        self.assertFalse(self.place.is_invited(Person("ada")))
