"""chatd/stores/database.py: when the disk will not."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from subprocess import run
from threading import get_ident
from typing import Any

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SkipTest, TestCase

from chatd.errors import AccountExists, NotKept
from chatd.events import Kept
from chatd.model import Member, Put, Rank, Role
from chatd.stores import database
from tests.stores.contract import deferred, said, taken_back
from tests.stores.on_disk import TEA, fill, folder, numbers, opened


@contextmanager
def no_file_longer_than(size: int) -> Any:
    """Let the system refuse to write beyond a size."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))


def can_write(path: Path) -> bool:
    """Whether no transaction is open on a file."""
    other = sqlite3.connect(path, timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    finally:
        other.close()
    return True


class FailureTest(TestCase):
    """Writing fails, is refused, and works again by itself."""

    async def setUp(self) -> None:
        self.path = folder(self) / "chatd.db"
        self.store, self.database = await opened(self, self.path)
        self.ada = await self.store.add_account("Ada", Rank.USER, 5, {})
        self.room = await self.store.add_room(TEA, [])
        await self.store.append([Kept(said(self.room, "one"))])

    async def refused(self) -> NotKept:
        """What the store says to a batch; afterwards nothing has changed."""
        member = Put(Member(self.room.key, self.ada.key, Role.OP))
        batch = [Kept(said(self.room, "x" * 9000), (member,))] * 10
        refusal = await self.assertFailure(deferred(self.store.append(batch)), NotKept)
        self.assertEqual(await numbers(self.store, self.room), [1])
        self.assertEqual(await self.store.last(self.room.key), 1)
        self.assertEqual(await self.store.members(self.room.key), [])
        return refusal

    async def test_commit_fails(self) -> None:
        """A commit that fails changes nothing, leaves no transaction open, and can be repeated."""
        with no_file_longer_than(self.path.with_name("chatd.db-wal").stat().st_size + 5000):
            for _ in range(3):
                self.assertIn("the disk does not work", str(await self.refused()))
                self.assertTrue(can_write(self.path))
        await self.store.append([Kept(said(self.room))])
        self.assertEqual(await numbers(self.store, self.room), [1, 2])

    async def test_statement_fails(self) -> None:
        """So does one of which no statement works."""
        await self.database.write(lambda run: run.rows("PRAGMA query_only = ON"))
        self.assertIn("the disk is read-only", str(await self.refused()))
        await self.assertFailure(deferred(self.store.mark(self.ada.key, 1, 9)), NotKept)
        self.assertTrue(can_write(self.path))

    async def test_every_write_refused(self) -> None:
        """Accounts, rooms and marks are refused like messages are."""
        store, ada = self.store, self.ada
        with no_file_longer_than(self.path.with_name("chatd.db-wal").stat().st_size):
            for writing in (
                store.add_account("bob", Rank.USER, 5, {"password": "x"}),
                store.change_account(replace(ada, suspended=True)),
                store.keep_secret(ada.key, "token", "x", None),
                store.add_room(replace(TEA, name="#other"), [(ada.key, Role.OWNER)]),
                store.drop_room(self.room.key),
                store.mark(ada.key, self.room.key, 9),
                store.append([taken_back(self.room, 1)]),
            ):
                await self.assertFailure(deferred(writing), NotKept)
        self.assertEqual(await store.accounts(), [ada])
        self.assertEqual(await store.rooms(), [self.room])
        self.assertEqual((await store.find(self.room, 1)).text, "one")
        self.assertEqual(await store.marks(ada.key), {})

    async def test_another_program_writes(self) -> None:
        """While another program holds the database a batch is refused soon, and kept later."""
        other = sqlite3.connect(self.path)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        self.assertIn("another program", str(await self.refused()))
        other.rollback()
        self.assertEqual(await self.store.append([Kept(said(self.room))]), [2])

    async def test_logged_once(self) -> None:
        """The log says when the store begins to refuse, and when it works again, not each time."""
        with capturedLogs() as events:
            with no_file_longer_than(self.path.with_name("chatd.db-wal").stat().st_size):
                await self.refused()
                await self.refused()
            await self.store.append([Kept(said(self.room))])
            await self.store.append([Kept(said(self.room))])
        told = [formatEvent(e) for e in events if e["log_namespace"].startswith("chatd.")]
        expected = ["the store cannot write: disk I/O error", "the store works again"]
        self.assertEqual(told, expected)

    async def test_bug_is_no_refusal(self) -> None:
        """A mistake in a statement is not taken for a fault of the disk."""
        for sql in ("SELECT nothing FROM nowhere", "INSERT INTO members VALUES (0, 0, 0)"):
            writing = self.database.write(lambda run, sql=sql: run.rows(sql))
            await self.assertFailure(deferred(writing), sqlite3.DatabaseError)
            self.assertTrue(can_write(self.path))

    async def test_refusal_of_ours(self) -> None:
        """What is refused for a reason of ours leaves no transaction open either."""
        adding = self.store.add_account("ada", Rank.USER, 5, {})
        await self.assertFailure(deferred(adding), AccountExists)
        self.assertTrue(can_write(self.path))

    def traced(self) -> list[tuple[str, bool]]:
        """What is done to the file from now on, and whether that is done in the thread."""
        done: list[tuple[str, bool]] = []
        here = get_ident()
        self.database._writing.set_trace_callback(
            lambda sql: done.append((sql.partition("(")[0].split(" ")[0], get_ident() != here))
        )
        return done

    async def test_only_commit_in_thread(self) -> None:
        """Of a disk that was slow the next commits are waited for in a thread; only they."""
        self.patch(database, "QUICK", -1.0)
        self.patch(database, "WARY", 2)
        self.database._wary = 0
        done = self.traced()
        for _ in range(5):
            await self.store.append([Kept(said(self.room))])
        commits = [in_thread for verb, in_thread in done if verb == "COMMIT"]
        self.assertEqual(commits, [False, True, True, False, True])
        self.assertEqual({verb for verb, in_thread in done if in_thread}, {"COMMIT"})

    async def test_quick_disk(self) -> None:
        """While the disk is quick, nobody waits for a thread."""
        self.patch(database, "QUICK", 1000.0)
        self.database._wary = 0
        done = self.traced()
        await self.store.append([Kept(said(self.room))])
        self.assertEqual({in_thread for _, in_thread in done}, {False})

    async def test_journal_is_copied(self) -> None:
        """After so many rows the journal is copied into the file, in the thread."""
        self.patch(database, "FULL", 5)
        done = self.traced()
        size = self.path.stat().st_size
        for _ in range(4):
            await self.store.append([Kept(said(self.room, "x" * 5000))])
        self.assertIn(("PRAGMA", True), done)
        self.assertNotIn(("PRAGMA", False), done)
        self.assertGreater(self.path.stat().st_size, size)


class FullDiskTest(TestCase):
    """A real disk of one megabyte."""

    async def test_full_disk(self) -> None:
        """On a full disk posting is refused and reading goes on; with room again all is well."""
        disk = folder(self)
        if run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True
        ).returncode:
            raise SkipTest("may not mount a disk")
        self.addCleanup(run, ["umount", disk], check=True)
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 300_000)
        store, _ = await opened(self, disk / "chatd.db")
        room = await store.add_room(TEA, [])
        refusal = await fill(store, room, "x" * 5000)
        self.assertIn("the disk is full", str(refusal))
        kept = await numbers(store, room)
        self.assertGreater(len(kept), 20)
        self.assertEqual(kept, list(range(1, await store.last(room.key) + 1)))
        self.assertIsNotNone(await fill(store, room, "x" * 50_000, most=1))
        ballast.unlink()
        self.assertIsNone(await fill(store, room, "x" * 500, most=10))
        self.assertEqual(await numbers(store, room), list(range(1, len(kept) + 11)))
