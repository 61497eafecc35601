"""Bounded output to one client: a reader who cannot keep up is let go.

What is written in one turn of the reactor goes out as one write at its end: what costs is
one TLS record and one system call for each client, not the message. What the client's
machine does not take stays here, up to a limit; beyond it the client is told and dropped,
and may come back and read on where it was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime, ITransport
from twisted.logger import Logger
from zope.interface import implementer

MOST = 1 << 20
"""Bytes that may wait for one client."""
PATIENCE = 10.0
"""Seconds that a client has to take its last words before it is cut off."""
TURN = 0.002
"""Seconds of writing after which others have their turn."""
MOMENT = 0.03
"""Seconds for which more is waited for while it is being told."""


log = Logger()


def hold(transport: Any, wait: bool) -> None:
    """Read no more from a client for now, or go on."""
    if wait:
        transport.pauseProducing()
    else:
        transport.resumeProducing()


def let_go(client: Any) -> None:
    """A client's machine does not take what it is sent: that is its end."""
    log.info("{who} does not keep up", who=client.person.name)
    client.gone("Too slow")


class Mailman:
    """Empties the outboxes that something was put in, once in each turn of the reactor, or in a few
    turns if they are many; and whenever what came in together was told, so that all that comes in
    meanwhile is the next one.

    :param more: whether more is just being told, so that it is worth waiting a moment.
    """

    def __init__(self, reactor: IReactorTime, more: Callable[[], bool]) -> None:
        self._reactor = reactor
        self._more = more
        self._full: deque[Outbox] = deque()
        self._call: IDelayedCall | None = None
        self._waited = False
        self._stopped_at = float("-inf")

    def will_empty(self, outbox: Outbox) -> None:
        """Flush this outbox at the end of the turn."""
        self._full.append(outbox)
        self._plan()

    def later(self, cut: Callable[[], None]) -> IDelayedCall:
        """Cut a client off, unless it goes by itself."""
        return self._reactor.callLater(PATIENCE, cut)

    def empty(self) -> None:
        """Hand over what waits, unless there was too much for one turn just now."""
        if self._reactor.seconds() - self._stopped_at >= TURN:
            if self._call is not None:
                self._call.cancel()
            self._empty()
        elif self._call is not None:
            self._call.reset(0)

    def _empty(self) -> None:
        """Hand over what waits, to each transport at once; what is too much, in the next turn."""
        until = self._reactor.seconds() + TURN
        self._call, self._waited = None, False
        try:
            while self._full:
                self._full.popleft().flush()
                if self._reactor.seconds() >= until:
                    break
        finally:
            if self._full:
                self._stopped_at = self._reactor.seconds()
                self._plan()

    def _plan(self, seconds: float = 0.0) -> None:
        if self._call is None:
            self._call = self._reactor.callLater(seconds, self._next_turn)

    def _next_turn(self) -> None:
        self._call = None
        self._waited = self._more() and not self._waited
        if self._waited:
            self._plan(MOMENT)
        else:
            self._empty()


@implementer(IPushProducer)
class Outbox:
    """What waits to be written to one client.

    :param overflow: called once, when more waits than may; what it gives are the last words.
    """

    __slots__ = ("_chunks", "_cut", "_mailman", "_overflow", "_paused", "_size", "_transport")

    def __init__(
        self, transport: ITransport, mailman: Mailman, overflow: Callable[[], bytes]
    ) -> None:
        self._transport: ITransport | None = transport
        self._mailman = mailman
        self._overflow = overflow
        self._chunks: list[bytes] = []
        self._size = 0
        self._paused = False
        self._cut: IDelayedCall | None = None
        transport.registerProducer(self, True)  # type: ignore[attr-defined]

    @property
    def stuck(self) -> bool:
        """Whether the client's machine takes no more for now."""
        return self._paused

    def write(self, chunk: bytes) -> None:
        """Send this soon, after all that was written before it."""
        if self._transport is None or not chunk:
            return
        if not self._chunks and not self._paused:
            self._mailman.will_empty(self)
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > MOST:
            self._chunks.clear()
            self.close(self._overflow())

    def flush(self) -> None:
        """Hand over what waits, unless the client's machine takes no more for now."""
        if self._chunks and not self._paused and self._transport is not None:
            chunks, self._chunks, self._size = self._chunks, [], 0
            self._transport.write(b"".join(chunks))

    def close(self, last: bytes = b"") -> None:
        """Send what waits and these last words, and hang up; nothing is sent after that.

        A client that does not even take that is cut off after a while.
        """
        transport, self._transport = self._transport, None
        if transport is None:
            return
        transport.unregisterProducer()  # type: ignore[attr-defined]
        transport.write(b"".join(self._chunks) + last)
        self._chunks.clear()
        transport.loseConnection()
        self._cut = self._mailman.later(transport.abortConnection)  # type: ignore[attr-defined]

    def hand_over(self) -> None:
        """Write no more: the transport is somebody else's from now on."""
        if self._transport is not None:
            self._transport.unregisterProducer()  # type: ignore[attr-defined]
        self.forget()

    def forget(self) -> None:
        """The client is gone: there is nobody to send anything to, and whoever made this is let
        go, as they hold the transport, and that holds this."""
        self._transport, self._overflow = None, bytes
        self._chunks.clear()
        if self._cut is not None and self._cut.active():
            self._cut.cancel()

    def pauseProducing(self) -> None:
        """The transport's buffer is full: keep things here."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The transport's buffer is empty again."""
        self._paused = False
        self.flush()

    def stopProducing(self) -> None:
        """The transport is gone."""
        self.forget()
