"""What is written goes out at once, and what cannot waits its turn; over TLS and without."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from chatd.core.limits import Gate
from chatd.core.settings import Settings
from chatd.frontends.listening import Listener, Listening
from chatd.frontends.proxies import host_of
from chatd.frontends.tls import Pair, make_pair
from chatd.frontends.transports import RECORD
from chatd.model import Endpoint

SIZES = (1, RECORD - 1, RECORD, RECORD + 1, 5 * RECORD, 7)


class Writer(Protocol):
    """Writes what it is asked to; `first` as soon as somebody comes."""

    transport: Any

    def __init__(self, first: bytes = b"") -> None:
        self.first = first
        self.made: Deferred[Any] = Deferred()
        self.heard: Deferred[bytes] = Deferred()
        self.lost: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        if self.first:
            self.transport.write(self.first)
        self.made.callback(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self.heard.callback(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)


class TransportTest(TestCase):
    """One client at a listener with a real socket."""

    def listens(self, writer: Writer, tls: bool) -> int:
        """Listen for one client; gives the port."""
        pair = Pair(Path(self.mktemp()), Path(self.mktemp()))
        make_pair(pair, ["localhost"], 0)
        options = Listening(
            Endpoint("tcp:0:interface=127.0.0.1"),
            tls=tls,
            certificate=pair.certificate,
            key=pair.key,
        )
        gate = Gate(Settings(), lambda: 0.0)
        listener = Listener(options, Factory.forProtocol(lambda: writer), gate, reactor)
        listener.startService()
        self.addCleanup(listener.stopService)
        return int(listener.address.rpartition(" ")[2])

    async def test_at_once(self) -> None:
        """What is written is on its way before the reactor does anything else."""
        for tls in (False, True):
            writer = Writer()
            port = self.listens(writer, tls)
            with await deferToThread(connected, port, tls) as client:
                await writer.heard
                writer.transport.write(b"milk")
                writer.transport.write(b" first")
                self.assertEqual(read(client, 10), b"milk first")
            await writer.lost

    async def test_unix_socket(self) -> None:
        """Whoever comes by a Unix socket is heard and answered, and known to be on this machine."""
        writer = Writer(b"milk")
        path = f"{mkdtemp()}/door"  # a short one: that of a socket may be but a hundred bytes
        self.addCleanup(rmtree, Path(path).parent)
        options = Listening(Endpoint(f"unix:{path}"), tls=False)
        gate = Gate(Settings(), lambda: 0.0)
        listener = Listener(options, Factory.forProtocol(lambda: writer), gate, reactor)
        listener.startService()
        self.addCleanup(listener.stopService)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(path)
            transport = await writer.made
            self.assertEqual(host_of(transport.getPeer()), "")
            self.assertEqual(await deferToThread(client.recv, 10), b"milk")
        await writer.lost

    async def test_whole_and_in_order(self) -> None:
        """What is more than the client takes for now comes later, all of it, as it was written."""
        written = [bytes([number]) * size for number, size in enumerate(SIZES * 40)]
        size = sum(map(len, written))
        for tls in (False, True):
            writer = Writer()
            port = self.listens(writer, tls)
            with await deferToThread(connected, port, tls) as client:
                await writer.heard
                for chunk in written:
                    writer.transport.write(chunk)
                self.assertEqual(await deferToThread(read, client, size), b"".join(written))
            await writer.lost

    async def test_before_the_handshake(self) -> None:
        """What is written while the client still shakes hands comes after that."""
        writer = Writer(b"welcome")
        port = self.listens(writer, True)
        with await deferToThread(connected, port, True) as client:
            self.assertEqual(await deferToThread(read, client, 7), b"welcome")
        await writer.lost

    async def test_nothing_after_the_end(self) -> None:
        """What is written after hanging up is dropped."""
        writer = Writer()
        port = self.listens(writer, True)
        with await deferToThread(connected, port, True) as client:
            await writer.heard
            writer.transport.write(b"last")
            writer.transport.loseConnection()
            writer.transport.write(b"more")
            self.assertEqual(await deferToThread(read, client, 5), b"last")
        await writer.lost

    async def test_client_that_has_gone(self) -> None:
        """Writing to one that has hung up does no harm, and ends the connection."""
        for tls in (False, True):
            writer = Writer()
            port = self.listens(writer, tls)
            with await deferToThread(connected, port, tls):
                await writer.heard
            for _ in range(100):
                writer.transport.write(b"anybody there?" * 1000)
            await writer.lost


def connected(port: int, tls: bool) -> socket.socket:
    """A client that has said something."""
    client = socket.create_connection(("127.0.0.1", port), 30)
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client = context.wrap_socket(client)
    client.sendall(b"hello")
    return client


def read(client: socket.socket, size: int) -> bytes:
    """So many bytes, or all up to the end."""
    found = b""
    while len(found) < size and (data := client.recv(size - len(found))):
        found += data
    return found
