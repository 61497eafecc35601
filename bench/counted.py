"""The SQL store, which also writes down how many entries each of its transactions has.

A line for each, in a file called `batches` beside the database; `[store] type = counted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twisted.internet.interfaces import IReactorFromThreads
from zope.interface import implementer

from chatd.events import Kept
from chatd.interfaces import IStore
from chatd.stores.database import Database
from chatd.stores.sql import Options, SQLStore


def make(options: Options, reactor: IReactorFromThreads) -> CountedStore:
    """The store, not yet open."""
    path = Path(options.url.removeprefix("sqlite:///"))
    return CountedStore(Database(path, options.durability, reactor), path.with_name("batches"))


@implementer(IStore)
class CountedStore(SQLStore):
    """Counts what it is given."""

    def __init__(self, database: Database, counts: Path) -> None:
        super().__init__(database)
        self._counts = counts.open("a", buffering=1)

    async def append(self, entries: Sequence[Kept]) -> Sequence[int]:
        """Keep them, and write down how many they were."""
        self._counts.write(f"{len(entries)}\n")
        return await super().append(entries)

    async def close(self) -> None:
        """The file with the counts is closed as well."""
        await super().close()
        self._counts.close()


def average(counts: str) -> float:
    """Entries of a transaction, of what stands in the file."""
    sizes = [int(line) for line in counts.split()]
    return sum(sizes) / len(sizes) if sizes else 0.0
