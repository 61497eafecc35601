"""Stores in files, for the tests of what happens on disk."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase

from chatd.errors import NotKept
from chatd.events import Kept
from chatd.model import Room
from chatd.stores.database import Database
from chatd.stores.sql import SQLStore
from tests.stores.contract import said

TEA = Room(0, "#tea", True, 7)


def folder(case: SynchronousTestCase) -> Path:
    """A folder that is gone when the test ends."""
    path = Path(mkdtemp(prefix="chatd-test-"))
    case.addCleanup(rmtree, path, ignore_errors=True)
    return path


async def opened(case: SynchronousTestCase, path: Path) -> tuple[SQLStore, Database]:
    """A store in a file, closed when the test ends, and what is below it."""
    database = Database(path, "FULL", reactor)
    store = SQLStore(database)
    await store.open()
    case.addCleanup(store.close)
    return store, database


async def fill(store: SQLStore, room: Room, text: str, most: int = 10_000) -> NotKept | None:
    """Say something until the store refuses."""
    for _ in range(most):
        try:
            await store.append([Kept(said(room, text))])
        except NotKept as refusal:
            return refusal
    return None


async def numbers(store: SQLStore, room: Room) -> Sequence[int]:
    """All numbers that are in a room's log."""
    return [e.number for e in await store.page(room, None, None, 1_000_000, False)]


def everything(path: Path) -> bytes:
    """All bytes of a database, its journal too."""
    found = b""
    for name in (path, path.with_name(path.name + "-wal")):
        with suppress(FileNotFoundError):
            found += name.read_bytes()
    return found
