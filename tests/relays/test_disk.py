"""The relay that keeps what it is sent."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.errors import NoSuchFile, NotKept, ServerFull, StartError, TooMuch, WrongHash
from chatd.relays.disk import Disk
from chatd.relays.part import DURABLE_EVERY, HEAD
from tests.relays.contract import CONTENT, DIGEST, End, RelayContract, Result, offer


class DiskTests(RelayContract, SynchronousTestCase):
    """It does what every relay does, and what was brought can be fetched later."""

    def make_relay(self) -> Disk:
        folder = TemporaryDirectory(prefix="chatd-files-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "files"
        self.faults: list[OSError] = []
        self.meanwhile: Callable[[], object] = bool
        return Disk(self.folder, self.run_now)

    def run_now(self, act: Any, *values: Any) -> Deferred[Any]:
        """The disk, which fails if it is told to."""
        if getattr(act, "__name__", "") == "finish":
            self.meanwhile()
        if self.faults and "write" in getattr(act, "__name__", ""):
            raise self.faults.pop()
        return maybeDeferred(act, *values)

    def restart(self, *known: Any) -> None:
        """Another daemon finds what there is."""
        self.relay = Disk(self.folder, self.run_now)
        Result(self.relay.tidy(known))

    def brings(self, what: Any, content: bytes) -> Result:
        """Somebody brings these bytes, and goes."""
        sender, taken = self.takes(what)
        sender.says(content)
        sender.goes()
        return taken

    def test_fetched_again_and_again(self) -> None:
        """What is whole can be fetched any number of times, also after a restart."""
        self.assertTrue(self.brings(offer(), CONTENT).value.whole)
        self.restart(offer())
        for _ in range(3):
            receiver, given = self.gives(offer(), 1000)
            self.assertEqual(receiver.got, CONTENT[1000:])
            receiver.says(f"DONE {DIGEST}\r\n".encode())
            self.assertEqual(given.value, DIGEST)

    def test_private_and_nameless(self) -> None:
        """A file can be read by the daemon only, and its name says nothing."""
        self.brings(offer(), CONTENT)
        (path,) = self.folder.iterdir()
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)
        self.assertNotIn("x.mp4", path.name)
        self.assertNotIn("offer1", path.name)

    def test_killed_in_the_middle(self) -> None:
        """After kill -9 it goes on from the last durable byte, and the digest is right."""
        content = os.urandom(3 * DURABLE_EVERY)
        what = offer(content, sha256(content).hexdigest())
        sender, _ = self.takes(what)
        sender.says(content[: 2 * DURABLE_EVERY + 5])
        sender.says(content[2 * DURABLE_EVERY + 5 : 2 * DURABLE_EVERY + 99])
        self.restart(what)
        at = self.relay.ready(what)
        self.assertEqual(at, 2 * DURABLE_EVERY + 5)
        taken = self.brings(what, content[at:])
        self.assertEqual(taken.value.digest, what.digest)

    def test_torn(self) -> None:
        """What is on disk beyond the last durable byte is not believed."""
        sender, _ = self.takes(offer())
        sender.says(CONTENT[:5000])
        sender.goes()
        (path,) = self.folder.iterdir()
        with path.open("ab") as file:
            file.write(b"not what was sent")
        self.restart(offer())
        self.assertEqual(self.brings(offer(), CONTENT[5000:]).value.digest, DIGEST)

    def test_shorter_than_it_says(self) -> None:
        """A file that has lost bytes that it should have is not one of ours."""
        self.brings(offer(), CONTENT)
        (path,) = self.folder.iterdir()
        os.truncate(path, HEAD + 100)
        self.restart(offer())
        self.assertIsNone(self.relay.held(offer()))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_orphans(self) -> None:
        """What belongs to no offer, or is damaged, is removed; what is not ours stays."""
        self.brings(offer(), CONTENT)
        (self.folder / ("0f" * 16)).write_bytes(b"\x00" * 99)
        (self.folder / "chatd.db").write_bytes(b"milk")
        (self.folder / "letters").mkdir()
        self.restart()
        left = sorted(path.name for path in self.folder.iterdir())
        self.assertEqual(left, ["chatd.db", "letters"])

    def test_from_the_middle(self) -> None:
        """It can keep a file of which it never saw the beginning, and promises no digest."""
        taken = Result(self.relay.take(offer(), self.end(CONTENT[5000:]), 3000, CONTENT[3000:5000]))
        self.assertEqual(taken.value.digest, "")
        self.assertEqual(self.relay.held(offer()), (3000, len(CONTENT)))
        receiver, _ = self.gives(offer(), 4000)
        self.assertEqual(receiver.got, CONTENT[4000:])

    def end(self, content: bytes) -> Any:
        """A sender's pipe with these bytes in it."""
        sender = End(brings=True)
        sender.says(content)
        return sender.pipe

    def test_wrong_hash(self) -> None:
        """What is not what was promised is not kept."""
        taken = self.brings(replace(offer(), digest="00" * 32), CONTENT)
        self.assertIsInstance(taken.error, WrongHash)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_too_much_at_the_very_end(self) -> None:
        """What comes while the last bytes are made durable is too much as well, and no file
        stays open for that."""
        before = len(os.listdir("/proc/self/fd"))
        sender, taken = self.takes(offer())
        self.meanwhile = lambda: sender.says(b"!")
        sender.says(CONTENT)
        self.assertIsInstance(taken.error, TooMuch)
        sender, taken = self.takes(offer(id_="f2"))
        sender.says(CONTENT + b"!")
        self.assertIsInstance(taken.error, TooMuch)
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

    def test_full_disk(self) -> None:
        """On a full disk the sender is refused; with room again it goes on."""
        sender, taken = self.takes(offer())
        sender.says(CONTENT[:1000])
        self.faults.append(OSError(errno.ENOSPC, "No space left on device"))
        sender.says(CONTENT[1000:2000])
        self.assertIsInstance(taken.error, ServerFull)
        at = self.relay.ready(offer())
        self.assertEqual(self.brings(offer(), CONTENT[at:]).value.digest, DIGEST)

    def test_broken_disk(self) -> None:
        """If the disk fails otherwise, that is said."""
        sender, taken = self.takes(offer())
        self.faults.append(OSError(errno.EIO, "Input/output error"))
        sender.says(CONTENT[:1000])
        self.assertIsInstance(taken.error, NotKept)

    def test_forgotten_while_it_goes(self) -> None:
        """If it is forgotten in the middle, both sides end and no file is left."""
        _, given = self.gives(offer())
        sender, taken = self.takes(offer())
        sender.says(CONTENT[:1000])
        Result(self.relay.forget(offer()))
        sender.says(CONTENT[1000:2000])
        self.assertIsInstance(taken.error, NoSuchFile)
        self.assertIsInstance(given.error, NoSuchFile)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_cannot_be_removed(self) -> None:
        """If a file cannot be removed, that is said."""
        self.brings(offer(), CONTENT)
        (path,) = self.folder.iterdir()
        path.unlink()
        path.mkdir()
        self.assertIsInstance(Result(self.relay.forget(offer())).error, NotKept)

    def test_slow_sender(self) -> None:
        """Who fetches what comes in small pieces waits for each, and nothing piles up by that."""
        receiver, _ = self.gives(offer())
        sender, _ = self.takes(offer())
        before = len(receiver.pipe._ends)
        for at in range(0, 10_000, 100):
            sender.says(CONTENT[at : at + 100])
        self.assertEqual(receiver.got, CONTENT[:10_000])
        self.assertEqual(len(receiver.pipe._ends), before)

    def test_no_folder(self) -> None:
        """A folder that cannot be is said at the start."""
        relay = Disk(Path("/dev/null/files"), self.run_now)
        self.assertIsInstance(Result(relay.tidy(())).error, StartError)
