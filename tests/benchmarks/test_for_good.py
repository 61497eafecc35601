"""The benchmarks run: a short load against a real daemon, and what is printed of it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import peers, servers
from bench.__main__ import main
from bench.generator import Generator, NotMeasured, build
from bench.loads import LOADS, Pace
from bench.rounds import Taker
from bench.targets import CHATD
from tests.daemon import CHECKOUT, environment

TINY = Pace(seconds=1.0, warmup=0.1, settle=0.1, pages=3, part=0.0003, file_mb=5)


@pytest.fixture(scope="module", autouse=True)
def generator() -> None:
    """The load generator, where there is a compiler; else nothing here can run."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    build()


@pytest.mark.servers
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command measures chatd and the floor, and prints both for people and for programs."""
    written = tmp_path / "figures.json"
    line = "--load w1-100 --server chatd --server floor --quick"
    assert main([*line.split(), "--folder", str(tmp_path), "--json", str(written)]) == 0
    shown = capsys.readouterr()
    assert "w1-100  chatd" in shown.out
    assert "a first look: one short run each" in shown.out
    assert shown.err == ""
    kept = json.loads(written.read_text())["kept"]
    assert [sample["server"] for sample in kept] == ["chatd", "floor"]
    assert all(sample["figures"]["rate"] > 0 for sample in kept)


@pytest.mark.servers
def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends it soon, also while a server starts, and leaves no process and no folder."""
    line = "--load w1-100 --server chatd --rounds 2 --seconds 60 --folder"
    process = subprocess.Popen(
        [*("env", "--default-signal=INT", sys.executable, "-m", "bench"), *line.split(), tmp_path],
        cwd=CHECKOUT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("chatd.db")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, complaints
    assert complaints == "bench: interrupted; this is what was measured until then.\n"
    assert out.startswith("processor: ")
    assert list(tmp_path.iterdir()) == []
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in lines if str(tmp_path).encode() in line]


@pytest.mark.servers
@pytest.mark.parametrize(
    ("load", "figure"),
    [
        ("receipts", "batch"),
        ("history", "after_p50_ms"),
        ("file", "mb_per_s"),
        ("files-20", "files_mib"),
        ("files-10", "files_ratio"),
    ],
)
def test_loads(tmp_path: Path, load: str, figure: str) -> None:
    """Loads with a client or a store of their own give figures."""
    place = servers.place(tmp_path, None)
    sample = Taker(place, Generator(None), TINY)(load, CHATD)
    assert sample.figures[figure] > 0


@pytest.mark.servers
def test_words(tmp_path: Path) -> None:
    """The peer that is always there serves the same load."""
    sample = Taker(servers.place(tmp_path, None), Generator(None), TINY)("pairs", "words")
    assert sample.figures["rate"] > 0


@pytest.mark.servers
@pytest.mark.parametrize("server", ["wormhole", "socat"])
def test_relays(tmp_path: Path, server: str) -> None:
    """The same file goes through the other relays, where they are installed."""
    try:
        sample = Taker(servers.place(tmp_path, None), Generator(None), TINY)("file", server)
    except NotMeasured as error:
        pytest.skip(str(error))
    assert sample.figures["mb_per_s"] > 0


def test_what_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that is not there is a run without figures, with the reason, and leaves nothing."""
    monkeypatch.setattr(peers, "SBIN", "")
    monkeypatch.setenv("PATH", "")
    place = servers.place(tmp_path, None)
    with pytest.raises(NotMeasured, match="inspircd is not installed"):
        Taker(place, Generator(None), TINY)("pairs", "inspircd")
    assert not list(tmp_path.glob("peer-*"))


@pytest.mark.parametrize("line", [["P99"], ["--server", "words"], ["--load", "nothing"]])
def test_command_line(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be measured is told before anything is started."""
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The command explains itself: loads, targets, what counts, how it ends."""
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    for word in (*LOADS, "P12", "disturbed runs", "exit status", "examples"):
        assert word in shown
