"""One IRC client over a stream: bytes to lines, and the transport's ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.errors import OtherSideGone
from chatd.frontends.irc.client import Client, Irc
from chatd.frontends.irc.handshake import Handshake
from chatd.frontends.outbox import Outbox, hold, let_go
from chatd.frontends.pipe import Pipe, open_pipe
from chatd.frontends.proxies import host_of
from chatd.frontends.tls import fingerprint_of_peer
from chatd.interfaces import IDismissable
from chatd.wire.irc import LONGEST, LONGEST_TAGS
from chatd.wire.relay import OPENING

MOST = LONGEST + LONGEST_TAGS
"""Bytes of the longest line that a client may send."""
OVERLONG = b"@" * (MOST + 1)
"""Stands for a line that was longer than that, of which nothing was kept."""
TOO_SLOW = b"ERROR :You read too slowly; come back and read on.\r\n"


@implementer(IDismissable)
class IRCProtocol(Protocol):
    """Splits a stream into lines for a client; what is longer than a line may be is swallowed."""

    def __init__(self, irc: Irc) -> None:
        self._irc = irc
        self._rest = b""
        self._swallowing = self._held = False
        self._client: Client | None = None
        self._pipe: Pipe | None = None
        self._fresh = True

    def connectionMade(self) -> None:
        """Somebody has come; over TLS the handshake may still be going on."""
        transport = self.transport
        assert transport is not None  # noqa: S101 - Twisted has just set it
        outbox = Outbox(transport, self._irc.mailman, self._overflow)
        self._client = meet(self._irc, transport, outbox, self._hold)

    def dataReceived(self, data: bytes) -> None:
        """Take some bytes; a line ends with LF, with or without a CR before it."""
        if self._pipe is not None:
            self._pipe.feed(data)
            return
        client = self._client
        if client is None or client.closed:
            return
        if client.fingerprint is None and client.handshake is not None and not client.moved:
            client.fingerprint = fingerprint_of_peer(self.transport)
        self._rest += data
        self._split(client)

    def _split(self, client: Client) -> None:
        """Hand the client its lines, until it has enough of them for now."""
        data, self._rest = self._rest, b""
        start = 0
        while not (self._held or client.closed) and (end := data.find(b"\n", start)) >= 0:
            if self._fresh and data.startswith(OPENING):
                self._carry(client, data[:end], data[end + 1 :])
                return
            self._fresh = False
            long = self._swallowing or end - start > MOST
            client.take(OVERLONG if long else data[start:end])
            self._swallowing, start = False, end + 1
        self._rest = data[start:]
        if not self._held and (self._swallowing or len(self._rest) > MOST):
            self._swallowing, self._rest = True, b""

    def _carry(self, client: Client, line: bytes, rest: bytes) -> None:
        """It carries a file and is no client's."""
        self._client = None
        client.outbox.hand_over()
        client.gone("It carries a file")
        self._pipe = open_pipe(self.transport, self._irc.core.transfers, self._irc.reactor, line)
        if rest:
            self._pipe.feed(rest)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The stream has ended, by whichever side."""
        if self._pipe is not None:
            self._pipe.lost()
            self._pipe = None
        if self._client is not None:
            self._client.outbox.forget()
            self._client.gone("Connection closed")
            self._client = None

    def dismiss(self, reason: str) -> None:
        """Say why, and hang up."""
        if self._pipe is not None:
            self._pipe.refuse(OtherSideGone())
        if self._client is not None:
            self._client.close(reason)

    def _hold(self, wait: bool) -> None:
        self._held = wait
        hold(self.transport, wait)
        if self._client is not None and not wait:
            self._split(self._client)

    def _overflow(self) -> bytes:
        if self._client is not None:
            let_go(self._client)
        return TOO_SLOW


def meet(irc: Irc, transport: Any, outbox: Outbox, hold: Callable[[bool], None]) -> Client:
    """A client of which nothing is known but where it comes from."""
    address = host_of(transport.getPeer())
    secure = hasattr(transport, "getPeerCertificate") or not address
    client = Client(irc, outbox, hold, address, secure, None)
    irc.clients[client.key] = client
    client.handshake = Handshake(client, irc.options.handshake)
    if address not in irc.proxies:
        client.heed_bans()
    return client


class IRCFactory(Factory):
    """Makes a protocol for each that comes."""

    noisy = False

    def __init__(self, irc: Irc) -> None:
        self._irc = irc

    def buildProtocol(self, addr: IAddress | None) -> IRCProtocol:
        """Somebody comes."""
        return IRCProtocol(self._irc)
