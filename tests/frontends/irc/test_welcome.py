"""The first things a client is told, and what it can ask for of the server later."""

from __future__ import annotations

import re
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Server
from chatd.frontends.irc import make_irc
from chatd.frontends.irc.census import CROWD, MOMENT
from chatd.frontends.irc.welcome import SOFTWARE
from tests.house import House


class WelcomeTests(SynchronousTestCase):
    def setUp(self) -> None:
        server = Server(
            name="house", network="Tea House", lobby="", motd="Tea at five.\n\nMilk first."
        )
        self.house = House(server=server)
        self.ada = self.house.client("ada")

    def asks(self, line: str) -> list[str]:
        self.ada.says(line)
        return self.ada.hears()

    def test_motd(self) -> None:
        """The message of the day, or that there is none."""
        self.assertEqual(
            self.asks("MOTD"),
            [
                "375 ada :- house message of the day -",
                "372 ada :- Tea at five.",
                "372 ada :- ",
                "372 ada :- Milk first.",
                "376 ada :End of /MOTD.",
            ],
        )
        other = House().client("ada")
        other.says("MOTD")
        self.assertEqual(other.hears(), ["422 ada :There is no message of the day."])

    def test_supported(self) -> None:
        """What is supported comes in lines of at most 13 words, and says what is so."""
        version, *lines = self.asks("VERSION")
        self.assertEqual(version, f"351 ada {SOFTWARE} house :A chatd server")
        tokens = {}
        for line in lines:
            words = line.removesuffix(" :are supported by this server").split()
            self.assertEqual(words[:2], ["005", "ada"])
            self.assertLessEqual(len(words), 15)
            tokens.update((word + "=").split("=", 1) for word in words[2:])
        tokens = {key: value.rstrip("=") for key, value in tokens.items()}
        self.assertEqual(tokens["NETWORK"], "Tea\\x20House")
        self.assertEqual(tokens["PREFIX"], "(qaov)~&@+")
        self.assertEqual(tokens["STATUSMSG"], "~&@+")
        self.assertEqual(tokens["CHANMODES"], "beI,k,l,Cimnrst")
        self.assertEqual(tokens["CASEMAPPING"], "ascii")
        self.assertEqual(tokens["NICKLEN"], "32")
        self.assertIn("WHOX", tokens)
        self.assertTrue(all(re.fullmatch(r"[A-Z0-9]+", key) for key in tokens), tokens)

    def test_users(self) -> None:
        """LUSERS counts people, operators, strangers and rooms."""
        self.house.stranger()
        self.house.client("bob").joins("#tea")
        lines = self.asks("LUSERS")
        self.assertEqual(lines[0], "251 ada :There are 2 users and 0 invisible on 1 servers")
        self.assertEqual(lines[1], "252 ada 0 :operators are on line")
        self.assertEqual(lines[2], "253 ada 1 :connections are not known yet")
        self.assertEqual(lines[3], "254 ada 1 :rooms there are")
        self.assertEqual(lines[-1], "266 ada 2 2 :Current users 2, most ever 2")

    def test_invisible(self) -> None:
        """Those who are invisible are counted apart."""
        self.asks("MODE ada +i")
        self.house.client("bob")
        lines = self.asks("LUSERS")
        self.assertEqual(lines[0], "251 ada :There are 1 users and 1 invisible on 1 servers")

    def test_invisible_to_begin_with(self) -> None:
        """Behind a door where all are invisible, one is told so, and may take it off."""
        options = replace(self.house.irc.options, invisible=True)
        self.house.irc = make_irc(self.house.core, options, self.house.clock)
        bob = self.house.stranger()
        bob.says("NICK bob", "USER bob 0 * :Bob")
        self.assertEqual(bob.hears()[-1], "221 bob +i")
        bob.says("MODE bob -i")
        self.assertEqual(bob.hears(), [":bob MODE bob -i"])
        self.assertIn("251 ada :There are 2 users and 0 invisible", self.asks("LUSERS")[0])

    def test_crowd(self) -> None:
        """A crowd is not counted again for each of them, but after a moment."""
        for number in range(CROWD):
            self.house.client(f"person{number}")
        self.asks("LUSERS")
        self.house.stranger()
        self.assertIn("253 ada 0 :connections are not known yet", self.asks("LUSERS"))
        self.house.clock.advance(MOMENT / 1000)
        self.assertIn("253 ada 1 :connections are not known yet", self.asks("LUSERS"))

    def test_time_and_info(self) -> None:
        """What time it is, and what this is."""
        self.assertEqual(
            self.asks("TIME"), ["391 ada house :Thursday 01 January 2026, 00:00:00 UTC"]
        )
        *lines, end = self.asks("INFO")
        self.assertTrue(all(line.startswith("371 ada :") for line in lines))
        self.assertEqual(end, "374 ada :End of /INFO.")

    def test_help(self) -> None:
        """HELP tells how one thing is asked for, or that there is none such."""
        self.assertEqual(self.asks("HELP topic")[0], "704 ada TOPIC :TOPIC <room> [text]")
        self.assertEqual(self.asks("HELP brew"), ["524 ada brew :There is no command brew."])
        self.assertGreater(len(self.asks("HELP")), 20)

    def test_setname(self) -> None:
        """A changed real name is told to those who asked for that."""
        bob = self.house.client("bob", "setname")
        for client in (self.ada, bob):
            client.joins("#tea")
        self.ada.hears()
        self.ada.says("SETNAME :Ada Lovelace")
        self.assertEqual((self.ada.hears(), bob.hears()), ([], [":ada SETNAME :Ada Lovelace"]))
