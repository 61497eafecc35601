"""One SQLite file: a connection that writes, one that reads, and a thread for what may take long.

Statements run on the reactor, where they take microseconds, and so does COMMIT while the disk
is quick. When it was not, the next ones wait in the thread: SQLite lets go of the interpreter
there. Copying the journal into the file is always done in the thread. Reading goes on meanwhile,
and sees a transaction when it is on disk and not before. The reasons and the figures are in
docs/decisions/0002-commit-where-the-disk-is-quick.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from chatd.errors import NotKept
from chatd.locks import Lock
from chatd.stores.opening import open_database
from chatd.stores.rows import Row

T = TypeVar("T")

QUICK = 0.005
"""Seconds that a commit may take on the reactor."""
WARY = 200
"""How many commits wait in the thread when one took longer, before it is tried again."""
FULL = 10_000
"""Changed rows after which the journal is copied into the file."""

_GREATEST = 2**63 - 1  # what a column can hold

_REASONS = {
    sqlite3.SQLITE_BUSY: "another program is using the database.",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened.",
    sqlite3.SQLITE_CORRUPT: "the database is damaged.",
    sqlite3.SQLITE_FULL: "the disk is full.",
    sqlite3.SQLITE_IOERR: "the disk does not work.",
    sqlite3.SQLITE_LOCKED: "another program is using the database.",
    sqlite3.SQLITE_NOTADB: "the database is damaged.",
    sqlite3.SQLITE_PERM: "the database may not be written.",
    sqlite3.SQLITE_PROTOCOL: "another program is using the database.",
    sqlite3.SQLITE_READONLY: "the disk is read-only.",
}


class Statements:
    """SQL on one connection; the one place where values meet a statement."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Run a statement; all rows that it gives. Numbers too great for a column are cut."""
        return self._connection.execute(sql, [_fitting(v) for v in values]).fetchall()

    def each(self, sql: str, rows: Iterable[Row]) -> None:
        """Run a statement with each of these rows of values."""
        self._connection.executemany(sql, rows)


class Database:
    """The file, from `open` to `close`."""

    log = Logger()

    def __init__(self, path: Path, synchronous: str, reactor: Any) -> None:
        self._path = path
        self._synchronous = synchronous
        self._reactor = reactor
        self._lock = Lock()
        self._refusing = False
        self._wary = 0
        self._copied = 0

    def open(self) -> None:
        """Open the file; make it, or bring its schema up to date, if need be.

        :raise StartError: if that cannot be, with what to do.
        """
        self._writing, self._reading = open_database(self._path, self._synchronous)
        self._writer, self._reader = Statements(self._writing), Statements(self._reading)
        self._pool = ThreadPool(1, 1, "store")
        self._pool.start()

    async def close(self) -> None:
        """Wait for what is being written, and leave one file that is complete in itself."""
        await self._lock.acquire()
        try:
            self._reading.close()
            await self._in_thread("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            self.log.warn("the journal of the database stays: {error}", error=error)
        finally:
            self._writing.close()
            self._pool.stop()
            self._lock.release()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """What is on disk."""
        return self._reader.rows(sql, *values)

    async def write(self, work: Callable[[Statements], T]) -> T:
        """Do `work` in one transaction, which is on disk when this returns.

        :raise NotKept: if the disk will not; then nothing has changed. So it is with
            whatever `work` raises.
        """
        return await self._alone(lambda: self._transact(work))

    async def next_turn(self) -> None:
        """Wait until others have had their turn."""
        await deferLater(self._reactor, 0)

    async def empty_journal(self) -> None:
        """Move all that was written into the file itself, and leave nothing old behind.

        :raise NotKept: if the disk will not.
        """
        await self._alone(lambda: self._in_thread("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def _alone(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do one thing at a time, with the driver's errors made ours."""
        await self._lock.acquire()
        try:
            result = await act()
        except sqlite3.DatabaseError as error:
            self._refuse(error)
            raise
        finally:
            self._lock.release()
        if self._refusing:
            self._refusing = False
            self.log.info("the store works again")
        return result

    async def _transact(self, work: Callable[[Statements], T]) -> T:
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._writer)
            await self._commit()
        except BaseException:
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
            raise
        if self._writing.total_changes - self._copied > FULL:
            await self._copy_journal()
        return result

    async def _commit(self) -> None:
        if self._wary:
            self._wary -= 1
            await self._in_thread("COMMIT")
            return
        began = monotonic()
        self._writer.rows("COMMIT")
        if monotonic() - began > QUICK:
            self._wary = WARY

    async def _copy_journal(self) -> None:
        """So that it does not grow; what was committed is safe in either, so nobody is told
        if the disk will not do it now."""
        self._copied = self._writing.total_changes
        with suppress(sqlite3.DatabaseError):
            await self._in_thread("PRAGMA wal_checkpoint(PASSIVE)")

    def _in_thread(self, sql: str) -> Deferred[list[Row]]:
        return deferToThreadPool(self._reactor, self._pool, self._writer.rows, sql)

    def _refuse(self, error: sqlite3.DatabaseError) -> None:
        """Raise NotKept for what is the disk's fault, and log when it begins; the rest are bugs."""
        reason = _REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if reason is None:
            return
        if not self._refusing:
            self._refusing = True
            self.log.error("the store cannot write: {error}", error=error)
        raise NotKept(reason) from error


def _fitting(value: object) -> object:
    if isinstance(value, int):
        return max(-_GREATEST, min(value, _GREATEST))
    return value
