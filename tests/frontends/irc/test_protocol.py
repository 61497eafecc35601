"""One client over a stream: who is at the other end, and what is left when it has gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits
from chatd.frontends.irc.protocol import MOST, IRCProtocol
from chatd.frontends.turns import WAITING
from tests.house import House


class Certificate:
    """A client's certificate, as far as we look at it."""

    def to_cryptography(self) -> Certificate:
        return self

    def fingerprint(self, algorithm: SHA256) -> bytes:
        assert isinstance(algorithm, SHA256)
        return b"\xf0\x0d"


@dataclass
class Peer:
    """The other end of a stream."""

    host: str


class ProtocolTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()

    def over_tls(self, certificate: Any) -> Any:
        """A session of a client that has shown this certificate."""
        client = self.house.stranger()

        def shown() -> Any:
            if isinstance(certificate, Exception):
                raise certificate
            return certificate

        client.transport.getPeerCertificate = shown  # type: ignore[attr-defined]
        client.says("PING x")
        return client.session

    def test_certificate(self) -> None:
        """The fingerprint of a client's certificate is known from its first bytes on."""
        self.assertEqual(self.over_tls(Certificate()).fingerprint, "f00d")

    def test_no_certificate(self) -> None:
        """Most clients have none, and some streams cannot even say so."""
        self.assertIsNone(self.over_tls(None).fingerprint)
        self.assertIsNone(self.over_tls(SSL.Error()).fingerprint)

    def session_from(self, host: str) -> Any:
        """A session of a client that comes from there, without TLS."""
        protocol = IRCProtocol(self.house.irc)
        protocol.makeConnection(StringTransport(peerAddress=Peer(host)))
        protocol.dataReceived(b"NICK ada\r\nUSER ada 0 * :Ada\r\n")
        return protocol._client

    def test_address(self) -> None:
        """Where a client comes from is known to the house, but not to other people."""
        session = self.session_from("192.0.2.7")
        self.assertEqual(session.address, "192.0.2.7")
        self.assertNotIn("192.0.2.7", session.person.mask)

    def test_secure(self) -> None:
        """Without TLS only a stream that has no address is secure: a socket of this machine."""
        self.assertFalse(self.session_from("192.0.2.7").secure)
        self.assertTrue(self.session_from("").secure)

    def test_nothing_is_left(self) -> None:
        """When a client has gone, however it went, nothing of it is left."""
        for goes in ("cut", "quits"):
            client = self.house.client("ada")
            if goes == "quits":
                client.says("QUIT")
            client.leaves()
            client.leaves()
            self.house.clock.advance(0)
            self.assertEqual(self.house.irc.clients, {})
            self.assertEqual(len(self.house.core.sessions), 0)
            self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_no_more_lines_than_may_wait(self) -> None:
        """However many lines come at once, they take up memory only when their turn nears."""
        client = self.house.client("ada")
        self.house.settings.limits = Limits(messages=1, messages_every=1)  # type: ignore[arg-type]
        long = "x" * (MOST + 1)
        client.says(*(f"PING {n}" for n in range(200)), long, "PING last")
        self.assertLessEqual(len(client.session._turns._lines), WAITING)
        self.house.clock.pump([1] * 210)
        heard = client.hears()
        self.assertEqual(heard[:200], [f"PONG house {n}" for n in range(200)])
        self.assertIn("417 ada ", heard[200])
        self.assertEqual(heard[201:], ["PONG house last"])

    def test_nothing_after_the_end(self) -> None:
        """What comes after QUIT is not looked at."""
        ada, bob = self.house.client("ada"), self.house.client("bob")
        ada.says("QUIT :bye", "PRIVMSG bob :one more thing")
        ada.sends(b"PRIVMSG bob :really\r\n")
        self.assertEqual(bob.hears(), [])
