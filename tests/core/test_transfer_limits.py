"""How much may be offered, brought, fetched and kept; and servers that lack a relay."""

from __future__ import annotations

from chatd.core.settings import Files
from chatd.model import Bytes, Seconds
from tests.files import CONTENT, SIZE, Carrier, FilesCase


class LimitTests(FilesCase):
    """How much of everything."""

    def test_storage(self) -> None:
        """What an account has stored is limited; what goes through is not."""
        self.open(Files(free=Bytes(0), account_storage=Bytes(SIZE + 10)))
        first, second = self.offers("#tea"), self.offers("#tea")
        word = self.ticket(self.ada, second)
        self.brings(first).sends(CONTENT)
        self.assertEqual(self.code(self.ada, f"FILE TICKET {second}"), "STORAGE_FULL")
        self.assertIn("FAIL STORAGE_FULL", Carrier(self.house, word).answer)
        id_ = self.accepted()
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.sends(CONTENT)
        self.assertEqual(receiver.got, CONTENT)
        self.asks(self.ada, f"FILE CANCEL {first}")
        self.brings(second).sends(CONTENT)
        self.assertEqual(len(self.kept()), 1)

    def test_total(self) -> None:
        """So is what is stored altogether."""
        self.open(Files(free=Bytes(0), total_storage=Bytes(SIZE - 1)))
        id_ = self.offers("#tea")
        self.assertEqual(self.code(self.ada, f"FILE TICKET {id_}"), "SERVER_FULL")

    def test_free(self) -> None:
        """What would leave too little on the disk is refused."""
        self.open(Files(free=Bytes(1 << 60)))
        id_ = self.offers("#tea")
        self.assertEqual(self.code(self.ada, f"FILE TICKET {id_}"), "SERVER_FULL")

    def test_size(self) -> None:
        """With no limit any size can be offered."""
        self.open(Files(free=Bytes(0), size=Bytes(0)))
        self.offers("#tea", size=10**14)

    def test_transfers(self) -> None:
        """An account has so many connections at once."""
        self.open(Files(free=Bytes(0), transfers=2))
        for _ in range(2):
            self.brings(self.offers("#tea"))
        third = self.brings(self.offers("#tea"))
        self.assertIn("FAIL TOO_MANY_TRANSFERS", third.answer)

    def test_offers(self) -> None:
        """An account makes so many offers in a burst, and has so many at once."""
        self.open(Files(free=Bytes(0), offers=2, offers_every=Seconds(6), open=3))
        self.offers(), self.offers()
        self.assertEqual(self.code(self.ada, "FILE OFFER bob 9 a/b * :x"), "RATE_LIMITED")
        self.house.clock.advance(6)
        self.offers()
        self.house.clock.advance(60)
        self.assertEqual(self.code(self.ada, "FILE OFFER bob 9 a/b * :x"), "TOO_MANY")

    def test_types(self) -> None:
        """What a file is, is found out from its bytes, whatever it says it is."""
        self.open(Files(free=Bytes(0), refused=("image/png",)))
        (told,) = self.asks(self.ada, "FILE OFFER bob 9 image/png * :x")
        self.assertIn("MEDIA_TYPE_REFUSED", told)
        png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(SIZE - 16)
        id_ = self.accepted(digest="*")
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.sends(png)
        self.assertIn("FAIL MEDIA_TYPE_REFUSED", sender.got.decode())
        self.assertNotIn(b"PNG", receiver.transport.value())
        self.assertTrue(receiver.over)

    def test_allowed_types(self) -> None:
        """Where only some types are taken, others are not."""
        self.open(Files(free=Bytes(0), allowed=("text/*",)))
        id_ = self.offers("#tea")
        sender = self.brings(id_)
        sender.sends(CONTENT)
        self.assertIn("DONE", sender.got.decode())

    def test_storage_and_types(self) -> None:
        """What came to be kept while the beginning of a file was waited for counts, too."""
        limits = Files(free=Bytes(0), refused=("image/*",), account_storage=Bytes(SIZE + 10))
        self.open(limits)
        first, second = (self.brings(self.offers("#tea")) for _ in range(2))
        first.sends(CONTENT)
        second.sends(CONTENT)
        self.assertIn("DONE", first.got.decode())
        self.assertIn("FAIL STORAGE_FULL", second.got.decode())
        self.assertEqual(len(self.kept()), 1)


class NoDiskTests(FilesCase):
    """A server that keeps nothing."""

    relays = ("pair",)

    def test_nothing_kept(self) -> None:
        """Rooms cannot be served, nor those who are away."""
        id_ = self.offers("#tea")
        self.assertEqual(self.code(self.ada, f"FILE TICKET {id_}"), "NO_STORAGE")

    def test_receiver_cut(self) -> None:
        """A sender whose receiver goes is told so, and goes on when they come again."""
        id_ = self.accepted()
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.sends(CONTENT[:1000])
        receiver.leaves()
        self.assertIn("FAIL GONE", sender.got.decode())
        receiver, sender = self.fetches(id_, 900), self.brings(id_, 0)
        sender.sends(CONTENT[900:])
        self.assertEqual(receiver.got, CONTENT[900:])


class OnlyDiskTests(FilesCase):
    """A server that keeps everything."""

    relays = ("disk",)

    def test_through_the_disk(self) -> None:
        """A receiver that is there gets the bytes as they come."""
        id_ = self.accepted()
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.sends(CONTENT)
        self.assertEqual(receiver.got, CONTENT)
        self.assertIn("DONE", sender.got.decode())


class NoFilesTests(FilesCase):
    """A server without files."""

    relays = ()
    caps = "standard-replies"

    def test_no_files(self) -> None:
        """There is no capability, and all is refused."""
        self.assertEqual(self.code(self.ada, "FILE LIST"), "NO_FILES")
        stranger = self.house.stranger()
        stranger.says("CAP LS 302")
        self.assertNotIn("chatd/files", " ".join(stranger.hears()))
