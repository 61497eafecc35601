"""Bans of those who belong to a room already."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.house import House


class BannedMemberTests(SynchronousTestCase):
    def test_ban_while_away(self) -> None:
        """A member who was banned while off line is not let in again, nor put back at log-in."""
        house = House()
        ada = house.client("ada", account=True)
        ada.joins("#tea")
        bob = house.client("bob", account=True)
        bob.joins("#tea")
        bob.leaves()
        ada.says("MODE #tea +b bob")
        bob = house.client("bob", account=True)
        self.assertEqual([], [line for line in bob.hears() if "#tea" in line])
        bob.says("JOIN #tea")
        self.assertEqual(["474 bob #tea :You are banned from #tea."], bob.hears())
        ada.says("MODE #tea -b bob")
        bob.says("JOIN #tea")
        self.assertIn(":bob JOIN #tea", bob.hears())
