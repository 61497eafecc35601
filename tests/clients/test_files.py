"""Files between `chat` programs, through the daemon itself: cut, killed, stopped and refused."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain, repeat
from pathlib import Path

import pytest

from tests import cutting
from tests.cable import Cable
from tests.carrier import Carrier
from tests.clients.test_with_daemon import PASSWORD, House, Screen
from tests.talker import CAPS, Talker

MEGABYTE = 1 << 20
CONTENT = os.urandom(5 * MEGABYTE)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all; nobody in it offers as little as the ini would have it."""
    made = House(tmp_path_factory.mktemp("house"))
    made.daemon.add_account("eve", PASSWORD)
    made.daemon.stop()
    made.daemon.write({"files": {"offers_every": "0s", "free": "0", "meeting": "1s"}})
    made.daemon.start()
    yield made
    made.daemon.kill()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file to send."""
    path = tmp_path / "film.mp4"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to save files in."""
    path = tmp_path / "saved"
    path.mkdir()
    return path


def put(house: House, to: str, path: Path) -> str:
    """Send a file; its id."""
    status, out, err = house.run("ada", "put", house.address, to, str(path))
    assert status == 0, err
    return out.strip()


def sender(house: House, name: str = "ada") -> Talker:
    """Somebody who knows the protocol, and may use it badly."""
    return Talker(house.daemon, name, PASSWORD, f"{CAPS} chatd/files")


def asks(talker: Talker, line: str, at: int) -> str:
    """A parameter of the answer to a request about files."""
    told = talker.asks(f"@label=1 FILE {line}")
    return next(one.params[at] for one in told if "label" in one.tags)


def offers(talker: Talker, content: bytes) -> str:
    """Offer these bytes to bob; the id."""
    digest = sha256(content).hexdigest()
    return asks(talker, f"OFFER bob {len(content)} a/b {digest} :x.mp4", 2)


def accepted(talker: Talker) -> None:
    """Wait until what was offered is accepted."""
    while talker.waits_for("FILE")[-1].params[0] != "ACCEPTED":
        pass


def brings(house: House, talker: Talker, id_: str) -> Carrier:
    """A connection to bring them by."""
    return Carrier(house.daemon, asks(talker, f"TICKET {id_} SEND", 4))


def test_put_and_get(house: House, film: Path, folder: Path) -> None:
    """What `put` sends `get` saves, under its name or as one likes, and says where."""
    id_ = put(house, "bob", film)
    status, out, err = house.run("bob", "get", house.address, id_, "--output", str(folder))
    assert (status, out) == (0, f"{folder / 'film.mp4'}\n"), err
    assert (folder / "film.mp4").read_bytes() == CONTENT
    other = folder / "other.mp4"
    assert house.run("bob", "get", house.address, id_, "-o", str(other))[0] == 0
    assert other.read_bytes() == CONTENT
    assert len(list(folder.iterdir())) == 2
    empty = film.with_name("empty")
    empty.touch()
    id_ = put(house, "bob", empty)
    status, out, err = house.run("bob", "get", "--downloads", str(folder), house.address, id_)
    assert (status, (folder / "empty").read_bytes()) == (0, b""), err


def test_refused(house: House, film: Path) -> None:
    """Each thing that is wrong has its status, and a sentence."""
    id_ = put(house, "bob", film)
    status, _, err = house.run("eve", "get", house.address, id_)
    assert (status, f"There is no file {id_}" in err) == (1, True)
    status, _, err = house.run("ada", "put", house.address, "nobody", str(film))
    assert (status, "nobody" in err) == (1, True)
    status, _, err = house.run("ada", "put", house.address, "bob", "/no/such/file")
    assert (status, "cannot be read" in err) == (6, True)
    status, _, err = house.run("ada", "put", house.address, "bob", "/dev/zero")
    assert (status, "only plain files" in err) == (6, True)
    status, _, err = house.run("bob", "get", house.address, id_, "-o", f"{film}/x/y")
    assert (status, "not a directory" in err) == (6, True)


def test_to_a_room(house: House, film: Path, tmp_path: Path) -> None:
    """All in a room may fetch what was sent there, at once."""
    for name in ("ada", "bob", "eve"):
        assert house.run(name, "send", house.address, "#films", given="hi")[0] == 0
    id_ = put(house, "#films", film)
    receivers = []
    for name in ("ada", "bob", "eve"):
        (tmp_path / name).mkdir()
        receivers.append(house.start(name, "get", house.address, id_, "-o", str(tmp_path / name)))
    for receiver in receivers:
        _, err = receiver.communicate(timeout=30)
        assert receiver.returncode == 0, err
    for name in ("ada", "bob", "eve"):
        assert (tmp_path / name / "film.mp4").read_bytes() == CONTENT


def test_cut(house: House, film: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network that cuts each of them twice, both go on from where they were."""
    lengths = chain([None, MEGABYTE, 2 * MEGABYTE, None], [None, 2 * MEGABYTE, MEGABYTE])
    every = chain(lengths, repeat(None))
    monkeypatch.setattr(cutting, "length", lambda: next(every))
    monkeypatch.setattr(cutting, "SLOWEST", 0)
    monkeypatch.setattr(cutting, "CHUNK", MEGABYTE // 16)
    with cutting.Cutter(house.daemon.port("irc")) as cutter:
        address = f"127.0.0.1:{cutter.port}"
        status, out, err = house.run("ada", "put", address, "bob", str(film))
        assert (status, cutter.cuts, err.count("film.mp4 waits")) == (0, 2, 2), err
        status, _, err = house.run("bob", "get", address, out.strip(), "-o", str(folder))
        assert (status, cutter.cuts, err.count("film.mp4 waits")) == (0, 4, 2), err
    assert (folder / "film.mp4").read_bytes() == CONTENT


def test_killed(house: House, tmp_path: Path, folder: Path) -> None:
    """The daemon is killed while a file is sent to it; it goes on when it is there again."""
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.truncate(90 * MEGABYTE)
    sending = house.start("ada", "put", house.address, "bob", str(path))
    kept = house.daemon.data / "files"
    before = sum(one.stat().st_size for one in kept.iterdir())
    house.daemon.wait_for(
        lambda: sum(one.stat().st_size for one in kept.iterdir()) > before + 5 * MEGABYTE
    )
    house.daemon.kill()
    house.daemon.start()
    out, err = sending.communicate(timeout=30)
    assert (sending.returncode, "long waits" in err) == (0, True), err
    assert house.run("bob", "get", house.address, out.strip(), "-o", str(folder))[0] == 0
    assert (folder / "long").stat().st_size == 90 * MEGABYTE
    with sender(house) as ada:
        asks(ada, f"CANCEL {out.strip()}", 2)


def test_interrupted(house: House, folder: Path) -> None:
    """After Ctrl-C the same command goes on from what there is."""
    content = CONTENT[: 3 * MEGABYTE]
    with sender(house) as ada:
        id_ = offers(ada, content)
        getting = house.start("bob", "get", house.address, id_, "-o", str(folder))
        accepted(ada)
        with brings(house, ada, id_) as carrier:
            carrier.start()
            carrier.sends(content[:MEGABYTE])
            part = folder / f".chat-{id_}.part"
            house.daemon.wait_for(lambda: part.exists() and part.stat().st_size == MEGABYTE)
            getting.send_signal(signal.SIGINT)
            getting.communicate(timeout=30)
            assert (getting.returncode, part.stat().st_size) == (130, MEGABYTE)
        getting = house.start("bob", "get", house.address, id_, "-o", str(folder))
        with brings(house, ada, id_) as carrier:
            start = carrier.start()
            assert start > 0
            carrier.sends(content[start:])
            _, err = getting.communicate(timeout=30)
    assert getting.returncode == 0, err
    assert (folder / "x.mp4").read_bytes() == content


def test_sender_interrupted(house: House, tmp_path: Path) -> None:
    """After Ctrl-C the same `put` goes on with the offer that there is, and what was sent of it."""
    path = tmp_path / "again"
    with path.open("wb") as file:
        file.truncate(20 * MEGABYTE)
    with sender(house) as ada, Cable(house.daemon, stop=5 * MEGABYTE) as cable:
        sending = house.start("ada", "put", cable.address, "bob", str(path))
        house.daemon.wait_for(lambda: held(ada, "again") > MEGABYTE)
        sending.send_signal(signal.SIGINT)
        sending.communicate(timeout=30)
        assert sending.returncode == 130
        cable.loosen()
        id_ = put(house, "bob", path)
        assert held(ada, "again") == 20 * MEGABYTE
        asks(ada, f"CANCEL {id_}", 2)


def held(talker: Talker, name: str) -> int:
    """How many bytes the server has of the only file of this name."""
    told = talker.asks("FILE LIST")
    listed = [line for line in told if line.params[:1] == ("LISTED",) and line.params[-1] == name]
    assert len(listed) <= 1
    return int(listed[0].params[7]) if listed else 0


def test_wrong_hash(house: House, folder: Path) -> None:
    """What is not what was offered is removed, and that is said."""
    with sender(house) as ada:
        id_ = offers(ada, b"what was meant")
        getting = house.start("bob", "get", house.address, id_, "-o", str(folder))
        accepted(ada)
        with brings(house, ada, id_) as carrier:
            carrier.start()
            carrier.sends(b"something else")
            assert carrier.refusal() == "WRONG_HASH"
        _, err = getting.communicate(timeout=30)
    assert (getting.returncode, "not what was offered" in err) == (6, True), err
    assert list(folder.iterdir()) == []


def test_cancelled(house: House, folder: Path) -> None:
    """Who fetches what is taken back ends at once, with the reason, and keeps nothing of it."""
    with sender(house) as ada:
        id_ = offers(ada, CONTENT)
        getting = house.start("bob", "get", house.address, id_, "-o", str(folder))
        accepted(ada)
        with brings(house, ada, id_) as carrier:
            carrier.start()
            carrier.sends(CONTENT[:MEGABYTE])
            part = folder / f".chat-{id_}.part"
            house.daemon.wait_for(lambda: part.exists() and part.stat().st_size == MEGABYTE)
            ada.asks(f"@label=2 FILE CANCEL {id_} :wrong one")
        _, err = getting.communicate(timeout=30)
    assert getting.returncode == 1, err
    assert list(folder.iterdir()) == []


def test_in_the_line_mode(house: House, film: Path, folder: Path) -> None:
    """One offers, the other is asked, accepts, and declines; what has become shorter
    meanwhile is taken back."""
    ada, eve = sits(house, "ada"), sits(house, "eve", "--downloads", str(folder))
    ada.type(f"/filew eve {film}\r")
    eve.wait_for("ada offers film.mp4 (5.2 MB): /accept ")
    eve.type("/accept\r")
    eve.wait_for(f"Saved: {folder / 'film.mp4'}")
    ada.wait_for("film.mp4 is sent.")
    assert (folder / "film.mp4").read_bytes() == CONTENT
    ada.type(f"/filew eve {film}\r")
    eve.wait_for("ada offers film.mp4")
    eve.type("/decline\r")
    ada.wait_for("eve declines film.mp4.")
    ada.type(f"/filew eve {film}\r")
    eve.wait_for("ada offers film.mp4")
    os.truncate(film, 1000)
    eve.type("/accept\r")
    ada.wait_for("film.mp4: the file has become shorter.")
    eve.wait_for("ada takes film.mp4 back (the file has become shorter.).")
    for screen in (ada, eve):
        screen.type("/quit\r")
        assert screen.end() == 0
    assert [path.name for path in folder.iterdir()] == ["film.mp4"]


def sits(house: House, name: str, *options: str) -> Screen:
    """Somebody in front of a terminal."""
    screen = Screen(house, name, "--plain", *options, house.address)
    screen.wait_for(">")
    return screen
