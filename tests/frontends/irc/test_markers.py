"""MARKREAD: how far one has read (IRCv3 draft/read-marker)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.house import House

CAPS = "draft/read-marker batch labeled-response"
ONE, TWO = "timestamp=2025-01-01T00:00:00.001Z", "timestamp=2025-01-02T00:00:00.000Z"


class MarkersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.client("ada", CAPS, account=True)

    def asks(self, text: str) -> list[str]:
        self.ada.says(text)
        return self.ada.hears()

    def test_join(self) -> None:
        """Whoever comes into a room is told before the names are over."""
        self.assertEqual(self.asks("JOIN #tea")[2:], ["MARKREAD #tea *", *NAMES])
        self.asks(f"MARKREAD #tea {ONE}")
        second = self.house.client("ada", CAPS, account=True)
        second.says("PART #tea")
        second.hears()
        self.assertEqual(self.asks("JOIN #tea")[2:3], [f"MARKREAD #tea {ONE}"])

    def test_never_back(self) -> None:
        """An earlier time is answered with the later, and all sessions hear of what is new."""
        self.asks("JOIN #tea")
        other, plain = (self.house.client("ada", caps, account=True) for caps in (CAPS, ""))
        other.hears(), plain.hears()
        self.assertEqual(self.asks(f"MARKREAD #tea {TWO}"), [f"MARKREAD #tea {TWO}"])
        self.assertEqual(self.asks(f"MARKREAD #tea {ONE}"), [f"MARKREAD #tea {TWO}"])
        self.assertEqual(self.asks("MARKREAD #tea"), [f"MARKREAD #tea {TWO}"])
        self.assertEqual((other.hears(), plain.hears()), ([f"MARKREAD #tea {TWO}"], []))

    def test_label(self) -> None:
        """The answer carries the label."""
        self.ada.says("@label=1 MARKREAD bob")
        (line,) = self.ada.lines()
        self.assertEqual((line.params, line.tags["label"]), (("bob", "*"), "1"))

    def test_refused(self) -> None:
        """What is no time, or not one's own to read, is refused."""
        self.asks("JOIN #tea")
        self.assertTrue(self.asks("MARKREAD")[0].startswith("FAIL MARKREAD NEED_MORE_PARAMS "))
        for bad in ("#tea *", "#tea timestamp=soon", "#tea msgid=1-1", f"#no {ONE}"):
            (line,) = self.asks(f"MARKREAD {bad}")
            self.assertTrue(line.startswith("FAIL MARKREAD INVALID_PARAMS #"), line)


NAMES = ["353 ada = #tea :~ada", "366 ada #tea :End of /NAMES list."]
