"""One account at two places, over a real daemon: one name, whatever happens to the connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from chatd.wire.irc import Line
from tests.daemon import Daemon
from tests.talker import CAPS, Talker

SECRET = "milk first"
READING = f"{CAPS} draft/read-marker"
TIMES = 5
SETTINGS = {
    "server": {"lobby": ""},
    "auth": {"guests": "yes"},
    "listen irc": {"idle": "2s"},
    "limits": {"messages_every": "0s", "account_messages_every": "0s"},
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with two accounts; ada and bob belong to #tea."""
    folder = tmp_path_factory.mktemp("places")
    with Daemon(folder, SETTINGS) as daemon:
        for name in ("ada", "bob"):
            with Talker(daemon, name) as talker:
                talker.asks(f"REGISTER * * :{SECRET}")
                talker.asks("JOIN #tea")
        yield daemon


@pytest.fixture
def bob(daemon: Daemon) -> Iterator[Talker]:
    """Somebody else in the room."""
    with Talker(daemon, "bob", SECRET) as bob:
        bob.waits_for("JOIN")
        yield bob


def ada_at(daemon: Daemon) -> Talker:
    """One of ada's devices, on line under her name and in her room."""
    ada = Talker(daemon, "ada", SECRET, READING)
    joined = ada.waits_for("JOIN")[-1]
    assert (who(joined), joined.params[0]) == ("ada", "#tea")
    ada.asks()
    return ada


def who(line: Line) -> str:
    """Who a line is from."""
    return (line.source or "").partition("!")[0]


def messages(lines: list[Line]) -> list[tuple[str, ...]]:
    """The messages among some lines: from whom, to whom, what, and their ids."""
    found = [line for line in lines if line.verb == "PRIVMSG"]
    return [(who(line), *line.params, line.tags["msgid"]) for line in found]


def test_what_is_said_at_one_place(daemon: Daemon, bob: Talker) -> None:
    """What ada says at one place, and what she is answered, is heard at the other as well."""
    with ada_at(daemon) as desk, ada_at(daemon) as phone:
        bob.asks()
        for line in ("PRIVMSG #tea :from the desk", "PRIVMSG bob :psst"):
            said = messages(desk.asks(line))
            assert [one[:2] for one in said] == [("ada", line.split()[1])]
            assert messages(phone.asks()) == messages(bob.asks()) == said
        answer = messages(bob.asks("PRIVMSG ada :what?"))
        assert messages(desk.asks()) == messages(phone.asks()) == answer
        said = messages(phone.asks("PRIVMSG #tea :from the phone"))
        assert messages(desk.asks()) == messages(bob.asks()) == said


@pytest.mark.parametrize("target", ["#tea", "bob"])
def test_read_markers(daemon: Daemon, bob: Talker, target: str) -> None:
    """What ada has read at one place she has read at the other, too, and on the next device."""
    with ada_at(daemon) as desk, ada_at(daemon) as phone:
        (said,) = [line for line in desk.asks(f"PRIVMSG {target} :x") if line.verb == "PRIVMSG"]
        read = f"timestamp={said.tags['time']}"
        phone.asks()
        phone.asks(f"MARKREAD {target} {read}")
        assert [line.params for line in desk.asks() if line.verb == "MARKREAD"] == [(target, read)]
        with ada_at(daemon) as tablet:
            (marker,) = tablet.asks(f"MARKREAD {target}")
            assert marker.params == (target, read)


@pytest.mark.parametrize("way", ["hard", "gently", "silently"])
def test_cut_off_and_back_at_once(daemon: Daemon, bob: Talker, way: str) -> None:
    """However ada's connection breaks, she is back under her name at once, and can speak."""
    with ExitStack() as connections:
        ada = connections.enter_context(ada_at(daemon))
        bob.asks()
        for turn in range(TIMES):
            if way != "silently":
                ada.close(hard=way == "hard")
            ada = connections.enter_context(ada_at(daemon))
            said = messages(ada.asks(f"PRIVMSG #tea :{way} {turn}"))
            assert [one[:3] for one in said] == [("ada", "#tea", f"{way} {turn}")]
            heard = bob.asks()
            assert messages(heard) == said
            assert not [line for line in heard if line.verb == "NICK"]
            if way == "silently":
                assert not [line for line in heard if line.verb in ("JOIN", "QUIT")]


def test_a_ghost_goes(daemon: Daemon, bob: Talker) -> None:
    """When the daemon lets go of a connection that is dead, ada is still there by the other."""
    with ada_at(daemon) as ghost, ada_at(daemon) as ada:
        bob.asks()
        told: list[Line] = []
        while not any(line.verb == "ERROR" for line in told):
            told += ghost.hears(0.2)
            ada.asks()
            assert not [line for line in bob.asks() if line.verb == "QUIT"]
        said = messages(ada.asks("PRIVMSG #tea :still here"))
        assert messages(bob.asks()) == said
