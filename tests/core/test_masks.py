"""Masks: names, hosts, accounts, real names, guests, and those who may come but not speak."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.masks import fits, full_mask, quiets
from chatd.errors import InvalidParams
from chatd.model import Person

ADA = Person("ada", "~a", "tea.example", "Ada Lovelace", "Ada", 1)
EVE = Person("eve", "~e", "192.0.2.1", "Eve")


class MasksTests(SynchronousTestCase):
    def test_extended(self) -> None:
        """Each kind of extended mask means whom it should."""
        for mask, meant in (
            ("$a:ada", [ADA]),
            ("$a:*", [ADA]),
            ("$u", [EVE]),
            ("$r:*love*", [ADA]),
            ("$r:eve", [EVE]),
            ("$m:*!*@*", []),
            ("$z:ada", []),
            ("$", []),
        ):
            self.assertEqual([one for one in (ADA, EVE) if fits(mask, one)], meant, mask)

    def test_mutes(self) -> None:
        """A mute takes any mask, and counts only for speaking; all other masks do there too."""
        for mask, meant in (
            ("$m:EVE!*@*", [EVE]),
            ("$m:$a:ada", [ADA]),
            ("ada!*@*", [ADA]),
            ("$u", [EVE]),
        ):
            self.assertEqual([one for one in (ADA, EVE) if quiets(mask, one)], meant, mask)

    def test_made_whole(self) -> None:
        """What people write is made whole, in one spelling."""
        for part, whole in (
            ("$A:Bob", "$a:Bob"),
            ("$m:bob", "$m:bob!*@*"),
            ("$M:$A:bob", "$m:$a:bob"),
            ("$U", "$u"),
        ):
            self.assertEqual(full_mask(part), whole)

    def test_unknown(self) -> None:
        """A kind that there is not is refused, and a mute of nobody."""
        for mask in ("$", "$z:ada", "$m", "$m:", "$m:$z"):
            self.assertRaises(InvalidParams, full_mask, mask)
