"""Clients that offer, bring and fetch files in a house in memory."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Files
from chatd.model import Bytes
from chatd.relays.disk import Disk
from chatd.relays.pair import Pair
from tests.house import Client, House

CONTENT = b"milk first" * 1000
SIZE = len(CONTENT)
DIGEST = sha256(CONTENT).hexdigest()
CAPS = "chatd/files message-tags standard-replies batch draft/chathistory draft/event-playback"
AMPLE = Files(free=Bytes(0))


class Carrier(Client):
    """A connection that carries a file."""

    def __init__(self, house: House, ticket: str, offset: int = 0) -> None:
        super().__init__(house)
        self.says(f"RELAY {ticket} {offset}")

    @property
    def answer(self) -> str:
        """The first line that was heard."""
        self.house.settle()
        return self.transport.value().partition(b"\r\n")[0].decode()

    @property
    def start(self) -> int:
        """From where on the bytes go."""
        words = self.answer.split()
        assert words[0] == "OK", words
        return int(words[1])

    @property
    def got(self) -> bytes:
        """What was heard after it."""
        self.house.settle()
        return self.transport.value().partition(b"\r\n")[2]

    @property
    def over(self) -> bool:
        """Whether it was hung up on."""
        return bool(self.transport.disconnecting)


class FilesCase(SynchronousTestCase):
    """Ada, Bob and Eve, who have accounts; all three are in #tea."""

    relays: tuple[str, ...] = ("pair", "disk")
    caps = CAPS

    def setUp(self) -> None:
        self.open(AMPLE)

    def open(self, files: Files) -> None:
        """A house with these settings."""
        folder = TemporaryDirectory(prefix="chatd-files-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        made: dict[str, Any] = {"pair": Pair(), "disk": Disk(self.folder, self.run_disk)}
        self.house = House(files=files, relays=[made[name] for name in self.relays])
        self.addCleanup(self.house.core.transfers.end)
        names = ("ada", "bob", "eve")
        self.ada, self.bob, self.eve = (
            self.house.client(n, self.caps, account=True) for n in names
        )
        for client in (self.ada, self.bob, self.eve):
            client.joins("#tea")
        self.hears()

    def run_disk(self, act: Any, *values: Any) -> Any:
        """Do at once what would be done in a thread."""
        return maybeDeferred(act, *values)

    def hears(self) -> None:
        """Forget what was told so far."""
        for client in (self.ada, self.bob, self.eve):
            client.hears()

    def asks(self, client: Client, line: str) -> list[str]:
        """What a client is told when it asks for something."""
        client.hears()
        client.says(line)
        return client.hears()

    def offers(
        self, to: str = "bob", size: int = SIZE, digest: str = DIGEST, more: str = ""
    ) -> str:
        """Ada offers a file; its id."""
        told = self.asks(self.ada, f"FILE OFFER {to} {size} {more or 'a/b'} {digest} :x y.mp4")
        self.assertIn(f":ada FILE OFFERED {to} ", told[0])
        return told[0].split()[4]

    def accepted(self, **more: Any) -> str:
        """Bob accepts a file of ada's; its id."""
        id_ = self.offers(**more)
        self.asks(self.bob, f"FILE ACCEPT {id_}")
        self.hears()
        return id_

    def ticket(self, client: Client, id_: str, side: str = "") -> str:
        """A ticket for an offer."""
        told = self.asks(client, f"FILE TICKET {id_} {side}")
        self.assertIn("FILE TICKET", told[-1])
        return told[-1].split()[5]

    def brings(self, id_: str, offset: int = 0) -> Carrier:
        """Ada connects to bring a file."""
        return Carrier(self.house, self.ticket(self.ada, id_), offset)

    def fetches(self, id_: str, offset: int = 0, client: Client | None = None) -> Carrier:
        """Bob connects to fetch a file."""
        ticket = self.ticket(client or self.bob, id_, "RECEIVE")
        return Carrier(self.house, ticket, offset)

    def code(self, client: Client, line: str) -> str:
        """With which code something is refused."""
        (told,) = self.asks(client, line)
        words = told.split()
        self.assertEqual(words[0], "FAIL", told)
        return words[2]

    def kept(self) -> list[Path]:
        """What is on disk."""
        return list(self.folder.iterdir())
