"""A connection that carries the bytes of one file, to the server or from it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IHandshakeListener, IPullProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.wire.relay import LONGEST, BadLine, Done, Fail, Presented, Status, parse_status
from clients.lib.connection import CONNECT, FAILURES, explain
from clients.lib.trust import Checked, Trust, fingerprint

QUIET = 180.0
"""Seconds in which nothing moves, after which we hang up: the server would have done so."""
_CHUNK = 1 << 16
_UNSENT = 1 << 17
"""Bytes that the system keeps for us and has not sent yet: if we have to stop they go in vain."""


class Broken(Exception):
    """The connection was lost, or there was none; it may be tried again."""


class Unreadable(Exception):
    """The file that is to be sent is not there any more, or has fewer bytes than it had."""


@implementer(IHandshakeListener)
class Carrier(Protocol):
    """One such connection. First lines are read from it, by `status`; then perhaps bytes.

    :param moved: called with each number of bytes that went by.
    """

    transport: Any

    def __init__(self, moved: Callable[[int], None]) -> None:
        self.shaken: Deferred[None] = Deferred()
        self._moved = moved
        self._rest = b""
        self._line: Deferred[Status] | None = None
        self._bytes: Deferred[None] | None = None
        self._take: Callable[[bytes], None] | None = None
        self._left = 0
        self._bringing: _Bringing | None = None
        self._gone: Broken | None = None
        self._alive = True
        self._watch = LoopingCall(self._look)

    # -- what the transport calls

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted calls it
        if not self.shaken.called:
            self.shaken.callback(None)

    def dataReceived(self, data: bytes) -> None:
        self._alive = True
        self._rest += data
        self._go_on()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._watch.running:
            self._watch.stop()
        self._gone = Broken(explain(reason.value))
        for waiting in (self.shaken, self._line, self._bytes):
            if waiting is not None and not waiting.called:
                waiting.errback(self._gone)
        if self._bringing is not None:
            self._bringing.stopProducing()

    # -- what a transfer asks for

    def present(self, ticket: str, offset: int, clock: Any) -> None:
        """Say what we are here for; from now on, notice when nothing moves."""
        self._watch.clock = clock
        self._watch.start(QUIET, now=False)
        self.transport.write(Presented(ticket, offset).line())

    async def status(self) -> Status:
        """The next line.

        :raise Broken: if none comes any more.
        """
        self._line = Deferred()
        self._go_on()
        if self._gone is not None and not self._line.called:
            raise self._gone
        return await self._line

    async def take(self, count: int, take: Callable[[bytes], None]) -> None:
        """Give so many bytes to `take` as they come; what it raises ends that.

        :raise Broken: if not all of them come.
        """
        self._take, self._left, self._bytes = take, count, Deferred()
        self._go_on()
        if self._gone is not None and not self._bytes.called:
            raise self._gone
        await self._bytes

    async def bring(self, file: int, start: int, end: int) -> None:
        """Send the bytes of a file, as fast as they are taken, unless the server objects.

        :raise Unreadable: if there are fewer of them.
        """
        self._bringing = _Bringing(self, file, start, end)
        await self._bringing.over

    def sent(self, count: int) -> None:
        """So many bytes have left."""
        self._alive = True
        self._moved(count)

    @property
    def answered(self) -> bool:
        """Whether the other side has said something while we were sending."""
        return bool(self._rest) or self._gone is not None

    def say(self, status: Done | Fail) -> None:
        """Say how it ended."""
        self.transport.write(status.line())

    def close(self) -> None:
        """Hang up, when all that was said has gone out."""
        self.transport.loseConnection()

    def abort(self) -> None:
        """Hang up at once, if there is a connection."""
        if self.transport is not None:
            self.transport.abortConnection()

    def _go_on(self) -> None:
        if self._bytes is not None and not self._bytes.called:
            self._pass()
        elif self._line is not None and not self._line.called:
            line, end, rest = self._rest.partition(b"\n")
            if end:
                self._rest = rest
                self._understand(line)
            elif len(line) > 2 * LONGEST:
                self._understand(b"")

    def _pass(self) -> None:
        assert self._bytes is not None and self._take is not None  # noqa: S101 - who calls us looked
        chunk, self._rest = self._rest[: self._left], self._rest[self._left :]
        try:
            self._take(chunk)
        except Exception as error:
            self._bytes.errback(error)
            return
        self._left -= len(chunk)
        self._moved(len(chunk))
        if not self._left:
            self._bytes.callback(None)

    def _understand(self, line: bytes) -> None:
        assert self._line is not None  # noqa: S101 - who calls us looked
        try:
            self._line.callback(parse_status(line))
        except BadLine:
            self._line.errback(Broken("The server says what cannot be understood."))
            self.abort()

    def _look(self) -> None:
        if not self._alive:
            self.abort()
        self._alive = False


@implementer(IPullProducer)
class _Bringing:
    """Reads from a file whenever the transport takes more."""

    def __init__(self, carrier: Carrier, file: int, start: int, end: int) -> None:
        self.over: Deferred[None] = Deferred()
        self._carrier = carrier
        self._file = file
        self._at = start
        self._end = end
        carrier.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        if self._at >= self._end or self._carrier.answered:
            self._stop(None)
            return
        try:
            chunk = _read(self._file, self._at, min(_CHUNK, self._end - self._at))
        except Unreadable as error:
            self._stop(error)
            return
        self._at += len(chunk)
        self._carrier.transport.write(chunk)
        self._carrier.sent(len(chunk))

    def stopProducing(self) -> None:
        if not self.over.called:
            self.over.callback(None)

    def _stop(self, error: Exception | None) -> None:
        if self.over.called:
            return
        self._carrier.transport.unregisterProducer()
        if error is None:
            self.over.callback(None)
        else:
            self.over.errback(error)


def opened(path: Path, size: int) -> int:
    """A file to be sent, which has to be closed.

    :raise Unreadable: if it is not there, or has fewer bytes.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(error) from error
    if os.fstat(file).st_size < size:
        os.close(file)
        raise Unreadable("the file has become shorter.")
    return file


def _read(file: int, at: int, most: int) -> bytes:
    try:
        chunk = os.pread(file, most, at)
    except OSError as error:
        raise _unreadable(error) from error
    if not chunk:
        raise Unreadable("the file has become shorter.")
    return chunk


def _unreadable(error: OSError) -> Unreadable:
    return Unreadable(f"it cannot be read: {(error.strerror or str(error)).lower()}.")


def _keep_little(transport: Any) -> None:
    """Let the system keep little that is not on its way yet, where it can be told so."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    handle = getattr(transport.transport, "socket", None)
    if option is not None and isinstance(handle, socket.socket):
        handle.setsockopt(socket.IPPROTO_TCP, option, _UNSENT)


async def dial(reactor: Any, trust: Trust, port: int, moved: Callable[[int], None]) -> Carrier:
    """Connect to the server that we chat with, and see that it is that one.

    :raise Broken: if there is no connection.
    :raise CertificateRefused: if it is another.
    """
    checked, carrier = Checked(trust.host), Carrier(moved)
    place = HostnameEndpoint(reactor, trust.host, port, timeout=CONNECT)
    try:
        await wrapClientTLS(checked, place).connect(Factory.forProtocol(lambda: carrier))
        await carrier.shaken.addTimeout(CONNECT, reactor)
        handle = carrier.transport.getHandle()
        trust.judge(fingerprint(handle), checked.vouched(handle))
        _keep_little(carrier.transport)
    except FAILURES as error:
        carrier.abort()
        raise Broken(explain(error)) from error
    except BaseException:
        carrier.abort()
        raise
    return carrier
