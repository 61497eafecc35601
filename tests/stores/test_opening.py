"""chatd/stores/opening.py: what is opened, what is refused, and how a schema grows."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from shutil import copytree

from twisted.trial.unittest import SynchronousTestCase

from chatd.errors import StartError
from chatd.stores import opening
from chatd.stores.opening import SCHEMA, open_database
from tests.stores.on_disk import folder

NEWEST = len(list(SCHEMA.glob("*.sql")))


class OpeningTest(SynchronousTestCase):
    """A file is opened, or refused with a sentence."""

    def setUp(self) -> None:
        self.folder = folder(self)
        self.path = self.folder / "chatd.db"

    def open(self, schema: Path = SCHEMA) -> sqlite3.Connection:
        """The connection that writes; both are closed when the test ends."""
        for connection in (both := open_database(self.path, "FULL", schema)):
            self.addCleanup(connection.close)
        return both[0]

    def made(self, schema: Path = SCHEMA) -> None:
        """Make the file, with some rows in it."""
        connections = open_database(self.path, "FULL", schema)
        names = [(f"name {n}", f"fold {n}", f"looks {n}") for n in range(500)]
        connections[0].executemany(
            "INSERT INTO accounts (name, fold, skeleton, rank, created, suspended)"
            " VALUES (?, ?, ?, 0, 0, FALSE)",
            names,
        )
        for connection in connections:
            connection.close()

    def refused(self, sentence: str, schema: Path = SCHEMA) -> None:
        """Opening is refused, and the file is left as it was."""
        before = self.path.read_bytes() if self.path.is_file() else None
        with self.assertRaisesRegex(StartError, sentence):
            open_database(self.path, "FULL", schema)
        self.assertEqual(self.path.read_bytes() if self.path.is_file() else None, before)

    def newer(self, sql: str) -> Path:
        """A schema with one more step."""
        steps = folder(self) / "schema"
        copytree(SCHEMA, steps)
        (steps / f"{NEWEST + 1:04}-next.sql").write_text(sql)
        return steps

    def test_private(self) -> None:
        """Nobody else may read the file or its journal."""
        self.open().execute("INSERT INTO invitations VALUES ('code', 'Ada', NULL, 1)")
        for name in ("chatd.db", "chatd.db-wal", "chatd.db-shm"):
            self.assertEqual((self.folder / name).stat().st_mode & 0o777, 0o600, name)

    def test_settings(self) -> None:
        """Commits wait for the disk, what is deleted is wiped, and rows point to rows."""
        connection = self.open()
        settings = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
        for name, value in settings.items():
            self.assertEqual(connection.execute(f"PRAGMA {name}").fetchone()[0], value)

    def test_reader_only_reads(self) -> None:
        """The second connection cannot write."""
        writing, reading = open_database(self.path, "FULL")
        self.addCleanup(writing.close)
        self.addCleanup(reading.close)
        with self.assertRaises(sqlite3.OperationalError):
            reading.execute("DELETE FROM log")

    def test_damaged(self) -> None:
        """A file with a hole in it is refused with what to do."""
        self.made()
        with self.path.open("r+b") as file:
            file.seek(8192)
            file.write(b"\xaa" * 4096 * 4)
        self.refused("is damaged .*put a copy in its place.*recover")

    def test_large_damaged(self) -> None:
        """In a large file all tables are looked at but the log."""
        self.patch(opening, "_CHECKED", 0)
        self.test_damaged()

    def test_cut_off(self) -> None:
        """So is one that lost its end."""
        self.made()
        with self.path.open("r+b") as file:
            file.truncate(self.path.stat().st_size // 2)
        self.refused("is damaged")

    def test_no_database(self) -> None:
        """So is one that is something else altogether."""
        self.path.write_bytes(b"Dear diary, " * 1000)
        self.refused("is damaged .*not a database")

    def test_other_database(self) -> None:
        """Another program's database is not touched."""
        connection = sqlite3.connect(self.path)
        connection.execute("CREATE TABLE log (line)")
        connection.close()
        self.refused("is a database, but not chatd's: name another file in .store. url")

    def test_no_folder(self) -> None:
        """A folder that is not there is named."""
        self.path = self.folder / "nowhere" / "chatd.db"
        self.refused("nowhere/chatd.db cannot be opened: No such file.*allowed to write")

    def test_in_use(self) -> None:
        """A file that another program keeps to itself is refused."""
        self.made()
        other = sqlite3.connect(self.path, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        self.refused("used by another program")

    def test_newer(self) -> None:
        """A file from a newer chatd is refused."""
        self.made(self.newer("CREATE TABLE more (x)"))
        known = f".its schema is {NEWEST + 1}, this chatd knows {NEWEST}."
        self.refused(f"newer chatd {known}: install that one again")

    def test_migrated(self) -> None:
        """An older file is copied, and then brought up to date."""
        self.made()
        schema = self.newer("ALTER TABLE accounts ADD COLUMN more TEXT; -- ; done\n")
        for _ in range(2):
            connection = self.open(schema)
            accounts = connection.execute("SELECT more FROM accounts").fetchall()
            self.assertEqual(len(accounts), 500)
            self.assertEqual(
                connection.execute("SELECT version FROM schema").fetchall(), [(NEWEST + 1,)]
            )
        copy = self.folder / f"chatd.db.before-{NEWEST + 1:04}"
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        self.path = copy
        connection = self.open()
        self.assertEqual(connection.execute("SELECT COUNT(*) FROM accounts").fetchone(), (500,))

    def test_new_file_is_not_copied(self) -> None:
        """There is nothing to copy before the first step."""
        self.open()
        self.assertEqual(list(self.folder.glob("*before*")), [])

    def test_migration_fails(self) -> None:
        """A step that fails half-way changes nothing, and the file can be used as before."""
        self.made()
        schema = self.newer("CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);")
        self.refused("cannot be opened: no such table: nowhere", schema)
        connection = self.open()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        self.assertNotIn("half", tables)
