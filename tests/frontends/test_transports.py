"""What is written goes out at once, and what cannot waits its turn; over TLS and without."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import ssl
import weakref
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from chatd.core.limits import Gate
from chatd.core.settings import Settings
from chatd.frontends.listening import ACCEPTS, Listener, Listening
from chatd.frontends.proxies import host_of
from chatd.frontends.tls import Credentials, Pair, make_pair
from chatd.frontends.transports import RECORD, EagerTLS
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

    async def test_so_many_at_once(self) -> None:
        """However many come, no more are let in at once than before others have their turn."""
        made: list[Writer] = []

        def one_more() -> Writer:
            made.append(Writer())
            return made[-1]

        gate = Gate(Settings(), lambda: 0.0)
        options = Listening(Endpoint("tcp:0:interface=127.0.0.1"), tls=False)
        listener = Listener(options, Factory.forProtocol(one_more), gate, reactor)
        listener.startService()
        self.addCleanup(listener.stopService)
        port: Any = listener._port
        with contextlib.ExitStack() as stack:
            for _ in range(2 * ACCEPTS + 1):
                address = ("127.0.0.1", port.getHost().port)
                stack.enter_context(socket.create_connection(address, 30))
            let_in = []
            for _ in range(3):
                port.doRead()
                let_in.append(len(made))
        self.assertEqual(let_in, [ACCEPTS, 2 * ACCEPTS, 2 * ACCEPTS + 1])
        for writer in made:
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


class Collector(Protocol):
    """Keeps what it is handed, in the pieces in which it comes.

    :param most: hangs up when it has so many bytes.
    """

    def __init__(self, most: int = 1 << 30) -> None:
        self.pieces: list[bytes] = []
        self.lost = False
        self._most = most

    @property
    def got(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)
        if len(self.got) >= self._most:
            assert self.transport is not None
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = True


class Counted(StringTransport):
    """Says how often it was written to."""

    writes = 0

    def write(self, data: bytes) -> None:
        """One more."""
        self.writes += 1
        super().write(data)


class MemoryTest(SynchronousTestCase):
    """TLS between a client and a server without sockets: what comes in one read is what the test
    says. Much is compared by `==`, as to show how it differs takes minutes."""

    pair: Pair

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = mkdtemp(prefix="chatd-tls-")
        cls.addClassCleanup(rmtree, cls.folder)
        cls.pair = Pair(Path(cls.folder, "certificate"), Path(cls.folder, "key"))
        make_pair(cls.pair, ["localhost"], 0)

    def meets(self, collector: Collector) -> None:
        """Client and server shake hands."""
        factory = TLSMemoryBIOFactory(
            Credentials(self.pair), False, Factory.forProtocol(lambda: collector)
        )
        factory.protocol = EagerTLS
        self.transport = Counted()
        self.server = factory.buildProtocol(None)
        self.server.makeConnection(self.transport)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = context.wrap_bio(self.incoming, self.outgoing)
        for _ in range(4):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.client.do_handshake()
            if said := self.outgoing.read():
                self.server.dataReceived(said)
            self.incoming.write(self.transport.value())
            self.transport.clear()
        self.transport.writes = 0

    def sealed(self, chunk: bytes) -> bytes:
        """What the client's machine would send for this."""
        self.client.write(chunk)
        return self.outgoing.read()

    def read(self, size: int) -> bytes:
        """So many bytes that the server has sent."""
        self.incoming.write(self.transport.value())
        self.transport.clear()
        found = b""
        while len(found) < size:
            found += self.client.read(size - len(found))
        return found

    def test_read_as_one(self) -> None:
        """All records that came in one read are handed on as one, in order; what came of the
        next stays until the rest of it has come."""
        collector = Collector()
        self.meets(collector)
        sent = b"".join(bytes([number]) * size for number, size in enumerate(SIZES))
        sealed = self.sealed(sent[:-9]) + self.sealed(sent[-9:])
        self.server.dataReceived(sealed[:-1])
        self.assertTrue(collector.pieces == [sent[:-9]])
        self.server.dataReceived(sealed[-1:])
        self.assertTrue(collector.pieces == [sent[:-9], sent[-9:]])

    def test_in_any_pieces(self) -> None:
        """However the bytes come, they are all there, in order."""
        sent = b"".join(bytes([number]) * size for number, size in enumerate(SIZES * 3))
        for piece in (RECORD - 1, RECORD, RECORD + 1, 3 * RECORD + 100, 1 << 20):
            collector = Collector()
            self.meets(collector)
            sealed = self.sealed(sent)
            for at in range(0, len(sealed), piece):
                self.server.dataReceived(sealed[at : at + piece])
            self.assertTrue(collector.got == sent, piece)
            self.assertFalse(collector.lost)

    def test_end_in_the_middle(self) -> None:
        """An end of the client's behind much is seen after all that came before it."""
        collector = Collector()
        self.meets(collector)
        sent = bytes(3 * RECORD)
        sealed = self.sealed(sent)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.client.unwrap()
        self.server.dataReceived(sealed + self.outgoing.read())
        self.assertTrue(collector.got == sent)
        self.assertTrue(self.transport.disconnecting)
        self.server.connectionLost(Failure(ConnectionDone()))
        self.assertTrue(collector.lost)

    def test_rubbish_in_the_middle(self) -> None:
        """What is not TLS ends the connection, after all that was."""
        collector = Collector()
        self.meets(collector)
        sent = bytes(3 * RECORD)
        self.server.dataReceived(self.sealed(sent) + bytes(RECORD))
        self.assertTrue(collector.got == sent)
        self.server.connectionLost(Failure(ConnectionDone()))
        self.assertTrue(collector.lost)

    def test_gone_without_goodbye(self) -> None:
        """Whoever hangs up without ending TLS is forgotten at once, and leaves nothing."""
        collector = Collector()
        self.meets(collector)
        server = weakref.ref(self.server)
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        self.server.connectionLost(Failure(ConnectionDone()))
        del self.server, collector.transport
        self.assertIsNone(server())

    def test_hangs_up_in_the_middle(self) -> None:
        """Whoever has hung up is handed nothing more."""
        collector = Collector(most=10)
        self.meets(collector)
        self.server.dataReceived(self.sealed(bytes(3 * RECORD)))
        self.server.dataReceived(self.sealed(bytes(3 * RECORD)))
        self.assertEqual(len(collector.pieces), 1)
        self.assertTrue(self.transport.disconnecting or self.transport.disconnected)

    def test_written_as_one(self) -> None:
        """What is more than a record goes out as one, whole and in order."""
        self.meets(Collector())
        for size in (RECORD, RECORD + 1, 5 * RECORD + 7):
            written = os.urandom(size)
            self.transport.writes = 0
            self.server.write(written)
            self.assertEqual(self.transport.writes, 1)
            self.assertTrue(self.read(size) == written, size)


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
