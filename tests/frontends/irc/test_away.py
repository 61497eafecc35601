"""AWAY before one is on line, and of clients without a person."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.house import Client, House


class PreAwayTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.house.account("ada")
        self.bob = self.house.client("bob", "away-notify")
        self.bob.joins("#tea")

    def comes(self, *lines: str) -> Client:
        client = self.house.stranger()
        client.says("PASS ada:sesame", "CAP REQ :draft/pre-away", *lines)
        client.says("NICK ada", "USER ada 0 * :Ada", "CAP END")
        self.assertIn("001", {line.verb for line in client.lines()})
        return client

    def away(self) -> str | None:
        return self.house.core.sessions.find("ada").away

    def test_before_on_line(self) -> None:
        """What was said before holds from the first moment on."""
        ada = self.comes("AWAY :tea")
        self.assertEqual(self.away(), "tea")
        ada.joins("#tea")
        self.assertEqual(self.bob.hears(), [":ada JOIN #tea", ":ada AWAY tea"])

    def test_without_the_capability(self) -> None:
        """Without the capability it is too early."""
        client = self.house.stranger()
        client.says("AWAY :tea")
        self.assertTrue(client.hears()[0].startswith("451"))

    def test_nobody_there(self) -> None:
        """`AWAY *` counts until a client with a person comes, and not beside one."""
        self.comes("AWAY *")
        self.assertEqual(self.away(), "*")
        person = self.comes()
        self.assertIsNone(self.away())
        self.comes("AWAY *").says("AWAY *")
        self.assertIsNone(self.away())
        person.says("AWAY :tea")
        self.comes("AWAY *")
        self.assertEqual(self.away(), "tea")
        self.comes("AWAY :sleep")
        self.assertEqual(self.away(), "sleep")
