"""The command line of `chatd bench`, and what it says about one without sense."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pytest

from chatd.__main__ import _parser, main
from chatd.bench import options as chosen
from chatd.bench.goals import KINDS, UNASKED, goals
from chatd.bench.plan import Host, Plan

PIN = "AB:" * 31 + "AB"


def read(*arguments: str) -> argparse.Namespace:
    return _parser().parse_args(["bench", *arguments])


def test_unasked() -> None:
    """Without options it is a short run against a daemon of our own, which may lose nothing."""
    options = read()
    plan = chosen.plan(options)
    assert (plan, chosen.host(options, plan)) == (Plan(), None)
    assert chosen.wanted_goals(options, plan) == goals(UNASKED)


def test_asked() -> None:
    """What is asked for is what is done."""
    options = read(
        *(
            "--clients",
            "1000",
            "--rooms",
            "50",
            "--rate",
            "0.5",
            "--duration",
            "2m",
            "--churn",
            "3",
        ),
        *("--size", "200", "--arrivals", "20", "--patience", "1s", "--mixed", "--slo", "p99=50ms"),
    )
    assert chosen.plan(options) == Plan(1000, 50, 0.5, 120, 3, True, 200, 20, 1)
    assert chosen.wanted_goals(options, Plan()) == goals("p99=50ms")
    options = read("--slo", "growth=1m", "--duration", "5m")
    assert chosen.wanted_goals(options, chosen.plan(options)) == goals("growth=1m")


@pytest.mark.parametrize("written", ["{}", "{}/", "{}/../{name}", ""])
def test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    """A temporary folder may be written in many ways, or not at all."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", written.format(tmp_path, name=tmp_path.name))
    assert chosen.host(read(), Plan()) is None


def test_soak() -> None:
    """A soak is long and large, but for what is said otherwise."""
    assert chosen.plan(read("--soak")) == Plan(1000, 50, 500, 1800, 10, True)
    short = chosen.plan(read("--soak", "--duration", "10s", "--clients", "60"))
    assert (short.seconds, short.clients, short.rooms, short.mixed) == (10, 60, 50, True)


def test_host(tmp_path: Path) -> None:
    """Another host is named with its port, and with how to know it."""
    accounts = tmp_path / "accounts"
    accounts.write_text("ada milk first\nbob pear\n")
    options = read("--clients", "2", "--accounts", str(accounts), "--fingerprint", PIN, "Example:7")
    wanted = (("ada", "milk first"), ("bob", "pear"))
    assert chosen.host(options, Plan(clients=2)) == Host("example", 7, "ab" * 32, None, wanted)
    assert chosen.host(read("[::1]"), Plan()) == Host("::1", 6697)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--clients 0", "argument --clients: '0' is no whole number from 1 to 100000"),
        ("--clients many", "'many' is no whole number"),
        ("--rooms 10001", "'10001' is no whole number from 1 to 10000"),
        ("--rate 0", "'0' is no number of times a second"),
        ("--rate nan", "'nan' is no number of times a second"),
        ("--churn=-1", "'-1' is no number of times a second"),
        ("--arrivals x", "'x' is no number of times a second"),
        ("--size 401", "'401' is no whole number from 1 to 400"),
        ("--duration 0", "'0' is no good: it should be a time, like 90s"),
        ("--patience soon", "'soon' is no good: it should be a time, like 90s"),
        ("--slo p99", "argument --slo: 'p99' is no goal"),
        ("--fingerprint AB:CD example", "'AB:CD' is no SHA-256, 64 hexadecimal digits"),
        ("--cafile /nowhere/ca.pem example", "/nowhere/ca.pem cannot be read (No such file"),
        ("--cafile /dev/null example", "/dev/null has no certificates in PEM"),
        ("--accounts /nowhere/accounts example", "/nowhere/accounts cannot be read"),
        ("--accounts /dev/null example", "/dev/null is not of lines like NAME PASSWORD"),
        ("example:99999", "there is no port 99999"),
        ("irc://example", "'irc://example' is no HOST or HOST:PORT"),
        ("--frobnicate", "unrecognized arguments: --frobnicate"),
    ],
)
def test_no_good(line: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read is refused with a sentence, and status 2."""
    with pytest.raises(SystemExit) as caught:
        main(["bench", *line.split()])
    assert caught.value.code == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--clients 5", "10 rooms for 5 clients: some would be empty."),
        (f"--fingerprint {PIN}", "--fingerprint is for another host: name it."),
        ("--slo memory=36k example", "memory=36k can be judged of a daemon of our own only."),
        (
            "--slo growth=1m --duration 299s",
            "growth=1m can be judged after five minutes: --duration 5m, or longer.",
        ),
    ],
)
def test_no_sense(line: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What makes no sense together is refused in the same way."""
    with pytest.raises(SystemExit) as caught:
        main(["bench", *line.split()])
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"chatd bench: {why}\n"


def test_too_few_accounts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each client needs an account of its own."""
    accounts = tmp_path / "accounts"
    accounts.write_text("ada milk first\n")
    with pytest.raises(SystemExit):
        main(["bench", "--accounts", str(accounts), "example"])
    assert "there are 1 accounts for 100 clients" in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help has every option, every goal and every status, and its examples can be typed."""
    with pytest.raises(SystemExit) as caught:
        main(["bench", "--help"])
    page = capsys.readouterr().out
    assert caught.value.code == 0
    for word in (*KINDS, "exit status:", "  130  interrupted"):
        assert word in page
    examples = [line.split() for line in page.splitlines() if line.startswith("  chatd bench")]
    assert len(examples) > 3
    for words in examples:
        read(*(word.replace("AB:CD:…", PIN) for word in words[2:]))
