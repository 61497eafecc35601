"""STS: clients are told to come over TLS, if the ini says so."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatd.frontends.irc import Options, make_irc
from chatd.frontends.irc.protocol import IRCProtocol
from chatd.model import Seconds
from tests.house import Client, House


class StsTests(SynchronousTestCase):
    """Clients of listeners with and without TLS."""

    def client(self, sts: float | None, **options: Any) -> Client:
        """A client of a listener with these settings."""
        client = Client(House())
        seconds = None if sts is None else Seconds(sts)
        settings = Options(insecure=True, sts=seconds, **options)
        shared = make_irc(client.house.core, settings, client.house.clock)
        client.transport.producer = None
        client.protocol = IRCProtocol(shared)
        client.protocol.makeConnection(client.transport)
        return client

    def told(self, client: Client, version: str = " 302") -> str | None:
        """What a client is told of it."""
        client.says(f"CAP LS{version}")
        words = [word for line in client.lines() for word in line.params[-1].split()]
        found = [word for word in words if word.partition("=")[0] == "sts"]
        return found[0] if found else None

    def test_where_to_go(self) -> None:
        """Without TLS it is the port; with it, for how long."""
        self.assertEqual(self.told(self.client(86400, tls=False)), "sts=port=6697")
        self.assertEqual(self.told(self.client(86400, tls=False, sts_port=7000)), "sts=port=7000")
        self.assertEqual(self.told(self.client(86400, tls=True)), "sts=duration=86400")

    def test_taken_back(self) -> None:
        """A duration of 0 takes back what was said, and sends nobody elsewhere."""
        self.assertEqual(self.told(self.client(0, tls=True)), "sts=duration=0")
        self.assertIsNone(self.told(self.client(0, tls=False)))

    def test_not_told(self) -> None:
        """Without the setting, and to clients that read no values, nothing is said of it."""
        self.assertIsNone(self.told(self.client(None, tls=True)))
        self.assertIsNone(self.told(self.client(None, tls=False)))
        self.assertIsNone(self.told(self.client(86400, tls=True), ""))

    def test_nobody_has_it(self) -> None:
        """It cannot be asked for, nor taken away, and is never listed as what one has."""
        client = self.client(86400, tls=True)
        self.told(client)
        client.says("CAP REQ :sts", "CAP REQ :-sts", "CAP REQ :batch sts", "CAP LIST")
        self.assertEqual(
            client.hears(),
            ["CAP * NAK sts", "CAP * NAK -sts", "CAP * NAK :batch sts", "CAP * LIST cap-notify"],
        )
