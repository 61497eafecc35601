"""WEBIRC: web gateways that the ini lists speak for their users, and nobody else does."""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Auth, Limits
from chatd.frontends.irc import Options, make_irc
from chatd.frontends.irc.protocol import IRCProtocol
from chatd.model import Secret
from tests.house import Client, House

OWN = "aa" * 32
USERS = "bb" * 32


class Peer:
    def __init__(self, host: str) -> None:
        self.host = host


class Certificate:
    def to_cryptography(self) -> Certificate:
        return self

    def fingerprint(self, algorithm: object) -> bytes:
        return bytes.fromhex(OWN)


class Secure(StringTransport):
    """A transport over TLS, with a certificate of the gateway's own."""

    def getPeerCertificate(self) -> Certificate:
        return Certificate()


class Gateway(Client):
    """A connection from a web gateway; listed, and with the password `hunter2`, by default."""

    def __init__(
        self, house: House, host: str = "10.0.0.1", secure: bool = False, webirc: str = "hunter2"
    ) -> None:
        self.house = house
        peer: Any = Peer(host)
        self.transport = (Secure if secure else StringTransport)(peerAddress=peer)
        options = Options(tls=False, insecure=True, proxies=("10.0.0.0/8",), webirc=Secret(webirc))
        self.protocol = IRCProtocol(make_irc(house.core, options, house.clock))
        self.protocol.makeConnection(self.transport)

    @property
    def refusal(self) -> str:
        """Why it was hung up on."""
        (line,) = self.hears(whole=True)
        assert self.gone and line.startswith("ERROR :Closing link: ")
        return line.partition("(")[2].rstrip(")")


class WebircTests(SynchronousTestCase):
    """A house with gateways."""

    def setUp(self) -> None:
        self.house = House(auth=Auth(guests=True, cloak=False))

    def test_speaks_for_its_user(self) -> None:
        """The address of the user is what counts from then on; no claimed host is believed."""
        ada = Gateway(self.house)
        ada.says("WEBIRC hunter2 web ada.example.org 192.0.2.7", "NICK ada", "USER ada 0 * :Ada")
        self.assertEqual(ada.session.address, "192.0.2.7")
        self.assertEqual(ada.session.person.host, "192.0.2.7")
        six = Gateway(self.house)
        six.says("WEBIRC hunter2 web x 0::1")
        self.assertEqual(six.session.address, "::1")

    def test_refused(self) -> None:
        """A wrong password, a stranger, no password in the ini, and an address that is none."""
        for gateway, line, reason in (
            (Gateway(self.house), "WEBIRC wrong web x 192.0.2.7", "Invalid WebIRC password"),
            (Gateway(self.house), "WEBIRC wörng web x 192.0.2.7", "Invalid WebIRC password"),
            (Gateway(self.house), "WEBIRC hunter2 web x nowhere", "Invalid WebIRC address"),
            (
                Gateway(self.house, "192.0.2.66"),
                "WEBIRC hunter2 web x 192.0.2.7",
                "WebIRC is not for you",
            ),
            (Gateway(self.house, webirc=""), "WEBIRC x web x 192.0.2.7", "WebIRC is not for you"),
        ):
            gateway.says(line)
            self.assertEqual(gateway.refusal, reason)

    def test_has_to_be_first(self) -> None:
        """After anything else it is too late, and a second time is once too often."""
        line = "WEBIRC hunter2 web x 192.0.2.7"
        for before in ("NICK ada", "USER ada 0 * :Ada", "CAP LS 302"):
            gateway = Gateway(self.house)
            gateway.says(before)
            gateway.hears()
            gateway.says(line)
            self.assertEqual(gateway.refusal, "WebIRC comes too late")
        twice = Gateway(self.house)
        twice.says(line, line)
        self.assertEqual(twice.refusal, "WebIRC is not for you")
        again = Gateway(self.house)
        again.says("WEBIRC hunter2 web x 10.0.0.9", line)
        self.assertEqual(again.refusal, "WebIRC a second time")
        on_line = Gateway(self.house)
        on_line.says("NICK ada", "USER ada 0 * :Ada")
        on_line.hears()
        on_line.says(line)
        self.assertEqual(on_line.refusal, "WebIRC comes too late")

    def test_certificates(self) -> None:
        """The gateway's own certificate is not its user's; the one it tells of is, over TLS."""
        ada = Gateway(self.house, secure=True)
        ada.says("PING x")
        self.assertEqual(ada.session.fingerprint, OWN)
        ada.says(f"WEBIRC hunter2 web x 192.0.2.7 :secure certfp-sha-256={USERS.upper()}")
        self.assertEqual(ada.session.fingerprint, USERS)
        for options in ("secure", "certfp-sha-256=short", f"certfp-sha-1={USERS}"):
            bob = Gateway(self.house, secure=True)
            bob.says(f"WEBIRC hunter2 web x 192.0.2.7 :{options}")
            bob.says("PING x")
            self.assertIsNone(bob.session.fingerprint)
        plain = Gateway(self.house)
        plain.says(f"WEBIRC hunter2 web x 192.0.2.7 :secure certfp-sha-256={USERS}")
        self.assertIsNone(plain.session.fingerprint)

    def test_security(self) -> None:
        """A connection is secure only if both parts of the way are."""
        for secure, options, both in (
            (True, "secure=yes local-port=6697", True),
            (True, "local-port=6697", False),
            (False, "secure", False),
        ):
            ada = Gateway(self.house, secure=secure)
            ada.says(f"WEBIRC hunter2 web x 192.0.2.7 :{options}")
            self.assertIs(ada.session.secure, both)

    def test_limits(self) -> None:
        """Connections count for the address of the user, as long as they last."""
        self.house.settings.limits = Limits(connections=1)
        line = "WEBIRC hunter2 web x 192.0.2.7"
        first, second = Gateway(self.house), Gateway(self.house)
        first.says(line)
        second.says(line)
        self.assertEqual(second.refusal, "Too many connections from your address")
        first.leaves()
        third = Gateway(self.house)
        third.says(line)
        self.assertEqual(third.hears(), [])
