"""One person at the other end of a stream: openssl, ncat, or telnet over TLS."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.frontends.human.talk import Human, Peer, Talk
from chatd.frontends.human.terminal import Terminal
from chatd.frontends.outbox import Outbox, hold, let_go
from chatd.frontends.proxies import host_of
from chatd.frontends.tls import fingerprint_of_peer
from chatd.interfaces import IDismissable

TOO_SLOW = b"You read too slowly; come back and read on.\r\n"


@implementer(IDismissable)
class HumanProtocol(Protocol):
    """Ties a stream, a terminal and a dialogue together."""

    transport: Any

    def __init__(self, human: Human) -> None:
        self._human = human

    def connectionMade(self) -> None:
        """Somebody has come; over TLS the handshake may still be going on."""
        self._outbox = Outbox(self.transport, self._human.mailman, self._overflow)
        address = host_of(self.transport.getPeer())
        secure = hasattr(self.transport, "getPeerCertificate") or not address
        peer = Peer(
            address, secure, self._fingerprint, partial(hold, self.transport), self._hang_up
        )
        self.talk = Talk(self._human, peer)
        self._terminal = Terminal(self._outbox.write, self.talk, self._human.negotiate)
        self.talk.greet(self._terminal)

    def dataReceived(self, data: bytes) -> None:
        """Take some bytes."""
        if not self.talk.closed:
            self._terminal.feed(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The stream has ended, by whichever side."""
        self._outbox.forget()
        self.talk.gone("Connection closed")

    def dismiss(self, reason: str) -> None:
        """Say why, and hang up."""
        self.talk.close(reason)

    def _fingerprint(self) -> str | None:
        return fingerprint_of_peer(self.transport)

    def _hang_up(self, text: str) -> None:
        self._outbox.close(self._terminal.farewell(text))

    def _overflow(self) -> bytes:
        let_go(self.talk)
        return TOO_SLOW


class HumanFactory(Factory):
    """Makes a protocol for each that comes."""

    noisy = False

    def __init__(self, human: Human) -> None:
        self._human = human

    def buildProtocol(self, addr: IAddress | None) -> HumanProtocol:
        """Somebody comes."""
        return HumanProtocol(self._human)
