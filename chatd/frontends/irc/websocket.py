"""IRC over WebSocket: the same client, one line per frame (IRCv3 websocket).

Frames, compression and their limits are Autobahn's; what it is told by the client goes to the
same Client as the lines of a stream do, and its clocks are ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.application.service import IService
from twisted.internet.interfaces import IDelayedCall
from txaio.tx import make_logger
from zope.interface import implementer

from chatd.core import Core
from chatd.frontends import irc
from chatd.frontends.irc.client import Client, Irc
from chatd.frontends.irc.protocol import TOO_SLOW, meet
from chatd.frontends.listening import Listener
from chatd.frontends.outbox import Outbox, hold, let_go
from chatd.frontends.proxies import host_of
from chatd.frontends.tls import fingerprint_of_peer
from chatd.interfaces import IDismissable, IFrontend
from chatd.model import Endpoint
from chatd.wire.forwarded import Contradiction, origin
from chatd.wire.irc import LONGEST

TEXT, BINARY = "text.ircv3.net", "binary.ircv3.net"
LONGEST_FRAME = LONGEST + 8191
"""Bytes of the longest message, in either direction: IRCv3's longest tags, and the rest."""
LONGEST_REQUEST = 8192
"""Bytes of the longest request to begin with."""
PING_EVERY = 60.0
"""Seconds between two pings; who has not answered the one gets no other."""
FAREWELL = 2.0
"""Seconds that somebody who broke the rules has to read why it is over."""
WORTH_IT = 512
"""Bytes from which on a line is compressed."""
WINDOW, MEMORY = 11, 4
"""What zlib may use for a client: 16 KiB."""


@dataclass(frozen=True)
class Options(irc.Options):
    """[listen NAME] type = websocket

    path: the path in the URL
    origins: pages that may connect, like https://chat.example.org; * for all, and nothing for
        those from the same host; programs that are no browsers name none
    """

    endpoint: Endpoint = Endpoint("tcp:6698")
    path: str = "/"
    origins: tuple[str, ...] = ()


def make(options: Options, reactor: Any) -> WebSocketFrontend:
    """An IRC front-end for browsers."""
    return WebSocketFrontend(options, reactor)


@implementer(IFrontend)
class WebSocketFrontend:
    """IRC over WebSocket, on one endpoint."""

    def __init__(self, options: Options, reactor: Any) -> None:
        self._options = options
        self._reactor = reactor

    def service(self, core: Core) -> IService:
        """What listens for browsers."""
        factory = WebSocketFactory(irc.make_irc(core, self._options, self._reactor))
        return Listener(self._options, factory, core.gate, self._reactor)


class WebSocketFactory(WebSocketServerFactory):
    """Makes a protocol for each that comes."""

    noisy = False

    def __init__(self, shared: Irc) -> None:
        super().__init__(server="", reactor=shared.reactor)
        self._irc = shared
        self.setProtocolOptions(
            versions=[13],
            webStatus=False,
            allowNullOrigin=True,
            maxMessagePayloadSize=LONGEST_FRAME,
            failByDrop=False,
            openHandshakeTimeout=0,
            closeHandshakeTimeout=0,
            perMessageCompressionAccept=_deflate,
        )

    def buildProtocol(self, addr: object) -> WebSocketProtocol:
        """Somebody comes."""
        protocol = WebSocketProtocol(self._irc)
        protocol.factory = self
        return protocol


@implementer(IDismissable)
class WebSocketProtocol(WebSocketServerProtocol):
    """One client; for its outbox this is the transport."""

    transport: Any
    log = make_logger("none")  # it would tell what clients have written

    def __init__(self, shared: Irc) -> None:
        super().__init__()
        self._irc = shared
        self._client: Client | None = None
        self._address = ""
        self._heard = True
        self._held = False
        self._joined: list[bytes] | None = None
        self._timer: IDelayedCall | None = None

    # -- the beginning and the end

    def connectionMade(self) -> None:
        """Somebody has come, and has yet to send a request."""
        reactor = self._irc.reactor
        self._timer = reactor.callLater(self._irc.options.handshake, self.abortConnection)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        """Take some bytes: of the request, then of frames; none after the end."""
        if self.state == self.STATE_CONNECTING and len(self.data) + len(data) > LONGEST_REQUEST:
            self.failHandshake("The request is too long", 431)
        elif self.state != self.STATE_CLOSED:
            super().dataReceived(data)

    def onConnect(self, request: ConnectionRequest) -> str | None:
        """Judge the request, and choose the first subprotocol that is known here."""
        options = self._irc.options
        if request.path != options.path:
            raise ConnectionDeny(404, "There is nothing here")
        if not _is_allowed(request.headers, options.origins):
            raise ConnectionDeny(403, "Pages from there may not connect")
        peer = host_of(self.transport.getPeer())
        try:
            self._address = origin(request.headers, peer, self._irc.proxies)
        except Contradiction:
            raise ConnectionDeny(400, "The headers disagree on where you are") from None
        return next((each for each in request.protocols if each in (TEXT, BINARY)), None)

    def onOpen(self) -> None:
        """The request was answered: from here on there is a client."""
        self._stop_timer()
        this: Any = self
        outbox = Outbox(this, self._irc.mailman, self._overflow)
        self._client = meet(self._irc, self.transport, outbox, self._hold)
        if self._address != self._client.address:
            self._client.comes_from(self._address)
        else:
            self._client.fingerprint = fingerprint_of_peer(self.transport)
        self._ping()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """The connection is no more."""
        self._stop_timer()
        if self._client is not None:
            self._client.outbox.forget()
            self._client.gone("Connection closed")
            self._client = None

    def dismiss(self, reason: str) -> None:
        """Say why, and hang up."""
        if self._client is not None:
            self._client.close(reason)
        else:
            self.failHandshake(reason, 503)

    def sendCloseFrame(self, *args: Any, **options: Any) -> None:
        """It ends, by whichever side; who does not see to it is cut off after a while."""
        super().sendCloseFrame(*args, **options)
        self._stop_timer()
        if self.failedByMe:
            self._timer = self._irc.reactor.callLater(FAREWELL, self.abortConnection)
        if self._client is not None:
            self._client.gone("Connection closed")
            self._client.outbox.close()

    # -- what the client sends

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A line, in a text frame or not."""
        self._heard = True
        if self._client is not None and not self._client.closed:
            self._client.take(payload)

    def processData(self) -> bool:
        """Take one more frame, unless the client has enough of them for now."""
        return not self._held and bool(super().processData())

    def onPing(self, payload: bytes) -> None:
        """Answer, if the client reads its answers."""
        if self._client is not None and not self._client.outbox.stuck:
            super().onPing(payload)

    def onPong(self, payload: bytes) -> None:
        """The client is there."""
        self._heard = True

    # -- what it is sent: the transport of the outbox

    def write(self, data: bytes) -> None:
        """Send lines, a frame for each, all at once."""
        if self.state != self.STATE_OPEN:
            return
        self._joined = []
        for line in data.split(b"\r\n")[:-1]:
            binary = self.websocket_protocol_in_use == BINARY
            self.sendMessage(line, binary, doNotCompress=len(line) < WORTH_IT)
        joined, self._joined = self._joined, None
        self.transport.write(b"".join(joined))

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Autobahn has a frame to send."""
        if self._joined is not None:
            self._joined.append(data)
        else:
            super().sendData(data, sync, chopsize)

    def loseConnection(self) -> None:
        """Hang up."""
        self.sendClose(self.CLOSE_STATUS_CODE_NORMAL)

    def abortConnection(self) -> None:
        """Hang up at once."""
        self.transport.abortConnection()

    def _ping(self) -> None:
        if not self._heard:
            self.abortConnection()
            return
        self._heard = False
        self.sendPing()
        self._timer = self._irc.reactor.callLater(PING_EVERY, self._ping)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _hold(self, wait: bool) -> None:
        self._held = wait
        hold(self.transport, wait)
        if not wait:
            self.consumeData()

    def _overflow(self) -> bytes:
        if self._client is not None:
            let_go(self._client)
        return TOO_SLOW


def _is_allowed(headers: dict[str, str], origins: Iterable[str]) -> bool:
    """Whether a page may connect. Only browsers say of which page they are."""
    if "origin" not in headers or "*" in origins:
        return True
    page = headers["origin"].lower()
    if origins:
        return page in (each.lower().rstrip("/") for each in origins)
    ports = {"http": ":80", "https": ":443"}
    port = ports.get(urlsplit(page).scheme, "")
    return urlsplit(page).netloc.removesuffix(port) == headers["host"].lower().removesuffix(port)


def _deflate(offers: list[Any]) -> PerMessageDeflateOfferAccept | None:
    """Each line is compressed for itself: nothing that one person writes shows in how short
    the lines of another become."""
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(
                offer,
                request_no_context_takeover=bool(offer.accept_no_context_takeover),
                no_context_takeover=True,
                window_bits=min(WINDOW, offer.request_max_window_bits or WINDOW),
                mem_level=MEMORY,
                max_message_size=LONGEST_FRAME,
            )
    return None
