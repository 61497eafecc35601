"""One IRC client over a stream: bytes to lines, and the transport's ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from chatd.frontends.irc.client import Client, Irc
from chatd.frontends.irc.handshake import Handshake
from chatd.frontends.outbox import Outbox
from chatd.frontends.proxies import host_of
from chatd.wire.irc import LONGEST, LONGEST_TAGS

MOST = LONGEST + LONGEST_TAGS
"""Bytes of the longest line that a client may send."""
OVERLONG = b"@" * (MOST + 1)
"""Stands for a line that was longer than that, of which nothing was kept."""
TOO_SLOW = b"ERROR :You read too slowly; come back and read on.\r\n"


class IRCProtocol(Protocol):
    """Splits a stream into lines for a client; what is longer than a line may be is swallowed."""

    def __init__(self, irc: Irc) -> None:
        self._irc = irc
        self._rest = b""
        self._swallowing = False
        self._client: Client | None = None

    def connectionMade(self) -> None:
        """Somebody has come; over TLS the handshake may still be going on."""
        transport = self.transport
        assert transport is not None  # noqa: S101 - Twisted has just set it
        outbox = Outbox(transport, self._irc.mailman, self._overflow)
        self._client = meet(self._irc, transport, outbox, self._hold)

    def dataReceived(self, data: bytes) -> None:
        """Take some bytes; a line ends with LF, with or without a CR before it."""
        client = self._client
        if client is None or client.closed:
            return
        if client.fingerprint is None and client.handshake is not None and not client.moved:
            client.fingerprint = self._fingerprint()
        *lines, rest = (self._rest + data).split(b"\n") if self._rest else data.split(b"\n")
        for line in lines:
            client.take(OVERLONG if self._swallowing or len(line) > MOST else line)
            self._swallowing = False
        if self._swallowing or len(rest) > MOST:
            self._swallowing, rest = True, b""
        self._rest = rest

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The stream has ended, by whichever side."""
        if self._client is not None:
            self._client.outbox.forget()
            self._client.gone("Connection closed")
            self._client = None

    def _fingerprint(self) -> str | None:
        """The SHA-256 of the client's certificate, if it has shown one."""
        ask = getattr(self.transport, "getPeerCertificate", None)
        try:
            certificate = ask() if ask is not None else None
        except SSL.Error:
            return None
        if certificate is None:
            return None
        return str(certificate.digest("sha256").decode().replace(":", "").lower())

    def _hold(self, hold: bool) -> None:
        if self.transport is not None:
            if hold:
                self.transport.pauseProducing()  # type: ignore[attr-defined]
            else:
                self.transport.resumeProducing()  # type: ignore[attr-defined]

    def _overflow(self) -> bytes:
        """The client does not read what it is sent: tell it, for when it does, and let it go."""
        if self._client is not None:
            self._client.log.info("{who} does not keep up", who=self._client.person.name)
            self._client.gone("Too slow")
        return TOO_SLOW


def meet(irc: Irc, transport: Any, outbox: Outbox, hold: Callable[[bool], None]) -> Client:
    """A client of which nothing is known but where it comes from."""
    address = host_of(transport.getPeer())
    secure = hasattr(transport, "getPeerCertificate") or not address
    client = Client(irc, outbox, hold, address, secure, None)
    irc.clients[client.key] = client
    client.handshake = Handshake(client, irc.options.handshake)
    return client


class IRCFactory(Factory):
    """Makes a protocol for each that comes."""

    noisy = False

    def __init__(self, irc: Irc) -> None:
        self._irc = irc

    def buildProtocol(self, addr: IAddress | None) -> IRCProtocol:
        """Somebody comes."""
        return IRCProtocol(self._irc)
