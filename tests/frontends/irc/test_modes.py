"""MODE: the switches, lists and roles of a room, and one's own modes."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits
from chatd.events import ModeChanged, RoleChanged
from chatd.frontends.irc.modes import Change, changes
from chatd.model import Rank, Role
from tests.house import House

ROOMY = Limits(masks=3, messages_every=0, account_messages_every=0)  # type: ignore[arg-type]


class ChangesTests(SynchronousTestCase):
    def test_letters_and_values(self) -> None:
        """Each letter has its sign, and those that take a value take the next one."""
        self.assertEqual(
            list(changes("+ov-k+l-lb", ("ada", "bob", "x", "5"))),
            [
                Change("o", True, "ada"),
                Change("v", True, "bob"),
                Change("k", False, "x"),
                Change("l", True, "5"),
                Change("l", False, None),
                Change("b", False, None),
            ],
        )

    def test_nothing(self) -> None:
        """Signs alone change nothing."""
        self.assertEqual(list(changes("+-+", ("x",))), [])


class RoomModesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(limits=ROOMY)
        self.ada = self.house.client("ada", account=True)
        self.bob = self.house.client("bob", account=True)
        self.out = self.house.client("out")
        for client in (self.ada, self.bob):
            client.joins("#tea")
        self.ada.hears()

    def asks(self, line: str) -> list[str]:
        self.ada.says(line)
        return self.ada.hears()

    def test_shown(self) -> None:
        """Without letters the modes are shown, and since when there is the room."""
        self.asks("MODE #tea +lk 5 secret")
        self.assertEqual(
            self.asks("MODE #tea"), ["324 ada #tea +ntkl secret 5", "329 ada #tea 1767225600"]
        )
        self.out.says("MODE #tea")
        self.assertEqual(self.out.hears()[0], "324 out #tea +ntkl * 5")

    def test_switches(self) -> None:
        """Each switch goes on and off, everybody in the room hears; nothing if it is so already."""
        for letter in "imnrst":
            self.asks(f"MODE #tea -{letter}")
            self.bob.hears()
            self.assertEqual(self.asks(f"MODE #tea +{letter}"), [f":ada MODE #tea +{letter}"])
            self.assertEqual(self.bob.hears(), [f":ada MODE #tea +{letter}"])
            self.assertEqual(self.asks(f"MODE #tea +{letter}"), [])

    def test_several(self) -> None:
        """Several changes may stand in one line, and are told in one; each has its number."""
        self.assertEqual(self.asks("MODE #tea +mv-t bob"), [":ada MODE #tea +mv-t bob"])
        self.assertEqual(
            self.asks("MODE #tea -v+ok-m+zl bob bob milk 5"),
            [
                "472 ada z :There is no such mode here.",
                ":ada MODE #tea -v+ok-m+l bob bob milk 5",
            ],
        )
        latest = self.house.core.history.latest(self.ada.session, "#tea", 5)
        changes = self.house.now(latest).entries
        self.assertTrue(all(isinstance(e, RoleChanged | ModeChanged) for e in changes))
        self.assertEqual(changes[-1].number - changes[0].number, 4)

    def test_one_after_another(self) -> None:
        """Each change is checked as if those before it were done."""
        told, refused = self.asks("MODE #tea -qo+m ada ada")
        self.assertEqual(told, ":ada MODE #tea -qo ada ada")
        self.assertTrue(refused.startswith("482 "), refused)

    def test_long(self) -> None:
        """What does not fit one line is told in several."""
        letter, masks = "bbeeI", [f"{'x' * 90}{n}!*" for n in range(5)]
        found = self.asks(f"MODE #tea +{letter} {' '.join(masks)}")
        self.assertEqual([line.split()[2] for line in found if " MODE " in line], ["#tea"] * 2)
        self.assertEqual(sum(line.count("!*@*") for line in found), 5)

    def test_password(self) -> None:
        """A key opens the room to those who have it; a senseless one is refused."""
        self.assertEqual(self.asks("MODE #tea +k sesame"), [":ada MODE #tea +k sesame"])
        self.out.says("JOIN #tea", "JOIN #tea wrong", "JOIN #tea sesame")
        verbs = [line.verb for line in self.out.lines()]
        self.assertEqual(verbs, ["475", "475", "JOIN", "353", "366"])
        self.ada.hears()
        for bad in ("a,b", ":a b", ":", "x" * 65):
            self.assertEqual(self.asks(f"MODE #tea +k {bad}")[0].split()[0], "696", bad)
        self.assertEqual(self.asks("MODE #tea +k"), ["461 ada MODE :+k needs a value."])
        self.assertEqual(self.asks("MODE #tea -k x"), [":ada MODE #tea -k *"])

    def test_limit(self) -> None:
        """A room can be full."""
        self.assertEqual(self.asks("MODE #tea +l 002"), [":ada MODE #tea +l 2"])
        self.out.says("JOIN #tea")
        self.assertEqual([line.verb for line in self.out.lines()], ["471"])
        for bad in ("0", "-1", "x", "9" * 30, "١"):
            self.assertEqual(self.asks(f"MODE #tea +l {bad}")[0].split()[0], "696", bad)
        self.assertEqual(self.asks("MODE #tea -l"), [":ada MODE #tea -l"])

    def test_lists(self) -> None:
        """Masks are put on the lists and taken off; a list is shown without a mask."""
        for letter, item, end in (("b", "367", "368"), ("e", "348", "349"), ("I", "346", "347")):
            self.assertEqual(
                self.asks(f"MODE #tea +{letter} out"), [f":ada MODE #tea +{letter} out!*@*"]
            )
            first, last = self.asks(f"MODE #tea {letter}")
            self.assertEqual(first, f"{item} ada #tea out!*@* ada 1767225600")
            self.assertTrue(last.startswith(f"{end} ada #tea "))
            self.assertEqual(
                self.asks(f"MODE #tea -{letter} OUT"), [f":ada MODE #tea -{letter} OUT!*@*"]
            )

    def test_list_is_full(self) -> None:
        """A list holds only so many."""
        self.asks("MODE #tea +bbb a b c")
        self.assertEqual(
            self.asks("MODE #tea +b d"), ["478 ada #tea :The ban list of #tea is full."]
        )

    def test_outsiders(self) -> None:
        """Outsiders see no lists, change nothing, and see nothing of a secret room."""
        self.out.says("MODE #tea +m", "MODE #tea b", "MODE #nowhere")
        self.assertEqual([line.verb for line in self.out.lines()], ["442", "442", "403"])
        self.asks("MODE #tea +s")
        self.out.says("MODE #tea")
        self.assertEqual([line.verb for line in self.out.lines()], ["403"])

    def test_members(self) -> None:
        """Members see the lists, but change nothing."""
        self.bob.says("MODE #tea b", "MODE #tea +m", "MODE #tea +o bob")
        self.assertEqual([line.verb for line in self.bob.lines()], ["368", "482", "482"])

    def test_roles(self) -> None:
        """Roles are given and taken; somebody else has to be there."""
        self.assertEqual(self.asks("MODE #tea +oq bob"), [":ada MODE #tea +o bob"])
        self.assertEqual(
            self.asks("MODE #tea +o nobody"), ["401 ada nobody :There is nobody called nobody."]
        )
        self.assertEqual(self.asks("MODE #tea +o out"), ["441 ada out #tea :out is not in #tea."])
        self.assertEqual(self.asks("MODE #tea +o"), [])
        place = self.house.core.places.find("#tea")
        self.assertEqual(place.seats["bob"].role, Role.OP)

    def test_unknown(self) -> None:
        """A letter that there is not has its number; the others count all the same."""
        self.assertEqual(
            self.asks("MODE #tea +zm"),
            ["472 ada z :There is no such mode here.", ":ada MODE #tea +m"],
        )

    def test_no_more_than_so_many(self) -> None:
        """Only so many changes of one line count."""
        self.assertEqual(len(self.asks("MODE #tea " + "+z" * 50)), 20)


class OwnModesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.client("ada")

    def asks(self, line: str) -> list[str]:
        self.ada.says(line)
        return self.ada.hears()

    def test_changed(self) -> None:
        """One's own modes are changed and shown; what is so already is not told."""
        self.assertEqual(self.asks("MODE ada +iw"), [":ada MODE ada +iw"])
        self.assertEqual(self.asks("MODE ADA"), ["221 ada +iw"])
        self.assertEqual(self.asks("MODE ada +i"), [])
        self.assertEqual(self.asks("MODE ada -i+B"), [":ada MODE ada +B-i"])

    def test_unknown(self) -> None:
        """A letter that there is not has its number."""
        self.assertEqual(self.asks("MODE ada +z"), ["501 ada :There is no such mode of yours."])

    def test_others(self) -> None:
        """Those of others are none of one's business."""
        self.house.client("bob")
        self.assertEqual(self.asks("MODE bob"), ["502 ada :Those are not your modes."])
        self.assertEqual(self.asks("MODE eve"), ["401 ada eve :Those are not your modes."])

    def test_office(self) -> None:
        """Nobody makes themselves an operator; an operator can lay it down."""
        self.assertEqual(self.asks("MODE ada +o"), [])
        self.house.account("boss", Rank.ADMIN)
        self.asks("OPER boss sesame")
        self.assertEqual(self.asks("MODE ada -o"), [":ada MODE ada -o"])
        self.assertEqual(self.asks("WALLOPS :x")[0].split()[0], "481")
