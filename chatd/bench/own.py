"""A daemon of our own for a load test: with everything on, in a folder that goes when it goes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet.task import deferLater

from chatd.bench.client import Trouble
from chatd.bench.wire import Door
from clients.lib.trust import normal

HOST = "127.0.0.1"
INI = """\
[server]
data = data
lobby =
[auth]
guests = yes
[limits]
messages_every = 0s
account_messages_every = 0s
connects_every = 0s
connections = 100000
[listen irc]
endpoint = tcp:0:interface=127.0.0.1
"""
"""The defaults, but for limits that would slow down many clients of one address."""
PATIENCE = 30.0
_PORT = re.compile(r"\[listen irc\] listens on \S+ port (\d+)")
_FINGERPRINT = re.compile(r"has the SHA-256 fingerprint ([0-9A-F:]+)")
_READY = re.compile(r"chatd \S+ is ready")
_ERROR = re.compile(r"#(?:error|critical)\]|^Traceback|Unhandled")


class OwnDaemon:
    """A process of its own, so that its memory is its own and it has a core for itself."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._folder = TemporaryDirectory(prefix="chatd-bench-")
        self._path = Path(self._folder.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    async def start(self) -> Door:
        """Start it; the way in.

        :raise Trouble: if it does not start.
        """
        ini = self._path / "chatd.ini"
        ini.write_text(INI, encoding="utf-8")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
                [sys.executable, "-m", "chatd", "run", "--config", str(ini)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is for us, not for it
            )
        await self._until(lambda: self._has(_READY) or not self._lives())
        if not self._lives():
            raise Trouble(f"The daemon of our own did not start:\n{self._said()}")
        self._ready = True
        return Door(self._reactor, HOST, int(self._find(_PORT)), normal(self._find(_FINGERPRINT)))

    async def stop(self) -> None:
        """End it, and take the folder away."""
        if self._process is not None:
            self._process.terminate()
            with suppress(Trouble):
                await self._until(lambda: not self._lives())
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    @property
    def has_died(self) -> bool:
        """Whether it was ready, and has ended since."""
        return self._ready and not self._lives()

    def memory(self) -> int | None:
        """Its resident memory in bytes; None where the system does not tell."""
        try:
            statm = Path(f"/proc/{self._process and self._process.pid}/statm")
            pages = statm.read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return None
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def errors(self) -> list[str]:
        """What is wrong, by its log."""
        return [line for line in self._said().splitlines() if _ERROR.search(line)]

    @property
    def _log(self) -> Path:
        return self._path / "chatd.log"

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _has(self, what: re.Pattern[str]) -> bool:
        return what.search(self._said()) is not None

    def _find(self, what: re.Pattern[str]) -> str:
        found = what.search(self._said())
        if found is None:
            raise Trouble(f"The daemon of our own does not say where it is:\n{self._said()}")
        return found[1]

    def _lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def _until(self, so: Callable[[], bool]) -> None:
        deadline = self._reactor.seconds() + PATIENCE
        while not so():
            if self._reactor.seconds() > deadline:
                raise Trouble(f"The daemon of our own took too long:\n{self._said()}")
            await deferLater(self._reactor, 0.02)
