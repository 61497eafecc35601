"""LIST: which rooms there are, with the conditions of ELIST."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.house import House


class ListTests(SynchronousTestCase):
    """#tea is an hour old with a topic of half an hour and two in it; #pot is new with one."""

    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.client("ada", account=True)
        self.bob = self.house.client("bob", account=True)
        self.ada.joins("#tea")
        self.house.clock.advance(1800)
        self.ada.says("TOPIC #tea :of tea")
        self.bob.joins("#tea")
        self.house.clock.advance(1800)
        self.ada.joins("#Pot[1]")
        self.bob.hears()

    def rooms(self, conditions: str = "") -> list[str]:
        self.bob.says(f"LIST {conditions}")
        *rooms, end = self.bob.lines()
        self.assertEqual((end.verb, end.params[-1]), ("323", "End of /LIST."))
        self.assertEqual({line.verb for line in rooms} | {"322"}, {"322"})
        return [line.params[1] for line in rooms]

    def test_all(self) -> None:
        """Without conditions all rooms, with how many are there, and the topic."""
        self.bob.says("LIST")
        self.assertEqual(
            self.bob.hears(),
            ["322 bob #tea 2 :of tea", "322 bob #Pot[1] 1 :", "323 bob :End of /LIST."],
        )

    def test_conditions(self) -> None:
        """By name, mask, how many there are, age, and age of the topic."""
        for conditions, rooms in (
            ("#TEA", ["#tea"]),
            ("#tea,#pot[1]", ["#tea", "#Pot[1]"]),
            ("#p*", ["#Pot[1]"]),
            ("#p*[1]", ["#Pot[1]"]),
            ("!#p*", ["#tea"]),
            ("#nowhere", []),
            (">1", ["#tea"]),
            ("<2", ["#Pot[1]"]),
            (">1,#p*", []),
            ("C<30", ["#Pot[1]"]),
            ("C>30", ["#tea"]),
            ("T<40", ["#tea"]),
            ("t>40", []),
            ("T<x", []),
            ("<", []),
            (",,", ["#tea", "#Pot[1]"]),
        ):
            self.assertEqual(self.rooms(conditions), rooms, conditions)

    def test_secret(self) -> None:
        """A secret room is shown only to those who are in it."""
        self.ada.says("MODE #tea +s", "MODE #Pot[1] +s")
        self.bob.hears()
        self.assertEqual(self.rooms(), ["#tea"])
        self.assertEqual(self.rooms("#pot[1]"), [])
