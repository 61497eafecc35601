"""A house starts in order, takes a changed ini as a whole or not at all, and ends in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from chatd import config
from chatd.core.sessions import Here
from chatd.frontends.listening import FAREWELL, PATIENCE
from chatd.house import House
from chatd.interfaces import IDaemon, IFrontend
from chatd.model import Person, Reloaded

PLAIN = "[store]\ntype = memory\n[listen irc]\nendpoint = tcp:6667:interface=127.0.0.1\ntls = no\n"
SECURE = "[store]\ntype = memory\n[listen irc]\n"


@pytest.fixture(autouse=True)
def unlocked() -> Iterator[None]:
    """What the test has started lets go of its data directory in the end."""
    Started.houses.clear()
    yield
    for house in Started.houses:
        if house._lock is not None:
            house._lock.close()


class Started:
    """A house in memory, and all that it says."""

    houses: ClassVar[list[House]] = []

    def __init__(self, folder: Path, text: str = PLAIN) -> None:
        self.ini = folder / "chatd.ini"
        self.reactor = MemoryReactorClock()
        self.left: list[int] = []
        self.ini.write_text(text)
        self.house = House(config.read(self.ini), self.reactor, lambda: 5, self.left.append)
        self.houses.append(self.house)
        self.said = self.saying(self.house.startService)

    def saying(self, act: Any) -> list[str]:
        """What is logged while something is done."""
        with capturedLogs() as logs:
            act()
        return [f"{event['log_level'].name}: {formatEvent(event)}" for event in logs]

    def reloaded(self, text: str) -> list[str]:
        """What is logged when the house reads another ini."""
        self.ini.write_text(text)
        return self.saying(self.house.reload)


def test_start(tmp_path: Path) -> None:
    """It listens, says where, how to make the first administrator, and that it is ready."""
    started = Started(tmp_path)
    assert [server[0] for server in started.reactor.tcpServers] == [6667]
    assert started.said[-3:] == [
        "info: [listen irc] listens on 0.0.0.0 port 6667",
        f"info: no administrator yet: chatd account add NAME --rank admin --config {started.ini}",
        "info: chatd 0.1.0 is ready",
    ]
    assert started.left == []


def test_certificate_is_announced(tmp_path: Path) -> None:
    """The fingerprint that people compare is in the log."""
    started = Started(tmp_path, SECURE)
    (part,) = started.house.config.those(IFrontend)
    assert any(part.options.pair.fingerprint() in line for line in started.said)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (
            lambda data: (data / "key.pem").write_text("nonsense"),
            "[listen irc] there is no key in {data}/key.pem that can be read:"
            " it should be PEM, without a password.",
        ),
        (
            lambda data: (data / "secret").write_bytes(b"short"),
            "{data}/secret is damaged: remove it, and another is made.",
        ),
    ],
)
def test_no_start(tmp_path: Path, damage: Any, sentence: str) -> None:
    """What keeps it from starting is one sentence with its place, and it leaves with status 1."""
    data = tmp_path / "var"
    Started(tmp_path, SECURE).house.stopService()
    damage(data)
    started = Started(tmp_path, SECURE)
    assert started.said[-1] == f"critical: chatd: {started.ini} {sentence.format(data=data)}"
    assert started.left == [1]
    assert started.reactor.tcpServers == []


def test_no_place_for_data(tmp_path: Path) -> None:
    """A data directory that cannot be made is one sentence."""
    (tmp_path / "var").write_text("a file")
    started = Started(tmp_path)
    assert started.left == [1]
    assert "cannot be written" in started.said[-1]


def test_data_open_to_others(tmp_path: Path) -> None:
    """A data directory that others can look into is warned of, and a private one is not."""
    warning = f"warn: {tmp_path}/var is open to others: chmod 700 {tmp_path}/var"
    assert warning not in Started(tmp_path).said
    os.chmod(tmp_path / "var", 0o750)
    assert warning in Started(tmp_path).said


def test_bug_while_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug is logged as one, and nobody waits for a daemon that will never be ready."""
    monkeypatch.setattr("chatd.house.make_core", lambda *args: 1 / 0)
    started = Started(tmp_path)
    assert started.left == [1]
    assert started.said[-1].startswith("critical: chatd could not start")


def test_turns_are_watched_from_when_it_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starting takes long turns, which keep nobody waiting and are not warned of."""
    assert Started(tmp_path).house._watchdog.running
    monkeypatch.setattr("chatd.house.make_core", lambda *args: 1 / 0)
    (tmp_path / "other").mkdir()
    assert not Started(tmp_path / "other").house._watchdog.running


def test_reload(tmp_path: Path) -> None:
    """A changed ini is in force at once, everywhere."""
    started = Started(tmp_path)
    assert started.house.core is not None
    said = started.reloaded(PLAIN + "[server]\nmotd = hello\n[auth]\nguests = yes\n")
    assert said == [f"info: {started.ini} is in force"]
    settings = started.house.core.settings
    assert (settings.server.motd, settings.auth.guests) == ("hello", True)


def test_broken_reload(tmp_path: Path) -> None:
    """If anything in the ini is no good nothing is changed, and the log says what it is."""
    started = Started(tmp_path)
    assert started.house.core is not None
    said = started.reloaded(PLAIN + "[server]\nmotd = hello\n[auth]\nguests = maybe\n")
    assert len(said) == 1
    assert said[0].startswith(f"error: nothing is changed: chatd: {started.ini}:9 [auth] guests")
    assert started.house.core.settings.server.motd == ""


def test_operators_on_line(tmp_path: Path) -> None:
    """An operator on line can do to the daemon what signals can, and is told what they are not."""
    started = Started(tmp_path)
    verifyObject(IDaemon, started.house)
    assert started.house.core is not None
    daemon = started.house.core.daemon
    assert (daemon.ini, daemon.reload()) == ("chatd.ini", Reloaded())
    started.ini.write_text(PLAIN + "[auth]\nguests = maybe\n[server]\nmotd = file:none\n")
    faults = daemon.reload().faults
    assert [fault.split()[1:3] for fault in faults] == [["[server]", "motd"], ["[auth]", "guests"]]
    assert started.left == []
    daemon.end()
    assert started.left == [0]


def test_reload_with_a_broken_certificate(tmp_path: Path) -> None:
    """What only shows when a part looks at it keeps all the rest from changing, too."""
    started = Started(tmp_path, SECURE)
    assert started.house.core is not None
    said = started.reloaded(f"{SECURE}certificate = none.pem\n[server]\nmotd = hello\n")
    assert len(said) == 1
    assert f"chatd: {started.ini} [listen irc] the certificate {tmp_path}/var/none.pem" in said[0]
    assert started.house.core.settings.server.motd == ""


def test_ini_that_is_gone(tmp_path: Path) -> None:
    """Without its ini a daemon goes on as it was."""
    started = Started(tmp_path)
    os.remove(started.ini)
    said = started.saying(started.house.reload)
    assert said == [
        f"error: nothing is changed: chatd: there is no {started.ini}: make one with `chatd init`."
    ]


def test_what_needs_a_restart(tmp_path: Path) -> None:
    """Parts that cannot change while they run are named, until the ini is as it was."""
    started = Started(tmp_path)
    said = started.reloaded(PLAIN.replace("memory", "sql") + "[listen human]\n")
    assert "warn: not all is in force: [store] stays as it is until a restart." in said
    assert "warn: not all is in force: [listen human] stays as it is until a restart." in said
    assert started.reloaded(PLAIN) == [f"info: {started.ini} is in force"]


def test_folder_needs_a_restart(tmp_path: Path) -> None:
    """The data directory is the one that the daemon was started with, however often it is asked."""
    started = Started(tmp_path)
    for _ in range(2):
        said = started.reloaded(f"[server]\ndata = elsewhere\n{PLAIN}")
        assert "warn: not all is in force: [server] keeps its data until a restart." in said
    assert started.house.reload().waiting[0] == "[server] keeps its data until a restart."
    assert started.reloaded(PLAIN) == [f"info: {started.ini} is in force"]


def test_endpoint_needs_a_restart(tmp_path: Path) -> None:
    """Clients stay where they are when the ini names another port."""
    started = Started(tmp_path)
    said = started.reloaded(PLAIN.replace("6667", "6668"))
    assert "warn: not all is in force: [listen irc] keeps its endpoint until a restart." in said
    assert [server[0] for server in started.reactor.tcpServers] == [6667]


def test_what_clients_of_a_door_share_needs_a_restart(tmp_path: Path) -> None:
    """A front-end's own settings are not in force after a reload, and the log says so."""
    started = Started(tmp_path)
    for _ in range(2):
        said = started.reloaded(f"{PLAIN}password = hush\nidle = 5s\n")
        assert (
            "warn: not all is in force: [listen irc] keeps its idle, password until a restart."
            in said
        )
    assert started.reloaded(PLAIN) == [f"info: {started.ini} is in force"]


def test_certificate_that_changes_while_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at is what is taken: nothing is read a second time, so nothing can fail."""
    started = Started(tmp_path, SECURE)
    take = started.house._take

    def take_late(wanted: config.Config) -> tuple[str, ...]:
        (tmp_path / "var" / "key.pem").write_text("nonsense")
        return take(wanted)

    monkeypatch.setattr(started.house, "_take", take_late)
    text = f"{SECURE}[server]\nmotd = hello\n"
    assert started.reloaded(text) == [f"info: {started.ini} is in force"]


class Session:
    """A client that goes when it is told to, or stays."""

    def __init__(self, started: Started, name: str, *, stays: bool = False) -> None:
        assert started.house.core is not None
        self.told: list[str] = []
        self._stays = stays
        self._here = started.house.core.sessions._here
        self._name = name
        self._here[name] = Here(Person(name), {name: self})  # type: ignore[dict-item]

    def close(self, reason: str) -> None:
        """Hang up."""
        self.told.append(reason)
        if not self._stays:
            del self._here[self._name]


def ended(started: Started) -> tuple[Deferred[None], list[str]]:
    ends: list[Deferred[None]] = []
    said = started.saying(lambda: ends.append(started.house.stopService()))
    return ends[0], said


def test_stop(tmp_path: Path) -> None:
    """All clients are told, and when they have gone it is over."""
    started = Started(tmp_path)
    sessions = [Session(started, name) for name in ("ada", "bob")]
    end, said = ended(started)
    assert [session.told for session in sessions] == [[FAREWELL], [FAREWELL]]
    assert end.called
    assert said[-1] == "info: chatd has ended"


class Wire(StringTransport):
    """A stream that ends at once when it is hung up."""

    def loseConnection(self) -> None:
        super().loseConnection()
        self.protocol.connectionLost(Failure(ConnectionDone()))


def wired(started: Started) -> Wire:
    """Somebody has come in by the first door, and said nothing yet."""
    factory = started.reactor.tcpServers[0][1]
    peer = IPv4Address("TCP", "127.0.0.1", 1)
    wire = Wire(peerAddress=peer)
    wire.protocol = factory.buildProtocol(peer)
    wire.protocol.makeConnection(wire)
    return wire


@pytest.mark.parametrize("kind", ["irc", "human", "websocket"])
def test_stop_during_handshakes(tmp_path: Path, kind: str) -> None:
    """Those of whom nothing is known yet are told, too, and nobody can come in any more."""
    text = PLAIN.replace("[listen irc]", f"[listen {kind}]")
    started = Started(tmp_path, f"{text}[auth]\nguests = yes\n")
    wire = wired(started)
    end, _ = ended(started)
    started.reactor.advance(0)
    assert FAREWELL.encode() in wire.value()
    started.reactor.pump([0.1] * 2)
    assert end.called
    assert started.reactor.tcpServers[0][1].buildProtocol(wire.getPeer()) is None


def test_client_who_stays(tmp_path: Path) -> None:
    """A client that does not go holds the end up for a few seconds only."""
    started = Started(tmp_path)
    Session(started, "eve", stays=True)
    end, _ = ended(started)
    started.reactor.pump([0.1] * int((PATIENCE - 1) * 10))
    assert not end.called
    started.reactor.pump([0.1] * 20)
    assert end.called


def test_stop_after_no_start(tmp_path: Path) -> None:
    """What could not start can still be ended."""
    (tmp_path / "var").write_text("a file")
    end, said = ended(Started(tmp_path))
    assert end.called
    assert said[-1] == "info: chatd has ended"
