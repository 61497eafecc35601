"""When things fail under the daemon: it says so to whom it concerns, and goes on."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from chatd.errors import NotKept
from chatd.stores.memory import MemoryStore
from chatd.wire.irc import Line
from tests.daemon import PATIENCE, Daemon, command, environment
from tests.house import House
from tests.talker import Seen, Talker, number, talk

SECRET = "milk first"
SPOKEN = ("FAIL", "NOTICE", "PRIVMSG")
UNLIMITED = {
    "limits": {"messages_every": "0s", "account_messages_every": "0s", "history": "1000"},
}


class FailingStore(MemoryStore):
    """A store that keeps nothing while `full` is true."""

    full = False

    async def append(self, entries: Any) -> Any:
        self._check()
        return await super().append(entries)

    async def add_room(self, room: Any, members: Any) -> Any:
        self._check()
        return await super().add_room(room, members)

    async def add_account(self, *what: Any) -> Any:
        self._check()
        return await super().add_account(*what)

    def _check(self) -> None:
        if self.full:
            raise NotKept("the disk is full.")


class InjectedTests(SynchronousTestCase):
    """A store that refuses, in a house in memory."""

    def setUp(self) -> None:
        self.store = FailingStore()
        self.house = House(self.store)
        self.house.account("cy")
        self.ada = self.house.client("ada", "standard-replies echo-message", account=True)
        self.bob = self.house.client("bob", account=True)
        for client in (self.ada, self.bob):
            client.joins("#tea")
        self.ada.says("PRIVMSG #tea :kept")
        self.ada.hears(), self.bob.hears()
        self.store.full = True

    def test_refused_to_its_sender(self) -> None:
        """A message that cannot be kept is refused with a code, and nobody else hears it."""
        self.ada.says("PRIVMSG #tea :lost")
        (line,) = self.ada.lines()
        self.assertEqual((line.verb, line.params[:2]), ("FAIL", ("PRIVMSG", "NOT_KEPT")))
        self.assertIn("the disk is full", line.params[-1])
        self.assertEqual(self.bob.hears(), [])

    def test_refused_in_plain_words(self) -> None:
        """A client that knows no codes is told by a sentence."""
        self.bob.says("PRIVMSG #tea :lost")
        (line,) = self.bob.lines()
        self.assertEqual(line.verb, "NOTICE")
        self.assertIn("could not store this", line.params[-1])
        self.assertEqual(self.ada.hears(), [])

    def test_whatever_is_kept_is_refused(self) -> None:
        """So it is with all that has to be kept: rooms, topics, modes, accounts, first words."""
        stranger = self.house.client("dot", "draft/account-registration")
        for line in (
            "TOPIC #tea :no",
            "MODE #tea +i",
            "JOIN #new",
            "PRIVMSG cy :hello",
            "PART #tea",
        ):
            self.ada.says(line)
            (refusal,) = self.ada.lines()
            self.assertIn("NOT_KEPT", refusal.params, line)
        stranger.says("REGISTER dot * open-sesame")
        (refusal,) = stranger.lines()
        self.assertEqual(
            refusal.params[:3], ("REGISTER", "TEMPORARILY_UNAVAILABLE", "dot"), refusal
        )
        self.assertEqual(self.bob.hears(), [])

    def test_nothing_has_changed(self) -> None:
        """What was refused is not so: the topic is as before, and one is still in the room."""
        self.ada.says("TOPIC #tea :no", "PART #tea")
        self.ada.hears()
        self.ada.says("TOPIC #tea", "NAMES #tea")
        topic, names, _ = self.ada.lines()
        self.assertEqual((topic.verb, names.verb), ("331", "353"))
        self.assertIn("ada", names.params[-1])

    def test_reading_and_passing_go_on(self) -> None:
        """Reading back works, and so does what is not kept."""
        self.ada.says("CAP REQ :message-tags draft/chathistory", "CHATHISTORY LATEST #tea * 5")
        self.assertIn(":ada PRIVMSG #tea :kept", self.ada.hears())
        self.bob.says("AWAY :gone for tea", "WHO #tea")
        self.assertIn("306", [line.verb for line in self.bob.lines()])

    def test_works_again(self) -> None:
        """When there is room again, all is as ever."""
        self.ada.says("PRIVMSG #tea :lost")
        self.ada.hears()
        self.store.full = False
        self.ada.says("PRIVMSG #tea :found")
        self.assertEqual(self.bob.hears(), [":ada PRIVMSG #tea :found"])


class DaemonTests(SynchronousTestCase):
    """A real daemon on a real disk."""

    def setUp(self) -> None:
        folder = TemporaryDirectory(prefix="chatd-faults-")
        self.addCleanup(folder.cleanup)
        self.daemon = Daemon(Path(folder.name), UNLIMITED)

    def begin(self) -> str:
        """Start the daemon with ada and bob in a room; the id of the first message there."""
        for name in ("ada", "bob"):
            self.daemon.add_account(name, SECRET)
        self.daemon.start()
        self.addCleanup(self.daemon.__exit__, None, None, None)
        for name in ("bob", "ada"):
            with Talker(self.daemon, name, SECRET) as talker:
                talker.asks("JOIN #tea")
                said = talker.asks("@label=0 PRIVMSG #tea :to begin with")
        return said[0].tags["msgid"]

    def test_full_disk(self) -> None:
        """On a full disk posts are refused and reading goes on; with space they work again."""
        self.mount()
        first = self.begin()
        ballast = self.daemon.data / "ballast"
        ballast.write_bytes(bytes(400_000))
        with (
            Talker(self.daemon, "ada", SECRET) as ada,
            Talker(self.daemon, "bob", SECRET) as bob,
        ):
            ada.asks()
            kept = self.fill(ada)
            bob.asks()
            self.assertEqual(said_by(bob.asks("PRIVMSG #tea :lost")), ["FAIL PRIVMSG NOT_KEPT"])
            self.assertEqual(said_by(ada.asks()), [])
            self.assertEqual([line.params[1] for line in history(ada, first)], kept)
            ballast.unlink()
            self.assertEqual(said_by(bob.asks("PRIVMSG #tea :found")), ["PRIVMSG #tea found"])
            self.assertEqual(said_by(ada.asks()), ["PRIVMSG #tea found"])
        self.assertIn("the disk is full", self.daemon.log())
        self.assertIn("the store works again", self.daemon.log())

    def mount(self) -> None:
        """Give the daemon a data directory of two megabytes."""
        self.daemon.data.mkdir(mode=0o700)
        what = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(self.daemon.data)]
        if subprocess.run(what, capture_output=True, check=False).returncode:
            raise SkipTest("only root may mount a small disk")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.daemon.data)], check=True)

    def fill(self, talker: Talker) -> list[str]:
        """Talk until the disk is full; what was kept."""
        kept: list[str] = []
        for n in range(100_000):
            text = f"{n} {'x' * 350}"
            heard = talker.asks(f"@label={n} PRIVMSG #tea :{text}")
            (answer,) = (line for line in heard if "label" in line.tags)
            if answer.verb == "FAIL":
                return kept
            kept.append(text)
        raise AssertionError("the disk was never full")

    def test_damaged_database(self) -> None:
        """A damaged database is refused at the start, with what to do."""
        self.begin()
        self.daemon.stop()
        path = self.daemon.data / "chatd.db"
        content = path.read_bytes()
        path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
        ended = subprocess.run(
            command("run", "--config", str(self.daemon.ini)),
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        self.assertEqual(ended.returncode, 1)
        said = ended.stdout + ended.stderr
        self.assertIn(f"The database {path} is damaged", said)
        self.assertIn("put a copy in its place", said)
        self.assertNotIn("Traceback", said)

    def test_ended_while_all_talk(self) -> None:
        """SIGTERM in the middle of it: clients are told, and what was echoed is kept; exit 0."""
        first = self.begin()
        seen = {name: Seen() for name in ("ada", "bob")}
        threads = [
            Thread(target=talk, args=(Talker(self.daemon, name, SECRET), name, one))
            for name, one in seen.items()
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        self.assertEqual(self.daemon.stop(), 0)
        for thread in threads:
            thread.join()
        self.daemon.start()
        with Talker(self.daemon, "ada", SECRET) as reader:
            kept = {number(line): line.params[1] for line in history(reader, first)}
        for one in seen.values():
            self.assertGreater(len(one.echoed), 0)
            self.assertIn("shutting down", one.farewell)
            for n, text in one.echoed + one.heard:
                self.assertEqual(kept[n], text)


def said_by(lines: list[Line]) -> list[str]:
    """What was said or refused, in short."""
    return [f"{one.verb} {' '.join(one.params[:2])}" for one in lines if one.verb in SPOKEN]


def history(talker: Talker, after: str) -> list[Line]:
    """All messages of #tea after this one."""
    found: list[Line] = []
    while page := talker.page("#tea", after):
        found += page
        after = page[-1].tags["msgid"]
    return found
