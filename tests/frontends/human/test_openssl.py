"""A real daemon, and somebody with nothing but openssl."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest

from tests.daemon import Daemon

PATIENCE = 20.0

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


class OpenSSL:
    """`openssl s_client -quiet`, which sends lines and shows whatever comes."""

    def __init__(self, daemon: Daemon) -> None:
        self._process = subprocess.Popen(
            ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{daemon.port('human')}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._lines: Queue[str] = Queue()
        self._reading = Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.decode())

    def types(self, *lines: str) -> None:
        """Type lines."""
        assert self._process.stdin is not None
        for line in lines:
            self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def reads(self, wanted: str) -> str:
        """Read on until a line is what is wanted (a pattern), and give it back."""
        shown = []
        try:
            while not re.fullmatch(
                wanted, (line := self._lines.get(timeout=PATIENCE)).rstrip("\r\n")
            ):
                shown.append(line)
        except Empty:
            raise AssertionError(f"no {wanted!r} in {shown}") from None
        assert line.endswith("\r\n")
        return line.rstrip("\r\n")

    def ends(self) -> int:
        """Its exit status, once the daemon has hung up."""
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        """End it, and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        self._reading.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with an account."""
    with Daemon(tmp_path) as daemon:
        daemon.add_account("ada", "milk first")
        yield daemon


@pytest.fixture
def people(daemon: Daemon) -> Iterator[tuple[OpenSSL, OpenSSL]]:
    """Two who have connected and been greeted."""
    ada, bob = OpenSSL(daemon), OpenSSL(daemon)
    try:
        for person in (ada, bob):
            person.reads("AUTH_REQUIRED")
        yield ada, bob
    finally:
        ada.close()
        bob.close()


def test_two_people_with_openssl(daemon: Daemon, people: tuple[OpenSSL, OpenSSL]) -> None:
    """They come in, talk, whisper, and are told when the server ends."""
    ada, bob = people
    ada.types("LOGIN ada", "wrong")
    ada.reads("AUTH_FAILED The name or the secret is wrong[.]")
    ada.types("LOGIN ada", "milk first")
    ada.reads("AUTH_SUCCESS")
    ada.reads("You joined #lobby[.]")
    bob.types("REGISTER bob", "sugar, please", "Guten Morgen, 日本 🚀")
    bob.reads("AUTH_SUCCESS")
    line = r"\(Global\) \(bob\) \(\d\d:\d\d:\d\d\): Guten Morgen, 日本 🚀"
    assert ada.reads(line) == bob.reads(line)
    ada.types("/w bob psst")
    ada.reads(r"\(Private\) \(To bob\) \(\d\d:\d\d:\d\d\): psst")
    bob.reads(r"\(Private\) \(From ada\) \(\d\d:\d\d:\d\d\): psst")
    bob.types("/quit bye")
    assert bob.ends() == 0
    ada.reads(r"bob went off line \(bye\)[.]")
    assert daemon.stop() == 0
    ada.reads("The server is shutting down[.]")
    assert ada.ends() == 0
    assert "Traceback" not in daemon.log()
