"""Asking about people: WHO, WHOX, WHOIS, WHOWAS, USERHOST, ISON, MONITOR."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Auth, Limits
from chatd.model import Rank
from chatd.wire.irc import LONGEST
from tests.house import Client, House

OPEN = Auth(guests=True, cloak=False)


class PeopleTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(auth=OPEN)
        self.ada = self.here("ada", account=True)
        self.bob = self.here("bob")
        for client in (self.ada, self.bob):
            client.joins("#tea")
        self.ada.hears()

    def here(self, name: str, caps: str = "", account: bool = False) -> Client:
        return self.house.client(name, caps, account)

    def asks(self, line: str, client: Client | None = None) -> list[str]:
        client = client or self.ada
        client.says(line)
        return client.hears()


class WhoTests(PeopleTestCase):
    def test_room(self) -> None:
        """WHO of a room: everybody in it, with their flags."""
        self.asks("AWAY :tea", self.bob)
        self.ada.hears()
        host = self.ada.session.person.host
        self.assertEqual(
            self.asks("WHO #tea"),
            [
                f"352 ada #tea ~ada {host} house ada H~ :0 Ada",
                f"352 ada #tea ~bob {host} house bob G :0 Bob",
                "315 ada #tea :End of WHO list.",
            ],
        )

    def test_all_signs(self) -> None:
        """All roles for those who asked for that."""
        self.asks("CAP REQ multi-prefix")
        self.assertIn(" ada H~@ ", self.asks("WHO #tea")[0])

    def test_names(self) -> None:
        """WHO of a name, or of a mask; brackets are not special."""
        self.here("b[ob]")
        for mask, found in (
            ("bob", ["bob"]),
            ("BO?", ["bob"]),
            ("*b*", ["bob", "b[ob]"]),
            ("b[ob]*", ["b[ob]"]),
            ("b[o]*", []),
            ("nobody", []),
            ("#nowhere", []),
        ):
            lines = self.asks(f"WHO {mask}")
            self.assertEqual([line.split()[6] for line in lines[:-1]], found, mask)
            self.assertEqual(lines[-1], f"315 ada {mask} :End of WHO list.")

    def test_hidden(self) -> None:
        """Who wants to be found only by their own is found only by those."""
        eve = self.here("eve")
        self.asks("MODE bob +i", self.bob)
        self.assertNotIn("bob", " ".join(self.asks("WHO b*", eve)))
        self.assertIn("bob", " ".join(self.asks("WHO b*", self.ada)))
        self.assertIn("bob", " ".join(self.asks("WHO b*", self.bob)))
        self.assertIn("bob", " ".join(self.asks("WHO bob", eve)))

    def test_secret_room(self) -> None:
        """A secret room says nothing to outsiders."""
        self.asks("MODE #tea +s")
        self.assertEqual(len(self.asks("WHO #tea", self.here("eve"))), 1)

    def test_operators(self) -> None:
        """`o` asks only for operators."""
        self.house.account("boss", Rank.ADMIN)
        self.assertEqual(len(self.asks("WHO * o")), 1)
        self.asks("OPER boss sesame", self.bob)
        first, _ = self.asks("WHO * o")
        self.assertIn(" bob H* ", first)

    def test_whox(self) -> None:
        """WHOX gives the fields that are asked for, in the order of its specification."""
        host = self.bob.session.person.host
        self.house.clock.advance(61)
        self.assertEqual(
            self.asks("WHO bob %tcuihsnfdlaor,152"),
            [
                f"354 ada 152 * ~bob 255.255.255.255 {host} house bob H 0 61 0 n/a Bob",
                "315 ada bob :End of WHO list.",
            ],
        )
        self.assertEqual(self.asks("WHO #tea %na")[0], "354 ada ada ada")
        self.assertEqual(self.asks("WHO #tea %cnfz")[1], "354 ada #tea bob H")
        self.assertEqual(self.asks("WHO bob %t")[0], "354 ada 0")


class WhoisTests(PeopleTestCase):
    def test_somebody(self) -> None:
        """WHOIS tells what may be known."""
        self.asks("AWAY :at tea", self.bob)
        self.ada.hears()
        self.house.clock.advance(90)
        host = self.bob.session.person.host
        lines = self.asks("WHOIS BOB")
        self.assertEqual(lines[0], f"311 ada bob ~bob {host} * Bob")
        self.assertIn("319 ada bob #tea", lines)
        self.assertIn("301 ada bob :at tea", lines)
        self.assertIn("317 ada bob 90 1767225600 :seconds idle, signon time", lines)
        self.assertEqual(lines[-1], "318 ada bob :End of /WHOIS list.")
        self.assertNotIn("338", " ".join(lines))

    def test_with_account(self) -> None:
        """Somebody's account is told to all, their address only to themselves."""
        self.assertIn("330 bob ada ada :is logged in as", self.asks("WHOIS ada", self.bob))
        self.assertIn("338", [line.split()[0] for line in self.asks("WHOIS ada")])

    def test_server_first(self) -> None:
        """WHOIS server name asks for the name."""
        self.assertTrue(self.asks("WHOIS house bob")[0].startswith("311 ada bob"))

    def test_nobody(self) -> None:
        """Of nobody there is nothing to tell."""
        self.assertEqual(
            self.asks("WHOIS eve"),
            ["401 ada eve :There is nobody called eve.", "318 ada eve :End of /WHOIS list."],
        )
        self.assertTrue(self.asks("WHOIS")[0].startswith("461 ada WHOIS"))

    def test_secret_rooms(self) -> None:
        """A secret room is not told to outsiders."""
        self.asks("MODE #tea +s")
        lines = self.asks("WHOIS bob", self.here("eve"))
        self.assertNotIn("319", [line.split()[0] for line in lines])

    def test_rooms_of_somebody_invisible(self) -> None:
        """Rooms of somebody invisible are told to themselves, those inside, and operators."""
        eve = self.here("eve")
        self.asks("MODE bob +i", self.bob)
        self.bob.joins("#milk")
        self.assertIn("319 ada bob #tea", self.asks("WHOIS bob"))
        self.assertIn("319 bob bob :#tea @#milk", self.asks("WHOIS bob", self.bob))
        self.assertNotIn("319", [line.split()[0] for line in self.asks("WHOIS bob", eve)])
        self.house.account("boss", Rank.ADMIN)
        self.asks("OPER boss sesame", eve)
        self.assertIn("319 eve bob :#tea @#milk", self.asks("WHOIS bob", eve))

    def test_whowas(self) -> None:
        """WHOWAS tells who had a name before, the newest first."""
        self.asks("QUIT", self.bob)
        self.ada.hears()
        self.asks("QUIT", self.here("bob"))
        verbs = [line.split()[0] for line in self.asks("WHOWAS bob")]
        self.assertEqual(verbs, ["314", "312", "314", "312", "369"])
        self.assertEqual(len(self.asks("WHOWAS bob 1")), 3)
        self.assertEqual(self.asks("WHOWAS eve")[0].split()[0], "406")
        self.assertEqual(self.asks("WHOWAS bob x")[0].split()[-1], "number.")

    def test_userhost(self) -> None:
        """USERHOST tells the hosts of up to five."""
        self.asks("AWAY :tea", self.bob)
        self.ada.hears()
        host = self.bob.session.person.host
        (line,) = self.asks("USERHOST ada bob eve")
        self.assertEqual(line, f"302 ada :ada=+~ada@{host} bob=-~bob@{host}")
        self.assertEqual(self.asks("USERHOST")[0].split()[0], "461")

    def test_ison(self) -> None:
        """ISON tells which of some are on line."""
        self.assertEqual(self.asks("ISON eve BOB ada"), ["303 ada :bob ada"])
        self.assertEqual(self.asks("ISON :bob eve"), ["303 ada bob"])
        self.assertEqual(self.asks("ISON eve"), ["303 ada :"])
        self.assertEqual(self.asks("ISON")[0].split()[0], "461")


class MonitorTests(PeopleTestCase):
    def test_told_at_once(self) -> None:
        """Who is put on the list is told of at once."""
        mask = self.bob.session.person.mask
        self.assertEqual(self.asks("MONITOR + bob,eve"), [f"730 ada {mask}", "731 ada eve"])
        self.assertEqual(self.asks("MONITOR + BOB"), [])

    def test_comes_and_goes(self) -> None:
        """When somebody on the list comes, goes, or has another name, one is told."""
        self.asks("MONITOR + eve,mallory")
        eve = self.here("eve")
        mask = eve.session.person.mask
        self.assertEqual(self.ada.hears(), [f"730 ada {mask}"])
        eve.says("NICK mallory")
        self.assertEqual(
            self.ada.hears(), ["731 ada eve", f"730 ada {mask.replace('eve!', 'mallory!')}"]
        )
        eve.leaves()
        self.assertEqual(self.ada.hears(), ["731 ada mallory"])

    def test_taken_off(self) -> None:
        """Who is taken off the list is told of no more."""
        self.asks("MONITOR + eve,bob")
        self.assertEqual(self.asks("MONITOR - EVE"), [])
        self.here("eve")
        self.assertEqual(self.ada.hears(), [])
        self.asks("MONITOR C")
        self.bob.says("NICK rob")
        self.assertNotIn("731 ada bob", self.ada.hears())

    def test_shown(self) -> None:
        """The list, and how it stands."""
        self.asks("MONITOR + Bob,eve")
        self.assertEqual(
            self.asks("MONITOR L"), ["732 ada Bob,eve", "733 ada :End of MONITOR list."]
        )
        mask = self.bob.session.person.mask
        self.assertEqual(self.asks("monitor s"), [f"730 ada {mask}", "731 ada eve"])

    def test_full(self) -> None:
        """A list holds only so many; what fitted is on it, and the rest is named."""
        house = House(limits=Limits(watched=2))
        ada = house.client("ada")
        ada.says("MONITOR + a,b,c,d")
        self.assertEqual(
            ada.hears(), ["734 ada 2 c,d :No more than 2 names on a watch list.", "731 ada a,b"]
        )

    def test_long_list(self) -> None:
        """A long list comes in lines that fit."""
        names = [f"somebody-with-a-long-name-{n}" for n in range(100)]
        for start in range(0, 100, 10):
            self.asks(f"MONITOR + {','.join(names[start : start + 10])}")
        self.ada.says("MONITOR L")
        *lines, end = self.ada.lines()
        self.assertTrue(all(len(line.encode()) <= LONGEST for line in lines))
        self.assertEqual(",".join(line.params[1] for line in lines).split(","), names)
        self.assertEqual(end.verb, "733")
