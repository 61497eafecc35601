"""The promise to those who send long files over bad networks: they arrive, and little comes twice.

`chat` sends a file through a real daemon, while the cables of both sides are pulled at random
moments, each time with all that is connected by them, and the daemon is killed. In the end the
file is there, whole, and a cut has cost a MiB at most.
`CHATD_FILE` says how many MB it has, `CHATD_FILE_CUTS` how often each side is cut off, and
`CHATD_FILE_KILLS` how often the daemon is killed; `make files` does it with 1,000 MB, 20 and 3.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path

import pytest

from tests.cable import Cable
from tests.clients.test_with_daemon import PASSWORD, House, Screen
from tests.talker import CAPS, Talker

SIZE = int(os.environ.get("CHATD_FILE", "8")) * 1_000_000
CUTS = int(os.environ.get("CHATD_FILE_CUTS", "2"))
KILLS = int(os.environ.get("CHATD_FILE_KILLS", "1"))
MEBIBYTE = 1 << 20
PATIENCE = 60 + SIZE / 500_000
"""Seconds for all of it, on a slow machine."""
AMPLE = {
    "limits": {"connects_every": "0s"},
    "files": {"free": "0", "size": "0", "offers_every": "0s", "meeting": "10s"},
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house in which ada has a long file, and bob a folder."""
    made = House(tmp_path)
    made.daemon.stop()
    made.daemon.write(AMPLE)
    made.daemon.start()
    (tmp_path / "saved").mkdir()
    with (tmp_path / "long").open("wb") as file:
        for at in range(0, SIZE, MEBIBYTE):
            file.write(os.urandom(min(MEBIBYTE, SIZE - at)))
    yield made
    with contextlib.suppress(AssertionError):
        made.daemon.kill()
    (tmp_path / "long").unlink()


@dataclass
class Pulled:
    """The cables of ada and bob, who is cut off at places of his own; and the time it takes."""

    house: House
    hers: Cable
    his: Cable
    began: float = field(default_factory=time.monotonic)

    def kill(self) -> None:
        """Kill the daemon at some moments while the file arrives."""
        for place in sorted(random.sample(range(1, SIZE), KILLS)):
            self.house.daemon.wait_for(lambda place=place: self.his.far >= place, PATIENCE)
            self.house.daemon.kill()
            self.house.daemon.start()

    def judge(self, what: str) -> None:
        """See that all happened, and little was sent twice."""
        took = time.monotonic() - self.began
        both = (self.hers, self.his)
        assert [cable.pulled for cable in both] == [CUTS, CUTS]
        for cable, who in zip(both, ("ada", "bob"), strict=True):
            twice = cable.twice()
            print(f"{what}, {who}: {sorted(twice)} bytes twice")  # noqa: T201
            assert len(twice) >= CUTS
            assert max(twice) <= MEBIBYTE
        print(f"{what}: {SIZE // 1_000_000} MB in {took:.0f} s")  # noqa: T201


@pytest.fixture
def pulled(house: House) -> Iterator[Pulled]:
    """The cables, which are pulled at random moments."""
    places = [random.sample(range(1, SIZE), CUTS) for _ in range(2)]
    with Cable(house.daemon, places[0]) as hers, Cable(house.daemon, places[1]) as his:
        yield Pulled(house, hers, his)


def test_kept(pulled: Pulled, tmp_path: Path) -> None:
    """So it is with what is kept, and fetched while it still comes."""
    house = pulled.house
    sending = house.start("ada", "put", pulled.hers.address, "bob", str(tmp_path / "long"))
    getting = house.start(
        "bob", "get", pulled.his.address, offered(house), "--output", str(tmp_path / "saved")
    )
    pulled.kill()
    for program in (sending, getting):
        _, err = program.communicate(timeout=PATIENCE)
        assert program.returncode == 0, err
    compare(tmp_path)
    pulled.judge("kept")


def offered(house: House) -> str:
    """The id of the file, as soon as it is offered."""
    with Talker(house.daemon, "bob", PASSWORD, f"{CAPS} chatd/files") as bob:
        while not (listed := [x for x in bob.asks("FILE LIST") if x.params[0] == "LISTED"]):
            pass
        return listed[0].params[2]


def test_handed_through(pulled: Pulled, tmp_path: Path) -> None:
    """So it is if both are there to begin with."""
    ada = Screen(pulled.house, "ada", "--plain", pulled.hers.address)
    saved = ("--downloads", str(tmp_path / "saved"))
    bob = Screen(pulled.house, "bob", "--plain", *saved, pulled.his.address)
    for screen in (ada, bob):
        screen.wait_for(">")
    ada.type(f"/filew bob {tmp_path / 'long'}\r")
    bob.wait_for("ada offers long", PATIENCE)
    bob.type("/accept\r")
    with ThreadPoolExecutor() as pool:
        waiting = [
            pool.submit(ada.wait_for, "long is sent.", PATIENCE),
            pool.submit(bob.wait_for, "Saved: ", PATIENCE),
        ]
        pulled.kill()
    for one in waiting:
        one.result()
    for screen in (ada, bob):
        screen.type("/quit!\r")
        assert screen.end() == 0
    compare(tmp_path)
    pulled.judge("handed through")


def compare(folder: Path) -> None:
    """What arrived is what was sent."""
    sent, saved = folder / "long", folder / "saved" / "long"
    with sent.open("rb") as one, saved.open("rb") as other:
        assert file_digest(one, "sha256").digest() == file_digest(other, "sha256").digest()
    assert list(saved.parent.iterdir()) == [saved]
    saved.unlink()
