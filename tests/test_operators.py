"""A real daemon under its operators: what survives a restart, REHASH, DIE, and the audit log."""

from __future__ import annotations

import re
import socket
import sqlite3
import ssl
import subprocess
from contextlib import closing
from pathlib import Path

from tests.daemon import PATIENCE, Daemon, command, environment

SETTINGS = {"server": {"name": "chat.test"}, "auth": {"guests": "yes"}}


class Client:
    """An IRC client that comes from an address of the loopback network."""

    def __init__(self, daemon: Daemon, address: str = "127.0.0.1") -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        there = ("127.0.0.1", daemon.port("irc"))
        plain = socket.create_connection(there, PATIENCE, source_address=(address, 0))
        self._socket = context.wrap_socket(plain)
        self._heard = ""

    def says(self, *lines: str) -> None:
        """Send lines."""
        self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def comes(self, name: str, password: str = "") -> Client:
        """Come on line, with an account if there is a password."""
        self.says(*([f"PASS {name}:{password}"] if password else []))
        self.says(f"NICK {name}", f"USER {name} 0 * :{name}")
        self.hears(f" 001 {name} ")
        return self

    def hears(self, text: str) -> str:
        """Read on until this comes; the whole line. Fail if the connection ends first."""
        pattern = re.compile(rf".*{re.escape(text)}.*(?=\r\n)")
        while (found := pattern.search(self._heard)) is None:
            more = self._socket.recv(65536)
            assert more, f"dropped; it heard: {self._heard!r}"
            self._heard += more.decode()
        self._heard = self._heard[found.end() :]
        return found[0]

    def ends(self) -> str:
        """Read until the server hangs up; all that came."""
        while more := self._socket.recv(65536):
            self._heard += more.decode()
        self.close()
        return self._heard

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def ready(folder: Path) -> Daemon:
    """A daemon, not yet started, whose administrator is root."""
    daemon = Daemon(folder, SETTINGS)
    daemon.add_account("root", "milkfirst", "admin")
    daemon.add_account("ada", "milkfirst")
    return daemon


def officer(daemon: Daemon) -> Client:
    """root, with the office taken up."""
    client = Client(daemon).comes("root", "milkfirst")
    client.says("OPER root milkfirst")
    client.hears(" 381 root ")
    return client


def test_restart(tmp_path: Path) -> None:
    """Bans and the lockdown hold over a power cut, and the banned are told over TLS."""
    with ready(tmp_path) as daemon:
        root, eve = officer(daemon), Client(daemon, "127.0.0.2").comes("eve")
        root.says("UBAN ADD 127.0.0.2 1d :noise")
        root.hears("127.0.0.2 (network) is banned until ")
        assert " 465 eve :You are banned from this server until " in eve.ends()
        root.says("LOCKDOWN on :a storm")
        root.hears("Nobody new is let in since")
        daemon.kill()
        root.close()
        daemon.start()
        told = Client(daemon, "127.0.0.2").ends()
        assert re.search(r" 465 \* :You are banned .*: noise\r\nERROR :Closing link: ", told)
        guest = Client(daemon, "127.0.0.3")
        guest.says("NICK carl", "USER carl 0 * :Carl")
        assert "Nobody new is let in just now: a storm." in guest.ends()
        ada = Client(daemon, "127.0.0.3").comes("ada", "milkfirst")
        root = officer(daemon)
        root.hears("Nobody new is let in since")
        root.says("LOCKDOWN off", "UBAN DEL 127.0.0.2")
        root.hears("is not banned any more")
        eve = Client(daemon, "127.0.0.2").comes("eve")
        for client in (ada, root, eve):
            client.close()
        assert daemon.operate("audit", "verify").startswith("The audit log is whole: 6 records.")


def test_rehash_and_die(tmp_path: Path) -> None:
    """A broken ini changes nothing and is explained; a good one counts, and what of it has to wait
    is told; DIE ends with status 0."""
    with ready(tmp_path) as daemon:
        root = officer(daemon)
        daemon.write({**SETTINGS, "auth": {"guests": "maybe"}})
        root.says("REHASH")
        root.hears(" 382 root chatd.ini ")
        said = root.hears("Nothing is changed: ")
        assert said.endswith("[auth] guests = 'maybe' is no good: it should be yes or no.")
        guest = Client(daemon).comes("guest")
        new = {"operators": {"moderators": "kill", "admins": "die"}, "listen irc": {"idle": "5m"}}
        daemon.write({**SETTINGS, **new})
        root.says("REHASH")
        root.hears("The settings are in force.")
        root.hears("[listen irc] keeps its idle until a restart.")
        root.says("KILL guest")
        root.hears(" 481 root :Here admins may not do that: they lack the privilege kill.")
        root.says("DIE", "DIE now")
        root.hears("give its name: DIE chat.test")
        guest.says("PING :still")
        guest.hears("still")
        root.says("DIE chat.test")
        assert "The server is shutting down." in guest.ends()
        assert daemon.wait() == 0
        assert "chatd has ended" in daemon.log()
        root.close()


def verified(daemon: Daemon, *arguments: str) -> tuple[int, str]:
    """The exit status of `chatd audit verify`, and what it complains of."""
    line = command("audit", "verify", *arguments, "--config", str(daemon.ini))
    done = subprocess.run(
        line, env=environment(), capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    return done.returncode, done.stderr


def test_audit(tmp_path: Path) -> None:
    """The operator's command puts on record what it does, lists it, and sees tampering."""
    daemon = Daemon(tmp_path, SETTINGS)
    daemon.add_account("root", "milkfirst", "admin")
    daemon.operate("account", "role", "root", "moderator")
    daemon.operate("account", "password", "root", given="other words\n")
    head, *lines = daemon.operate("audit", "list").splitlines()
    assert head.split() == ["no", "when", "who", "from", "what", "whom", "more"]
    acts = ["account add", "account role", "account password"]
    assert [act in line for act, line in zip(acts, lines, strict=True)] == [True] * 3
    assert "other words" not in "".join(lines)
    assert "admin to moderator" in lines[1]
    (line,) = daemon.operate("audit", "list", "--act", "account", "--limit", "1").splitlines()[1:]
    assert line.startswith("3 ")
    known = daemon.operate("audit", "verify").split()[-1]
    with closing(sqlite3.connect(daemon.data / "chatd.db")) as database, database:
        database.execute("UPDATE audit SET note = 'user' WHERE number = 2")
        database.execute("DELETE FROM audit WHERE number = 3")
    assert verified(daemon, "--known", known) == (
        1,
        "record 2 was changed, or put where it is later on.\n"
        "record 3, whose seal was noted, is not there.\n"
        "chatd: the audit log is not as it was written.\n",
    )
