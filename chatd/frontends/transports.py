"""Transports that write at once: Twisted's, with a short way for what nothing stands before.

What a crowd is told costs a TLS record and a system call for each member. Twisted's own way
there is longer than both; it stays in use for all but the common case: nothing waits to be
written, and the socket takes it all.
"""

from __future__ import annotations

from typing import Any

from OpenSSL.SSL import Error
from twisted.internet.tcp import Server
from twisted.protocols.tls import TLSMemoryBIOProtocol

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
    """TLS over such a transport: what fits a record is made one, and is handed on as one."""

    transport: Any

    def write(self, data: bytes) -> None:
        """Send this, now if possible."""
        if (
            not self._handshakeDone
            or self._appSendBuffer
            or self.disconnecting
            or self._lostTLSConnection
            or not 0 < len(data) <= RECORD
        ):
            super().write(data)
            return
        connection = self.getHandle()
        try:
            connection.send(data)
        except Error:
            super().write(data)  # it fails again, where that is seen to
        else:
            self.transport.write(connection.bio_read(len(data) + AROUND))
