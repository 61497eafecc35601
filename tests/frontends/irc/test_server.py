"""LINKS, HELPOP, INVITE without parameters, a door's password, and who founds a room."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits, Server
from chatd.model import Secret
from tests.house import FAST, Client, House


class OldWordsTests(SynchronousTestCase):
    def asks(self, client: Client, line: str) -> list[str]:
        client.hears()
        client.says(line)
        return client.hears()

    def test_links(self) -> None:
        """LINKS tells nothing of how the house is built."""
        ada = House().client("ada")
        self.assertEqual(self.asks(ada, "LINKS"), ["365 ada * :End of /LINKS list."])

    def test_names(self) -> None:
        """NAMES of several rooms ends with one line; of none, with a star."""
        ada = House().client("ada")
        ada.joins("#tea", "#milk")
        self.assertEqual(
            self.asks(ada, "NAMES #tea,#milk,#no,#tea"),
            [
                "353 ada = #tea :@ada",
                "353 ada = #milk :@ada",
                "366 ada #tea,#milk,#no :End of /NAMES list.",
            ],
        )
        self.assertEqual(self.asks(ada, "NAMES"), ["366 ada * :End of /NAMES list."])

    def test_empty_real_name(self) -> None:
        """USER without a real name is not complete."""
        client = House().stranger()
        client.says("NICK ada", "USER ada 0 * :")
        self.assertEqual([line.verb for line in client.lines()], ["461"])

    def test_log_in_given_up(self) -> None:
        """Whoever comes on line in the middle of a log-in is told that it is given up."""
        client = House().stranger()
        client.says("CAP REQ :sasl", "AUTHENTICATE PLAIN", "NICK ada", "USER ada 0 * :Ada")
        client.says("CAP END")
        verbs = [line.verb for line in client.lines()]
        self.assertLess(verbs.index("906"), verbs.index("001"))

    def test_helpop(self) -> None:
        """HELPOP is HELP by another name."""
        ada = House().client("ada")
        self.assertEqual(self.asks(ada, "HELPOP topic"), self.asks(ada, "HELP topic"))
        self.assertTrue(self.asks(ada, "HELPOP nothing")[0].startswith("524 ada nothing :"))

    def test_invitations(self) -> None:
        """INVITE alone lists where one is asked in, until one has come."""
        house = House()
        ada, bob = house.client("ada"), house.client("bob")
        ada.joins("#tea", "#milk")
        end = "337 bob :End of /INVITE list."
        self.assertEqual(self.asks(bob, "INVITE"), [end])
        ada.says("MODE #tea +l 1", "INVITE bob #tea")
        self.assertEqual(self.asks(bob, "INVITE"), ["336 bob #tea", end])
        self.assertIn(":bob JOIN #tea", self.asks(bob, "JOIN #tea"))
        self.assertEqual(self.asks(bob, "INVITE"), [end])


class PasswordTests(SynchronousTestCase):
    def comes(self, *before: str) -> tuple[Client, list[str]]:
        house = House()
        options = replace(house.irc.options, password=Secret("tea=time"))
        house.irc = replace(house.irc, options=options)
        client = house.stranger()
        client.says(*before, "NICK ada", "USER ada 0 * :Ada")
        return client, [line.verb for line in client.lines()]

    def test_right(self) -> None:
        """Whoever knows the door's password comes in."""
        client, verbs = self.comes("PASS tea=time")
        self.assertIn("001", verbs)
        self.assertFalse(client.gone)

    def test_wrong(self) -> None:
        """All others are told so and hung up on."""
        for before in ((), ("PASS tea",), ("PASS ada:tea=time",)):
            client, verbs = self.comes(*before)
            self.assertEqual((verbs, client.gone), (["464", "ERROR"], True), before)


class FoundersTests(SynchronousTestCase):
    def house(self, founders: str, limits: Limits = FAST) -> House:
        server = Server(name="house", lobby="", founders=founders)  # type: ignore[arg-type]
        return House(server=server, limits=limits)

    def test_signs(self) -> None:
        """Who makes a room is what the ini says, from the first moment and after a return."""
        for founders, sign in (("owner", "~@"), ("op", "@")):
            house = self.house(founders)
            ada = house.client("ada", "multi-prefix", account=True)
            ada.says("JOIN #tea")
            self.assertIn(f"353 ada = #tea :{sign}ada", ada.hears())
            member = house.now(house.store.members(house.core.rooms.find("#tea").key))[0]
            self.assertEqual(house.core.rooms.founder, member.role)

    def test_limit(self) -> None:
        """Rooms that one founded are counted, whatever one is there."""
        for founders in ("owner", "op"):
            house = self.house(founders, replace(FAST, rooms_per_account=1))
            ada = house.client("ada", account=True)
            ada.joins("#tea")
            ada.says("JOIN #milk")
            self.assertNotIn(":ada JOIN #milk", ada.hears())
