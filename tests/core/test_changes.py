"""Several changes of a room as one act."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.changes import Grant, SetMask, SetMode
from chatd.errors import NotAllowed, NotKept, TheyAreNotInRoom
from chatd.model import Listing, Mode, Role
from tests.house import Disk, House


class ChangeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.disk = Disk()
        self.house = House(self.disk)
        self.ada, self.bob = (self.house.session(n, account=True) for n in ("ada", "bob"))
        self.eve = self.house.session("eve", account=True)
        for session in (self.ada, self.bob):
            self.house.ask(session, "JOIN", "#tea")
        self.place = self.house.core.places.find("#tea")
        self.bob.hears()

    def change(self, *wishes: SetMode | Grant | SetMask) -> list[type[Exception]]:
        refused = self.house.now(self.house.core.rooms.change(self.ada, "#tea", wishes))
        return [type(error) for error in refused]

    def test_all(self) -> None:
        """What may be is done, what is refused comes back."""
        refused = self.change(
            SetMode(Mode.SECRET, True),
            Grant("eve", Role.OP, True),
            Grant("bob", Role.OP, True),
            SetMask(Listing.BAN, "x!*@*", True),
            SetMask(Listing.BAN, "X!*@*", True),
            SetMode("limit", True, "5"),
        )
        self.assertEqual(refused, [TheyAreNotInRoom])
        self.assertEqual(len(self.bob.hears()), 4)
        self.assertEqual((self.place.room.limit, Mode.SECRET in self.place.room.modes), (5, True))
        kept = [room for room in self.house.now(self.disk.rooms()) if room.name == "#tea"]
        self.assertEqual(kept, [self.place.room])

    def test_there_and_back(self) -> None:
        """What is undone at once was done nevertheless."""
        ban = SetMask(Listing.BAN, "x!*@*", True)
        self.assertEqual(self.change(ban, SetMask(Listing.BAN, "X!*@*", False)), [])
        self.assertEqual((len(self.bob.hears()), self.place.masks), (2, []))

    def test_role_given_up(self) -> None:
        """Who has given up a role has it no more for what follows."""
        own = [Grant("ada", Role.OWNER, False), Grant("ada", Role.OP, False)]
        self.assertEqual(self.change(*own, SetMode(Mode.SECRET, True)), [NotAllowed])
        self.assertNotIn(Mode.SECRET, self.place.room.modes)

    def test_not_kept(self) -> None:
        """If it cannot be kept nothing of it is so, and nobody hears of it."""
        self.disk.full = True
        with self.assertRaises(NotKept):
            self.change(SetMode(Mode.SECRET, True), Grant("bob", Role.OP, True))
        self.assertEqual(self.bob.hears(), [])
        self.assertNotIn(Mode.SECRET, self.place.room.modes)
