"""Puts many messages into the store of a daemon that does not run.

    python -m bench.filling DATABASE COUNT

They go into one room, through the store's own `append`; its one member is the account that is
there.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from chatd.events import Kept, Posted
from chatd.model import Account, Person, Role, Room, Url
from chatd.stores.sql import Options, SQLStore, make

ROOM = "#bench"
TEXT = "What is said in a room is often about as long as this sentence, which says nothing: {}."
AT_ONCE = 10_000
BEGAN = 1_767_225_600_000  # 2026-01-01T00:00:00Z, in milliseconds


async def fill(reactor: Any, path: str, count: int) -> None:
    """Make the room, and say something in it so often."""
    store = make(Options(url=Url(f"sqlite:///{path}"), durability="normal"), reactor)
    await store.open()
    account = (await store.accounts())[0]
    room = await store.add_room(Room(0, ROOM, True, 1), [(account.key, Role.MEMBER)])
    for start in range(0, count, AT_ONCE):
        await _append(store, account, room, range(start, min(start + AT_ONCE, count)))
    await store.close()


async def _append(store: SQLStore, account: Account, room: Room, numbers: range) -> None:
    by = Person(account.name, account=account.name, key=account.key)
    await store.append(
        [
            Kept(Posted(by=by, at=BEGAN + n * 1000, room=room, to=ROOM, text=TEXT.format(n)))
            for n in numbers
        ]
    )


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(fill(reactor, sys.argv[1], int(sys.argv[2]))))
