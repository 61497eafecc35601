"""Those who take all they can get, against a real daemon: the others are served as before.

How fast they are served is measured by `python -m bench.flood`; here it only counts that.
"""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatd.core.settings import Limits
from tests.daemon import Daemon
from tests.talker import Gone, Talker

HALF_OPEN = 2000
MOST_HALF_OPEN = Limits().handshakes
HALF_A_HELLO = bytes.fromhex("1603010200010001fc0303")
"""How a TLS client begins; it announces some hundred bytes more."""
GUESTS = {
    "auth": {"guests": "yes"},
    "limits": {"connections": "100000", "connects_every": "0s"},
}
SLOW = 8
MOST_OF_ONE = 4.0
"""MB of the daemon's memory that a reader who stops reading may cost: what waits for it, 1 MB,
once as it is and once as it is encrypted, and what the allocator makes of that."""


@pytest.fixture
def many_files() -> Iterator[None]:
    """Each client of ours is a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * HALF_OPEN:
        pytest.skip("this machine does not allow as many open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def half_open(daemon: Daemon) -> socket.socket:
    """A client that begins the handshake and then says nothing."""
    made = socket.create_connection(("127.0.0.1", daemon.port("irc")))
    made.sendall(HALF_A_HELLO)
    return made


@pytest.mark.usefixtures("many_files")
def test_half_open_handshakes(tmp_path: Path) -> None:
    """Thousands who do not end their handshake keep nobody out, and the oldest of them go."""
    with (
        Daemon(tmp_path, GUESTS) as daemon,
        Talker(daemon, "ada") as ada,
        contextlib.ExitStack() as opened,
    ):
        before = daemon.files
        half = [opened.enter_context(half_open(daemon)) for _ in range(HALF_OPEN)]
        with Talker(daemon, "bob") as bob:
            assert bob.asks("JOIN #tea")
        assert ada.asks("JOIN #tea")
        assert daemon.files - before < MOST_HALF_OPEN + 20
        assert "TLS handshakes are under way" in daemon.log()
        with pytest.raises(ConnectionResetError):
            half[0].recv(1)


def test_slow_readers(tmp_path: Path) -> None:
    """Who stops reading costs a bounded piece of memory, is told so in the end, and let go."""
    fast = {"limits": {"messages_every": "0s", "account_messages_every": "0s"}}
    with Daemon(tmp_path, {**GUESTS, **fast}) as daemon, contextlib.ExitStack() as opened:
        slow = [opened.enter_context(Talker(daemon, f"slow{n}")) for n in range(SLOW)]
        ada = opened.enter_context(Talker(daemon, "ada"))
        for talker in (ada, *slow):
            talker.asks("JOIN #tea")
        gone, before, most = 0, daemon.memory, 0.0
        while gone < SLOW:
            found = ada.asks(*[f"@+x={'x' * 4000} TAGMSG #tea"] * 20)
            gone += sum(line.verb == "QUIT" for line in found)
            most = max(most, daemon.memory)
        assert most - before < SLOW * MOST_OF_ONE
        for talker in slow:
            assert talker.waits_for("ERROR")[-1].params[0].startswith("You read too slowly")


def test_full_speed(tmp_path: Path) -> None:
    """Who sends as fast as can be is made to wait, and meanwhile others are answered."""
    with (
        Daemon(tmp_path, GUESTS) as daemon,
        Talker(daemon, "ada") as ada,
        Talker(daemon, "eve") as eve,
    ):
        before = daemon.memory
        eve._socket.settimeout(1.0)
        with pytest.raises(Gone):
            while True:
                eve.says(*["PING :x"] * 5000)
        for number in range(20):
            ada.says(f"PING {number}")
            assert ada.waits_for("PONG")[-1].params[-1] == str(number)
        assert daemon.memory - before < 8
