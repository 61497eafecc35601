"""Rooms with thousands of people: answers that are too long for one turn of the reactor."""

from __future__ import annotations

import pytest
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.places import NOBODY, Seat
from chatd.core.sessions import Here
from chatd.frontends import portions
from chatd.model import Person, Role
from tests.house import Client, FakeSession, House

MANY = 2000


class CrowdTests(SynchronousTestCase):
    """ada and bob are in #tea, with so many others; a turn allows but one line to be said."""

    def setUp(self) -> None:
        patch = pytest.MonkeyPatch()
        patch.setattr(portions, "TURN", 0.0)
        self.addCleanup(patch.undo)
        self.house = House()
        self.ada = self.house.client("ada")
        self.bob = self.house.client("bob")
        self.ada.joins("#tea")
        self.bob.joins("#tea")
        self.ada.hears()
        place = self.house.core.places.find("#tea")
        for number in range(MANY):
            person = Person(f"crowd{number}", host="crowd")
            here = Here(person, {"one": FakeSession(person)})
            place.seats[person.name] = Seat(here, Role.MEMBER)
        place.crowd = NOBODY

    def begins(self, client: Client, line: str) -> int:
        """Ask for something; how many lines come before the others have their turn."""
        client.protocol.dataReceived(line.encode() + b"\r\n")
        self.house.irc.mailman.empty()
        return client.transport.value().count(b"\r\n")

    def names(self, client: Client) -> list[str]:
        """All names that a client is told, up to the end."""
        lines = client.lines()
        self.assertEqual(lines[-1].verb, "366")
        told = [line.params[3] for line in lines if line.verb == "353"]
        return [name.lstrip("@~") for names in told for name in names.split()]

    def test_names(self) -> None:
        """NAMES is told bit by bit, and all of it."""
        self.assertLess(self.begins(self.ada, "NAMES #tea"), 3)
        self.assertEqual(len(set(self.names(self.ada))), MANY + 2)

    def test_who(self) -> None:
        """So is WHO, also with a label."""
        self.assertLess(self.begins(self.ada, "WHO #tea"), 3)
        *people, end = self.ada.lines()
        self.assertEqual(([line.verb for line in people], end.verb), (["352"] * (MANY + 2), "315"))
        eve = self.house.client("eve", caps="labeled-response batch")
        self.assertLess(self.begins(eve, "@label=x WHO #tea"), 3)
        first, *people, end, last = eve.lines()
        self.assertEqual((first.verb, first.tags["label"]), ("BATCH", "x"))
        self.assertEqual((len(people), end.verb, last.verb), (MANY + 2, "315", "BATCH"))

    def test_list(self) -> None:
        """So is LIST, also while nothing is found."""
        for number in range(20):
            self.bob.joins(f"#room{number}")
        self.assertLess(self.begins(self.ada, "LIST"), 3)
        self.assertEqual(len(self.ada.lines()), 22)
        self.assertEqual(self.begins(self.ada, "LIST #nothing*"), 0)
        self.assertEqual([line.verb for line in self.ada.lines()], ["323"])

    def test_coming_in(self) -> None:
        """Who comes into a large room is told of it bit by bit."""
        eve = self.house.client("eve")
        self.begins(eve, "JOIN #tea")
        self.assertEqual(len(set(self.names(eve))), MANY + 3)

    def test_in_order_with_a_label(self) -> None:
        """Nothing that happens in a room is told before one's own coming there, also if that
        has a label and a long answer."""
        eve = self.house.client("eve", caps="labeled-response batch")
        self.begins(eve, "@label=x JOIN #tea")
        self.bob.says("PRIVMSG #tea :hello")
        lines = eve.lines()
        verbs = [line.verb for line in lines]
        self.assertEqual(verbs[:2], ["BATCH", "JOIN"])
        (said,) = (line for line in lines if line.verb == "PRIVMSG")
        reference = lines[0].params[0].removeprefix("+")
        inside = [line for line in lines if line.tags.get("batch") == reference]
        self.assertEqual(len(inside), len(lines) - 3)
        self.assertNotIn(said, inside)
        self.assertEqual((lines[0].tags["label"], lines[-1].params), ("x", (f"-{reference}",)))

    def test_in_order(self) -> None:
        """What a client asks next is answered after all of what it asked before."""
        self.ada.says("NAMES #tea", "PING x", "WHO #tea", "PING y")
        verbs = [line.verb for line in self.ada.lines() if line.verb in ("366", "315", "PONG")]
        self.assertEqual(verbs, ["366", "PONG", "315", "PONG"])

    def test_who_goes_meanwhile(self) -> None:
        """Nobody is told to be there after it was told that they have gone, or are renamed."""
        self.begins(self.ada, "NAMES #tea")
        place = self.house.core.places.find("#tea")
        del place.seats["crowd1999"]
        self.bob.says("NICK rob")
        self.house.settle()
        names = self.names(self.ada)
        self.assertNotIn("crowd1999", names)
        self.assertEqual(len(set(names)), MANY + 1)

    def test_others_are_not_kept_waiting(self) -> None:
        """While one is told of thousands, another is answered."""
        self.begins(self.ada, "WHO #tea")
        self.assertEqual(self.begins(self.bob, "PING x"), 1)

    def test_gone_half_way(self) -> None:
        """For somebody who is gone nothing more is done."""
        self.begins(self.ada, "WHO #tea")
        self.ada.leaves()
        self.assertEqual(self.house.irc.portions._piles, {})
