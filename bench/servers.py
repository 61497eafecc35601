"""Servers, each started on a free port of the loopback interface: chatd, and any program.

All use the same certificate, TLS 1.3, and no limit that a load could run into. A server runs
from entering its block to leaving it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Protocol

from bench.generator import NotMeasured
from bench.machine import pinned
from bench.relay.trips import Trip, offered
from chatd.frontends.tls import Pair, make_pair
from chatd.wire.relay import Done
from tests.daemon import CHECKOUT, Daemon, environment, free_port

PATIENCE = 30.0
ACCOUNT = "ada"
SECRET = "milk first"
DROPINS = Path(__file__).resolve().parent / "dropins"

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

    farewell = Done().line().decode().strip()
    """What a receiver of a file says at the end."""

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

    def trips(self, count: int, size: int) -> AbstractContextManager[list[Trip]]:
        """So many files that wait to be brought and fetched."""
        return offered(self.daemon, count, size)

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
    farewell = ""

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
        while not self._listens(output):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotMeasured(f"it does not start:\n{output.read_text()}")
            time.sleep(0.02)

    def _listens(self, output: Path) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True
