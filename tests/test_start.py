"""The daemon as the operator meets it: the first start, failed ones, the end, the accounts."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.daemon import PATIENCE, Daemon, command, environment

TWISTD = "from twisted.scripts.twistd import run; run()"


def connect(daemon: Daemon, name: str = "irc") -> ssl.SSLSocket:
    """A client that trusts nobody but this daemon."""
    context = ssl.create_default_context(cafile=str(daemon.certificate))
    plain = socket.create_connection(("127.0.0.1", daemon.port(name)), PATIENCE)
    return context.wrap_socket(plain, server_hostname="localhost")


def refused(folder: Path, *arguments: str) -> str:
    """What the operator's command says when it ends with status 1."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1, done.stdout
    said = done.stderr + done.stdout
    assert "Traceback" not in said
    return said


def init(folder: Path) -> Path:
    folder.mkdir()
    subprocess.run(command("init"), cwd=folder, env=environment(), check=True, capture_output=True)
    return folder


def test_init_makes_all(tmp_path: Path) -> None:
    """It makes an ini, a private directory, and secrets that nobody else can read."""
    folder = init(tmp_path / "one")
    assert stat.S_IMODE((folder / "var").stat().st_mode) == 0o700
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / "var").iterdir()}
    assert made == {"certificate.pem": 0o600, "key.pem": 0o600, "secret": 0o600}
    assert stat.S_IMODE((folder / "chatd.ini").stat().st_mode) == 0o600


def test_two_inits_differ(tmp_path: Path) -> None:
    """No secret is ever the same twice."""
    one, two = init(tmp_path / "one"), init(tmp_path / "two")
    for name in ("certificate.pem", "key.pem", "secret"):
        assert (one / "var" / name).read_bytes() != (two / "var" / name).read_bytes()


def test_init_again_changes_nothing(tmp_path: Path) -> None:
    """What is there already stays."""
    folder = init(tmp_path / "one")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    subprocess.run(command("init"), cwd=folder, env=environment(), check=True, capture_output=True)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_life(tmp_path: Path) -> None:
    """It serves TLS with its certificate, tells its clients when it ends, and ends with 0."""
    daemon = Daemon(tmp_path, {"auth": {"guests": "yes"}}).start()
    with connect(daemon) as client:
        client.sendall(b"NICK ada\r\nUSER ada 0 * :Ada\r\n")
        heard = b""
        while b" 376 " not in heard and b" 422 " not in heard:
            heard += client.recv(4096)
        assert daemon.stop() == 0
        while more := client.recv(4096):
            heard += more
    assert b"ERROR :" in heard
    assert b"shutting down" in heard
    assert daemon.log().rstrip().splitlines()[-3].endswith("chatd has ended")
    assert "Traceback" not in daemon.log()


def test_interrupt(tmp_path: Path) -> None:
    """Control-C in the foreground is no failure."""
    daemon = Daemon(tmp_path).start()
    assert daemon._end(signal.SIGINT) == 0


def test_interrupt_while_it_starts(tmp_path: Path) -> None:
    """Control-C before it is ready ends it as well, and in order."""
    daemon = Daemon(tmp_path)
    with ExitStack() as blocks:
        blocks.push(daemon)
        daemon.begin()
        daemon.wait_for(lambda: "reactor class" in daemon.log())
        assert daemon._end(signal.SIGINT) == 0
    assert "chatd has ended" in daemon.log()


def test_printed_at_first_start(tmp_path: Path) -> None:
    """The first start says where clients come in, the fingerprint, and how to make an admin."""
    with Daemon(tmp_path) as daemon:
        said = daemon.log()
        shown = ssl.PEM_cert_to_DER_cert(daemon.certificate.read_text())
    assert re.search("SHA-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}", said)
    assert f"listens on 127.0.0.1 port {daemon.port('irc')}" in said
    assert "chatd account add NAME --rank admin --config" in said
    assert shown


def test_port_in_use(tmp_path: Path) -> None:
    """A port that is taken is one sentence, with the section and the remedy."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        (tmp_path / "chatd.ini").write_text(f"[listen irc]\nendpoint = {endpoint}\n")
        said = refused(tmp_path, "run")
    assert (
        f"chatd: chatd.ini [listen irc] {endpoint} is in use: stop what uses it,"
        " or write another endpoint.\n"
    ) in said


def test_data_in_use(tmp_path: Path) -> None:
    """Two daemons never share a data directory."""
    with Daemon(tmp_path) as daemon:
        said = refused(tmp_path, "run")
    assert f"another chatd is at work in {daemon.data}: stop it" in said


def test_lock_that_cannot_be_used(tmp_path: Path) -> None:
    """A lock file that is none is one sentence."""
    folder = init(tmp_path / "one")
    (folder / "var/lock").mkdir()
    assert "var/lock cannot be used (Is a directory)" in refused(folder, "run")


def test_daemon_of_another_version(tmp_path: Path) -> None:
    """While an older daemon still runs the store is left to it; a lock of one that died is none."""
    daemon = Daemon(tmp_path)
    with daemon:
        (daemon.data / "lock").write_text("0.0")
        said = refused(tmp_path, "account", "list")
        assert f"another version of chatd is at work in {daemon.data}: restart it first." in said
    assert (daemon.data / "lock").read_text() == "0.0"
    daemon.add_account("ada", "milk first")
    assert daemon.operate("account", "list").split() == ["ada", "user"]


def test_key_of_another_certificate(tmp_path: Path) -> None:
    """A key that does not fit is one sentence."""
    one, two = init(tmp_path / "one"), init(tmp_path / "two")
    os.replace(one / "var/key.pem", two / "var/key.pem")
    said = refused(two, "run")
    assert f"the key {two}/var/key.pem does not fit the certificate" in said


def test_damaged_store(tmp_path: Path) -> None:
    """A damaged file is one sentence, and status 1."""
    folder = init(tmp_path / "one")
    (folder / "var/chatd.db").write_bytes(b"this is no database at all " * 200)
    said = refused(folder, "run")
    assert "chatd: chatd.ini [store] " in said
    assert "chatd.db" in said


def test_handed_over_by_systemd(tmp_path: Path) -> None:
    """It takes a socket that was opened before it was started."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        handed = "systemd:domain=INET:name=irc"
        daemon = Daemon(tmp_path, {"listen irc": {"endpoint": handed}})
        daemon._ports["irc"] = listening.getsockname()[1]
        daemon.start(listening)
        with connect(daemon) as client:
            client.sendall(b"CAP LS 302\r\n")
            assert b" CAP " in client.recv(4096)
        daemon.kill()


def test_in_the_background(tmp_path: Path) -> None:
    """twistd's own way: a process that goes to the background, with a log and a pid file."""
    daemon = Daemon(tmp_path)
    pid_file, log = tmp_path / "chatd.pid", tmp_path / "chatd.log"
    line = [sys.executable, "-c", TWISTD, "--pidfile", str(pid_file), "--logfile", str(log)]
    done = subprocess.run(
        [*line, "chatd", "--config", str(daemon.ini)],
        cwd=tmp_path,
        env=environment(),
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0
    daemon.wait_for(lambda: "is ready" in daemon.log())
    os.kill(int(pid_file.read_text()), signal.SIGTERM)
    daemon.wait_for(lambda: not pid_file.exists())
    assert "chatd has ended" in daemon.log()


def test_accounts(tmp_path: Path) -> None:
    """Accounts are made, changed and listed while the daemon runs and while it does not."""
    daemon = Daemon(tmp_path)
    daemon.add_account("ada", "milk first", "admin")
    with daemon:
        daemon.add_account("bob", "sugar too")
        daemon.operate("account", "role", "bob", "moderator")
        daemon.operate("account", "password", "bob", given="no sugar\n")
    assert daemon.operate("account", "list").split() == ["ada", "admin", "bob", "moderator"]


def test_accounts_refused(tmp_path: Path) -> None:
    """What will not do is one sentence and status 1."""
    Daemon(tmp_path)
    said = refused(tmp_path, "account", "role", "eve", "admin")
    assert said == "chatd: There is nobody called eve.\n"
    said = refused(tmp_path, "account", "add", "bob", "--password-file", "none")
    assert said.startswith("chatd: none has no password: ")


def test_password_from_a_file(tmp_path: Path) -> None:
    """A password may come from the first line of a file; there is no way to type it as a word."""
    daemon = Daemon(tmp_path)
    (tmp_path / "password").write_text("milk first\nand a note\n")
    file = str(tmp_path / "password")
    daemon.operate("account", "add", "ada", "--password-file", file)
    assert daemon.operate("account", "list").split() == ["ada", "user"]
    done = subprocess.run(
        command("account", "add", "bob", "milk first"),
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
