"""What can be said of one connection that carries a file, whichever file that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from chatd.errors import Cut, OtherSideGone, Stalled
from chatd.interfaces import IPipe


async def first_bytes(pipe: IPipe, count: int) -> bytes:
    """The first bytes that a sender brings, at least so many.

    :raise Cut: if it goes before.
    """
    head = bytearray()
    enough: Deferred[None] = Deferred()

    def hear(chunk: bytes) -> None:
        head.extend(chunk)
        if len(head) >= count:
            pipe.listen(None)
            fire(enough)

    pipe.when_gone(lambda: fire(enough))
    pipe.listen(hear)
    await enough
    if len(head) < count:
        raise Cut
    return bytes(head)


def fire(waiting: Deferred[None]) -> None:
    """Let somebody wait no more, if they still do."""
    if not waiting.called:
        waiting.callback(None)


@contextmanager
def watched(pipe: IPipe, patience: float, clock: Any) -> Iterator[None]:
    """Meanwhile, see that a connection does not stand still for so many seconds."""
    looks = LoopingCall(_Watch(pipe, pipe.moved).look)
    looks.clock = clock
    looks.start(patience, now=False)
    try:
        yield
    finally:
        looks.stop()


@dataclass(slots=True)
class _Watch:
    """Ends a connection on which nothing has moved between two looks."""

    pipe: IPipe
    moved: int = -1

    def look(self) -> None:
        pipe, before = self.pipe, self.moved
        self.moved = pipe.moved
        if self.moved == before:
            pipe.refuse(Stalled() if pipe.its_turn else OtherSideGone())
