"""A bus for a house of one process: who publishes has been heard when it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zope.interface import implementer

from chatd.events import Batch
from chatd.interfaces import IBus


@dataclass(frozen=True)
class Options:
    """[bus] type = local"""


@implementer(IBus)
class LocalBus:
    """Calls every subscriber with every batch, at once and in order."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Batch], None]] = []

    async def publish(self, batch: Batch) -> None:
        """Let all subscribers hear before it returns."""
        for hear in self._subscribers:
            hear(batch)

    def subscribe(self, hear: Callable[[Batch], None]) -> None:
        """From now on call `hear` with each batch."""
        self._subscribers.append(hear)


def make(options: Options, reactor: Any) -> LocalBus:
    return LocalBus()
