"""Bots: programs that say that they are."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.house import House


class BotTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.bot = self.house.client("robot", "message-tags echo-message")
        self.ada = self.house.client("ada", "message-tags")
        for client in (self.bot, self.ada):
            client.joins("#tea")
        self.bot.hears()

    def test_mode(self) -> None:
        """MODE +B says so, and is shown in WHO and WHOIS; -B takes it back."""
        self.bot.says("MODE robot +B")
        self.assertEqual(self.bot.hears(), [":robot MODE robot +B"])
        self.ada.says("WHO robot", "WHOIS robot")
        who, _, *whois = self.ada.hears()
        self.assertIn(" robot HB ", who)
        self.assertIn("335 ada robot :is a bot", whois)
        self.bot.says("MODE robot -B")
        self.ada.says("WHOIS robot")
        self.assertNotIn("335 ada robot :is a bot", self.ada.hears())

    def test_tag(self) -> None:
        """What it says has the tag bot, for all who see tags; also in its echo."""
        self.bot.says("MODE robot +B", "PRIVMSG #tea :beep")
        for client in (self.ada, self.bot):
            (line,) = (line for line in client.lines() if line.verb == "PRIVMSG")
            self.assertEqual(line.tags["bot"], "")
        self.ada.says("PRIVMSG #tea :hello")
        (line,) = (line for line in self.bot.lines() if line.verb == "PRIVMSG")
        self.assertNotIn("bot", line.tags)
