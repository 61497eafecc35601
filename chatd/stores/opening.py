"""Open an SQLite file for good: whole, ours, and with the newest schema.

The schema is a row of numbered files of SQL. A file of chatd's knows which of them it has
had; those that it lacks are run, each in a transaction, after the file has been copied.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from chatd.errors import StartError

SCHEMA = Path(__file__).with_name("schema")

_PATIENCE = 0.25  # seconds to wait for another program, such as the operator's command
_CHECKED = 256 * 1024 * 1024  # bytes of a file that is checked whole: four seconds at worst


def open_database(
    path: Path, synchronous: str, schema: Path = SCHEMA
) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """A connection to write with, and one to read with.

    :param synchronous: what COMMIT waits for: FULL, or NORMAL.
    :raise StartError: if the file is damaged, not chatd's, newer than chatd, or not writable.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return _opened(path, synchronous, schema)
    except OSError as error:
        raise StartError(
            f"The database {path} cannot be opened: {error.strerror}. Its folder must be there,"
            " and chatd must be allowed to write to both."
        ) from None
    except sqlite3.DatabaseError as error:
        raise StartError(_sentence(path, error)) from None


def _opened(
    path: Path, synchronous: str, schema: Path
) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    writing = _connect(path)
    try:
        _check(writing, path)
        _migrate(writing, path, schema)
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute(f"PRAGMA synchronous = {synchronous}")
        writing.execute("PRAGMA wal_autocheckpoint = 0")  # see database.py
        writing.execute("PRAGMA foreign_keys = ON")
        writing.execute("PRAGMA secure_delete = ON")
        reading = _connect(path)
    except BaseException:
        writing.close()
        raise
    reading.execute("PRAGMA query_only = ON")
    return writing, reading


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a damaged file now, rather than fail in the middle of a conversation.

    In a large file all is checked but the log, so that starting does not take long.
    """
    checks = ["PRAGMA quick_check(1)"]
    if path.stat().st_size > _CHECKED:
        checks = [f"PRAGMA quick_check({t})" for t in _tables(connection) - {"log"}]
    for check in checks:
        found = connection.execute(check).fetchone()[0]
        if found != "ok":
            raise StartError(_damaged(path, found.splitlines()[-1]))


def _tables(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in found}


def _migrate(connection: sqlite3.Connection, path: Path, schema: Path) -> None:
    steps = {int(step.name[:4]): step for step in sorted(schema.glob("[0-9]*.sql"))}
    version, newest = _version(connection, path), max(steps)
    if version > newest:
        raise StartError(
            f"The database {path} was written by a newer chatd (its schema is {version}, this"
            f" chatd knows {newest}): install that one again, or put back a copy of the file."
        )
    if 0 < version < newest:
        _copy(connection, path.with_name(f"{path.name}.before-{version + 1:04}"))
    for number in range(version + 1, newest + 1):
        _run(connection, number, steps[number])


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The last step that the file has had; 0 if there is nothing in it."""
    tables = _tables(connection)
    if not tables:
        return 0
    if not {"schema", "accounts", "rooms", "log"} <= tables:
        raise StartError(
            f"{path} is a database, but not chatd's: name another file in [store] url."
        )
    return int(connection.execute("SELECT version FROM schema").fetchone()[0])


def _copy(connection: sqlite3.Connection, to: Path) -> None:
    os.close(os.open(to, os.O_RDWR | os.O_CREAT, 0o600))
    copy = sqlite3.connect(to)
    try:
        connection.backup(copy)
    finally:
        copy.close()


def _run(connection: sqlite3.Connection, number: int, step: Path) -> None:
    try:
        connection.executescript("BEGIN IMMEDIATE;" + step.read_text())
        connection.execute("UPDATE schema SET version = ?", [number])
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _sentence(path: Path, error: sqlite3.DatabaseError) -> str:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged(path, str(error))
        case sqlite3.SQLITE_FULL:
            return f"The database {path} cannot be opened: the disk is full. Make room first."
        case sqlite3.SQLITE_BUSY:
            return f"The database {path} is being used by another program: stop that first."
    return (
        f"The database {path} cannot be opened: {error}. chatd must be allowed to write to it"
        " and to its folder."
    )


def _damaged(path: Path, found: str) -> str:
    return (
        f"The database {path} is damaged ({found}): move it away and put a copy in its place."
        f" With no copy, save what can be read with: sqlite3 {path} .recover | sqlite3 saved.db"
    )
