"""Where clients come in: who may, when a certificate is looked at, and what is said if not."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from chatd.core.limits import Gate
from chatd.core.settings import Limits, Settings
from chatd.errors import StartError
from chatd.frontends.halfway import Halfway
from chatd.frontends.listening import Listener, Listening, PlainDoor, SecureDoor
from chatd.frontends.tls import Credentials, Pair, make_pair
from chatd.model import Endpoint

PEER = IPv4Address("TCP", "192.0.2.1", 1)


def options(folder: Path, endpoint: str = "tcp:6697", **others: Any) -> Listening:
    pair = Pair(folder / "certificate.pem", folder / "key.pem")
    if not pair.key.exists():
        make_pair(pair, ["chat.example.org"], 0)
    return Listening(Endpoint(endpoint), certificate=pair.certificate, key=pair.key, **others)


def gate(**limits: Any) -> Gate:
    return Gate(Settings(limits=Limits(**limits)), lambda: 0.0)


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp:6667:interface=127.0.0.1",
        "tcp:6667:interface=localhost",
        "tcp6:6667:interface=\\:\\:1",
        "unix:/run/chatd/irc",
        "unix:/run/chatd/irc:mode=660",
    ],
)
def test_plaintext_at_home(endpoint: str) -> None:
    """On the machine itself there may be no TLS."""
    assert Listening(Endpoint(endpoint), tls=False).tls is False


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp:6667",
        "tcp:6667:interface=192.0.2.1",
        "tcp:6667:interface=0.0.0.0",
        "tcp:6667:interface=12.127.0.1",
        "tcp:6667:interface=127.example.org",
        "tcp6:6667:interface=\\:\\:",
        "tcp6:6667:interface=\\:\\:1234",
        "tcp:6667:interface=localhost.example.org",
        "systemd:domain=INET:name=irc",
    ],
)
def test_plaintext_abroad(endpoint: str) -> None:
    """Where others could read along there is none, unless the ini says `insecure = yes`."""
    with pytest.raises(ValueError, match="would let others read along"):
        Listening(Endpoint(endpoint), tls=False)
    assert Listening(Endpoint(endpoint), tls=False, insecure=True).insecure


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EADDRINUSE, "tcp:6697 is in use: stop what uses it, or write another endpoint."),
        (
            errno.EACCES,
            "tcp:6697 is not allowed to this user: write a port from 1024 on,"
            " or let systemd open it.",
        ),
        (errno.EADDRNOTAVAIL, "tcp:6697 has an address that this machine does not have."),
        (errno.ENOBUFS, f"tcp:6697 cannot be listened on: {OSError(errno.ENOBUFS, 'full')}."),
    ],
)
def test_no_way_to_listen(tmp_path: Path, number: int, sentence: str) -> None:
    """What hinders it is one sentence with the remedy."""
    reactor = MemoryReactorClock()

    def refuse(*args: object, **kwargs: object) -> None:
        raise CannotListenError("", 6697, OSError(number, "full"))

    reactor.listenTCP = refuse  # type: ignore[method-assign,assignment]
    listener = Listener(options(tmp_path), Factory(), gate(), reactor)
    with pytest.raises(StartError) as caught:
        listener.startService()
    assert str(caught.value) == sentence


def test_nothing_from_systemd(tmp_path: Path) -> None:
    """A socket that systemd should hand over and does not is one sentence."""
    endpoint = "systemd:domain=INET:name=irc"
    listener = Listener(options(tmp_path, endpoint), Factory(), gate(), MemoryReactorClock())
    with pytest.raises(StartError, match=f"systemd has handed over no {endpoint}."):
        listener.startService()


def test_no_certificate(tmp_path: Path) -> None:
    """Without its key it does not begin to listen."""
    wanted = options(tmp_path)
    wanted.key.unlink()
    reactor = MemoryReactorClock()
    with pytest.raises(StartError, match=r"the key .* cannot be read"):
        Listener(wanted, Factory(), gate(), reactor).startService()
    assert reactor.tcpServers == []


def test_renewal_within_a_minute(tmp_path: Path) -> None:
    """Changed certificate files are in use within 60 seconds, and nobody has to say so."""
    reactor = MemoryReactorClock()
    wanted = options(tmp_path)
    listener = Listener(wanted, Factory(), gate(), reactor)
    listener.startService()
    credentials = listener._credentials
    assert credentials is not None
    before = credentials._context
    for path in (wanted.certificate, wanted.key):
        os.utime(path, (1, 1))
    reactor.pump([1] * 59)
    assert credentials._context is not before
    listener.stopService()
    assert reactor.getDelayedCalls() == []


def test_reload_takes_another_certificate(tmp_path: Path) -> None:
    """Other files in the ini are in use after a reload; a pair that is no good is refused first."""
    (tmp_path / "new").mkdir()
    listener = Listener(options(tmp_path), Factory(), gate(), MemoryReactorClock())
    listener.startService()
    other = options(tmp_path / "new")
    listener.check(other)
    assert listener.reload(other) == []
    assert listener._credentials is not None
    assert listener._credentials.pair == other.pair
    other.key.write_text("nonsense")
    with pytest.raises(ValueError, match="there is no key in"):
        listener.check(other)
    listener.stopService()


def test_without_tls_no_certificate_is_looked_at(tmp_path: Path) -> None:
    """A front-end without TLS needs no files."""
    wanted = Listening(Endpoint("tcp:0:interface=127.0.0.1"), tls=False, key=tmp_path / "none")
    listener = Listener(wanted, Factory(), gate(), MemoryReactorClock())
    listener.check(wanted)
    listener.startService()
    listener.stopService()


class Waiting(Protocol):
    """Knows when it is connected, and when no more."""

    def __init__(self) -> None:
        self.made: Deferred[Any] = Deferred()
        self.lost: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.made.callback(self.transport)

    def connectionLost(self, reason: object = None) -> None:
        self.lost.callback(None)


class ListenerTest(TestCase):
    """A listener with a real socket."""

    async def test_nothing_waits_to_be_sent(self) -> None:
        """What is written to a client goes out at once: Nagle's algorithm is off."""
        inner = Waiting()
        wanted = Listening(Endpoint("tcp:0:interface=127.0.0.1"), tls=False)
        listener = Listener(wanted, Factory.forProtocol(lambda: inner), gate(), reactor)
        listener.startService()
        port = int(listener.address.rpartition(" ")[2])
        outer: Any = await connectProtocol(
            TCP4ClientEndpoint(reactor, "127.0.0.1", port), Waiting()
        )
        transport = await inner.made
        self.assertTrue(transport.getTcpNoDelay())
        await listener.stopService()
        outer.transport.loseConnection()
        await gatherResults([inner.lost, outer.lost])


def doors(folder: Path) -> list[PlainDoor | SecureDoor]:
    """Both kinds."""
    credentials, clock = Credentials(options(folder).pair), MemoryReactorClock()
    factory = Factory.forProtocol(Protocol)
    secure = SecureDoor(credentials, False, factory, clock)
    secure.halfway = Halfway(lambda: 100, clock)
    return [PlainDoor(factory), secure]


@pytest.mark.parametrize("kind", [0, 1], ids=["plain", "TLS"])
def test_connections_from_one_address(kind: int, tmp_path: Path) -> None:
    """So many may come from one address at once; when one goes another may come."""
    door = doors(tmp_path)[kind]
    door.gate = gate(connections=2)
    transports = [StringTransport(peerAddress=PEER) for _ in range(2)]
    protocols = [door.buildProtocol(PEER) for _ in transports]
    for protocol, transport in zip(protocols, transports, strict=True):
        protocol.makeConnection(transport)
    assert door.buildProtocol(PEER) is None
    assert door.buildProtocol(IPv4Address("TCP", "192.0.2.2", 1)) is not None
    for protocol in protocols:
        assert door.buildProtocol(PEER) is None
        protocol.connectionLost(Failure(ConnectionDone()))
        protocol = door.buildProtocol(PEER)
        assert protocol is not None
        protocol.makeConnection(StringTransport(peerAddress=PEER))


def test_connects_from_one_address() -> None:
    """So many may come from one address in a burst."""
    door = PlainDoor(Factory.forProtocol(Protocol))
    door.gate = gate(connects=3)
    assert [door.buildProtocol(PEER) is not None for _ in range(4)] == [True, True, True, False]
