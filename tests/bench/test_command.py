"""`chatd bench` as the operator meets it: real clients, a real daemon, and what is in between."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.bench.proxy import Fate, Proxy
from tests.daemon import CHECKOUT, PATIENCE, Daemon, command, environment

FREE = {
    "messages_every": "0s",
    "account_messages_every": "0s",
    "connects_every": "0s",
}
SMALL = ("--clients", "10", "--rooms", "2", "--rate", "100", "--duration", "1s")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that lets guests talk as fast as they like."""
    settings = {"auth": {"guests": "yes"}, "limits": FREE}
    with Daemon(tmp_path_factory.mktemp("daemon"), settings) as daemon:
        yield daemon


def started(
    folder: Path, *arguments: object, before: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """A load test on its way; what is remembered is in this folder."""
    return subprocess.Popen(
        [*before, *command("bench", *map(str, arguments))],
        env={**environment(), "XDG_CONFIG_HOME": str(folder), "TMPDIR": str(folder)},
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def bench(folder: Path, *arguments: object) -> tuple[int, str, str]:
    """The status of a load test, what it found and what it complains of."""
    process = started(folder, *arguments)
    out, complaints = process.communicate(timeout=100)
    return process.returncode, out, complaints


def found(folder: Path, status: int, *arguments: object) -> dict[str, Any]:
    """What a load test found, which has to end with this status."""
    ended, out, complaints = bench(folder, "--json", *arguments)
    assert ended == status, out + complaints
    report: dict[str, Any] = json.loads(out)
    return report


def between(
    folder: Path, daemon: Daemon, fate: Fate, status: int, *more: str
) -> tuple[dict[str, Any], int]:
    """What is found when this becomes of messages, and how many messages came by."""
    with Proxy(daemon, fate) as proxy:
        place = f"127.0.0.1:{proxy.port}"
        report = found(folder, status, *SMALL, "--patience", "5s", *more, place)
        return report, proxy.met


def test_our_own_daemon(tmp_path: Path) -> None:
    """A clean run loses nothing, duplicates nothing, keeps all in order, and knows the memory."""
    report = found(tmp_path, 0, *SMALL, "--slo", "lost=0,duplicated=0,reordered=0,errors=0")
    assert (report["posts"], report["deliveries"]) == (100, 500)
    assert (report["lost"], report["duplicated"], report["reordered"]) == (0, 0, 0)
    assert (report["errors"], report["missed"], report["refused"]) == ([], [], {})
    assert 0 < report["echo_ms"]["p50"] <= report["everybody_ms"]["p50"]
    assert report["memory"]["alone"] < report["memory"]["connected"]
    assert 0 < report["memory"]["per_client"] < 1024**2


def test_posts_that_do_not_fill_the_time(tmp_path: Path) -> None:
    """The last of few posts may come before the time is up; that is no interruption."""
    few = ("--clients", "2", "--rooms", "1", "--rate", "4", "--duration", "0.3s")
    report = found(tmp_path, 0, *few)
    assert report["seconds"] < 0.3
    assert report["interrupted"] is False


def test_refused(tmp_path: Path) -> None:
    """Posts that the server's limits refuse are counted as such, with the code of the refusal."""
    limits = {"account_messages": "10", "account_messages_every": "1h"}
    with Daemon(tmp_path, {"auth": {"guests": "yes"}, "limits": limits}) as daemon:
        place = f"127.0.0.1:{daemon.port('irc')}"
        load = ("--clients", "2", "--rooms", "1", "--rate", "20", "--duration", "1s")
        report = found(tmp_path, 3, *load, "--patience", "2s", place)
    assert report["refused"] == {"RATE_LIMITED": 10}
    assert (report["posts"], report["unanswered"]) == (20, 10)


def test_one_of_a_hundred_is_lost(daemon: Daemon, tmp_path: Path) -> None:
    """Every delivery that a proxy drops is seen to be lost, and nothing else."""

    def dropped(to: asyncio.StreamWriter, line: bytes, number: int) -> None:
        if number % 100 != 42:
            to.write(line)

    report, met = between(tmp_path, daemon, dropped, 3)
    assert (report["lost"], met) == (5, 500)
    assert (report["duplicated"], report["reordered"], report["unanswered"]) == (0, 0, 0)
    assert report["missed"] == ["lost=0 is missed: it was 5"]


def test_all_is_late(daemon: Daemon, tmp_path: Path) -> None:
    """200 ms on the way are seen in all times, and nothing is lost by them."""

    def late(to: asyncio.StreamWriter, line: bytes, number: int) -> None:
        asyncio.get_running_loop().call_later(0.2, to.write, line)

    goals = "p50=199ms,echo-p50=199ms,lost=0,duplicated=0,reordered=0"
    report, _ = between(tmp_path, daemon, late, 3, "--slo", goals)
    assert [why.split()[0] for why in report["missed"]] == ["p50=199ms", "echo-p50=199ms"]
    assert min(report["everybody_ms"]["p50"], report["echo_ms"]["p50"]) >= 200


def test_twice_and_out_of_order(daemon: Daemon, tmp_path: Path) -> None:
    """What a proxy sends twice, or after the next, is seen as that."""
    kept: dict[asyncio.StreamWriter, bytes] = {}

    def muddled(to: asyncio.StreamWriter, line: bytes, number: int) -> None:
        to.write(line)
        if number % 50 == 0:
            to.write(line)

    def swapped(to: asyncio.StreamWriter, line: bytes, number: int) -> None:
        if to in kept:
            to.write(line + kept.pop(to))
        elif number < 100:
            kept[to] = line
        else:
            to.write(line)

    report, _ = between(tmp_path, daemon, muddled, 3)
    assert (report["lost"], report["duplicated"], report["reordered"]) == (0, 10, 0)
    one_sender = ("--clients", "1", "--rooms", "1")
    report, _ = between(tmp_path, daemon, swapped, 3, *one_sender)
    assert (report["lost"], report["duplicated"], report["reordered"]) == (0, 0, 50)


def test_comings_and_goings(daemon: Daemon, tmp_path: Path) -> None:
    """Clients who move, leave, fall out and come back miss nothing that is due to them."""
    place = f"127.0.0.1:{daemon.port('irc')}"
    report = found(tmp_path, 0, *SMALL, "--churn", "20", "--mixed", "--duration", "2s", place)
    assert report["posts"] > 50
    assert (report["lost"], report["duplicated"], report["disconnected"]) == (0, 0, 0)
    assert (report["memory"], report["errors"]) == (None, None)


def test_the_server_slows_down(tmp_path: Path) -> None:
    """Where the server's limits hold the clients up, that is said."""
    limits = {"messages": "20", "messages_every": "10s"}
    with Daemon(tmp_path, {"auth": {"guests": "yes"}, "limits": limits}) as daemon:
        place = f"127.0.0.1:{daemon.port('irc')}"
        two = ("--clients", "2", "--rooms", "1", "--patience", "1s")
        status, out, complaints = bench(tmp_path, *SMALL, *two, place)
    assert status == 3
    assert "the server slows" in out
    assert "lost=0 is missed" in complaints


def test_accounts(daemon: Daemon, tmp_path: Path) -> None:
    """Clients log in where there are accounts for them; a wrong password is a clear error."""
    for name in ("ada", "bob"):
        daemon.add_account(name, "milk first")
    accounts = tmp_path / "accounts"
    accounts.write_text("ada milk first\n\nbob milk first\n")
    place = f"127.0.0.1:{daemon.port('irc')}"
    two = (*SMALL, "--clients", "2", "--rooms", "1", "--accounts", accounts, place)
    assert found(tmp_path, 0, *two)["deliveries"] == 200
    accounts.write_text("ada milk first\nbob sugar first\n")
    status, _, complaints = bench(tmp_path, *two)
    assert status == 1
    assert "chatd bench: The server lets nobody in as bob: " in complaints
    assert "guests = yes" not in complaints


def test_no_guests(tmp_path: Path) -> None:
    """Where guests may not come in, what would help is said."""
    with Daemon(tmp_path, {"auth": {"guests": "no"}}) as daemon:
        status, _, complaints = bench(tmp_path, *SMALL, f"127.0.0.1:{daemon.port('irc')}")
    assert status == 1
    assert "Guests come in with guests = yes in [auth]" in complaints


def test_too_many_of_one_address(tmp_path: Path) -> None:
    """Where the server turns clients away at the door, the limits that do so are named."""
    with Daemon(tmp_path, {"auth": {"guests": "yes"}, "limits": {"connections": "5"}}) as daemon:
        status, _, complaints = bench(tmp_path, *SMALL, f"127.0.0.1:{daemon.port('irc')}")
    assert status == 1
    assert "[limits] connections and connects" in complaints


def test_no_tls(tmp_path: Path) -> None:
    """Where somebody listens who does not speak TLS, the usual port is named."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        process = started(tmp_path, f"127.0.0.1:{port}")
        client, _ = listening.accept()
        with client:
            client.sendall(b"220 mail.example ready\r\n")
            _, complaints = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Is {port} its port for IRC over TLS? As a rule that is 6697." in complaints


def test_trust(daemon: Daemon, tmp_path: Path) -> None:
    """A certificate is remembered when it is met, and any other is refused before we talk."""
    place = f"127.0.0.1:{daemon.port('irc')}"
    one = ("--clients", "1", "--rooms", "1", "--rate", "10", "--duration", "0.2s")
    status, _, complaints = bench(tmp_path, *one, place)
    assert (status, "is remembered from now on" in complaints) == (0, True)
    assert bench(tmp_path, *one, place)[2] == ""
    status, _, complaints = bench(tmp_path, *one, "--fingerprint", "AB" * 32, place)
    assert (status, "is not the one it should be" in complaints) == (1, True)
    assert complaints.endswith("confirms the new one: give its fingerprint\n")
    assert bench(tmp_path, *one, "--cafile", daemon.certificate, place)[0] == 0
    others = tmp_path / "others.pem"
    trustme.CA().cert_pem.write_to_path(str(others))
    status, _, complaints = bench(tmp_path, *one, "--cafile", others, place)
    assert (status, "vouches for the certificate of 127.0.0.1" in complaints) == (1, True)


def test_nobody_there(tmp_path: Path) -> None:
    """Without a server there is a sentence."""
    status, _, complaints = bench(tmp_path, "127.0.0.1:1")
    assert (status, complaints) == (1, "chatd bench: 127.0.0.1:1: Nothing listens there.\n")
    status, _, complaints = bench(tmp_path, "no..host")
    assert (status, complaints) == (1, "chatd bench: 'no..host' cannot be the name of a host.\n")


def test_server_goes_away(tmp_path: Path) -> None:
    """When the server dies in the middle, that is an error, and soon."""
    settings = {"auth": {"guests": "yes"}, "limits": FREE}
    with Daemon(tmp_path, settings) as daemon:
        place = f"127.0.0.1:{daemon.port('irc')}"
        process = started(tmp_path, *SMALL, "--duration", "100s", place)
        wait_for_posts(process, daemon.folder)
        daemon.kill()
        _, complaints = process.communicate(timeout=60)
        daemon.start()
    assert process.returncode == 1
    assert "chatd bench: All clients are disconnected." in complaints


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends the talking; what was measured is shown, and the daemon of our own is gone."""
    process = started(tmp_path, *SMALL, "--duration", "100s")
    log = wait_for_posts(process, tmp_path)
    process.send_signal(signal.SIGINT)
    out, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, complaints
    assert "until everybody has it" in out
    assert "Interrupted: 100 s were planned." in out
    assert not log.exists()


@pytest.mark.parametrize("hears", [True, False])
def test_terminal_closes(tmp_path: Path, hears: bool) -> None:
    """A terminal that closes ends it as Ctrl-C does; under nohup it goes on."""
    treated = ("env", "--default-signal=HUP") if hears else ("nohup",)
    duration = "100s" if hears else "4s"
    process = started(tmp_path, *SMALL, "--duration", duration, before=treated)
    store = wait_for_posts(process, tmp_path)
    for _ in range(2):  # the shell says it, and so does the kernel
        assert process.poll() is None
        process.send_signal(signal.SIGHUP)
    out, complaints = process.communicate(timeout=60)
    assert process.returncode == (130 if hears else 0), complaints
    assert ("Interrupted: 100 s were planned." in out) is hears
    assert not store.exists()


def test_terminal_is_gone(tmp_path: Path) -> None:
    """Where there is no terminal any more to draw on, nothing is left behind either."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["env", "--default-signal=HUP", *command("bench", *SMALL, "--duration", "100s")],
        env={**environment(), "TMPDIR": str(tmp_path)},
        cwd=CHECKOUT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    wait_for_posts(process, tmp_path)
    (daemon,) = children(process)
    os.close(ours)
    time.sleep(1)  # it draws twice in that
    process.send_signal(signal.SIGHUP)
    process.wait(60)
    assert list(tmp_path.iterdir()) == []
    assert not Path(f"/proc/{daemon}").exists()


def children(process: subprocess.Popen[str]) -> list[int]:
    """The processes that it has started, and that are there."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


@pytest.mark.parametrize("more", [(), ("--churn", "5")])
def test_own_daemon_dies(tmp_path: Path, more: tuple[str, ...]) -> None:
    """When the daemon of our own dies in the middle, that is what is said, and soon."""
    process = started(tmp_path, *SMALL, "--duration", "100s", "--patience", "1s", *more)
    wait_for_posts(process, tmp_path)
    for child in children(process):
        os.kill(child, signal.SIGKILL)
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 1
    assert complaints == "chatd bench: The daemon of our own has died.\n"


def test_no_such_folder(tmp_path: Path) -> None:
    """A folder that is asked for and cannot be used is no reason to take another."""
    status, _, complaints = bench(tmp_path / "nowhere", *SMALL)
    assert status == 2
    assert f"TMPDIR is {tmp_path / 'nowhere'}, where nothing can be written." in complaints


def wait_for_posts(process: subprocess.Popen[str], folder: Path) -> Path:
    """Wait until a daemon in or below this folder has taken in posts; its store."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        for store in folder.rglob("chatd.db"):
            with suppress(sqlite3.Error), closing(sqlite3.connect(store)) as connection:
                if connection.execute("SELECT count(*) FROM log").fetchone()[0] > 50:
                    return store
        time.sleep(0.05)
    pytest.fail(f"nobody posted: {process.communicate()}")


def test_it_is_not_the_daemons(tmp_path: Path) -> None:
    """Neither the operator's command nor the daemon imports the load test."""
    line = "import sys, chatd.__main__, chatd.tap, chatd.house, chatd.frontends.irc"
    line += "; print([name for name in sys.modules if name.startswith('chatd.bench')])"
    done = subprocess.run(
        [sys.executable, "-c", line], env=environment(), capture_output=True, text=True, check=True
    )
    loaded = set(re.findall(r"chatd\.bench\.(\w+)", done.stdout))
    assert loaded == {"goals", "options", "plan"}
