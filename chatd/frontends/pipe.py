"""A connection that carries a file: lines at its beginning and end, bytes between.

It was one of a front-end's until its first line; see wire/relay.py for what is said on it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from zope.interface import implementer

from chatd.core.transfers import Transfers
from chatd.errors import BadRelayLine, ChatError, Cut, WrongHash
from chatd.frontends.outbox import PATIENCE
from chatd.interfaces import IPipe
from chatd.model import Side
from chatd.wire.relay import LONGEST, BadLine, Done, Fail, Ok, parse_request, parse_status

ON_THE_WAY = 1 << 17
"""Bytes on their way to a client that the system keeps for us: those that may be lost."""


@implementer(IPipe, IPushProducer)
class Pipe:
    """One such connection. Whoever holds the transport feeds it, and says when it is lost.

    :param brings: whether the client is the one who sends.
    :param plain: whether it wants nothing but bytes, and says nothing at the end.
    :param offset: where such a one begins to send, as it does not hear from where on it should.
    """

    def __init__(
        self,
        transport: Any,
        reactor: IReactorTime,
        *,
        brings: bool = True,
        plain: bool = False,
        offset: int = 0,
    ) -> None:
        self.gone = self.accepted = False
        self.moved = 0
        self._transport = transport
        self._reactor = reactor
        self._cut: IDelayedCall | None = None
        self._brings = brings
        self._plain = plain
        self._offset = offset
        self._known = 0
        self._hear: Callable[[bytes], None] | None = None
        self._early: list[bytes] = []
        self._held = self._full = self._wrote = self._complete = False
        self._line = b""
        self._source: Any = None
        self._waiting: list[Deferred[None]] = []
        self._confirmation: Deferred[str] | None = None
        self._ends: list[Callable[[], None]] = []
        transport.registerProducer(self, True)
        _keep_little(transport)

    @property
    def its_turn(self) -> bool:
        """Whether the client has to do something before more can move."""
        if self._brings:
            return self._hear is not None and not self._held
        return self._full or self._confirmation is not None

    # -- what comes from the client

    def feed(self, chunk: bytes) -> None:
        """Some bytes have come."""
        if self.gone:
            return
        self.moved += 1
        if self._hear is not None:
            self._give(self._hear, chunk)
        elif self._brings:
            self._early.append(chunk)
            self.hold(True)
        else:
            self._take_line(chunk)

    def listen(self, hear: Callable[[bytes], None] | None) -> None:
        """From now on call `hear` with what comes; with none, let it wait at the other end."""
        self._hear = hear
        self.hold(hear is None)
        early, self._early = self._early, []
        if hear is not None:
            for at, chunk in enumerate(early):
                if self._hear is None:
                    self._early = early[at:]
                    return
                self._give(self._hear, chunk)

    def _give(self, hear: Callable[[bytes], None], chunk: bytes) -> None:
        """Give on what comes, without what is known already."""
        known = min(self._known, len(chunk))
        self._known -= known
        if known < len(chunk):
            hear(chunk[known:] if known else chunk)

    def hold(self, wait: bool) -> None:
        """Let the one who sends wait for a while, or go on."""
        if wait == self._held or self.gone:
            return
        self._held = wait
        if wait:
            self._transport.pauseProducing()
        else:
            self._transport.resumeProducing()

    def _take_line(self, chunk: bytes) -> None:
        """Who receives says one line, when it has all."""
        self._line += chunk
        line, end, _ = self._line.partition(b"\n")
        if not end and len(line) <= LONGEST:
            return
        try:
            said = parse_status(line)
        except BadLine:
            self.refuse(BadRelayLine())
            return
        confirmation, self._confirmation = self._confirmation, None
        if confirmation is not None and isinstance(said, Done):
            confirmation.callback(said.digest)
        elif confirmation is not None:
            confirmation.errback(WrongHash())
        else:
            self.refuse(BadRelayLine())

    def lost(self) -> None:
        """The connection has ended."""
        if self._cut is not None and self._cut.active():
            self._cut.cancel()
        self._end()

    # -- what goes to the client

    def accept(self, offset: int, size: int, digest: str) -> None:
        """Say from where on the bytes go, unless that was said before."""
        if not self.accepted and not self._plain:
            self._say(Ok(offset, size, digest).line())
        elif not self.accepted:
            self._known = offset - self._offset  # it sends what is here all the same
        self.accepted = True

    def follow(self, source: Any) -> None:
        """From now on hold that pipe whenever this one takes no more."""
        self._source = source
        if source is not None and self._full:
            source.hold(True)

    def write(self, chunk: bytes) -> None:
        """Send bytes of the file."""
        if not self.gone:
            self._wrote = True
            self._transport.write(chunk)

    async def ready(self) -> None:
        """Wait until it takes more."""
        if self._full and not self.gone:
            waiting: Deferred[None] = Deferred()
            self._waiting.append(waiting)
            await waiting
        if self.gone:
            raise Cut

    async def confirmed(self) -> str:
        """Wait until the receiver says which digest the file has that it got."""
        if self.gone:
            raise Cut
        self._complete = True
        if self._plain:
            return ""
        self._confirmation = Deferred()
        return await self._confirmation

    def when_gone(self, act: Callable[[], None]) -> None:
        """Call this when it ends, or at once if it has."""
        if self.gone:
            act()
        else:
            self._ends.append(act)

    def finish(self, digest: str) -> None:
        """Say that all is well, and hang up."""
        self._hang_up(Done(digest).line() if self._brings else b"")

    def refuse(self, error: Exception) -> None:
        """Say what is wrong, if that can still be said, and hang up."""
        code = error.code if isinstance(error, ChatError) else ""
        said = Fail(code, str(error)).line()
        if self._brings or not self._wrote or self._complete:
            self._hang_up(b"" if self._plain and not self._brings else said)
        elif not self.gone:
            self._transport.abortConnection()
            self._end()

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        self._full = True
        if self._source is not None:
            self._source.hold(True)

    def resumeProducing(self) -> None:
        """The transport's buffer is empty again."""
        self._full = False
        self.moved += 1
        if self._source is not None:
            self._source.hold(False)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    def stopProducing(self) -> None:
        """The transport is gone."""
        self._end()

    def _say(self, line: bytes) -> None:
        if not self.gone:
            self._transport.write(line)

    def _hang_up(self, last: bytes) -> None:
        if self.gone:
            return
        self._transport.unregisterProducer()
        if self._held:
            self._transport.resumeProducing()
        if last:
            self._transport.write(last)
        self._transport.loseConnection()
        self._cut = self._reactor.callLater(PATIENCE, self._transport.abortConnection)
        self._end()

    def _end(self) -> None:
        if self.gone:
            return
        self.gone = True
        self._hear = self._source = None
        self._early.clear()
        waiting, self._waiting = self._waiting, []
        confirmation, self._confirmation = self._confirmation, None
        for one in waiting:
            one.callback(None)
        if confirmation is not None:
            confirmation.errback(Cut())
        ends, self._ends = self._ends, []
        for act in ends:
            act()


def open_pipe(transport: Any, transfers: Transfers, reactor: IReactorTime, line: bytes) -> Pipe:
    """What a connection becomes that began with this line."""
    try:
        asked = parse_request(line)
    except BadLine:
        pipe = Pipe(transport, reactor)
        pipe.refuse(BadRelayLine())
        return pipe
    ticket = transfers.presented(asked.ticket)
    brings = ticket is None or ticket.side is Side.SEND
    plain = ticket is not None and ticket.plain
    pipe = Pipe(transport, reactor, brings=brings, plain=plain, offset=asked.offset)
    ensureDeferred(transfers.carry(pipe, asked.ticket, asked.offset))
    return pipe


def _keep_little(transport: Any) -> None:
    """Let the system keep little of what a client has not taken yet."""
    while transport is not None:
        handle = getattr(transport, "socket", None)
        if isinstance(handle, socket.socket):
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ON_THE_WAY)
            return
        transport = getattr(transport, "transport", None)
