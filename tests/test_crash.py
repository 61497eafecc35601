"""The promise of the whole house: what was echoed survives `kill -9`.

A real daemon under load is killed at random moments. After each start every message that
its sender, or somebody else, has seen is in the history once, in order, and no number is
missing. `CHATD_CRASH_ROUNDS` says how often; `make crash` does it 200 times.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from chatd.events import Kept, Posted
from chatd.model import Person, Role, Room, Url
from chatd.stores.sql import Options, make
from tests.daemon import Daemon
from tests.talker import Seen, Talker, number, talk

ROUNDS = int(os.environ.get("CHATD_CRASH_ROUNDS", "5"))
MANY = 100_000
SOON = 2.0
"""Seconds that a start may take on a machine that has nothing else to do."""
NAMES = ("ada", "bob")
SECRET = "milk first"
SETTINGS = {
    "limits": {
        "messages_every": "0s",
        "account_messages_every": "0s",
        "connects_every": "0s",
        "history": "1000",
    }
}


class CrashTests(TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory(prefix="chatd-crash-")
        self.addCleanup(folder.cleanup)
        self.daemon = Daemon(Path(folder.name), SETTINGS)
        self.kept: list[str] = []
        for name in NAMES:
            self.daemon.add_account(name, SECRET)

    def test_kill_under_load(self) -> None:
        """Nothing that anybody saw is lost, doubled or moved by a crash, and there is no hole."""
        with self.daemon:
            self.first = self.begin()
            echoes = sum(self.crash(f"{round_}") for round_ in range(ROUNDS))
        self.assertEqual(len(set(self.kept)), len(self.kept))
        self.assertGreater(echoes, ROUNDS)
        print(f"{ROUNDS} crashes, {echoes} echoes, {len(self.kept)} messages kept")  # noqa: T201

    def begin(self) -> str:
        """Make the room, with everybody in it; the id of its first message."""
        for name in NAMES:
            with Talker(self.daemon, name, SECRET) as talker:
                talker.asks("JOIN #tea")
                said = talker.asks("PRIVMSG #tea :to begin with")
        return said[0].tags["msgid"]

    def crash(self, prefix: str) -> int:
        """Kill the daemon while all talk, start it again and compare; how many echoes came."""
        seen = [Seen() for _ in NAMES]
        threads = [
            Thread(target=talk, args=(Talker(self.daemon, name, SECRET), f"{prefix} {name}", one))
            for name, one in zip(NAMES, seen, strict=True)
        ]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.02, 0.6))
        self.daemon.kill()
        for thread in threads:
            thread.join()
        self.daemon.start()
        self.read_on()
        for one in seen:
            self.compare(one.echoed)
            self.compare(one.heard)
        return sum(len(one.echoed) for one in seen)

    def read_on(self) -> None:
        """Read all that is new in the history; its numbers follow each other."""
        room, _, first = self.first.partition("-")
        with Talker(self.daemon, NAMES[0], SECRET) as reader:
            while page := reader.page("#tea", f"{room}-{int(first) + len(self.kept)}"):
                start = int(first) + len(self.kept) + 1
                self.assertEqual(
                    [number(line) for line in page], list(range(start, start + len(page)))
                )
                self.kept.extend(line.params[1] for line in page)

    def compare(self, seen: list[tuple[int, str]]) -> None:
        """What a client saw is what is kept, in the same order."""
        first = int(self.first.partition("-")[2])
        self.assertEqual([n for n, _ in seen], sorted({n for n, _ in seen}))
        self.assertEqual([text for _, text in seen], [self.kept[n - first - 1] for n, _ in seen])

    async def test_start_with_many(self) -> None:
        """With a long history the daemon is there at once."""
        with self.daemon:
            pass
        await self.fill()
        began = time.monotonic()
        with self.daemon, Talker(self.daemon, NAMES[0], SECRET) as talker:
            told = talker.asks("CHATHISTORY LATEST #tea * 1")
            took = time.monotonic() - began
            self.assertIn(str(MANY), [line.params[-1] for line in told])
        print(f"started with {MANY} messages in {took:.2f} s")  # noqa: T201
        self.assertLess(took, SOON * max(1.0, os.getloadavg()[0]))

    async def fill(self) -> None:
        """Put many messages into the database."""
        store = make(Options(url=Url(f"sqlite:///{self.daemon.data / 'chatd.db'}")), reactor)
        await store.open()
        account = await store.find_account(NAMES[0])
        assert account is not None
        room = await store.add_room(Room(0, "#tea", True, 1), [(account.key, Role.MEMBER)])
        by = Person(account.name, account=account.name, key=account.key)
        for start in range(1, MANY, 10_000):
            await store.append(
                [
                    Kept(Posted(by=by, at=n, room=room, to="#tea", text=str(n)))
                    for n in range(start, start + 10_000)
                ]
            )
        await store.close()
