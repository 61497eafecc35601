"""What every relay must do, run against each of them.

A test case mixes `RelayContract` in and says in `make_relay` which relay it is about.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from zope.interface.verify import verifyObject

from chatd.errors import Cut, TooMuch, WrongHash
from chatd.frontends.pipe import Pipe
from chatd.interfaces import IFileRelay
from chatd.model import Offer, Taken

CONTENT = bytes(range(256)) * 400
DIGEST = sha256(CONTENT).hexdigest()


def offer(content: bytes = CONTENT, digest: str = DIGEST, id_: str = "offer1") -> Offer:
    """An offer of these bytes."""
    return Offer(id_, 1, 1, "ada", "bob", 2, "x.mp4", len(content), "a/b", digest, 10**15)


class End:
    """A client's end of a connection, without a socket."""

    def __init__(self, *, brings: bool) -> None:
        self.transport = StringTransport()
        self.pipe = Pipe(self.transport, Clock(), brings=brings)

    def says(self, data: bytes) -> None:
        """Send bytes."""
        self.pipe.feed(data)

    def goes(self) -> None:
        """The connection is cut."""
        self.pipe.lost()

    @property
    def answer(self) -> bytes:
        """The first line that was heard."""
        return self.transport.value().partition(b"\r\n")[0]

    @property
    def got(self) -> bytes:
        """What was heard after the first line."""
        return self.transport.value().partition(b"\r\n")[2]

    @property
    def waits(self) -> bool:
        """Whether nothing more is read from it for now."""
        return bool(self.transport.producerState == "paused")


class Result:
    """What a coroutine has come to so far."""

    def __init__(self, work: Any) -> None:
        self.value: Any = None
        self.error: Any = None
        done: Deferred[Any] = ensureDeferred(work)
        done.addCallbacks(self._fine, self._bad)

    def _fine(self, value: Any) -> None:
        self.value = value

    def _bad(self, failure: Any) -> None:
        self.error = failure.value


class RelayContract:
    """The tests; for a TestCase to mix in."""

    def make_relay(self) -> IFileRelay:
        """A relay that has carried nothing yet."""
        raise NotImplementedError

    def setUp(self) -> None:
        self.relay = self.make_relay()
        Result(self.relay.tidy(()))

    def gives(self, what: Offer, start: int = 0, end: int = -1) -> tuple[End, Result]:
        """Somebody fetches a file, or what is before an end."""
        receiver = End(brings=False)
        until = what.size if end < 0 else end
        return receiver, Result(self.relay.give(what, receiver.pipe, start, until))

    def takes(self, what: Offer) -> tuple[End, Result]:
        """Somebody brings a file, from where the relay could go on."""
        end = End(brings=True)
        return end, Result(self.relay.take(what, end.pipe, self.relay.ready(what), b""))

    def test_interface(self) -> None:
        """It does all that IFileRelay asks for."""
        verifyObject(IFileRelay, self.relay)

    def test_bytes_arrive(self) -> None:
        """What the one brings the other gets, in order, and both hear that it is right."""
        what = offer()
        receiver, given = self.gives(what)
        sender, taken = self.takes(what)
        for at in range(0, len(CONTENT), 1000):
            sender.says(CONTENT[at : at + 1000])
        self.assertEqual(receiver.got, CONTENT)
        self.assertEqual(receiver.answer.decode(), f"OK 0 {len(CONTENT)} {DIGEST}")
        receiver.says(f"DONE {DIGEST}\r\n".encode())
        self.assertEqual(given.value, DIGEST)
        self.assertEqual(taken.value, Taken(len(CONTENT), whole=True, digest=DIGEST))

    def test_empty(self) -> None:
        """A file may have no bytes at all."""
        what = offer(b"", sha256().hexdigest())
        receiver, given = self.gives(what)
        _, taken = self.takes(what)
        receiver.says(f"DONE {what.digest}\r\n".encode())
        self.assertEqual((given.value, taken.value.whole), (what.digest, True))

    def test_sender_cut(self) -> None:
        """If the sender is cut the receiver waits, and another sender goes on from there."""
        what = offer()
        receiver, given = self.gives(what)
        sender, taken = self.takes(what)
        sender.says(CONTENT[:5000])
        sender.goes()
        self.assertEqual((taken.value.whole, taken.value.end), (False, 5000))
        self.assertEqual((given.value, given.error), (None, None))
        self.assertEqual(self.relay.ready(what), 5000)
        again, taken = self.takes(what)
        again.says(CONTENT[5000:])
        self.assertEqual(receiver.got, CONTENT)
        receiver.says(f"DONE {DIGEST}\r\n".encode())
        self.assertEqual((given.value, taken.value.whole), (DIGEST, True))

    def test_receiver_goes_on(self) -> None:
        """A receiver may have the beginning already."""
        what = offer()
        _, first = self.gives(what)
        receiver, given = self.gives(what, 0)
        self.assertIsNone(first.value)
        sender, _ = self.takes(what)
        sender.says(CONTENT)
        self.assertEqual(receiver.got, CONTENT)
        self.assertIsNone(given.error)

    def test_no_more_than_some(self) -> None:
        """Who wants no more than what is before an end gets that, and need not confirm it."""
        what = offer()
        receiver, given = self.gives(what, 1000, 5000)
        sender, _ = self.takes(what)
        start = 0 if self.relay.keeps else 1000
        for at in range(start, len(CONTENT), 3000):
            sender.says(CONTENT[at : at + 3000])
        self.assertEqual(receiver.got, CONTENT[1000:5000])
        self.assertEqual((given.value, given.error), ("", None))
        self.assertFalse(receiver.pipe.gone)

    def test_receiver_cut(self) -> None:
        """A receiver that is cut is no more waited for."""
        what = offer()
        receiver, given = self.gives(what)
        receiver.goes()
        self.assertIsInstance(given.error, Cut)

    def test_too_much(self) -> None:
        """More than was offered is refused, and nobody gets it."""
        what = offer()
        receiver, _ = self.gives(what)
        sender, taken = self.takes(what)
        sender.says(CONTENT[:100])
        sender.says(CONTENT[100:] + b"!")
        self.assertIsInstance(taken.error, TooMuch)
        self.assertEqual(receiver.got, CONTENT[:100])

    def test_receiver_finds_it_wrong(self) -> None:
        """A receiver that has got something else, or says so, is told that it is wrong."""
        for said in (f"DONE {'00' * 32}\r\n", "FAIL\r\n"):
            what = offer(id_=said[:4])
            receiver, given = self.gives(what)
            sender, _ = self.takes(what)
            sender.says(CONTENT)
            receiver.says(said.encode())
            self.assertIsInstance(given.error, WrongHash)

    def test_talks_out_of_turn(self) -> None:
        """A receiver that says something before it has everything is hung up on."""
        what = offer()
        receiver, given = self.gives(what)
        sender, _ = self.takes(what)
        sender.says(CONTENT[:10])
        receiver.says(b"DONE *\r\n")
        self.assertIsInstance(given.error, Cut)
        self.assertTrue(receiver.transport.disconnecting)

    def test_slow_receiver(self) -> None:
        """A receiver that reads nothing is sent no more than is on its way."""
        content = bytes(3 << 20)
        what = offer(content, "")
        receiver, _ = self.gives(what)
        receiver.pipe.pauseProducing()
        sender, _ = self.takes(what)
        sent = 0
        while not sender.waits and sent < len(content):
            sender.says(content[sent : sent + 16384])
            sent += 16384
        self.assertLessEqual(len(receiver.got), 1 << 19)
        receiver.pipe.resumeProducing()
        while sent < len(content):
            self.assertFalse(sender.waits)
            sender.says(content[sent : sent + 16384])
            sent += 16384
        self.assertEqual(len(receiver.got), len(content))

    def test_forgotten(self) -> None:
        """Nothing is left of what is forgotten."""
        what = offer()
        sender, _ = self.takes(what) if self.relay.keeps else (None, None)
        if sender is not None:
            sender.says(CONTENT)
            self.assertEqual(self.relay.held(what), (0, len(CONTENT)))
        Result(self.relay.forget(what))
        self.assertIsNone(self.relay.held(what))
