"""Files through a real daemon, over TLS: cut, killed, full, slow, and many at once."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from chatd.wire.relay import Done
from tests.carrier import Carrier
from tests.daemon import Daemon, Settings
from tests.talker import CAPS, Talker

SECRET = "milk first"
MEGABYTE = 1 << 20
UNLIMITED = {
    "limits": {"messages_every": "0s", "account_messages_every": "0s"},
    "files": {"free": "0", "offers_every": "0s", "meeting": "1s", "transfers": "50"},
}


class FilesTests(SynchronousTestCase):
    """A daemon, with ada and bob on line."""

    def setUp(self) -> None:
        folder = TemporaryDirectory(prefix="chatd-files-")
        self.addCleanup(folder.cleanup)
        self.daemon = Daemon(Path(folder.name), UNLIMITED)

    def begin(self, settings: Settings = UNLIMITED) -> None:
        """Start it."""
        self.daemon.write(settings)
        if not self.daemon.certificate.exists():
            for name in ("ada", "bob"):
                self.daemon.add_account(name, SECRET)
            self.addCleanup(self.daemon.__exit__, None, None, None)
        self.daemon.start()
        self.come()

    def come(self) -> None:
        """Both are on line."""
        self.ada, self.bob = (
            Talker(self.daemon, name, SECRET, f"{CAPS} chatd/files") for name in ("ada", "bob")
        )
        for talker in (self.ada, self.bob):
            self.addCleanup(talker.__exit__, None, None, None)
            talker.asks("JOIN #tea")

    def again(self) -> None:
        """The daemon is killed and started again, and both come back."""
        self.daemon.kill()
        self.daemon.start()
        self.come()

    def asks(self, talker: Talker, line: str, what: str, at: int) -> str:
        """A parameter of the answer to a request."""
        found = [
            told for told in talker.asks(f"@label=1 FILE {line}") if told.params[:1] == (what,)
        ]
        return found[0].params[at]

    def offers(self, to: str, content: bytes) -> str:
        """Ada offers a file; its id."""
        digest = sha256(content).hexdigest()
        return self.asks(self.ada, f"OFFER {to} {len(content)} a/b {digest} :x.mp4", "OFFERED", 2)

    def accepted(self, content: bytes) -> str:
        """One that bob accepts."""
        id_ = self.offers("bob", content)
        self.bob.asks(f"FILE ACCEPT {id_}")
        return id_

    def brings(self, id_: str, offset: int = 0) -> Carrier:
        """Ada connects to bring it."""
        return self.carrier(self.ada, id_, "SEND", offset)

    def fetches(self, id_: str, offset: int = 0) -> Carrier:
        """Bob connects to fetch it."""
        return self.carrier(self.bob, id_, "RECEIVE", offset)

    def carrier(self, talker: Talker, id_: str, side: str, offset: int) -> Carrier:
        ticket = self.asks(talker, f"TICKET {id_} {side}", "TICKET", 4)
        carrier = Carrier(self.daemon, ticket, offset)
        self.addCleanup(carrier.__exit__, None, None, None)
        return carrier

    def kept(self) -> list[Path]:
        """What is on disk."""
        return list((self.daemon.data / "files").iterdir())

    def memory(self) -> int:
        """The most bytes that the daemon has ever had."""
        status = Path(f"/proc/{self.daemon.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def test_killed(self) -> None:
        """After kill -9 the sender goes on from the last durable byte, and it arrives whole."""
        content = os.urandom(6 * MEGABYTE)
        self.begin()
        id_ = self.offers("#tea", content)
        sent = 0
        for _ in range(2):
            sender = self.brings(id_)
            at = sender.start()
            self.assertLessEqual(sent - at, MEGABYTE)
            sent = at + 5 * MEGABYTE // 2
            sender.sends(content[at:sent])
            self.daemon.wait_for(lambda most=sent: self.held() > most - MEGABYTE // 2)
            self.again()
        sender = self.brings(id_)
        at = sender.start()
        self.assertLessEqual(sent - at, MEGABYTE)
        sender.sends(content[at:])
        self.assertEqual(sender.line(), Done(sha256(content).hexdigest()))
        receiver = self.fetches(id_)
        self.assertEqual(receiver.start(), 0)
        self.assertEqual(receiver.gets(len(content)), content)

    def held(self) -> int:
        """How many bytes of the one file the daemon has."""
        return int(self.asks(self.ada, "LIST #tea", "LISTED", 7))

    def test_killed_while_it_goes_through(self) -> None:
        """After kill -9 of a live transfer it goes on from where the receiver is."""
        content = os.urandom(3 * MEGABYTE)
        self.begin()
        id_ = self.accepted(content)
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.start(), receiver.start()
        sender.sends(content[:MEGABYTE])
        got = receiver.gets(MEGABYTE // 2)
        self.again()
        receiver, sender = self.fetches(id_, len(got)), self.brings(id_)
        self.assertEqual(sender.start(), len(got))
        sending = Thread(target=sender.sends, args=(content[len(got) :],))
        sending.start()
        receiver.start()
        self.assertEqual(got + receiver.gets(len(content) - len(got)), content)
        sending.join()
        receiver.sends(Done(sha256(content).hexdigest()).line())
        self.assertEqual(sender.line(), Done(sha256(content).hexdigest()))
        self.assertEqual(self.kept(), [])

    def test_receiver_cut(self) -> None:
        """If the receiver of a live transfer is cut, the sender ends as if nothing had happened,
        and the receiver fetches the rest."""
        content = os.urandom(3 * MEGABYTE)
        self.begin()
        id_ = self.accepted(content)
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.start(), receiver.start()
        sending = Thread(target=sender.sends, args=(content,))
        sending.start()
        got = receiver.gets(MEGABYTE)
        receiver.cut()
        sending.join()
        self.assertIsInstance(sender.line(), Done)
        self.ada.asks()
        receiver = self.fetches(id_, len(got))
        starting = Thread(target=receiver.start)
        starting.start()
        self.daemon.wait_for(lambda: not starting.is_alive() or self.wanted())
        if starting.is_alive():  # it lacked more than was kept
            again = self.brings(id_)
            sending = Thread(target=again.sends, args=(content[again.start() :],))
            sending.start()
        starting.join()
        self.assertEqual(got + receiver.gets(len(content) - len(got)), content)
        sending.join()

    def wanted(self) -> bool:
        """Whether ada is asked to bring something."""
        return any(line.params[:1] == ("WANTED",) for line in self.ada.asks())

    def test_sends_at_once(self) -> None:
        """A sender that does not wait until it is let in costs no memory either, and loses
        nothing."""
        content = os.urandom(MEGABYTE) * 32
        self.begin()
        sender = self.brings(self.accepted(content))
        before = self.memory()
        self.assertTrue(sender.sends(content))
        self.assertEqual(sender.start(), 0)
        self.assertEqual(sender.line(), Done(sha256(content).hexdigest()))
        self.assertLess(self.memory() - before, 8 * MEGABYTE)

    def test_slow_receiver(self) -> None:
        """A receiver that does not read costs the daemon no memory, however much is sent."""
        content = os.urandom(MEGABYTE) * 64
        self.begin()
        id_ = self.accepted(content)
        receiver, sender = self.fetches(id_), self.brings(id_)
        sender.start(), receiver.start()
        before = self.memory()
        sending = Thread(target=sender.sends, args=(content,))
        sending.start()
        self.assertEqual(receiver.gets(MEGABYTE), content[:MEGABYTE])
        for _ in range(20):
            told = self.ada.asks("@label=1 PRIVMSG #tea :still there")
            self.assertIn("PRIVMSG", [line.verb for line in told])
        self.assertTrue(sending.is_alive())
        self.assertEqual(receiver.gets(63 * MEGABYTE), content[MEGABYTE:])
        sending.join()
        self.assertLess(self.memory() - before, 8 * MEGABYTE)

    def test_many(self) -> None:
        """Ten files at once, some through the disk, while people chat; all arrive."""
        content = os.urandom(MEGABYTE) * 20
        self.begin()
        ids = [self.accepted(content) if n % 2 else self.offers("#tea", content) for n in range(10)]
        before = self.memory()
        pairs = [(self.fetches(id_), self.brings(id_)) for id_ in ids]
        with ThreadPoolExecutor(20) as pool:
            sending = [pool.submit(lambda s=s: s.sends(content[s.start() :])) for _, s in pairs]
            getting = [pool.submit(lambda r=r: (r.start(), r.gets(len(content)))) for r, _ in pairs]
            for n in range(50):
                told = self.ada.asks(f"@label=m{n} PRIVMSG #tea :{n}")
                self.assertIn(str(n), [line.params[-1] for line in told if line.verb == "PRIVMSG"])
            self.assertTrue(all(each.result() for each in sending))
            self.assertTrue(all(each.result()[1] == content for each in getting))
        self.assertLess(self.memory() - before, 32 * MEGABYTE)

    def test_full_disk(self) -> None:
        """On a disk that gets full half-way the sender is told so and chat goes on; with room
        again the sender goes on, and what is deleted gives its space back."""
        self.mount()
        content = os.urandom(5 * MEGABYTE)
        self.begin()
        id_ = self.offers("#tea", content)
        sender = self.brings(id_)
        sender.start()
        ballast = self.daemon.data / "ballast"
        ballast.write_bytes(bytes(5 * MEGABYTE))
        sender.sends(content)
        self.assertEqual(sender.refusal(), "SERVER_FULL")
        ballast.unlink()
        told = self.ada.asks("@label=1 PRIVMSG #tea :still here")
        self.assertIn("PRIVMSG", [line.verb for line in told])
        sender = self.brings(id_)
        sender.sends(content[sender.start() :])
        self.assertIsInstance(sender.line(), Done)
        self.asks(self.ada, f"CANCEL {id_}", "CANCELLED", 2)
        self.daemon.wait_for(lambda: self.kept() == [])

    def test_shares(self) -> None:
        """On a small disk nobody gets more than their share, all together not more than theirs,
        and something stays free; whoever gets nothing can still chat."""
        self.mount()
        content = os.urandom(2 * MEGABYTE)
        for limit, most, code in (
            ("account_storage", "3m", "STORAGE_FULL"),
            ("total_storage", "3m", "SERVER_FULL"),
            ("free", "5m", "SERVER_FULL"),
        ):
            self.begin({**UNLIMITED, "files": {**UNLIMITED["files"], limit: most}})
            id_ = self.offers("#tea", content)
            sender = self.brings(id_)
            sender.sends(content[sender.start() :])
            self.assertIsInstance(sender.line(), Done)
            told = self.ada.asks(f"@label=1 FILE TICKET {self.offers('#tea', content)}")
            self.assertIn(("FILE", code), [line.params[:2] for line in told], limit)
            told = self.ada.asks("@label=1 PRIVMSG #tea :still here")
            self.assertIn("PRIVMSG", [line.verb for line in told])
            self.asks(self.ada, f"CANCEL {id_}", "CANCELLED", 2)
            self.daemon.stop()

    def mount(self) -> None:
        """Give the daemon a data directory of nine megabytes."""
        self.daemon.data.mkdir(mode=0o700)
        what = ["mount", "-t", "tmpfs", "-o", "size=9m,mode=700", "tmpfs", str(self.daemon.data)]
        if subprocess.run(what, capture_output=True, check=False).returncode:
            raise SkipTest("only root may mount a small disk")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.daemon.data)], check=True)

    def test_too_little_left(self) -> None:
        """Where too little would be left on the disk, files are refused and chat goes on."""
        self.begin({**UNLIMITED, "files": {**UNLIMITED["files"], "free": "999999g"}})
        id_ = self.offers("#tea", b"milk")
        told = self.ada.asks(f"@label=1 FILE TICKET {id_}")
        self.assertIn(("FILE", "SERVER_FULL"), [line.params[:2] for line in told])

    def test_stopped(self) -> None:
        """A daemon that is asked to end does, in the middle of a file, and forgets none of it."""
        content = os.urandom(3 * MEGABYTE)
        self.begin()
        id_ = self.offers("#tea", content)
        sender = self.brings(id_)
        sender.start()
        sender.sends(content[: MEGABYTE + 1000])
        self.daemon.wait_for(lambda: self.held() == MEGABYTE + 1000)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.come()
        self.assertEqual(self.brings(id_).start(), MEGABYTE + 1000)
        self.assertNotIn("Traceback", self.daemon.log())
