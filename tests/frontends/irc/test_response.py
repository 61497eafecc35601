"""All that answers one labelled request, put together (IRCv3 labeled-response)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Server
from chatd.wire.irc import Line
from tests.house import House

CAPS = "labeled-response batch echo-message message-tags draft/chathistory standard-replies"


class ResponseTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(server=Server(name="house", lobby="", motd="Tea."))
        self.ada = self.house.client("ada", CAPS, account=True)
        self.bob = self.house.client("bob", account=True)
        for client in (self.ada, self.bob):
            client.joins("#tea")
        self.ada.hears()

    def asks(self, text: str) -> list[Line]:
        self.ada.says(f"@label=7 {text}")
        return self.ada.lines()

    def assert_batch(self, lines: list[Line], verbs: list[str]) -> None:
        """These are one labelled batch with these verbs in it."""
        first, *inner, last = lines
        reference = first.params[0].removeprefix("+")
        self.assertEqual(first.params, (f"+{reference}", "labeled-response"))
        self.assertEqual(first.tags["label"], "7")
        self.assertEqual((last.verb, last.params), ("BATCH", (f"-{reference}",)))
        self.assertEqual([line.verb for line in inner], verbs)
        for line in inner:
            self.assertNotIn("label", line.tags)

    def test_nothing_to_say(self) -> None:
        """What is answered by nothing is acknowledged."""
        for text in ("PONG", "JOIN #tea", "TAGMSG #tea", "@x PONG", "MONITOR C"):
            self.ada.says(f"@label=7 {text}" if not text.startswith("@") else "@label=7;x PONG")
            (line,) = self.ada.lines()
            self.assertEqual((line.verb, line.tags), ("ACK", {"label": "7"}))

    def test_one_line(self) -> None:
        """One line of answer carries the label itself."""
        for text, verb in (
            ("PING x", "PONG"),
            ("BREW", "421"),
            ("PRIVMSG", "411"),
            ("PRIVMSG #tea", "412"),
            ("PRIVMSG nobody :hi", "401"),
            ("TAGMSG", "461"),
            ("TOPIC #tea", "331"),
            ("TOPIC #tea :of tea", "TOPIC"),
            ("MODE #tea +i", "MODE"),
            ("PART #tea :bye", "PART"),
            ("CHATHISTORY LATEST", "FAIL"),
            ("NICKSERV SET", "NOTICE"),
            ("PRIVMSG NickServ SET", "NOTICE"),
        ):
            (line,) = self.asks(text)
            self.assertEqual((line.verb, line.tags.get("label")), (verb, "7"), text)

    def test_several_lines(self) -> None:
        """Several lines of answer are a batch, and the batch has the label."""
        self.assert_batch(self.asks("MOTD"), ["375", "372", "376"])
        self.assert_batch(self.asks("JOIN #pot"), ["JOIN", "MODE", "353", "366"])
        self.assert_batch(self.asks("PRIVMSG NickServ HELP"), ["NOTICE"] * 5)

    def test_batch_in_batch(self) -> None:
        """A batch of history stands within that of the answer."""
        self.ada.says("PRIVMSG #tea :hi")
        self.ada.hears()
        lines = self.asks("CHATHISTORY LATEST #tea * 5")
        self.assert_batch(lines, ["BATCH", "PRIVMSG", "BATCH"])
        outer = lines[0].params[0].removeprefix("+")
        inner = lines[1].params[0].removeprefix("+")
        self.assertEqual([line.tags["batch"] for line in lines[1:4]], [outer, inner, outer])

    def test_echo(self) -> None:
        """A message to one target is answered by its echo, which has the label."""
        for text in ("PRIVMSG #tea :hi", "NOTICE bob :hi", "@+a=b;label=7 TAGMSG #tea"):
            self.ada.says(text if "@" in text else f"@label=7 {text}")
            (line,) = self.ada.lines()
            self.assertEqual(line.tags["label"], "7", text)
            self.assertIn("msgid", line.tags)

    def test_several_targets(self) -> None:
        """A message to several is answered by a batch of its echoes and refusals."""
        lines = self.asks("PRIVMSG #tea,bob,nobody :hi")
        self.assert_batch(lines, ["PRIVMSG", "PRIVMSG", "401"])

    def test_away(self) -> None:
        """A message to somebody who is away is answered by a batch: the echo, and that."""
        self.bob.says("AWAY :tea")
        self.ada.hears()
        self.assert_batch(self.asks("PRIVMSG bob :hi"), ["PRIVMSG", "301"])

    def test_not_unicode(self) -> None:
        """What is not UTF-8 is refused under its label, if that can be read."""
        self.ada.sends(b"@label=7 PRIVMSG #tea :\xff\r\n")
        (line,) = self.ada.lines()
        self.assertEqual(line.tags["label"], "7")
        self.assertEqual((line.verb, *line.params[:2]), ("FAIL", "PRIVMSG", "INVALID_UTF8"))

    def test_to_oneself(self) -> None:
        """Of a message to oneself only the echo has the label."""
        labels = [line.tags.get("label") for line in self.asks("PRIVMSG ada :note")]
        self.assertEqual(labels, ["7", None])

    def test_without_echo(self) -> None:
        """Without echo-message a labelled message is acknowledged when it is kept."""
        cy = self.house.client("cy", "labeled-response batch")
        cy.says("@label=7 PRIVMSG ada :hi")
        self.assertEqual([line.verb for line in cy.lines()], ["ACK"])

    def test_not_asked_for(self) -> None:
        """Without the capability a label means nothing."""
        self.bob.says("@label=7 PING x")
        self.assertEqual(self.bob.lines()[0].tags, {})
