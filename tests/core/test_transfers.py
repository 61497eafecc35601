"""The bytes of files, from the first to the last, in a house in memory."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from unittest import mock

from twisted.internet.defer import Deferred, maybeDeferred

from chatd.model import Rank
from tests.files import CAPS, CONTENT, DIGEST, SIZE, Carrier, FilesCase

LONG = bytes(range(256)) * 8192
LONG_DIGEST = sha256(LONG).hexdigest()
SENT = 2_000_000
"""Bytes of it that were sent when both were cut off."""


class TransferTests(FilesCase):
    """The bytes."""

    def test_both_here(self) -> None:
        """With both there the bytes go through, both hear that they are right, and nothing is
        written to disk."""
        id_ = self.accepted()
        receiver, sender = self.fetches(id_), self.brings(id_)
        self.assertEqual(sender.answer, f"OK 0 {SIZE} {DIGEST}")
        sender.sends(CONTENT)
        self.assertEqual(self.kept(), [])
        self.assertEqual(receiver.got, CONTENT)
        receiver.says(f"DONE {DIGEST}")
        self.assertEqual(sender.got.decode(), f"DONE {DIGEST}\r\n")
        self.assertTrue(sender.over and receiver.over)
        self.assertIn(f":bob FILE DONE ada {id_} :x y.mp4", self.ada.hears())
        self.assertEqual(list(self.house.core.files), [])
        self.assertTrue(self.house.core.transfers.idle())

    def test_sender_first(self) -> None:
        """A sender waits a while for the receiver, so that nothing need be kept."""
        id_ = self.accepted()
        sender = self.brings(id_)
        self.house.clock.advance(5)
        self.assertEqual(sender.answer, "")
        receiver = self.fetches(id_, 1000)
        self.assertEqual(sender.answer, f"OK 1000 {SIZE} {DIGEST}")
        sender.sends(CONTENT[1000:])
        self.assertEqual(receiver.got, CONTENT[1000:])

    def test_receiver_does_not_come(self) -> None:
        """If the receiver does not come the bytes are kept, and fetched when they do, whoever
        else has gone."""
        id_ = self.accepted()
        sender = self.brings(id_)
        self.house.clock.advance(10)
        sender.sends(CONTENT)
        self.assertEqual(sender.got.decode(), f"DONE {DIGEST}\r\n")
        self.assertIn(f":ada FILE STORED bob {id_} :x y.mp4", self.bob.hears())
        self.ada.leaves()
        self.house.clock.advance(86400)
        receiver = self.fetches(id_)
        self.assertEqual(receiver.got, CONTENT)
        receiver.says(f"DONE {DIGEST}")
        self.assertTrue(any(f":bob FILE DONE ada {id_}" in line for line in self.bob.hears()))

    def test_receiver_is_cut_off_too(self) -> None:
        """Who has accepted is waited for also while they are off line: they have some of it."""
        id_ = self.accepted()
        self.bob.leaves()
        sender = self.brings(id_)
        self.house.clock.advance(9)
        self.bob = self.house.client("bob", CAPS, account=True)
        receiver = self.fetches(id_, 4000)
        self.assertEqual(sender.answer, f"OK 4000 {SIZE} {DIGEST}")
        sender.sends(CONTENT[4000:])
        self.assertEqual(receiver.got, CONTENT[4000:])
        self.assertEqual(self.kept(), [])

    def test_away(self) -> None:
        """What is offered to somebody who is away is kept before they accept it."""
        self.bob.leaves()
        id_ = self.offers()
        self.brings(id_).sends(CONTENT)
        self.bob = self.house.client("bob", CAPS, account=True)
        self.assertIn(" FILE TICKET bob ", " " + self.asks(self.bob, f"FILE ACCEPT {id_}")[-1])
        self.assertEqual(self.fetches(id_).got, CONTENT)

    def test_room(self) -> None:
        """What is offered to a room is kept, and fetched by all who are in it, then gone."""
        id_ = self.offers("#tea")
        self.brings(id_).sends(CONTENT)
        for client in (self.bob, self.eve, self.bob):
            receiver = self.fetches(id_, client=client)
            self.assertEqual(receiver.got, CONTENT)
            receiver.says("DONE *")
        self.house.clock.advance(8 * 86400)
        self.assertEqual(self.kept(), [])

    def test_fetched_while_it_comes(self) -> None:
        """A room need not wait until all is there."""
        id_ = self.offers("#tea")
        sender, receiver = self.brings(id_), self.fetches(id_)
        sender.sends(CONTENT[:4000])
        self.assertEqual(receiver.got, CONTENT[:4000])
        sender.sends(CONTENT[4000:])
        self.assertEqual(receiver.got, CONTENT)

    def test_sender_cut(self) -> None:
        """The receiver waits for a sender who was cut, and the rest follows."""
        id_ = self.accepted()
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.sends(CONTENT[:3000])
        sender.leaves()
        self.assertFalse(receiver.over)
        again = self.brings(id_, 3000)
        self.assertEqual(again.answer, f"OK 3000 {SIZE} {DIGEST}")
        again.sends(CONTENT[3000:])
        self.assertEqual(receiver.got, CONTENT)

    def test_receiver_cut(self) -> None:
        """If the receiver is cut the sender goes on as before; what the receiver lacks is kept."""
        id_ = self.accepted()
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.sends(CONTENT[:5000])
        receiver.leaves()
        sender.sends(CONTENT[5000:])
        self.assertIn("DONE", sender.got.decode())
        self.assertEqual(len(self.kept()), 1)
        again = self.fetches(id_, 2000)
        self.assertEqual(again.got, CONTENT[2000:])
        again.says(f"DONE {DIGEST}")
        self.assertTrue(any(" FILE DONE ada " in line for line in self.ada.hears()))

    def test_receiver_cut_far_behind(self) -> None:
        """A receiver that comes back with less than is kept is served too: what it lacks is brought
        again, and no more."""
        id_ = self.far_behind()
        sender = self.brings(id_)
        sender.sends(LONG[sender.start :])
        self.assertIn("DONE", sender.got.decode())
        self.hears()
        begins = len(LONG) - self.kept_bytes()
        receiver = self.fetches(id_, 1000)
        self.assertIn(f":ada FILE WANTED bob {id_} :x y.mp4", self.ada.hears())
        again = self.brings(id_)
        self.assertEqual(again.answer, f"OK 1000 {len(LONG)} {LONG_DIGEST}")
        again.sends(LONG[1000 : begins + 5000])
        self.assertIn("FAIL REPLACED", again.got.decode())
        self.assertEqual(receiver.got, LONG[1000:])
        receiver.says(f"DONE {LONG_DIGEST}")
        self.assertEqual((self.kept(), list(self.house.core.files)), ([], []))

    def far_behind(self) -> str:
        """Ada sends bob a long file; he is cut off, of which she hears nothing, and goes on until
        she is cut off as well."""
        id_ = self.accepted(size=len(LONG), digest=LONG_DIGEST)
        receiver, sender = self.fetches(id_), self.brings(id_)
        for at in range(0, SENT, 10_000):
            if at == SENT // 2:
                receiver.leaves()
            sender.sends(LONG[at : at + 10_000])
        sender.leaves()
        return id_

    def kept_bytes(self) -> int:
        """How much of the one offer is here."""
        return self.house.core.transfers.held(next(iter(self.house.core.files)))

    def test_receiver_far_behind_goes_again(self) -> None:
        """If the receiver goes again before it has what it lacks, the sender goes on with the
        rest of the file, and nobody has to begin anew."""
        id_ = self.far_behind()
        receiver, sender = self.fetches(id_, 1000), self.brings(id_)
        self.assertEqual(sender.start, 1000)
        sender.sends(LONG[1000:9000])
        receiver.leaves()
        self.assertIn("FAIL REPLACED", sender.got.decode())
        self.assertIn(f":ada FILE WANTED bob {id_} :x y.mp4", self.ada.hears())
        sender = self.brings(id_)
        self.assertEqual(sender.start, SENT)
        receiver = self.fetches(id_, 9000)
        self.assertIn("FAIL REPLACED", sender.got.decode())
        sender = self.brings(id_)
        self.assertEqual(sender.start, 9000)
        sender.sends(LONG[9000:SENT])
        sender = self.brings(id_)
        self.assertEqual(sender.start, SENT)
        sender.sends(LONG[SENT:])
        self.assertEqual(receiver.got, LONG[9000:])

    def test_receiver_finds_it_wrong(self) -> None:
        """If what arrives is not what was offered, it has failed, and all are told so."""
        id_ = self.accepted()
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.sends(b"x" * SIZE)
        receiver.says(f"DONE {'00' * 32}")
        self.assertIn("FAIL WRONG_HASH", sender.got.decode())
        self.assertIn(b"FAIL WRONG_HASH", receiver.got)
        self.assertTrue(
            any(f":ada FILE FAILED bob {id_} WRONG_HASH" in line for line in self.bob.hears())
        )

    def test_wrong_on_disk(self) -> None:
        """So it is with what is kept; nothing of it is left."""
        id_ = self.offers("#tea")
        sender = self.brings(id_)
        sender.sends(b"x" * SIZE)
        self.assertIn("FAIL WRONG_HASH", sender.got.decode())
        self.assertEqual(self.kept(), [])
        self.assertTrue(any("WRONG_HASH" in line for line in self.eve.hears()))

    def test_plain_sender_begins_again(self) -> None:
        """Who has nothing but a shell sends all of it again; what is here is passed over."""
        id_ = self.offers("#tea")
        for sent in (CONTENT[:3000], CONTENT[:4500], CONTENT):
            told = " ".join(self.asks(self.ada, f"BRING {id_}"))
            sender = Carrier(self.house, told.partition("RELAY ")[2].split()[0])
            for at in range(0, len(sent), 1000):
                sender.sends(sent[at : at + 1000])
            sender.leaves()
        self.assertEqual(sender.answer, f"DONE {DIGEST}")
        self.assertEqual(self.fetches(id_).got, CONTENT)

    def test_too_much(self) -> None:
        """More than was offered has failed too, whichever way it goes."""
        for to in ("bob", "#tea"):
            id_ = self.accepted() if to == "bob" else self.offers(to)
            receiver, sender = self.fetches(id_), self.brings(id_)
            sender.sends(CONTENT + b"!")
            self.assertIn("FAIL TOO_MUCH", sender.got.decode())
            self.assertTrue(receiver.over)
            self.assertNotIn(b"!", receiver.got)
            self.assertTrue(any("TOO_MUCH" in line for line in self.bob.hears()))
        self.assertEqual(self.kept(), [])

    def test_too_little(self) -> None:
        """Fewer bytes are a connection that was cut: the rest can come later."""
        id_ = self.offers("#tea")
        sender = self.brings(id_)
        sender.sends(CONTENT[:-1])
        sender.leaves()
        again = self.brings(id_)
        self.assertEqual(again.answer, f"OK {SIZE - 1} {SIZE} {DIGEST}")
        again.sends(CONTENT[-1:])
        self.assertIn("DONE", again.got.decode())

    def test_cancelled_in_the_middle(self) -> None:
        """Whichever side ends it, both connections end, and nothing is left."""
        for client, verb in ((self.ada, "CANCEL"), (self.bob, "DECLINE")):
            id_ = self.accepted()
            receiver, sender = self.fetches(id_), self.brings(id_)
            sender.sends(CONTENT[:100])
            self.asks(client, f"FILE {verb} {id_}")
            self.assertIn("FAIL NO_SUCH_FILE", sender.got.decode())
            self.assertTrue(receiver.over)
            self.assertTrue(self.house.core.transfers.idle())

    def test_put_out_in_the_middle(self) -> None:
        """Who is put out of a room, or leaves it, gets no more of its files; others do."""
        id_ = self.offers("#tea")
        sender = self.brings(id_)
        eve, bob = self.fetches(id_, client=self.eve), self.fetches(id_)
        sender.sends(CONTENT[:100])
        cut: list[str] = []
        eve.transport.abortConnection = lambda: cut.append("eve")  # type: ignore[method-assign]
        self.ada.says("KICK #tea eve")
        sender.sends(CONTENT[100:])
        self.assertEqual((eve.got, cut), (CONTENT[:100], ["eve"]))
        self.assertEqual(bob.got, CONTENT)
        late = self.fetches(id_, SIZE)
        self.bob.says("PART #tea")
        self.assertTrue(bob.over and late.over)

    def test_banned_in_the_middle(self) -> None:
        """Who is banned from the server brings and fetches nothing any more, with no ticket,
        whether or not they are on line otherwise."""
        id_ = self.offers("#tea")
        self.brings(id_).sends(CONTENT)
        judge = self.house.session("judge", account=True, rank=Rank.MODERATOR)
        for client in (self.bob, self.eve):
            receiver = self.fetches(id_, client=client)
            word = self.ticket(client, id_, "RECEIVE")
            if client is self.eve:
                client.leaves()
            self.assertFalse(receiver.over)
            self.house.ask(judge, "UBAN", "ADD", "bob" if client is self.bob else "eve")
            self.assertTrue(receiver.over)
            self.assertIn("FAIL SERVER_BANNED", Carrier(self.house, word).answer)

    def test_sends_before_it_may(self) -> None:
        """A sender that does not wait for its turn is not read from until it has come."""
        id_ = self.accepted()
        sender = self.brings(id_)
        sender.sends(CONTENT[:5000])
        self.assertEqual(sender.transport.producerState, "paused")
        receiver = self.fetches(id_)
        self.assertEqual(sender.transport.producerState, "producing")
        sender.sends(CONTENT[5000:])
        self.assertEqual(receiver.got, CONTENT)

    def test_receiver_has_it_already(self) -> None:
        """A receiver who had all bytes before they were stored, and says so only now, is done, and
        so is a sender that brings them again."""
        id_ = self.accepted()
        sender = self.brings(id_)
        self.house.clock.advance(11)
        sender.sends(CONTENT[:100])
        self.fetches(id_, SIZE).says(f"DONE {DIGEST}")
        self.assertEqual(sender.got.decode(), f"DONE {DIGEST}\r\n")
        self.assertEqual((self.kept(), list(self.house.core.files)), ([], []))

    def test_tidying_fails(self) -> None:
        """If tidying fails once, what is over is removed the next time."""
        self.brings(self.offers("#tea")).sends(CONTENT)
        with mock.patch.object(self.house.core.files, "expire", side_effect=ValueError):
            self.house.clock.advance(8 * 86400)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(len(self.kept()), 1)
        self.house.clock.advance(60)
        self.assertEqual(self.kept(), [])

    def test_sender_stalls(self) -> None:
        """A sender that sends nothing is hung up on."""
        id_ = self.offers("#tea")
        sender = self.brings(id_)
        self.house.clock.advance(121)
        self.house.clock.advance(121)
        self.assertIn("FAIL STALLED", sender.got.decode())

    def test_receiver_stalls(self) -> None:
        """A receiver that reads nothing is hung up on, and the sender goes on."""
        id_ = self.accepted()
        receiver, sender = self.fetches(id_), self.brings(id_)
        receiver.protocol._pipe.pauseProducing()
        sender.sends(CONTENT[:100])
        for _ in range(2):
            self.house.clock.advance(121)
        self.assertTrue(receiver.over)

    def test_nobody_comes(self) -> None:
        """A receiver for whom nobody brings anything is told so."""
        id_ = self.accepted()
        receiver = self.fetches(id_)
        for _ in range(2):
            self.house.clock.advance(121)
        self.assertEqual(receiver.answer, "FAIL GONE :The other side has not come.")

    def test_empty_file(self) -> None:
        """A file of no bytes arrives as well."""
        empty = sha256().hexdigest()
        id_ = self.accepted(size=0, digest=empty)
        receiver, sender = self.fetches(id_), self.brings(id_)
        receiver.says(f"DONE {empty}")
        self.assertEqual(sender.got.decode(), f"DONE {empty}\r\n")

    def test_end(self) -> None:
        """When the daemon ends, it hangs up."""
        id_ = self.offers("#tea")
        sender = self.brings(id_)
        sender.sends(CONTENT[:100])
        self.house.core.transfers.end()
        self.assertTrue(sender.over)
        self.assertTrue(self.house.core.transfers.idle())


class SlowDiskTests(FilesCase):
    """A disk on which things take their time."""

    def setUp(self) -> None:
        self.waiting: list[Any] = []
        self.slow = False
        super().setUp()

    def run_disk(self, act: Any, *values: Any) -> Any:
        """Do it now, or when the test lets it."""
        if not self.slow:
            return maybeDeferred(act, *values)
        done: Deferred[None] = Deferred()
        self.waiting.append(done)
        return done.addCallback(lambda _: act(*values))

    def settle(self) -> None:
        """The disk does all that it has to do."""
        while self.waiting:
            self.waiting.pop(0).callback(None)
            self.house.settle()

    def test_comes_again_quickly(self) -> None:
        """Who comes again waits until what the first connection brought is put away, so that
        no byte is kept twice or at the wrong place."""
        id_ = self.offers("#tea", digest="*")
        old = self.brings(id_)
        old.sends(CONTENT[:100])
        self.slow = True
        old.sends(CONTENT[100:300])
        old.sends(CONTENT[300:400])
        new = self.brings(id_)
        self.assertEqual(new.answer, "")
        self.settle()
        start = int(new.answer.split()[1])
        new.sends(CONTENT[start:])
        self.settle()
        self.assertEqual(new.got.decode(), f"DONE {DIGEST}\r\n")


class TicketTests(FilesCase):
    """The first line of a connection."""

    def refused(self, word: str, offset: int = 0) -> str:
        """With which code a ticket is refused."""
        carrier = Carrier(self.house, word, offset)
        self.assertTrue(carrier.over, carrier.answer)
        return carrier.answer.split()[1]

    def test_used(self) -> None:
        """A ticket is good once."""
        word = self.ticket(self.ada, self.accepted())
        Carrier(self.house, word)
        self.assertEqual(self.refused(word), "TICKET_USED")

    def test_expired(self) -> None:
        """A ticket is good for a while."""
        word = self.ticket(self.ada, self.accepted())
        self.house.clock.advance(300)
        self.assertEqual(self.refused(word), "TICKET_EXPIRED")
        self.house.clock.advance(601)
        self.house.clock.advance(60)
        self.assertEqual(self.refused(word), "NO_SUCH_TICKET")

    def test_made_up(self) -> None:
        """A ticket that nobody was given is none."""
        self.assertEqual(self.refused("x" * 32), "NO_SUCH_TICKET")

    def test_of_what_is_over(self) -> None:
        """A ticket of what is over by now is good for nothing."""
        id_ = self.accepted()
        word = self.ticket(self.ada, id_)
        self.asks(self.ada, f"FILE CANCEL {id_}")
        self.assertEqual(self.refused(word), "NO_SUCH_FILE")

    def test_of_who_left(self) -> None:
        """Who has left the room cannot fetch any more."""
        word = self.ticket(self.bob, self.offers("#tea"), "RECEIVE")
        self.bob.says("PART #tea")
        self.assertEqual(self.refused(word), "NO_SUCH_FILE")

    def test_beyond(self) -> None:
        """An offset beyond what there is, is refused on both sides."""
        id_ = self.offers("#tea")
        self.assertEqual(self.refused(self.ticket(self.ada, id_), 1), "OFFSET_BEYOND")
        word = self.ticket(self.bob, id_, "RECEIVE")
        self.assertEqual(self.refused(word, SIZE + 1), "OFFSET_BEYOND")

    def test_no_line(self) -> None:
        """What only looks like such a line is refused."""
        for line in (b"RELAY \r\n", b"RELAY a b\r\n", b"RELAY \xff 0\r\n", b"RELAY a 0 0\n"):
            stranger = self.house.stranger()
            stranger.sends(line)
            self.assertIn(b"FAIL BAD_LINE", stranger.transport.value())
            self.assertTrue(stranger.gone)

    def test_does_not_let_go(self) -> None:
        """Whoever is hung up on and stays is cut off after a while."""
        stranger = self.house.stranger()
        cut: list[str] = []
        stranger.transport.abortConnection = lambda: cut.append("off")  # type: ignore[method-assign]
        stranger.sends(b"RELAY a 0\r\n")
        self.assertEqual((stranger.gone, cut), (True, []))
        self.house.clock.advance(10)
        self.assertEqual(cut, ["off"])

    def test_only_at_first(self) -> None:
        """Whoever has said something else before is chatting."""
        stranger = self.house.stranger()
        stranger.sends(b"NICK zoe\r\nRELAY a 0\r\n")
        self.assertIn(b" 451 ", stranger.transport.value())

    def test_comes_again(self) -> None:
        """The newer of two connections of one side counts."""
        id_ = self.offers("#tea")
        old = self.brings(id_)
        old.sends(CONTENT[:100])
        new = self.brings(id_)
        self.assertIn("FAIL REPLACED", old.got.decode())
        self.assertEqual(new.answer, f"OK 100 {SIZE} {DIGEST}")
        new.sends(CONTENT[100:])
        self.assertIn("DONE", new.got.decode())
