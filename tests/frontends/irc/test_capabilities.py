"""CAP: which capabilities there are, and which a client has (IRCv3 capability negotiation)."""

from __future__ import annotations

import gc
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Auth
from chatd.frontends.irc import capabilities
from chatd.wire.caps import Cap
from chatd.wire.irc import LONGEST
from tests.house import Client, House


class CapabilitiesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.stranger()

    def asks(self, *lines: str) -> list[str]:
        self.ada.says(*lines)
        return self.ada.hears()

    def listed(self, client: Client, line: str) -> dict[str, str]:
        client.says(line)
        words = [word for line in client.lines() for word in line.params[-1].split()]
        return dict((word + "=").split("=")[:2] for word in words)  # type: ignore[misc]

    def test_all_there_are(self) -> None:
        """CAP LS 302 lists all of them with their values."""
        caps = self.listed(self.ada, "CAP LS 302")
        self.assertEqual(set(caps), set(Cap) - {Cap.FILES})  # there is no relay here
        self.assertEqual(caps["sasl"], "PLAIN,EXTERNAL")
        self.assertEqual(caps["draft/account-registration"], "before-connect,custom-account-name")

    def test_many_sets(self) -> None:
        """Sets of capabilities that nobody has any more are forgotten."""
        for cap in sorted(Cap):
            self.asks(f"CAP REQ {cap}", f"CAP REQ -{cap}")
        gc.collect()
        self.assertLessEqual(len(self.house.irc.profiles), 2)

    def test_without_values(self) -> None:
        """A client that knows no version 302 sees one line: no values, ratified names first."""
        self.ada.says("CAP LS")
        (line,) = self.ada.lines()
        self.assertNotIn("=", line.params[-1])
        self.assertEqual((len(line.params), line.params[:2]), (3, ("*", "LS")))
        self.assertLessEqual(len(line.encode()), LONGEST)
        ratified = {str(cap) for cap in Cap if "/" not in cap}
        self.assertLessEqual(ratified, set(line.params[-1].split()))

    def test_in_several_lines(self) -> None:
        """What does not fit a line comes in several; all but the last have a star."""
        many = {f"vendor.example/capability-{n}": "x" * 20 for n in range(40)}
        with mock.patch.object(capabilities, "offered", return_value=many):
            self.ada.says("CAP LS 302")
        *more, last = self.ada.lines()
        self.assertGreater(len(more), 2)
        for line in (*more, last):
            self.assertLessEqual(len(line.encode()), LONGEST)
        self.assertEqual({line.params[:3] for line in more}, {("*", "LS", "*")})
        self.assertEqual(len(last.params), 3)
        words = [w for line in (*more, last) for w in line.params[-1].split()]
        self.assertEqual(len(words), len(many))

    def test_only_what_works(self) -> None:
        """Where the administrator makes the accounts, REGISTER is not offered."""
        house = House(auth=Auth(guests=True, registration="closed"))
        caps = self.listed(house.stranger(), "CAP LS 302")
        self.assertNotIn("draft/account-registration", caps)

    def test_all_or_nothing(self) -> None:
        """With one that there is not among them, a request changes nothing."""
        self.assertEqual(
            self.asks("CAP REQ :batch nonsense", "CAP LIST"),
            ["CAP * NAK :batch nonsense", "CAP * LIST :"],
        )
        self.assertEqual(self.asks("CAP REQ :-nonsense"), ["CAP * NAK -nonsense"])
        self.assertEqual(
            self.asks("CAP REQ :batch server-time", "CAP LIST"),
            ["CAP * ACK :batch server-time", "CAP * LIST :batch server-time"],
        )

    def test_given_back(self) -> None:
        """A capability can be given back."""
        self.asks("CAP REQ :batch server-time")
        self.assertEqual(
            self.asks("CAP REQ :-batch", "CAP LIST"),
            ["CAP * ACK -batch", "CAP * LIST server-time"],
        )

    def test_case(self) -> None:
        """Names of capabilities are as they are written; the subcommands in any case."""
        self.assertEqual(self.asks("cap req BATCH"), ["CAP * NAK BATCH"])

    def test_notify(self) -> None:
        """A client that knows version 302 is told of changes, and cannot decline."""
        self.asks("CAP LS 302")
        self.assertEqual(self.asks("CAP LIST"), ["CAP * LIST cap-notify"])
        self.assertEqual(self.asks("CAP REQ -cap-notify"), ["CAP * NAK -cap-notify"])

    def test_notify_by_choice(self) -> None:
        """An older one can."""
        self.assertEqual(self.asks("CAP REQ cap-notify"), ["CAP * ACK cap-notify"])
        self.assertEqual(self.asks("CAP REQ -cap-notify"), ["CAP * ACK -cap-notify"])

    def test_version_only_grows(self) -> None:
        """The version that a client has named once holds; odd ones are passed over."""
        self.asks("CAP LS 302")
        for odd in ("301", "x", "-1", "9" * 20):
            self.assertIn("=", self.asks(f"CAP LS {odd}")[0])

    def test_unknown(self) -> None:
        """A subcommand that there is not has its number, and so has none at all."""
        self.assertEqual(self.asks("CAP BREW"), ["410 * BREW :There is no such CAP subcommand."])
        self.assertTrue(self.asks("CAP")[0].startswith("461 * CAP"))

    def test_waits_for_the_end(self) -> None:
        """Once asked, the welcome waits for CAP END."""
        for line in ("CAP LS", "CAP REQ batch"):
            client = self.house.stranger()
            client.says(line, "NICK bob", "USER bob 0 * :Bob")
            self.assertFalse(any(heard.verb == "001" for heard in client.lines()))
            client.says("CAP END")
            self.assertEqual(client.lines()[0].verb, "001")
            client.says("QUIT")
            client.leaves()

    def test_list_alone_does_not_wait(self) -> None:
        """CAP LIST holds nobody up."""
        self.ada.says("CAP LIST", "NICK ada", "USER ada 0 * :Ada")
        self.assertIn("001", [line.verb for line in self.ada.lines()])

    def test_later(self) -> None:
        """Capabilities can be asked for at any time, and the client's name is then known."""
        bob = self.house.client("bob")
        bob.says("CAP REQ :batch", "CAP END", "CAP LIST")
        self.assertEqual(bob.hears(), ["CAP bob ACK batch", "CAP bob LIST batch"])

    def test_label_needs_batch(self) -> None:
        """Labelled responses are not given out without batches."""
        self.asks("CAP REQ :labeled-response batch")
        self.asks("CAP REQ :-batch")
        self.assertEqual(self.asks("CAP LIST"), ["CAP * LIST :"])
