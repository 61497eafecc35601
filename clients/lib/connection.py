"""A conversation's network: TLS, one connection after the other, until it is closed.

Nothing is sent before the server's certificate has been judged.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from OpenSSL import SSL
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as NoAnswer
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import (
    ConnectError,
    ConnectingCancelledError,
    ConnectionClosed,
    ConnectionDone,
    ConnectionRefusedError,
    DNSLookupError,
    TimeoutError,
)
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.task import LoopingCall, deferLater
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.wire.irc import BadLine, Line, parse_text
from clients.lib.backoff import Backoff
from clients.lib.conversation import Conversation
from clients.lib.events import CertificatePinned, Disconnected, Event
from clients.lib.trust import CertificateRefused, Checked, Trust, fingerprint, shown

QUIET = 60.0
"""Seconds without a word from the server after which it is asked whether it is there."""
CONNECT = 20.0
"""Seconds that an attempt to connect may take."""
FAILURES = (
    CancelledError,
    ConnectError,
    ConnectingCancelledError,
    ConnectionClosed,
    DNSLookupError,
    NoAnswer,
    SSL.Error,
    ValueError,  # what cannot be the name of a host
)
"""How an attempt to connect can end, other than well."""
_Result = TypeVar("_Result")


class CannotConnect(Exception):
    """There is no connection, and no more attempts are made."""


@implementer(IHandshakeListener)
class Lines(LineOnlyReceiver):
    """One connection: bytes to lines and back.

    `shaken` fires when the TLS handshake is done or has failed, `closed` when the connection
    is gone, with the reason.
    """

    transport: Any
    delimiter = b"\n"
    MAX_LENGTH = 16384

    def __init__(self, hear: Callable[[Line], None]) -> None:
        self.shaken: Deferred[None] = Deferred()
        self.closed: Deferred[BaseException | None] = Deferred()
        self._hear = hear
        self._asked = False
        self._watch = LoopingCall(self._ask)

    def watch(self, clock: Any) -> None:
        """From now on, notice when the server is silent for too long."""
        self._watch.clock = clock
        self._watch.start(QUIET, now=False)

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted calls it
        if not self.shaken.called:
            self.shaken.callback(None)

    def lineReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted calls it
        self._asked = False
        try:
            line = parse_text(data.decode(errors="replace").rstrip("\r"))
        except BadLine:
            return
        self._hear(line)

    def write(self, line: Line) -> None:
        """Send a line."""
        self.transport.write(line.encode())

    def abort(self) -> None:
        """Hang up at once, if there is a connection."""
        if self.transport is not None:
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._watch.running:
            self._watch.stop()
        if not self.shaken.called:
            self.shaken.errback(reason)
        if not self.closed.called:
            self.closed.callback(reason.value)

    def _ask(self) -> None:
        if self._asked:
            self.abort()
        else:
            self._asked = True
            self.write(Line("PING", ("there?",)))


class Connection:
    """Connects a conversation, again and again.

    :param patience: how many seconds without a connection are borne; None for any. The very
        first attempt has to work.
    :param backoff: how long to wait between attempts.
    """

    def __init__(
        self,
        reactor: Any,
        conversation: Conversation,
        trust: Trust,
        port: int,
        tell: Callable[[Event], None],
        backoff: Backoff,
        patience: float | None = None,
    ) -> None:
        self._reactor = reactor
        self._conversation = conversation
        self._trust = trust
        self._port = port
        self._tell = tell
        self._backoff = backoff
        self._patience = patience
        self._closing = False
        self._waiting: Deferred[Any] | None = None
        self._talked = False

    async def run(self) -> None:
        """Be connected until `close`, or until the conversation is over.

        :raise CannotConnect: if patience is at its end.
        :raise CertificateRefused: if the server is not who it should be.
        """
        lost = None
        while not self._closing:
            why = explain(await self._once(), self._conversation.last_words)
            if self._closing or self._conversation.over:
                return
            if self._conversation.welcomed and (self._talked or lost is None):
                self._backoff.reset()
                lost = self._reactor.seconds()
            if lost is None or self._is_enough(self._reactor.seconds() - lost):
                raise CannotConnect(why)
            await self._pause(why)

    def close(self, reason: str = "") -> None:
        """Hang up, and do not come back."""
        self._closing = True
        if self._conversation.online:
            self._conversation.request("QUIT", *([reason] if reason else []))
        if self._waiting is not None:
            self._waiting.cancel()

    def _is_enough(self, seconds: float) -> bool:
        return self._patience is not None and seconds > self._patience

    async def _once(self) -> BaseException | None:
        """Connect, talk, and give back why it ended."""
        self._talked = False
        checked = Checked(self._trust.host)
        lines = Lines(self._conversation.hear)
        place = HostnameEndpoint(self._reactor, self._trust.host, self._port, timeout=CONNECT)
        endpoint = wrapClientTLS(checked, place)
        try:
            await self._wait(endpoint.connect(Factory.forProtocol(lambda: lines)))
            await self._wait(lines.shaken.addTimeout(CONNECT, self._reactor))
        except FAILURES as error:
            lines.abort()
            return error
        self._judge(lines, checked)
        return await self._talk(lines)

    def _judge(self, lines: Lines, checked: Checked) -> None:
        handle = lines.transport.getHandle()
        try:
            found = fingerprint(handle)
            if self._trust.judge(found, checked.vouched(handle)):
                self._tell(CertificatePinned(host=self._trust.name, fingerprint=shown(found)))
        except CertificateRefused:
            lines.abort()
            raise

    async def _talk(self, lines: Lines) -> BaseException | None:
        lines.watch(self._reactor)
        self._talked = True
        self._conversation.connected(lines.write)
        try:
            return await self._wait(lines.closed)
        except CancelledError:
            lines.transport.loseConnection()
            return ConnectionDone()
        finally:
            self._conversation.disconnected()

    async def _pause(self, why: str) -> None:
        seconds = self._backoff.next()
        self._tell(Disconnected(reason=why, again=seconds))
        with suppress(CancelledError):
            await self._wait(deferLater(self._reactor, seconds))

    async def _wait(self, deferred: Deferred[_Result]) -> _Result:
        """Wait for something that `close` may cut short."""
        self._waiting = deferred
        try:
            return await deferred
        finally:
            self._waiting = None


def explain(reason: BaseException | None, last_words: str = "") -> str:
    """Why there is no connection, as a sentence."""
    match reason:
        case _ if last_words:
            return f"The server said: {last_words}"
        case ConnectionRefusedError():
            return "Nothing listens there."
        case DNSLookupError():
            return "There is no host of that name."
        case TimeoutError() | NoAnswer():
            return "There was no answer."
        case ConnectionDone():
            return "The server closed the connection."
        case SSL.Error():
            return "The server does not speak TLS as we do."
    return f"The connection failed ({reason})."
