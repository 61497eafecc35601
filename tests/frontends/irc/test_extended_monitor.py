"""Extended MONITOR: what those hear of somebody who watch them from afar."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.house import Client, House

CAPS = "away-notify account-notify setname extended-monitor"


class ExtendedMonitorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.client("ada", "setname")
        self.bob = self.watching("bob", CAPS)

    def watching(self, name: str, caps: str) -> Client:
        client = self.house.client(name, caps)
        client.says("MONITOR + ada")
        client.hears()
        return client

    def test_from_afar(self) -> None:
        """Away, real name and account are told to those who watch."""
        self.ada.says("AWAY :tea", "AWAY", "SETNAME :Countess", "REGISTER * * :correct-horse")
        self.assertEqual(
            self.bob.hears(),
            [":ada AWAY tea", ":ada AWAY", ":ada SETNAME Countess", ":ada ACCOUNT ada"],
        )

    def test_only_once(self) -> None:
        """Whoever shares a room as well hears it once."""
        self.ada.joins("#tea"), self.bob.joins("#tea")
        self.bob.hears()
        self.ada.says("AWAY :tea")
        self.assertEqual(self.bob.hears(), [":ada AWAY tea"])

    def test_who_asked_for_it(self) -> None:
        """Without the capability, or the one for the thing itself, nothing is told."""
        plain = self.watching("eve", CAPS.replace(" extended-monitor", ""))
        some = self.watching("mia", "setname extended-monitor")
        self.ada.says("AWAY :tea", "SETNAME :Countess")
        self.assertEqual(plain.hears(), [])
        self.assertEqual(some.hears(), [":ada SETNAME Countess"])

    def test_names(self) -> None:
        """Another name is told as a coming and going, and not as a change."""
        self.ada.says("NICK Ada", "NICK eda")
        self.assertEqual([line[:3] for line in self.bob.hears()], ["731"])
