"""chatd/stores/sql.py: the contract on SQLite, and what only a store on disk promises."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from chatd.errors import NotKept, StartError
from chatd.events import Kept
from chatd.model import Rank, Url
from chatd.stores.sql import AT_ONCE, Options, SQLStore, make
from tests.stores.contract import StoreContract
from tests.stores.examples import deferred, said, taken_back
from tests.stores.on_disk import TEA, everything, folder, numbers, opened


class SQLContract(StoreContract, TestCase):
    """The SQL store keeps the contract."""

    async def make_store(self) -> SQLStore:
        store, _ = await opened(self, folder(self) / "chatd.db")
        return store


class OptionsTest(TestCase):
    """What the ini can say about the store."""

    async def test_durability(self) -> None:
        """Both kinds of durability are known to the database."""
        for durability in ("full", "normal"):
            url = Url(f"sqlite:///{folder(self) / 'chatd.db'}")
            store = make(Options(url, durability), reactor)
            await store.open()
            self.addCleanup(store.close)
            self.assertEqual((await store.add_room(TEA, [])).name, "#tea")

    def test_other_databases(self) -> None:
        """A database that is not supported is refused with what to write instead."""
        with self.assertRaisesRegex(StartError, "postgresql://x/y is no good.*sqlite:///chatd.db"):
            make(Options(Url("postgresql://x/y")), reactor)


class OnDiskTest(TestCase):
    """What lasts when the daemon does not."""

    async def test_reopened(self) -> None:
        """What was kept is there when the store is opened again, and keys go on."""
        path = folder(self) / "chatd.db"
        store = make(Options(Url(f"sqlite:///{path}")), reactor)
        await store.open()
        room = await store.add_room(TEA, [])
        last = await store.add_room(replace(TEA, name="#last"), [])
        await store.append([Kept(said(room, "one"))])
        await store.drop_room(last.key)
        await store.close()
        self.assertEqual([p.name for p in path.parent.iterdir()], ["chatd.db"])
        store, _ = await opened(self, path)
        self.assertEqual(await numbers(store, room), [1])
        self.assertGreater((await store.add_room(last, [])).key, last.key)

    async def test_long_log_is_dropped_in_portions(self) -> None:
        """When a room goes that has a long log, others are served in between."""
        store, _ = await opened(self, folder(self) / "chatd.db")
        room = await store.add_room(TEA, [])
        await store.append([Kept(said(room))] * (2 * AT_ONCE + 1))
        dropping, left = deferred(store.drop_room(room.key)), []
        while not dropping.called:
            left.append(len(await numbers(store, room)))
            await deferLater(reactor, 0)
        await dropping
        seen = [number for number in dict.fromkeys(left) if number <= 2 * AT_ONCE]
        self.assertEqual(seen, [AT_ONCE + 1, 1, 0])
        self.assertEqual(await store.rooms(), [])

    async def test_writes_at_once(self) -> None:
        """Whatever is asked for at the same time is done, one thing after the other."""
        store, _ = await opened(self, folder(self) / "chatd.db")
        room = await store.add_room(TEA, [])
        ada = await store.add_account("ada", Rank.USER, 5, {})
        pending = []
        for n in range(20):
            pending.append(deferred(store.append([Kept(said(room)), Kept(said(room))])))
            pending.append(deferred(store.mark(ada.key, room.key, n)))
            pending.append(deferred(store.keep_secret(ada.key, "token", str(n), None)))
        await gatherResults(pending)
        self.assertEqual(await numbers(store, room), list(range(1, 41)))
        self.assertEqual(len(await store.secrets(ada.key, "token")), 20)
        self.assertEqual(await store.marks(ada.key), {room.key: 19})

    async def test_read_while_writing(self) -> None:
        """One can read while a batch is on its way to the disk."""
        store, _ = await opened(self, folder(self) / "chatd.db")
        room = await store.add_room(TEA, [])
        await store.append([Kept(said(room))])
        keeping = deferred(store.append([Kept(said(room)) for _ in range(100)]))
        self.assertIn(len(await numbers(store, room)), (1, 101))
        await keeping
        self.assertEqual(len(await numbers(store, room)), 101)

    async def test_erased_from_the_disk(self) -> None:
        """No byte of an erased message stays in the file or its journal."""
        path = folder(self) / "chatd.db"
        store, _ = await opened(self, path)
        room = await store.add_room(TEA, [])
        texts = [f"oolong {n} " + "x" * 500 for n in range(50)]
        await store.append([Kept(said(room, t, tags={"t": "with oolong"})) for t in texts])
        self.assertTrue(b"oolong 25" in everything(path))
        for number in range(1, 51):
            await store.append([taken_back(room, number)])
        self.assertFalse(b"oolong" in everything(path))


APPENDER = """
import sys
from random import Random
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from chatd.events import Kept
from chatd.model import Url
from chatd.stores.sql import Options, make
from tests.stores.contract import said

async def append():
    chance = Random(int(sys.argv[2]))
    store = make(Options(Url("sqlite:///" + sys.argv[1])), reactor)
    await store.open()
    rooms = await store.rooms()
    while True:
        batch = [chance.choice(rooms) for _ in range(chance.randint(1, 30))]
        numbers = await store.append([Kept(said(room, room.name * 50)) for room in batch])
        for room, number in zip(batch, numbers):
            print(room.key, number)
        sys.stdout.flush()

reactor.callWhenRunning(lambda: ensureDeferred(append()))
reactor.run()
"""


class CrashTest(TestCase):
    """The store is killed while it works."""

    async def test_killed(self) -> None:
        """All that it said it kept is there after each of five kills, once and without gaps."""
        path = folder(self) / "chatd.db"
        store, database = await opened(self, path)
        rooms = [await store.add_room(replace(TEA, name=f"#{n}"), []) for n in range(3)]
        told = dict.fromkeys((room.key for room in rooms), 0)
        for seed in range(5):
            told |= self.killed(path, seed, Random(seed).randint(50, 1500))
            for room in rooms:
                kept = await numbers(store, room)
                self.assertEqual(kept, list(range(1, len(kept) + 1)))
                self.assertGreaterEqual(len(kept), told[room.key])
        self.assertEqual(database.rows("PRAGMA integrity_check"), [("ok",)])

    def killed(self, path: Path, seed: int, lines: int) -> dict[int, int]:
        """Kill it when it has told of so many; the last number of each room that it told."""
        command = [sys.executable, "-c", APPENDER, str(path), str(seed)]
        told: dict[int, int] = {}
        with Popen(command, stdout=PIPE, cwd=Path(__file__).parents[2], text=True) as process:
            for _ in range(lines):
                room, number = process.stdout.readline().split()
                told[int(room)] = int(number)
            process.kill()
            for line in process.stdout.read().splitlines(keepends=True):
                if line.endswith("\n"):
                    room, number = line.split()
                    told[int(room)] = int(number)
        return told


class ErasedTest(TestCase):
    """What was taken back leaves the disk."""

    async def test_disk_that_will_not(self) -> None:
        """If the journal cannot be emptied now, what was kept stays kept, and it is tried again."""
        store, _ = await opened(self, folder(self) / "chatd.db")
        room = await store.add_room(TEA, [])
        await store.append([Kept(said(room, "one"))])
        emptied = []

        async def full() -> None:
            raise NotKept("the disk is full.")

        async def empty() -> None:
            emptied.append(True)

        self.patch(store._database, "empty_journal", full)
        self.assertEqual(await store.append([taken_back(room, 1), Kept(said(room, "two"))]), [2, 3])
        self.assertEqual(await numbers(store, room), [1, 2, 3])
        self.patch(store._database, "empty_journal", empty)
        await store.append([Kept(said(room, "three"))])
        await store.append([Kept(said(room, "four"))])
        self.assertEqual(emptied, [True])
