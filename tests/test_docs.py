"""What the pages in docs/ say is so: examples are played, and what is told of can be found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chatd import config, tables
from chatd.__main__ import _parser
from chatd.core.accounts import digest
from chatd.core.settings import Auth, Server
from chatd.errors import NotKept
from chatd.model import Invitation
from chatd.plugins import makers
from chatd.wire.caps import Cap
from tests.daemon import CHECKOUT, environment
from tests.frontends.human.persons import HumanHouse, Person
from tests.house import Client

DOCS = CHECKOUT / "docs"
PAGES = [
    *(CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(DOCS.rglob("*.md")),
]
SERVER = Server(name="chat.example", network="Example", lobby="#lobby")
CAPS = (
    "batch draft/chathistory echo-message labeled-response message-tags server-time"
    " standard-replies"
)
FULL = "the disk is full"
CODE = "pear-42"
PYTEST = ("pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider", "-W", "error")


@dataclass
class Turn:
    """What a client says in an example, and the answers that the page has for it."""

    said: str
    answers: list[str] = field(default_factory=list)


@dataclass
class Block:
    """A fenced block of a page, and the file that the line before it says it is, if any."""

    kind: str
    text: str
    file: str = ""

    def turns(self) -> Iterator[Turn]:
        """An example, turn by turn; what the server says first answers nothing."""
        turn = Turn("")
        for line in self.text.splitlines():
            if line.startswith("S: "):
                turn.answers.append(line.removeprefix("S: "))
            else:
                yield turn
                turn = Turn(line.removeprefix("C: "))
        yield turn


def blocks(page: Path, kind: str) -> list[Block]:
    """The blocks of one kind on a page."""
    pattern = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    found = [Block(k, text, file) for file, k, text in pattern.findall(page.read_text())]
    return [block for block in found if block.kind == kind]


def fits(heard: list[str], answers: list[str]) -> bool:
    """Whether what was heard is what the page says; … stands for anything, alone for any lines."""
    lines = "".join(
        "(.*\n)*" if answer == "…" else re.escape(answer).replace("…", ".*") + "\n"
        for answer in answers
    )
    return re.fullmatch(lines, "".join(f"{line}\n" for line in heard)) is not None


# -- docs/protocol.md


class Stage:
    """A house where the example of a block is played: ada has an account; bob too, unless the
    example is about making it with an invitation code."""

    def __init__(self, block: Block) -> None:
        invited = "VERIFY" in block.text
        auth = Auth(guests=True, registration="invite" if invited else "open")
        self.house = HumanHouse(server=SERVER, auth=auth)
        for name in ("ada",) if invited else ("ada", "bob"):
            self.house.account(name)
        self.house.now(self.house.store.add_invitation(Invitation(digest(CODE), "ada", None, 1)))
        self.player = self._player(block)

    def _player(self, block: Block) -> Client | Person:
        if block.kind == "human":
            return self.house.stranger_at_terminal()
        if "NICK" in block.text:
            return self.house.stranger()
        return self.house.client("ada", caps=CAPS, account=True)

    def plays(self, said: str) -> list[str]:
        """What is heard when this has been said."""
        if said == FULL:
            self.house.store.append = self._refuse
        elif said and isinstance(self.player, Client):
            self.player.says(said)
        elif said:
            self.player.types(said)  # type: ignore[union-attr]
        if isinstance(self.player, Client):
            return self.player.hears(whole=True)
        return [line.replace("(*)", "(14:23:15)") for line in self.player.reads()]

    async def _refuse(self, entries: Any) -> Any:
        raise NotKept(f"{FULL}.")


@pytest.mark.parametrize("kind", ["irc", "human"])
def test_examples_of_the_protocol(kind: str) -> None:
    """Played against a house, the examples go exactly as the page says."""
    found = blocks(DOCS / "protocol.md", kind)
    assert found
    for block in found:
        stage = Stage(block)
        for turn in block.turns():
            heard = stage.plays(turn.said)
            assert fits(heard, turn.answers), (turn.said, heard, turn.answers)


def test_tables_have_their_places() -> None:
    """Each table stands on the page where it belongs, and not at its end."""
    page = (DOCS / "protocol.md").read_text()
    assert all(f"<!-- end of {name} -->" in page for name in tables.tables())
    assert tables.filled(page) == page
    assert tables.filled("") != ""


# -- docs/add-a-command.md and docs/add-a-plugin.md


@pytest.fixture
def laid(tmp_path: Path) -> Callable[[str], Path]:
    """Makes the files of a page, as somebody does who follows it."""

    def lay(page: str) -> Path:
        for kind in ("python", "ini", "toml"):
            for block in blocks(DOCS / page, kind):
                path = tmp_path / block.file.replace("tests/", "trying/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
        return tmp_path

    return lay


def run(folder: Path, *words: str) -> str:
    """Run a module of Python where the files of a page and the checkout can be imported."""
    places = {"PYTHONPATH": os.pathsep.join([str(folder), environment()["PYTHONPATH"]])}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment() | places,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_add_a_command(laid: Callable[[str], Path]) -> None:
    """The command of the page is found where the page puts it, and its test passes."""
    folder = laid("add-a-command.md")
    assert "2 passed" in run(folder, *PYTEST, "trying/commands/test_shouting.py")
    usage = "from chatd.reference import commands_page; print(commands_page())"
    (folder / "listing.py").write_text(usage)
    listed = run(folder, "listing")
    assert "SHOUT <to> <text>\n\nSay something in capitals. In a library" in listed


def test_add_a_plugin(laid: Callable[[str], Path]) -> None:
    """The authenticator of the page keeps its contract, and the ini of the page chooses it."""
    folder = laid("add-a-plugin.md")
    assert "6 passed" in run(folder, *PYTEST, "trying/authenticators/test_scrypt.py")
    assert " passed" in run(folder, *PYTEST, "trying/stores/test_yours.py")
    shown = run(folder, "chatd", "config", "show", "--config", "chatd.ini")
    assert re.search(r"\[authenticator scrypt\]\n(.+\n)*cost = 15\n", shown)
    asked = ("account", "add", "ada", "--password-file", "password", "--config", "chatd.ini")
    (folder / "password").write_text("milk first\n")
    assert "ada has an account now" in run(folder, "chatd", *asked)


# -- docs/path-of-a-message.md


def test_path_of_a_message() -> None:
    """Each step of the path is in the file that the page says."""
    page = (DOCS / "path-of-a-message.md").read_text()
    rows = re.findall(r"^\|.*\| ((?:`chatd/\S+`(?:, )?)+) \| (.*) \|$", page, re.MULTILINE)
    assert len(rows) > 10
    for paths, done in rows:
        text = "".join((CHECKOUT / path).read_text() for path in re.findall(r"`(.*?)`", paths))
        for name in re.findall(r"`(.*?)`", done):
            for word in name.split("."):
                assert re.search(rf"\b{word}\b", text), (paths, name)


# -- all pages


def test_links() -> None:
    """Every link within the repository leads somewhere."""
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if "://" not in link:
                path, _, heading = link.partition("#")
                target = page.parent / path if path else page
                assert target.exists(), (page.name, link)
                assert not heading or heading in headings(target), (page.name, link)


def headings(page: Path) -> set[str]:
    """What can stand behind the # of a link to a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_paths() -> None:
    """Every file and folder of the repository that a page names is there."""
    for page in PAGES:
        for name in re.findall(r"`((?:chatd|clients|tests|etc|docs)/[\w./-]+)`", page.read_text()):
            known = {block.file for block in blocks(page, "python")} | set(Cap)
            assert name in known or (CHECKOUT / name).exists(), (page.name, name)


def test_settings() -> None:
    """Every setting that a page tells to write is one."""
    known = {name for record in _records() for name in config.settings_of(record)} | {"type"}
    for page in (page for page in PAGES if page.parent.name != "decisions"):
        told = re.findall(r"`(?:\[[\w ]+\] )?([a-z_]+) =[^`]*`", page.read_text())
        assert set(told) <= known, (page.name, set(told) - known)


def _records() -> Iterator[type]:
    yield from config.SECTIONS.values()
    for makes in config.FAMILIES.values():
        yield from (maker.options() for maker in makers(makes))


def test_operators_commands() -> None:
    """What a page lets an operator type is known to `chatd`, and to make."""
    targets = re.findall(r"^(\w+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    for page in PAGES:
        text = page.read_text()
        assert set(re.findall(r"\bmake (\w+)`", text)) <= set(targets), page.name
        for line in _typed(text):
            _parser().parse_args(line.split())
    assert len(list(_typed((CHECKOUT / "README.md").read_text()))) > 2


def _typed(text: str) -> Iterator[str]:
    """What stands behind `chatd`, in a sentence or at the beginning of a line to type."""
    for block in re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield from re.findall(r"^(?:\S*/)?chatd (.*)$", block, re.MULTILINE)
    yield from re.findall(r"`chatd ([^`…]*)`", text)
