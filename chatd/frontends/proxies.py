"""Proxies in front of us: whom a connection is really from, where a listed peer says so.

A listed peer may begin with a header of the PROXY protocol, before TLS. What it says there is
the address that counts for limits, hosts and log-ins. From anybody else such a header ends the
connection: it could only be a lie, or a proxy that was forgotten in the ini.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from twisted.internet import address
from twisted.internet.interfaces import IDelayedCall, IProtocol, IProtocolFactory, IReactorTime
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.wire.proxy import BadHeader, begins, is_header, read

PATIENCE = 5.0
"""Seconds that a listed peer has for its header; one who sends nothing comes in as itself."""
TELL_EVERY = 60.0
"""Seconds between two lines in the log about headers that were not believed."""
HERE = "unix"
"""How the ini lists all who come by a socket in the file system."""


class Proxies:
    """The peers that may say where a connection really comes from.

    :param written: addresses, networks, or `unix`.
    :raise ValueError: if one of them is no such thing.
    """

    def __init__(self, written: Iterable[str] = ()) -> None:
        names = list(written)
        self._here = HERE in names
        self._networks = [ip_network(name) for name in names if name != HERE]

    def __contains__(self, host: object) -> bool:
        if not host:
            return self._here
        if not self._networks:
            return False
        try:
            found = ip_address(str(host).partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks)

    def __bool__(self) -> bool:
        return self._here or bool(self._networks)


def host_of(peer: Any) -> str:
    """The network address of a peer; empty for one on this very machine."""
    return str(getattr(peer, "host", ""))


class Porch(ServerFactory):
    """Before the door: hears out listed peers, and lets all others pass as themselves."""

    noisy = False
    log = Logger()

    def __init__(self, door: IProtocolFactory, proxies: Proxies, reactor: IReactorTime) -> None:
        self.door = door
        self.reactor = reactor
        self._proxies = proxies
        self._told_at = -TELL_EVERY

    def doStart(self) -> None:
        """It is listened."""
        self.door.doStart()

    def doStop(self) -> None:
        """It is listened no more."""
        self.door.doStop()

    def buildProtocol(self, addr: Any) -> Any:
        """Somebody comes."""
        if host_of(addr) in self._proxies:
            return _Listed(self)
        inner = self.door.buildProtocol(addr)
        return None if inner is None else _Stranger(self, inner)

    def disbelieve(self, transport: Any, why: str) -> None:
        """Hang up on somebody who sends a header that cannot be used."""
        transport.abortConnection()
        now = self.reactor.seconds()
        if now - self._told_at >= TELL_EVERY:
            self._told_at = now
            peer = host_of(transport.getPeer())
            self.log.warn("PROXY header from {peer} not believed: {why}", peer=peer, why=why)


class _Stranger(Protocol):
    """Comes in at once; only the first bytes are looked at."""

    transport: Any

    def __init__(self, porch: Porch, inner: IProtocol) -> None:
        self._porch = porch
        self._inner = inner
        self._first = b""

    def connectionMade(self) -> None:
        self._inner.makeConnection(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self._first += data
        if is_header(self._first):
            self._porch.disbelieve(self.transport, "it is not one of the proxies in the ini")
        elif not begins(self._first):
            self.transport.protocol = self._inner
            self._inner.dataReceived(self._first)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._inner.connectionLost(reason)


class _Listed(Protocol):
    """Says first whom it speaks for."""

    transport: Any

    def __init__(self, porch: Porch) -> None:
        self._porch = porch
        self._first = b""
        self._timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._timer = self._porch.reactor.callLater(PATIENCE, self._late)

    def dataReceived(self, data: bytes) -> None:
        self._first += data
        if not begins(self._first):
            self._enter(self.transport, self._first)
            return
        try:
            header = read(self._first)
        except BadHeader as bad:
            self._porch.disbelieve(self.transport, str(bad))
            return
        if header is not None:
            peer = _peer(header.address, header.port)
            transport = self.transport if peer is None else _Relayed(self.transport, peer)
            self._enter(transport, self._first[header.size :])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop_waiting()

    def _late(self) -> None:
        if self._first:
            self._porch.disbelieve(self.transport, "it did not end")
        else:
            self._enter(self.transport, b"")

    def _enter(self, transport: Any, rest: bytes) -> None:
        self._stop_waiting()
        inner = self._porch.door.buildProtocol(transport.getPeer())
        if inner is None:
            transport.abortConnection()
            return
        self.transport.protocol = inner
        inner.makeConnection(transport)
        if rest:
            inner.dataReceived(rest)

    def _stop_waiting(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


def _peer(host: str | None, port: int) -> Any:
    if host is None:
        return None
    kind = address.IPv6Address if ":" in host else address.IPv4Address
    return kind("TCP", host, port)


class _Relayed:
    """The transport of a proxy, which says where what comes over it really comes from."""

    __slots__ = ("_peer", "_transport")

    def __init__(self, transport: Any, peer: Any) -> None:
        self._transport = transport
        self._peer = peer

    def getPeer(self) -> Any:
        return self._peer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
