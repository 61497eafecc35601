"""Signs of life: whoever is silent for long is asked for one, and let go if none comes."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.frontends.irc import Options
from tests.house import House

IDLE = Options().idle


class HeartbeatTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.client("ada")

    def passes(self, times: int) -> list[str]:
        for _ in range(times):
            self.house.clock.advance(IDLE)
        return self.ada.hears()

    def test_silent(self) -> None:
        """A client that is silent is asked, and if it stays silent it is let go."""
        bob = self.house.client("bob")
        for client in (self.ada, bob):
            client.joins("#tea")
        self.ada.hears()
        self.assertEqual(self.passes(2), ["PING house"])
        bob.says("PONG house")
        self.assertEqual(self.passes(1), ["ERROR :Closing link: ada (No sign of life)"])
        self.assertTrue(self.ada.gone)
        self.assertIn(":ada QUIT :No sign of life", bob.hears())

    def test_answers(self) -> None:
        """Any line is a sign of life, not only PONG."""
        for line in ("PONG house", "PRIVMSG ada", "BREW", ""):
            self.assertIn("PING house", self.passes(2))
            self.ada.says(line)
        self.assertFalse(self.ada.gone)

    def test_talks(self) -> None:
        """Who has something to say is not asked."""
        for _ in range(9):
            self.ada.says("PONG")
            self.assertEqual(self.passes(1), [])

    def test_gone(self) -> None:
        """Nothing is left to wait for when the client has gone."""
        self.ada.leaves()
        self.house.clock.advance(1)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])
