"""Lines from standard input, without waiting for them in the reactor."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

_CHUNK = 65536


@implementer(IReadDescriptor)
class _Readable:
    """Tells once when a file descriptor can be read."""

    def __init__(self, reactor: Any, descriptor: int) -> None:
        self._reactor = reactor
        self._descriptor = descriptor
        self.ready: Deferred[None] = Deferred()
        reactor.addReader(self)

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:  # noqa: N802 - Twisted calls it
        return "standard input"

    def doRead(self) -> None:  # noqa: N802 - Twisted calls it
        self._reactor.removeReader(self)
        self.ready.callback(None)

    def connectionLost(self, reason: Failure) -> None:
        self._reactor.removeReader(self)


async def lines(reactor: Any, descriptor: int) -> AsyncIterator[str]:
    """The lines as they come. Nothing is read before it is wanted."""
    kind = os.fstat(descriptor).st_mode
    waits = stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) or os.isatty(descriptor)
    rest = b""
    while True:
        if waits:
            await _Readable(reactor, descriptor).ready
        data = os.read(descriptor, _CHUNK)
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
        if not data:
            break
    if rest:
        yield rest.decode(errors="replace")
