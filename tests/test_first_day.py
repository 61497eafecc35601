"""A day with each program and library: an account, a room, a lost connection, what was missed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import PATIENCE, Daemon, free_port
from tests.door import Door
from tests.programs import PROGRAMS, Page, Place, Program, missing
from tests.talker import Talker

PASSWORD = "oolong-please"
PORT = free_port()

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon where guests may come in, also by WebSocket."""
    settings = {
        "auth": {"guests": "yes"},
        "limits": {"registrations": str(len(PROGRAMS))},
        "listen websocket": {"endpoint": f"tcp:{PORT}:interface=127.0.0.1"},
    }
    with Daemon(tmp_path_factory.mktemp("day"), settings) as daemon:
        yield daemon


@pytest.mark.parametrize("program", PROGRAMS)
def test_first_day(daemon: Daemon, tmp_path: Path, program: type[Program]) -> None:
    """It makes an account, logs in to it by SASL, hears and is heard; after its connection was
    lost it is back in its room, and reads what was said meanwhile."""
    if absent := missing(program):
        pytest.skip(f"not installed: {', '.join(absent)}")
    name = f"e-{program.__name__.lower()}"
    with Door(PORT if program is Page else daemon.port("irc")) as door:
        with program(Place(daemon, door.port, tmp_path / "new", name)) as eve:
            eve.enters()
            eve.registers(PASSWORD)
            eve.sees(rf"The account {name} is made")
        place = Place(daemon, door.port, tmp_path / "known", name)
        with program(place) as eve, Talker(daemon, "bob") as bob:
            eve.enters(PASSWORD)
            eve.sees(f"logged in as {name}")
            _talk(eve, bob)
            _lose_connection(eve, bob, door)


def _talk(eve: Program, bob: Talker) -> None:
    bob.asks(f"JOIN #{eve.name}")
    eve.joins(f"#{eve.name}")
    _hear(eve, bob, "JOIN", f"#{eve.name}")
    eve.says(f"#{eve.name}", "eve says 1")
    assert _hear(eve, bob, "PRIVMSG", f"#{eve.name}") == "eve says 1"
    bob.asks(f"PRIVMSG #{eve.name} :bob says 1")
    eve.sees("bob says 1")


def _lose_connection(eve: Program, bob: Talker, door: Door) -> None:
    door.shut()
    _wait_for_presence(eve, bob, False)
    bob.asks(f"PRIVMSG #{eve.name} :bob says 2")
    door.open()
    eve.comes_back()
    _wait_for_presence(eve, bob, True)
    eve.sends(f"CHATHISTORY LATEST #{eve.name} * 10")
    eve.sees("bob says 2")
    eve.says(f"#{eve.name}", "eve says 2")
    assert _hear(eve, bob, "PRIVMSG", f"#{eve.name}") == "eve says 2"


def _hear(eve: Program, bob: Talker, verb: str, room: str) -> str:
    """What eve does in a room, as bob hears it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        eve.shown()
        for line in bob.hears(0.1):
            is_eve = line.source.startswith(f"{eve.name}!")
            if is_eve and line.verb == verb and line.params[0] == room:
                return line.params[-1]
    raise AssertionError(f"no {verb}; what eve sees is\n{eve.shown()}")


def _wait_for_presence(eve: Program, bob: Talker, here: bool) -> None:
    """Wait until eve is on line, or is not."""
    deadline = time.monotonic() + PATIENCE
    while _is_here(eve, bob) is not here:
        assert time.monotonic() < deadline, f"what eve sees is\n{eve.shown()}"
        if here:
            eve.shown()
        time.sleep(0.3)


def _is_here(eve: Program, bob: Talker) -> bool:
    (answer,) = [line for line in bob.asks(f"ISON {eve.name}") if line.verb == "303"]
    return answer.params[-1].strip() == eve.name
