"""Transports that write at once: Twisted's, with a short way for what nothing stands before.

What a crowd is told costs a TLS record and a system call for each member, and what a file brings
one for each 16 KiB. Twisted's own way there is longer than both; it stays in use for all but the
common case: nothing waits to be written, and the socket takes it all.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from OpenSSL.SSL import Error
from twisted.internet.tcp import Server
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure

RECORD = 16384
"""Bytes that fit a TLS record."""
AROUND = 64
"""More bytes than TLS puts around them."""


class EagerServer(Server):
    """The transport of an accepted connection, which tries the socket before it waits for it."""

    def write(self, data: bytes) -> None:
        """Send this, now if possible."""
        if self.connected and not (self.dataBuffer or self._tempDataBuffer or self.disconnecting):
            try:
                sent = self.socket.send(data)
            except OSError:
                sent = 0  # if it is not only full, the reactor will find out
            if sent == len(data):
                return
            data = data[sent:]
        super().write(data)


class EagerTLS(TLSMemoryBIOProtocol):
    """TLS over such a transport: what is written, and what has come, is handed on as one.

    OpenSSL sees no more than a record at a time, as its buffers never get smaller again.
    """

    transport: Any

    def write(self, data: bytes) -> None:
        """Send this, now if possible."""
        if (
            not data
            or not self._handshakeDone
            or self._appSendBuffer
            or self.disconnecting
            or self._lostTLSConnection
        ):
            super().write(data)
            return
        rest = memoryview(data)
        records = []
        with suppress(Error):  # it fails again, where that is seen to
            while rest:
                self.getHandle().send(rest[:RECORD])
                rest = rest[RECORD:]
                records.append(self.getHandle().bio_read(RECORD + AROUND))
        if records:
            self.transport.write(records[0] if len(records) == 1 else b"".join(records))
        if rest:
            super().write(bytes(rest))

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:
        """TLS has ended, well or not: do not keep what was going on then, all of this included."""
        if reason is not None:
            reason.cleanFailure()
        super()._tlsShutdownFinished(reason)

    def dataReceived(self, data: bytes) -> None:
        """Take what has come; only that of files is much."""
        beginning = not self._handshakeDone
        if len(data) <= RECORD or beginning or self._appSendBuffer or self._aborted:
            super().dataReceived(data)
            return
        connection, view, found = self.getHandle(), memoryview(data), []
        for at in range(0, len(data), RECORD):
            connection.bio_write(view[at : at + RECORD])
            with suppress(Error):  # if not only for want of more, it comes again below
                while True:
                    found.append(connection.recv(RECORD))
        if found:
            ProtocolWrapper.dataReceived(self, found[0] if len(found) == 1 else b"".join(found))
        self._flushReceiveBIO()
