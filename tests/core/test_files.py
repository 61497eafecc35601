"""Offering files, and what becomes of that."""

from __future__ import annotations

from chatd.core.files import check_file_name
from chatd.errors import BadFileName
from chatd.model import Rank
from tests.files import CAPS, CONTENT, SIZE, Carrier, FilesCase


class OfferTests(FilesCase):
    """What is said on the chat connections."""

    def test_direct(self) -> None:
        """Both sides are told of an offer, and of what becomes of it; nobody else is."""
        id_ = self.offers()
        self.assertEqual(
            self.bob.hears(),
            [f":ada FILE OFFERED bob {id_} {SIZE} 2026-01-08T00:00:00.000Z :x y.mp4"],
        )
        told = self.asks(self.bob, f"FILE ACCEPT {id_}")
        self.assertEqual(told[0], f":bob FILE ACCEPTED ada {id_} :x y.mp4")
        self.assertRegex(
            told[1], f"^FILE TICKET bob {id_} RECEIVE [^ ]+ 2026-01-01T00:05:00.000Z :x"
        )
        self.assertEqual(
            self.ada.hears(),
            [f":bob FILE ACCEPTED ada {id_} :x y.mp4", f":ada FILE WANTED bob {id_} :x y.mp4"],
        )
        self.assertEqual(self.eve.hears(), [])

    def test_declined(self) -> None:
        """What is declined is over, and says why."""
        id_ = self.offers()
        told = self.asks(self.bob, f"FILE DECLINE {id_} :no room")
        self.assertEqual(told, [f":bob FILE DECLINED ada {id_} :no room"])
        self.assertEqual(self.ada.hears(), told)
        self.assertEqual(self.code(self.bob, f"FILE ACCEPT {id_}"), "NO_SUCH_FILE")

    def test_cancelled(self) -> None:
        """What is cancelled is over."""
        id_ = self.offers()
        self.hears()
        told = self.asks(self.ada, f"FILE CANCEL {id_} :wrong one")
        self.assertEqual(told, [f":ada FILE CANCELLED bob {id_} :wrong one"])
        self.assertEqual(self.bob.hears(), told)
        self.assertEqual(self.code(self.ada, f"FILE TICKET {id_}"), "NO_SUCH_FILE")

    def test_cancelled_by_an_operator(self) -> None:
        """What only their office lets a moderator take back is in the audit log; what they offer
        themselves is not."""
        judge = self.house.session("judge", account=True, rank=Rank.MODERATOR)
        self.house.ask(judge, "JOIN", "#tea")
        id_ = self.offers("#tea")
        self.house.ask(judge, "CANCEL", id_)
        self.assertEqual(self.code(self.ada, f"FILE TICKET {id_}"), "NO_SUCH_FILE")
        self.house.ask(judge, "FILEW", "#tea", "1", "own.txt")
        (own,) = self.house.core.files
        self.house.ask(judge, "CANCEL", own.id)
        records = self.house.now(self.house.store.records(0, 99))
        deeds = [(r.deed.by, r.deed.act, r.deed.target, r.deed.note) for r in records]
        self.assertEqual(deeds, [("judge", "room cancel", "#tea", "x y.mp4")])

    def test_not_yours(self) -> None:
        """Nobody else can accept, decline, cancel, or even know of what is between two."""
        id_ = self.offers()
        for verb in ("ACCEPT", "DECLINE", "CANCEL", "TICKET"):
            refused = self.asks(self.eve, f"FILE {verb} {id_}")[0].split()
            self.assertIn(refused[2], ("NO_SUCH_FILE",), verb)
        self.assertEqual(self.asks(self.eve, "FILE LIST"), ["FILE END *"])
        self.assertEqual(self.code(self.ada, f"FILE ACCEPT {id_}"), "NO_SUCH_FILE")
        self.assertEqual(self.code(self.bob, f"FILE TICKET {id_}"), "NOT_ACCEPTED")
        self.assertEqual(self.code(self.bob, f"FILE TICKET {id_} SEND"), "NO_SUCH_FILE")

    def test_no_business_of_theirs(self) -> None:
        """Who is not in a room learns nothing of it, nor of its files, by the id of one."""
        id_ = self.offers("#tea")
        self.eve.says("PART #tea")
        for verb in ("ACCEPT", "DECLINE", "CANCEL", "TICKET"):
            self.assertEqual(self.code(self.eve, f"FILE {verb} {id_}"), "NO_SUCH_FILE", verb)
        (refused,) = self.asks(self.bob, f"FILE CANCEL {id_}")
        self.assertIn(" 482 ", f" {refused} ")

    def test_list(self) -> None:
        """Both sides see what is offered, how far it is, and how much of it is here."""
        id_ = self.accepted()
        self.brings(id_)
        self.house.clock.advance(11)
        line = f"FILE LISTED bob {id_} {SIZE} 2026-01-08T00:00:00.000Z ada accepted 0 :x y.mp4"
        self.assertEqual(self.asks(self.bob, "FILE LIST"), [line, "FILE END *"])
        self.assertEqual(self.asks(self.ada, "FILE LIST bob"), [line, "FILE END bob"])
        self.assertEqual(self.asks(self.ada, "FILE LIST #tea"), ["FILE END #tea"])

    def test_to_a_room(self) -> None:
        """An offer to a room is told to all in it, and its bytes are wanted at once."""
        id_ = self.offers("#tea")
        self.assertIn(f"FILE OFFERED #tea {id_}", self.eve.hears()[0])
        self.ada.says("FILE LIST")
        self.assertIn("FILE LISTED", self.ada.hears()[0])

    def test_wanted(self) -> None:
        """The bytes are wanted when the receiver is away, or goes without an answer."""
        self.house.account("cy")
        told = self.asks(self.ada, "FILE OFFER cy 9 a/b * :x")
        self.assertIn(" FILE WANTED cy ", told[-1])
        id_ = self.offers()
        self.hears()
        self.bob.leaves()
        self.assertIn(f":ada FILE WANTED bob {id_} :x y.mp4", self.ada.hears())

    def test_history(self) -> None:
        """The log of the conversation tells what became of it."""
        id_ = self.offers()
        self.asks(self.bob, f"FILE DECLINE {id_}")
        told = self.asks(self.ada, "CHATHISTORY LATEST bob * 10")
        self.assertEqual([line.split()[2] for line in told[1:-1]], ["OFFERED", "DECLINED"])

    def test_expired(self) -> None:
        """An offer ends after its time, and both are told."""
        id_ = self.offers()
        self.house.clock.advance(7 * 86400 + 60)
        self.assertIn(f":ada FILE EXPIRED bob {id_} :x y.mp4", self.bob.hears())
        self.assertIn(f":ada FILE EXPIRED bob {id_} :x y.mp4", self.ada.hears())

    def test_bad_offers(self) -> None:
        """What cannot be offered is refused, each with a code of its own."""
        self.house.client("gus")
        for line, code in (
            ("bob 9 a/b * :a/b", "BAD_FILE_NAME"),
            ("bob 9 a/b * :a\\b", "BAD_FILE_NAME"),
            ("bob 9 a/b * :..", "BAD_FILE_NAME"),
            ("bob 9 a/b * : ", "BAD_FILE_NAME"),
            ("bob 9 a/b * :a\x07b", "BAD_FILE_NAME"),
            ("bob 9 a/b * :exe\u202egpj", "BAD_FILE_NAME"),
            (f"bob 9 a/b * :{'x' * 300}", "BAD_FILE_NAME"),
            (f"bob 9 a/b * :{'ü' * 128}", "BAD_FILE_NAME"),
            ("bob -1 a/b * :x", "BAD_FILE_SIZE"),
            ("bob 1e9 a/b * :x", "BAD_FILE_SIZE"),
            ("bob ٣ a/b * :x", "BAD_FILE_SIZE"),
            (f"bob {10**30} a/b * :x", "BAD_FILE_SIZE"),
            (f"bob {(100 << 20) + 1} a/b * :x", "FILE_TOO_LARGE"),
            ("bob 9 ab * :x", "BAD_MEDIA_TYPE"),
            ("bob 9 a/b 5A :x", "BAD_DIGEST"),
            ("gus 9 a/b * :x", "401"),
            ("nobody 9 a/b * :x", "401"),
            ("#none 9 a/b * :x", "403"),
        ):
            (told,) = self.asks(self.ada, f"FILE OFFER {line}")
            words = told.split()
            self.assertEqual(words[2] if words[0] == "FAIL" else words[0], code, line)
        self.assertEqual(self.bob.hears(), [])
        self.assertEqual(list(self.house.core.files), [])

    def test_harmful_names(self) -> None:
        """Names that could do harm are none, also where a line could not even hold them."""
        marks = "\u200e\u200f\u061c\u202a\u202b\u202d\u202e\u2066\u2067\u2069"
        for sign in ("\x00", "\n", "\x1b", "\x7f", "/", "\\", "\ud800", *marks):
            self.assertRaises(BadFileName, check_file_name, f"a{sign}b")
        for name in ("", ".", "..", " .. ", "x" * 256, "é" * 128):
            self.assertRaises(BadFileName, check_file_name, name)
        for name in ("x" * 255, "a..b", "שלום.txt", ".hidden"):
            check_file_name(name)

    def test_guests(self) -> None:
        """Without an account nothing is offered."""
        guest = self.house.client("gus", CAPS)
        self.assertEqual(self.code(guest, "FILE LIST"), "ACCOUNT_REQUIRED")

    def test_without_capability(self) -> None:
        """A client that knows nothing of files is told in words, and how to fetch it."""
        old = self.house.client("cy", account=True)
        id_ = self.offers("cy")
        self.assertEqual(
            old.hears(),
            [
                f":ada NOTICE cy :ada offers x y.mp4 ({SIZE} bytes, a/b) to cy:"
                f" /quote ACCEPT {id_} fetches it."
            ],
        )
        told = self.asks(old, f"ACCEPT {id_}")
        self.assertIn("openssl s_client", told[-1])
        word = told[-1].split("RELAY ")[1].split()[0]
        receiver = Carrier(self.house, word)
        sender = self.brings(id_)
        sender.sends(CONTENT)
        self.assertEqual(receiver.transport.value(), CONTENT)
        self.assertTrue(receiver.over)
        self.assertIn("DONE", sender.got.decode())
