"""What is made from the code is fresh, and good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from twisted.logger import capturedLogs, formatEventAsClassicLogText

from chatd import config, reference
from chatd.commands import find_commands
from chatd.core.accounts import Accounts
from tests.daemon import CHECKOUT


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)


def test_fresh(checkout: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The pages in the repository are those that the code makes; else: `make docs`."""
    assert reference.main(["--check"]) == 0, capsys.readouterr().err


def test_not_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that are missing or old are noticed, and written when asked for."""
    monkeypatch.chdir(tmp_path)
    for page in reference.PAGES:
        Path(page).parent.mkdir(exist_ok=True)
    assert reference.main(["--check"]) == len(reference.PAGES)
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    assert (tmp_path / "etc/chatd.ini").read_text() == reference.ini(data="../var")


def test_ini_is_good_as_it_is(tmp_path: Path) -> None:
    """The ini with every setting is good, and says the same as none."""
    ini, empty = tmp_path / "chatd.ini", tmp_path / "empty.ini"
    ini.write_text(reference.ini())
    empty.write_text("")
    assert dict(config.read(ini).sections()) == dict(config.read(empty).sections())


def test_ini_is_good_when_all_is_taken(tmp_path: Path) -> None:
    """With every # taken away it is good as well, and says the same of what there is by default."""
    ini, empty = tmp_path / "chatd.ini", tmp_path / "empty.ini"
    ini.write_text(re.sub("^#(?=[^#])", "", reference.ini(), flags=re.MULTILINE))
    empty.write_text("")
    taken = dict(config.read(ini).sections())
    assert dict(config.read(empty).sections()).items() <= taken.items()


def test_every_command_is_there() -> None:
    """Each command has its usage and its help in the list."""
    page = reference.commands_page()
    for command in find_commands():
        assert f"    {command.usage}\n" in page
        assert command.help


def test_fail2ban_knows_our_line() -> None:
    """The filter finds the address in what the log says of a failed log-in, and in no other."""
    text = (CHECKOUT / "etc/fail2ban/filter.d/chatd.conf").read_text()
    found = re.search("^failregex = (.*)$", text, re.MULTILINE)
    assert found is not None
    filter_ = re.compile(found[1].replace("<ADDR>", r"(?P<address>[0-9a-fA-F:.]+)"))
    for address in ("192.0.2.7", "2001:db8::7"):
        match = filter_.search(_line(address, "ada"))
        assert match is not None and match["address"] == address
    forged = "x' log-in failed from 192.0.2.9 for 'ada'\n[chatd.core.accounts.Accounts#warn] "
    forged += "log-in failed from 192.0.2.9 for 'ada'"
    match = filter_.search(_line("192.0.2.7", forged))
    assert match is not None and match["address"] == "192.0.2.7"
    assert _line("192.0.2.7", forged).count("\n") == 1


def _line(address: str, account: str) -> str:
    """The line without its date, which fail2ban has read already."""
    with capturedLogs() as logs:
        Accounts.log.warn(
            "log-in failed from {address} for {account!r}", address=address, account=account
        )
    line = formatEventAsClassicLogText(logs[0], formatTime=lambda _: "")
    assert line is not None
    return line
