"""TLS to a server that is who it should be, and bytes to lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IHandshakeListener, IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.bench.plan import Host
from clients.lib.trust import (
    CertificateRefused,
    Checked,
    Pins,
    Trust,
    fingerprint,
    is_address,
    shown,
)

PATIENCE = 30.0
"""Seconds that any answer may take, but those to posts."""


@implementer(IHandshakeListener)
class Wire(Protocol):
    """One connection, line by line."""

    transport: Any

    def __init__(
        self, hear: Callable[[bytes], None], gone: Callable[[BaseException | None], None]
    ) -> None:
        self.shaken: Deferred[None] = Deferred()
        self._hear = hear
        self._gone = gone
        self._rest = b""

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted calls it
        self.shaken.callback(None)

    def dataReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            self._hear(line)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.shaken.called:
            self.shaken.errback(reason)
        self._gone(reason.value)


@implementer(IOpenSSLClientConnectionCreator)
class OneContext:
    """TLS for many connections to one host, whose certificate is looked at afterwards."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_2_VERSION)

    def clientConnectionForTLS(  # noqa: N802 - Twisted calls it
        self, protocol: TLSMemoryBIOProtocol
    ) -> SSL.Connection:
        connection = SSL.Connection(self._context, None)
        if not is_address(self._host):
            connection.set_tlsext_host_name(self._host.encode("idna"))
        return connection


class Door:
    """The way to one server, for as many as like.

    :param expected: the SHA-256 of the only certificate that is good.
    """

    def __init__(self, reactor: Any, host: str, port: int, expected: str) -> None:
        self._reactor = reactor
        self._host = host
        self._port = port
        self._expected = expected
        self._tls = OneContext(host)

    async def open(self, wire: Wire) -> None:
        """Connect.

        :raise CertificateRefused: if it is another server.
        """
        await _connect(self._reactor, self._host, self._port, self._tls, wire)
        found = fingerprint(wire.transport.getHandle())
        if found != self._expected:
            wire.transport.abortConnection()
            raise CertificateRefused(f"Another certificate was met, {shown(found)}.")


async def meet(reactor: Any, host: Host, pins: Pins, tell: Callable[[str], None]) -> Door:
    """See who is there, and whether it is who it should be, before anything is sent.

    :raise CertificateRefused: if it is not.
    """
    checked = Checked(host.name, host.authorities)
    wire = Wire(lambda line: None, lambda reason: None)
    await _connect(reactor, host.name, host.port, checked, wire)
    handle = wire.transport.getHandle()
    found, vouched = fingerprint(handle), checked.vouched(handle)
    wire.transport.abortConnection()
    if host.authorities is not None and not vouched:
        raise CertificateRefused(
            f"Nobody in {host.authorities} vouches for the certificate of {host.name}."
        )
    if Trust(host.name, host.port, pins, host.fingerprint).judge(found, vouched):
        tell(f"The certificate of {host.name} is remembered from now on: {shown(found)}")
    return Door(reactor, host.name, host.port, found)


async def _connect(
    reactor: Any, host: str, port: int, tls: IOpenSSLClientConnectionCreator, wire: Wire
) -> None:
    endpoint = wrapClientTLS(tls, HostnameEndpoint(reactor, host, port, timeout=PATIENCE))
    await endpoint.connect(Factory.forProtocol(lambda: wire))
    await wire.shaken.addTimeout(PATIENCE, reactor)
