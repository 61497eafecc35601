"""005: on request, before one is on line, as a batch, and with a picture."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Server
from tests.house import House

CAP = "batch draft/extended-isupport"


class IsupportTests(SynchronousTestCase):
    def test_before_on_line(self) -> None:
        """With the capability it can be asked for at once, and comes as a batch."""
        client = House().stranger()
        client.says("ISUPPORT")
        self.assertTrue(client.hears()[0].startswith("451"))
        client.says(f"CAP REQ :{CAP}")
        client.hears()
        client.says("ISUPPORT")
        first, *inner, last = client.lines()
        self.assertEqual((first.verb, first.params[1]), ("BATCH", "draft/isupport"))
        self.assertEqual({line.verb for line in inner}, {"005"})
        self.assertEqual(
            {line.tags["batch"] for line in inner}, {first.params[0].removeprefix("+")}
        )
        self.assertEqual(last.params, (first.params[0].replace("+", "-"),))

    def test_greeting(self) -> None:
        """It is a batch among the first lines too, for those who asked for that; else plain."""
        house = House()
        client = house.stranger()
        client.says(f"CAP REQ :{CAP}", "NICK ada", "USER ada 0 * :Ada", "CAP END")
        self.assertNotIn(None, [l.tags.get("batch") for l in client.lines() if l.verb == "005"])  # noqa: E741
        bob = house.client("bob")
        bob.says("ISUPPORT")
        self.assertEqual({line.verb for line in bob.lines()}, {"005"})

    def test_icon(self) -> None:
        """A house with a picture says where it is."""
        for icon, wanted in (("", 0), ("https://chat.example/i.png?a=1", 1)):
            house = House(server=Server(name="house", lobby="", icon=icon))
            ada = house.client("ada")
            ada.says("VERSION")
            text = "\n".join(ada.hears())
            self.assertEqual(text.count("draft/ICON=https://chat.example/i.png?a\\x3D1"), wanted)
            self.assertEqual(text.count("ICON"), wanted)
