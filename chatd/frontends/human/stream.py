"""One person at the other end of a stream: openssl, ncat, or telnet over TLS."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.frontends.human.talk import Human, Peer, Talk
from chatd.frontends.human.terminal import Terminal
from chatd.frontends.outbox import Outbox
from chatd.frontends.tls import fingerprint_of_peer

TOO_SLOW = b"You read too slowly; come back and read on.\r\n"


class HumanProtocol(Protocol):
    """Ties a stream, a terminal and a dialogue together."""

    log = Logger()
    transport: Any

    def __init__(self, human: Human) -> None:
        self._human = human

    def connectionMade(self) -> None:
        """Somebody has come; over TLS the handshake may still be going on."""
        self._outbox = Outbox(self.transport, self._human.mailman, self._overflow)
        address = str(getattr(self.transport.getPeer(), "host", ""))
        secure = hasattr(self.transport, "getPeerCertificate") or not address
        peer = Peer(address, secure, self._fingerprint, self._hold, self._hang_up)
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

    def _fingerprint(self) -> str | None:
        if not hasattr(self.transport, "getPeerCertificate"):
            return None
        try:
            return fingerprint_of_peer(self.transport)
        except SSL.Error:
            return None

    def _hold(self, hold: bool) -> None:
        if hold:
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()

    def _hang_up(self, text: str) -> None:
        self._outbox.close(self._terminal.farewell(text))

    def _overflow(self) -> bytes:
        """The person's machine does not take what it is sent: let it go."""
        self.log.info("{who} does not keep up", who=self.talk.person.name)
        self.talk.gone("Too slow")
        return TOO_SLOW


class HumanFactory(Factory):
    """Makes a protocol for each that comes."""

    noisy = False

    def __init__(self, human: Human) -> None:
        self._human = human

    def buildProtocol(self, addr: IAddress | None) -> HumanProtocol:
        """Somebody comes."""
        return HumanProtocol(self._human)
