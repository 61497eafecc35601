"""chatd/stores/memory.py"""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from chatd.stores.memory import MemoryStore, Options, make
from tests.stores.contract import StoreContract


class MemoryContract(StoreContract, TestCase):
    """The memory store keeps the contract."""

    async def make_store(self) -> MemoryStore:
        store = make(Options(), None)
        await store.open()
        self.addCleanup(store.close)
        return store
