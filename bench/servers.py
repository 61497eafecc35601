"""The servers that are compared, each started on a free port of the loopback interface.

All use the same certificate, TLS 1.3, and no limit that a load could run into. A server runs
from entering its block to leaving it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Protocol

from bench.generator import FOLDER, NotMeasured
from bench.machine import pinned
from chatd.frontends.tls import Pair, make_pair
from tests.daemon import CHECKOUT, Daemon, environment, free_port

PATIENCE = 30.0
ACCOUNT = "ada"
SECRET = "milk first"
DROPINS = Path(__file__).resolve().parent / "dropins"
SBIN = os.pathsep.join(("/usr/local/sbin", "/usr/sbin"))

CHATD: dict[str, dict[str, str]] = {
    "server": {"lobby": ""},
    "auth": {"guests": "yes"},
    "limits": {
        "messages_every": "0s",
        "account_messages_every": "0s",
        "connects_every": "0s",
        "connections": "100000",
    },
}

INSPIRCD = """\
<config format="xml">
<server name="bench.localhost" description="bench" network="bench">
<admin name="bench" nick="bench" email="bench@bench.localhost">
<pid file="{folder}/inspircd.pid">
<module name="ssl_gnutls">
<sslprofile name="bench" provider="gnutls" certfile="{certificate}" keyfile="{key}"
    priority="SECURE256:-VERS-ALL:+VERS-TLS1.3:SECURE128">
<bind address="127.0.0.1" port="{port}" type="clients" sslprofile="bench">
<connect name="main" allow="*" timeout="60" pingfreq="600" softsendq="50M" hardsendq="100M"
    recvq="1M" threshold="100000" commandrate="1000000000" fakelag="no" limit="100000"
    localmax="100000" globalmax="100000" maxchans="100" resolvehostnames="no"
    useconnflood="no" usednsbl="no">
<performance netbuffersize="65534" somaxconn="4096" softlimit="100000" clonesonconnect="no">
<log method="file" type="*" level="sparse" target="{folder}/inspircd.log">
"""

NGIRCD = """\
[Global]
Name = bench.localhost
Info = bench
Listen = 127.0.0.1
MotdPhrase = bench
{user}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 100
MaxPenaltyTime = 0
PingTimeout = 600
MaxNickLength = 20
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = {certificate}
KeyFile = {key}
Ports = {port}
"""


@dataclass(frozen=True)
class Place:
    """Where servers run: a folder on a real disk, a certificate for all, and a core."""

    folder: Path
    pair: Pair
    core: int | None


def place(folder: Path, core: int | None) -> Place:
    """Make a place in a folder that is empty."""
    pair = Pair(folder / "certificate.pem", folder / "key.pem")
    make_pair(pair, ["localhost"], time.time())
    return Place(folder, pair, core)


class Server(Protocol):
    """What a load is run against: a process, its port, and what the generator has to say to it."""

    pid: int
    port: int
    arguments: tuple[str, ...]

    def __enter__(self) -> Server: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None: ...


class Chatd:
    """This house, with everything on, and a store of its own on the disk.

    :param settings: sections of the ini, laid over those that take the limits away.
    :param messages: how many there are in the store already; the same store serves each run.
    """

    def __init__(
        self, place: Place, settings: Mapping[str, Mapping[str, str]], messages: int = 0
    ) -> None:
        self._place = place
        self._settings = _laid_over(CHATD, settings)
        self._messages = messages
        self.arguments: tuple[str, ...] = ()

    def __enter__(self) -> Chatd:
        with ExitStack() as blocks:
            self.daemon = Daemon(self._folder(blocks), self._settings)
            with pinned(self._place.core):
                began = time.monotonic()
                blocks.enter_context(self.daemon)
            self.started_s = time.monotonic() - began
            self._blocks = blocks.pop_all()
        self.pid, self.port = self.daemon.pid, self.daemon.port("irc")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        with self._blocks:
            self.daemon.stop()

    def _folder(self, blocks: ExitStack) -> Path:
        if not self._messages:
            temporary = TemporaryDirectory(dir=self._place.folder, prefix="chatd-")
            return Path(blocks.enter_context(temporary))
        filled = self._place.folder / f"filled-{self._messages}"
        if not filled.exists():
            _fill(filled, self._settings, self._messages)
        return filled


def _laid_over(
    below: Mapping[str, Mapping[str, str]], above: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    return {name: {**below.get(name, {}), **above.get(name, {})} for name in {**below, **above}}


def _fill(folder: Path, settings: Mapping[str, Mapping[str, str]], messages: int) -> None:
    folder.mkdir()
    with Daemon(folder, settings) as daemon:
        daemon.add_account(ACCOUNT, SECRET)
        daemon.stop()
    database = str(daemon.data / "chatd.db")
    line = [sys.executable, "-m", "bench.filling", database, str(messages)]
    subprocess.run(line, check=True, cwd=CHECKOUT, env=environment())


class Program:
    """A server that is one process and one command line."""

    arguments: tuple[str, ...] = ()

    def __init__(self, place: Place) -> None:
        self._place = place

    def command(self, folder: Path) -> list[str]:
        """How to start it in the foreground, on `self.port`; the folder is its own."""
        raise NotImplementedError

    def __enter__(self) -> Program:
        with ExitStack() as blocks:
            temporary = TemporaryDirectory(dir=self._place.folder, prefix="peer-")
            folder = Path(blocks.enter_context(temporary))
            self.port = free_port()
            line, output = self.command(folder), folder / "output"
            with pinned(self._place.core), output.open("wb") as out:
                self._process = subprocess.Popen(
                    line, stdout=out, stderr=out, cwd=CHECKOUT, env=environment()
                )
            blocks.callback(self._end)
            self.pid = self._process.pid
            self._wait(output)
            self._blocks = blocks.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._blocks.close()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)

    def _wait(self, output: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotMeasured(f"it does not start:\n{output.read_text()}")
            time.sleep(0.02)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Words(Program):
    """The chat server that comes with Twisted."""

    arguments = ("--pass", "anything")

    def command(self, folder: Path) -> list[str]:
        pair = self._place.pair
        words = [sys.executable, "-m", "bench.words"]
        return [*words, str(self.port), str(pair.certificate), str(pair.key)]


class InspIRCd(Program):
    """InspIRCd, where it is installed."""

    def command(self, folder: Path) -> list[str]:
        pair = self._place.pair
        path = folder / "inspircd.conf"
        path.write_text(
            INSPIRCD.format(
                folder=folder, certificate=pair.certificate, key=pair.key, port=self.port
            )
        )
        root = ["--runasroot"] if os.geteuid() == 0 else []
        return [_program("inspircd"), *root, "--nofork", "--config", str(path)]


class NgIRCd(Program):
    """ngIRCd, where it is installed."""

    def command(self, folder: Path) -> list[str]:
        pair = self._place.pair
        path = folder / "ngircd.conf"
        user = "ServerUID = root\nServerGID = root" if os.geteuid() == 0 else ""
        path.write_text(
            NGIRCD.format(certificate=pair.certificate, key=pair.key, port=self.port, user=user)
        )
        return [_program("ngircd"), "--nodaemon", "--config", str(path)]


class Floor(Program):
    """The least that a server can do: one record and one write for each message and client."""

    options: tuple[str, ...] = ()

    def command(self, folder: Path) -> list[str]:
        pair = self._place.pair
        floor = [str(FOLDER / "floord"), str(self.port)]
        return [*floor, str(pair.certificate), str(pair.key), *self.options]


class JoiningFloor(Floor):
    """The floor, which joins what is pending for a client into one record."""

    options = ("batch",)


PEERS: dict[str, type[Program]] = {
    "words": Words,
    "inspircd": InspIRCd,
    "ngircd": NgIRCd,
    "floor": Floor,
    "floor+batch": JoiningFloor,
}
"""All that chatd can be compared with."""


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=SBIN)
    if found is None:
        raise NotMeasured(f"{name} is not installed")
    return found
