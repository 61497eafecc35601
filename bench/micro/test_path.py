"""How long single steps of a message's path take, each by itself: `make bench-micro`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor

from bench.filling import ROOM
from chatd.events import Batch, Posted
from chatd.frontends.irc.profile import Profile
from chatd.model import Person, Room, Url
from chatd.stores.sql import Options, SQLStore, make
from chatd.wire.caps import Cap
from chatd.wire.irc import parse
from tests.daemon import CHECKOUT, Daemon, environment
from tests.house import House

LINE = b"@label=7 PRIVMSG #tea :" + b"x" * 100 + b"\r\n"
CAPS = frozenset({Cap.MESSAGE_TAGS, Cap.SERVER_TIME, Cap.ACCOUNT_TAG})
TEA = Room(1, "#tea", True, 1)
ADA = Person("ada", account="ada", key=1)
READERS = 100
MANY = 10_000
PAGE = 100


def test_parse(benchmark: Any) -> None:
    """One line of 100 bytes of text becomes values."""
    assert benchmark(parse, LINE).verb == "PRIVMSG"


@pytest.mark.parametrize("size", [1, 10, 100])
def test_render(benchmark: Any, size: int) -> None:
    """A batch becomes bytes, for all clients that are alike."""
    events = tuple(
        Posted(by=ADA, at=n, room=TEA, to="#tea", text="x" * 100, number=n + 1) for n in range(size)
    )

    def render() -> bytes:
        return Profile(CAPS).shown(Batch(events)).block

    assert benchmark(render).count(b"\r\n") == size


def test_post(benchmark: Any) -> None:
    """One message from the bytes of its sender to those of all readers, without sockets or disk."""
    house = House()
    ada, *readers = (house.client(f"n{n}") for n in range(READERS + 1))
    for client in (ada, *readers):
        client.joins("#tea")
    for client in readers:
        client.hears()

    def post() -> None:
        ada.says("PRIVMSG #tea :" + "x" * 100)

    benchmark(post)
    assert all(reader.transport.value() for reader in readers)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLStore]:
    """A store with a long history in one room."""
    folder = tmp_path_factory.mktemp("store")
    with Daemon(folder) as daemon:
        daemon.add_account("ada", "milk first")
        daemon.stop()
    database = daemon.data / "chatd.db"
    fill(database)
    store = make(Options(url=Url(f"sqlite:///{database}")), reactor)
    now(store.open())
    yield store
    store._database._pool.stop()


def fill(database: Path) -> None:
    line = [sys.executable, "-m", "bench.filling", str(database), str(MANY)]
    subprocess.run(line, check=True, cwd=CHECKOUT, env=environment())


def now(work: Any) -> Any:
    """What a coroutine gives that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


@pytest.mark.parametrize("after", [0, MANY // 2])
def test_page(benchmark: Any, store: SQLStore, after: int) -> None:
    """A page of the history is read, from its start and from its middle."""
    room = next(room for room in now(store.rooms()) if room.name == ROOM)

    def page() -> Any:
        return now(store.page(room, after, None, PAGE, newest=False))

    assert len(benchmark(page)) == PAGE
