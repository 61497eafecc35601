"""Proxies in front: who is believed, and what becomes of those who are not."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from chatd.core.limits import Gate
from chatd.core.settings import Limits, Settings
from chatd.frontends.listening import Listening, PlainDoor
from chatd.frontends.proxies import PATIENCE, TELL_EVERY, Porch, Proxies
from chatd.model import Endpoint

HEADER = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 6697\r\n"
PROXY = "127.0.0.1"
STRANGER = "192.0.2.66"


class Ear(Protocol):
    """Remembers what it hears, and greets like a front-end that speaks first."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost = False

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"hello")

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: object = None) -> None:
        self.lost = True


class Street:
    """A porch, a door behind it, and all who have come in."""

    def __init__(self, **limits: Any) -> None:
        self.clock = Clock()
        self.ears: list[Ear] = []
        self.gate = Gate(Settings(limits=Limits(**limits)), self.clock.seconds)
        proxies = Proxies([PROXY, "10.0.0.0/8"])
        door = PlainDoor(Factory.forProtocol(self._ear))
        door.gate, door.proxies = self.gate, proxies
        self.porch = Porch(door, proxies, self.clock)

    def _ear(self) -> Ear:
        self.ears.append(Ear())
        return self.ears[-1]

    def comes(self, host: str, *chunks: bytes) -> Visit:
        """Somebody connects, and sends."""
        visit = Visit(self, host)
        for chunk in chunks:
            visit.sends(chunk)
        return visit


class Visit:
    """One connection."""

    def __init__(self, street: Street, host: str) -> None:
        self.peer = IPv4Address("TCP", host, 1)
        self.wire: Any = StringTransport(peerAddress=self.peer)
        self.wire.protocol = street.porch.buildProtocol(self.peer)
        self.turned_away = self.wire.protocol is None
        if not self.turned_away:
            self.wire.protocol.makeConnection(self.wire)

    def sends(self, data: bytes) -> None:
        self.wire.protocol.dataReceived(data)

    def leaves(self) -> None:
        self.wire.protocol.connectionLost(Failure(ConnectionDone()))

    @property
    def cut(self) -> bool:
        return bool(self.wire.disconnected)


def peer_of(ear: Ear) -> str:
    assert ear.transport is not None
    return str(ear.transport.getPeer().host)  # type: ignore[attr-defined]


def test_listed_peer_speaks_for_others() -> None:
    """What a listed peer says is the address; what follows the header is the client's."""
    street = Street()
    visit = street.comes(PROXY, HEADER + b"NICK ada\r\n", b"USER ada\r\n")
    (ear,) = street.ears
    assert peer_of(ear) == "192.0.2.7"
    assert ear.heard == b"NICK ada\r\nUSER ada\r\n"
    assert visit.wire.value() == b"hello"
    visit.leaves()
    assert ear.lost
    assert street.clock.getDelayedCalls() == []


def test_byte_by_byte() -> None:
    """A header may come in as small pieces as it likes."""
    street = Street()
    street.comes("10.1.2.3", *(bytes([byte]) for byte in HEADER + b"hi"))
    assert (peer_of(street.ears[0]), street.ears[0].heard) == ("192.0.2.7", b"hi")


def test_listed_peer_without_header() -> None:
    """A listed peer that begins with something else, or waits, comes in as itself."""
    street = Street()
    street.comes(PROXY, b"PASS x\r\n")
    waiting = street.comes(PROXY)
    assert len(street.ears) == 1
    street.clock.advance(PATIENCE)
    waiting.sends(b"NICK ada\r\n")
    assert [peer_of(ear) for ear in street.ears] == [PROXY, PROXY]
    assert [ear.heard for ear in street.ears] == [b"PASS x\r\n", b"NICK ada\r\n"]


def test_for_itself() -> None:
    """A proxy that looks whether we are there does so as itself."""
    street = Street()
    street.comes(PROXY, b"PROXY UNKNOWN\r\nhi")
    assert (peer_of(street.ears[0]), street.ears[0].heard) == (PROXY, b"hi")


def test_header_that_does_not_end() -> None:
    """Half a header is waited for, but not long."""
    street = Street()
    visit = street.comes(PROXY, HEADER[:-5])
    street.clock.advance(PATIENCE - 1)
    assert not visit.cut
    street.clock.advance(1)
    assert visit.cut
    assert street.ears == []


@pytest.mark.parametrize(
    "data",
    [b"PROXY TCP4 nonsense\r\n", b"PROXY " + b"x" * 200, b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0"],
)
def test_header_that_is_none(data: bytes) -> None:
    """A wrong one ends the connection at once."""
    street = Street()
    assert street.comes(PROXY, data).cut
    assert street.ears == []


@pytest.mark.parametrize("header", [HEADER, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12)])
def test_stranger_with_a_header(header: bytes) -> None:
    """From strangers it ends the connection, whatever pieces it comes in; nothing gets inside."""
    street = Street()
    for chunks in ([header], [header[:1], header[1:4], header[4:]]):
        assert street.comes(STRANGER, *chunks).cut
    assert all(ear.heard == b"" for ear in street.ears)


def test_one_line_a_minute() -> None:
    """However many strangers try it, the log has a line a minute."""
    street = Street()
    with capturedLogs() as logs:
        for _ in range(100):
            street.comes(STRANGER, HEADER)
        assert len(logs) == 1
        assert logs[0]["peer"] == STRANGER
        street.clock.advance(TELL_EVERY)
        street.comes(STRANGER, HEADER)
    assert len(logs) == 2


def test_strangers_come_in_as_themselves() -> None:
    """All others are greeted at once, and nothing of what they send is lost."""
    street = Street()
    visit = street.comes(STRANGER)
    assert visit.wire.value() == b"hello"
    for chunk in (b"P", b"RO", b"PER\r\n", b"PROXY it is not\r\n"):
        visit.sends(chunk)
    assert street.ears[0].heard == b"PROPER\r\nPROXY it is not\r\n"
    assert peer_of(street.ears[0]) == STRANGER
    other = street.comes(STRANGER)
    other.leaves()
    assert street.ears[1].lost


def test_each_counts_for_itself() -> None:
    """Limits are those of the real address: a proxy speaks for many, strangers for themselves."""
    street = Street(connections=2)
    visits = [street.comes(PROXY, HEADER) for _ in range(3)]
    assert [visit.cut for visit in visits] == [False, False, True]
    assert not street.comes(PROXY, HEADER.replace(b".7 ", b".8 ")).cut
    visits[0].leaves()
    assert not street.comes(PROXY, HEADER).cut
    assert [street.comes(STRANGER).turned_away for _ in range(3)] == [False, False, True]
    hasty = Street(connects=1)
    assert not any(hasty.comes(PROXY, b"NICK ada\r\n").cut for _ in range(5))


def test_who_is_listed() -> None:
    """Addresses, networks, and the machine itself by name."""
    proxies = Proxies(["192.0.2.1", "10.0.0.0/8", "2001:db8::/32"])
    assert all(
        host in proxies
        for host in ("192.0.2.1", "10.9.9.9", "2001:db8::5", "::ffff:10.0.0.1", "2001:db8::1%eth0")
    )
    assert not any(
        host in proxies for host in ("192.0.2.2", "11.0.0.1", "2001:db9::1", "", "nonsense")
    )
    assert "" in Proxies(["unix"]) and "10.0.0.1" not in Proxies(["unix"])
    assert not Proxies() and Proxies(["unix"])


def test_socket_in_the_file_system() -> None:
    """Who comes by a socket in the file system is listed as `unix`."""
    clock = Clock()
    door = PlainDoor(Factory.forProtocol(Ear))
    door.gate, door.proxies = Gate(Settings(), clock.seconds), Proxies(["unix"])
    porch = Porch(door, door.proxies, clock)
    wire: Any = StringTransport(peerAddress=UNIXAddress(None))  # type: ignore[arg-type]
    wire.protocol = porch.buildProtocol(wire.getPeer())
    wire.protocol.makeConnection(wire)
    wire.protocol.dataReceived(HEADER)
    assert wire.protocol.wrappedProtocol.transport.getPeer().host == "192.0.2.7"


def test_no_such_network() -> None:
    """A setting that is no network is refused with what it should be like."""
    with pytest.raises(ValueError, match=r"^proxies = '10.0.0.1/8' is no good: .* like 127.0.0.1"):
        Listening(Endpoint("tcp:1"), proxies=("10.0.0.1/8",))
