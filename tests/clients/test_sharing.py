"""Files between people who sit in front of the full-screen client, through the daemon itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cable import Cable
from tests.clients.test_with_daemon import PASSWORD, House, Screen

CONTENT = os.urandom(3 << 20)
DAY = 86_400


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house in which everybody is heard at once."""
    made = House(tmp_path)
    made.daemon.add_account("eve", PASSWORD)
    made.daemon.stop()
    made.daemon.write({"files": {"offers_every": "0s", "free": "0", "life": "2d"}})
    made.daemon.start()
    (tmp_path / "film.mp4").write_bytes(CONTENT)
    yield made
    made.daemon.kill()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file of ada's."""
    return tmp_path / "film.mp4"


@pytest.fixture
def slow(house: House) -> Iterator[Cable]:
    """A cable in which files stick fast when a third of them is through."""
    with Cable(house.daemon, stop=len(CONTENT) // 3) as cable:
        yield cable


def sits(house: House, name: str, room: str = "", address: str = "") -> Screen:
    """Somebody in front of the whole screen, with a folder of their own to save in."""
    folder = saved(house, name)
    folder.mkdir(exist_ok=True)
    given = [address or house.address, *filter(None, [room])]
    screen = Screen(house, name, "--downloads", str(folder), *given)
    screen.wait_for("Say something")
    screen.wait_for(room or "#lobby")
    return screen


def saved(house: House, name: str) -> Path:
    """Where somebody saves files."""
    return house.home / f"{name}-saved"


def leave(*screens: Screen) -> None:
    """All end, and that works."""
    for screen in screens:
        screen.type("/quit\r")
        assert screen.end() == 0


def test_accepted(house: House, film: Path, slow: Cable) -> None:
    """What one offers the other accepts; bars show both how far it is; then it is there, whole."""
    ada, bob = sits(house, "ada", "bob"), sits(house, "bob", address=slow.address)
    ada.type(f"/filew bob {film}\r")
    bob.wait_for("ada offers film.mp4 (3.1 MB): /accept ")
    bob.type("/accept\r")
    ada.wait_for("bob accepts film.mp4.")
    for screen in (ada, bob):
        screen.wait_for("film.mp4 ")
        screen.wait_for("/3.1 MB")
    slow.loosen()
    bob.wait_for("Saved: ")
    ada.wait_for("film.mp4 is sent.")
    leave(ada, bob)
    assert (saved(house, "bob") / "film.mp4").read_bytes() == CONTENT
    assert list((house.daemon.data / "files").iterdir()) == []


def test_declined(house: House, film: Path) -> None:
    """What is declined is not sent, and the one who offered it is told so."""
    ada, bob = sits(house, "ada", "bob"), sits(house, "bob")
    ada.type(f"/filew bob {film}\r")
    bob.wait_for("ada offers film.mp4 (3.1 MB): /accept ")
    bob.type("/decline\r")
    ada.wait_for("bob declines film.mp4.")
    leave(ada, bob)
    assert list(saved(house, "bob").iterdir()) == []


@pytest.mark.parametrize("who", ["ada", "bob"])
def test_cancelled(house: House, film: Path, slow: Cable, who: str) -> None:
    """In the middle of a file the one takes it back, or the other wants no more of it; then
    nothing of it is left."""
    ada, bob = sits(house, "ada", "bob"), sits(house, "bob", "ada", slow.address)
    ada.type(f"/filew bob {film}\r")
    bob.wait_for("ada offers film.mp4 (3.1 MB): /accept ")
    bob.type("/accept\r")
    bob.wait_for("/3.1 MB")
    if who == "bob":
        bob.type("/cancel\r")
        ada.wait_for("bob declines film.mp4.")
    else:
        ada.type("/cancel\r")
        bob.wait_for("ada takes film.mp4 back.")
    slow.loosen()
    leave(ada, bob)
    assert list(saved(house, "bob").iterdir()) == []
    house.daemon.wait_for(lambda: list((house.daemon.data / "files").iterdir()) == [])


def test_a_day_later(house: House, film: Path) -> None:
    """Who is away finds the file a day later, when the sender has long gone; days after that its
    time is over, and nothing of it is left on disk."""
    ada = sits(house, "ada")
    ada.type(f"/filew bob {film}\r")
    ada.wait_for("film.mp4 is sent.")
    leave(ada)
    film.unlink()
    pass_time(house, DAY)
    bob = sits(house, "bob", "ada")
    bob.wait_for("ada offers film.mp4 (3.1 MB): /accept ")
    bob.type("/accept\r")
    bob.wait_for("Saved: ")
    leave(bob)
    assert (saved(house, "bob") / "film.mp4").read_bytes() == CONTENT
    assert len(list((house.daemon.data / "files").iterdir())) == 1
    pass_time(house, 2 * DAY)
    assert list((house.daemon.data / "files").iterdir()) == []
    bob = sits(house, "bob")
    bob.type("/files\r")
    bob.wait_for("No files are offered.")
    leave(bob)


def pass_time(house: House, seconds: int) -> None:
    """The daemon ends, and starts again after so long."""
    house.daemon.stop()
    house.daemon.later += seconds
    house.daemon.start()


def test_to_a_room(house: House, film: Path) -> None:
    """What is offered to a room all who are in it may fetch, each for themselves."""
    names = ("ada", "bob", "eve")
    screens = [sits(house, name, "#films") for name in names]
    screens[0].wait_for("eve joined")
    screens[0].type(f"/file #films {film}\r")
    for screen in screens[1:]:
        screen.wait_for("ada offers film.mp4 (3.1 MB): /accept ")
        screen.type("/accept\r")
    screens[0].wait_for("film.mp4 is sent.")
    screens[0].type("/files\r")
    screens[0].wait_for("to #films: stored")
    for screen in screens[1:]:
        screen.wait_for("Saved: ")
    late = house.run("ada", "get", house.address, offered(house), "-o", str(saved(house, "ada")))
    assert late[0] == 0, late
    leave(*screens)
    for name in names:
        assert (saved(house, name) / "film.mp4").read_bytes() == CONTENT


def offered(house: House) -> str:
    """The id of what is offered to the room."""
    status, out, err = house.run("ada", "--plain", house.address, given="/files\n")
    assert status == 0, err
    return next(line.split("  ")[0].split()[-1] for line in out.splitlines() if "stored" in line)
