"""REDACT: taking messages back (IRCv3 draft/message-redaction)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.house import Client, House

CAPS = "message-tags echo-message batch labeled-response draft/message-redaction draft/chathistory"


class RedactionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada, self.bob = (self.house.client(n, CAPS, account=True) for n in ("ada", "bob"))
        self.cyd = self.house.client("cyd")
        for client in (self.ada, self.bob, self.cyd):
            client.joins("#tea")
        self.forget()

    def forget(self) -> None:
        for client in (self.ada, self.bob, self.cyd):
            client.hears()

    def say(self, client: Client, text: str, to: str = "#tea") -> str:
        """Say something; its id."""
        client.says(f"PRIVMSG {to} :{text}")
        message = client.lines()[0].tags["msgid"]
        self.forget()
        return message

    def test_own(self) -> None:
        """Who said something takes it back: those who know REDACT hear, and history has lost it."""
        self.say(self.bob, "fine")
        message = self.say(self.bob, "milk first")
        self.bob.says(f"REDACT #tea {message} :oh no")
        for client in (self.ada, self.bob):
            self.assertEqual(client.hears(), [f":bob REDACT #tea {message} :oh no"])
        self.assertEqual(self.cyd.hears(), [])
        self.ada.says("CHATHISTORY LATEST #tea * 5")
        self.assertEqual([line.params[1] for line in self.ada.lines()[1:-1]], ["fine"])

    def test_twice(self) -> None:
        """What is taken back is no more."""
        message = self.say(self.bob, "milk first")
        self.bob.says(f"REDACT #tea {message}")
        self.forget()
        self.bob.says(f"@label=1 REDACT #tea {message}")
        (line,) = self.bob.lines()
        self.assertEqual(line.params[:4], ("REDACT", "UNKNOWN_MSGID", "#tea", message))
        self.assertEqual(line.tags["label"], "1")

    def test_others(self) -> None:
        """An op takes back what others have said; others do not."""
        message = self.say(self.bob, "spam")
        mine = self.say(self.ada, "no spam")
        self.bob.says(f"REDACT #tea {mine}")
        self.assertEqual(self.bob.lines()[0].params[:2], ("REDACT", "REDACT_FORBIDDEN"))
        self.ada.says(f"REDACT #tea {message}")
        self.assertEqual(self.bob.hears(), [f":ada REDACT #tea {message}"])

    def test_elsewhere(self) -> None:
        """Outsiders learn nothing, and a message is found only where it was said."""
        message = self.say(self.bob, "milk first")
        eve = self.house.client("eve", CAPS, account=True)
        for target in ("#tea", "#nowhere"):
            eve.says(f"REDACT {target} {message}")
            self.assertEqual(eve.lines()[0].params[:2], ("REDACT", "INVALID_TARGET"))
        for target in ("bob", "nobody"):
            eve.says(f"REDACT {target} {message}")
            self.assertEqual(eve.lines()[0].params[:2], ("REDACT", "UNKNOWN_MSGID"))
        self.bob.says("REDACT #tea nonsense")
        self.assertEqual(self.bob.lines()[0].params[:2], ("REDACT", "UNKNOWN_MSGID"))

    def test_direct(self) -> None:
        """Between two, each takes back only their own."""
        message = self.say(self.ada, "secret", "bob")
        self.bob.says(f"REDACT ada {message}")
        self.assertEqual(self.bob.lines()[0].params[:2], ("REDACT", "REDACT_FORBIDDEN"))
        self.ada.says(f"REDACT bob {message}")
        for client in (self.ada, self.bob):
            self.assertEqual(client.hears(), [f":ada REDACT bob {message}"])

    def test_to_a_role(self) -> None:
        """What was for the ops only they hear of."""
        message = self.say(self.ada, "for ops", "@#tea")
        self.bob.says(f"REDACT #tea {message}")
        self.assertEqual(self.bob.lines()[0].params[:2], ("REDACT", "UNKNOWN_MSGID"))
        self.ada.says(f"REDACT #tea {message}")
        self.assertEqual((len(self.ada.hears()), self.bob.hears()), (1, []))

    def test_guests(self) -> None:
        """A guest takes back what they said, and not what another of that name did."""
        dan = self.house.client("dan", CAPS)
        dan.joins("#tea")
        message = self.say(dan, "milk first")
        dan.says("QUIT")
        self.house.clock.advance(1)
        other = self.house.client("dan", CAPS)
        other.joins("#tea")
        other.says(f"REDACT #tea {message}")
        self.assertEqual(other.lines()[0].params[:2], ("REDACT", "REDACT_FORBIDDEN"))
        own = self.say(other, "tea first")
        other.says(f"REDACT #tea {own}")
        self.assertEqual(other.hears(), [f":dan REDACT #tea {own}"])
