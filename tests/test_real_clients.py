"""irssi, WeeChat, our own client and openssl against a real daemon, over TLS, at terminals."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon import Daemon, environment
from tests.programs import IRSSI, WEECHAT, weechat_version
from tests.terminal import Terminal, wait_until

PROGRAMS = ("irssi", "weechat", "openssl", "tmux")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
PASSWORD = "oolong-please"
SAID = re.compile(r"(?:<.\w+> |\t|: )(\w+ says \d+)")
"""What somebody said, as irssi, WeeChat, or the other two show it; not what is being typed."""

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

_THERE = {
    "ada": ["was synced"],
    "bob": ["Channel created"],
    "cleo": ["cleo"],
    "dora": ["You joined #tea"],
}
"""What shows each of them that they are in a room."""


@dataclass
class Person:
    """Somebody at a terminal.

    :param read: gives all that their program has shown in a room or from a person, in order.
    """

    name: str
    terminal: Terminal
    read: Callable[[str], str]

    def sees(self, room: str, *patterns: str) -> None:
        """Wait until all of this is shown there."""
        for pattern in patterns:
            wait_until(
                lambda pattern=pattern: bool(re.search(pattern, self.read(room), re.MULTILINE)),
                lambda pattern=pattern: f"{self.name}: no {pattern!r} in\n{self.read(room)}",
            )

    def has_read(self, room: str, texts: set[str]) -> None:
        """Wait until all of these numbered texts are shown there."""
        wait_until(
            lambda: texts <= set(self.said(room)),
            lambda: f"{self.name}: no {texts - set(self.said(room))} in\n{self.read(room)}",
        )

    def said(self, room: str) -> list[str]:
        """The numbered texts that are shown in a room."""
        return SAID.findall(self.read(room))


class Place:
    """A daemon with four accounts, and whoever sits down at a terminal."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self.daemon = Daemon(folder)
        for name in ("ada", "bob", "cleo", "dora"):
            self.daemon.add_account(name, PASSWORD)
        stack.enter_context(self.daemon)
        self.port = self.daemon.port("irc")
        self.fingerprint = re.findall(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", self.daemon.log())[0]

    def sit_down(self, name: str, *command: str, **environ: str) -> Terminal:
        """A program in a terminal, which is closed after the test."""
        folder = self.folder / name
        return self._stack.enter_context(Terminal(folder, *command, environment=environ))

    def irssi(self) -> Person:
        """ada, with irssi, who has never used it before and types what README says."""
        home = self.folder / "irssi"
        if not home.exists():
            home.mkdir()
            (home / "config").write_text(IRSSI.replace("LOGS", str(home / "logs")))
        terminal = self.sit_down("ada", "irssi", "--home", str(home))
        terminal.wait_for("status")
        terminal.type(
            f"/network add -sasl_username ada -sasl_password {PASSWORD} -sasl_mechanism PLAIN home",
            "/server add -auto -network home -tls -notls_verify"
            f" -tls_pinned_cert {self.fingerprint} 127.0.0.1 {self.port}",
            "/connect home",
        )
        terminal.wait_for("Mode change")
        return Person("ada", terminal, lambda room: _text(home / "logs" / f"{room}.log"))

    def weechat(self) -> Person:
        """bob, with WeeChat, likewise."""
        home = self.folder / "weechat"
        settings = [line.replace("LOGS", str(home / "logs")) for line in WEECHAT]
        given = [part for line in settings for part in ("-r", line)]
        terminal = self.sit_down("bob", "weechat", "-d", str(home), *given)
        terminal.wait_for("logger.file.path")
        tls = "tls" if weechat_version() >= 4 else "ssl"
        fingerprint = self.fingerprint.replace(":", "").lower()
        terminal.type(
            f"/server add home 127.0.0.1/{self.port} -{tls} -{tls}_fingerprint={fingerprint}"
            f" -sasl_username=bob -sasl_password={PASSWORD}",
            "/connect home",
        )
        logs = home / "logs"
        bob = Person("bob", terminal, lambda room: _text(_weechat_log(logs, room)))
        bob.sees("#lobby", "Channel #lobby: ")
        return bob

    def chat(self, *options: str) -> Person:
        """cleo, with our own client."""
        terminal = self.sit_down("cleo", *self.command(*options, room="#tea"), **self.environment)
        terminal.wait_for("#tea")
        return Person("cleo", terminal, lambda room: terminal.see())

    def openssl(self) -> Person:
        """dora, with nothing but openssl."""
        address = f"127.0.0.1:{self.daemon.port('human')}"
        terminal = self.sit_down("dora", "openssl", "s_client", "-quiet", "-connect", address)
        terminal.wait_for("AUTH_REQUIRED")
        terminal.type("LOGIN dora")
        terminal.wait_for("Password:")
        terminal.type(PASSWORD)
        terminal.wait_for("You joined")
        return Person("dora", terminal, lambda room: terminal.see())

    def command(self, *options: str, room: str) -> list[str]:
        """A command line of our own client."""
        return [sys.executable, "-m", "clients.cli", *options, f"127.0.0.1:{self.port}", room]

    @property
    def environment(self) -> dict[str, str]:
        """What our own client finds in its environment besides what we find in ours."""
        return {
            "PYTHONPATH": environment()["PYTHONPATH"],
            "XDG_CONFIG_HOME": str(self.folder),
            "CHAT_ACCOUNT": "cleo",
            "CHAT_PASSWORD": PASSWORD,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }

    def history(self) -> list[str]:
        """What was said in #tea, as the server tells it."""
        done = subprocess.run(
            self.command("history", "--json", room="#tea"),
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return [json.loads(line)["text"] for line in done.stdout.splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place with a daemon; all that runs there ends after the test."""
    with ExitStack() as stack:
        yield Place(tmp_path, stack)


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["full-screen", "plain"])
def test_four_clients_in_one_room(place: Place, options: tuple[str, ...]) -> None:
    """Each of them sees what the other three say, in the order in which the server has it."""
    people = [place.irssi(), place.weechat(), place.chat(*options), place.openssl()]
    _meet_in_tea(people)
    for number in range(1, 6):
        for person in people:
            person.terminal.type(f"{person.name} says {number}")
    said = {f"{person.name} says {number}" for person in people for number in range(1, 6)}
    for person in people:
        person.has_read("#tea", said)
    kept = place.history()
    assert (len(kept), set(kept)) == (len(said), said)
    for person in people:
        shown, name = person.said("#tea"), person.name
        assert _others(shown, name) == _others(kept, name)
        assert _own(shown, name) == _own(kept, name) == [f"{name} says {n}" for n in range(1, 6)]


def _meet_in_tea(people: list[Person]) -> None:
    """Go into a room one after another, and wait until all are known to be there."""
    for person in people:
        if person.name != "cleo":
            person.terminal.type("/join #tea")
        person.sees("#tea", *_THERE[person.name])


def test_messages_wait_for_those_who_are_away(place: Place) -> None:
    """What was said to somebody who was not connected is shown by each client when it starts,
    without being asked for."""
    dora = place.openssl()
    dora.terminal.type("/w ada psst, ada", "/w bob psst, bob", "/w cleo psst, cleo")
    dora.sees("", "To cleo")
    place.irssi().sees("dora", "<dora> psst, ada$")
    place.weechat().sees("dora", "dora\tpsst, bob$")
    place.chat("--plain").sees("dora", "dora: psst, cleo")


def test_rooms_and_people(place: Place) -> None:
    """irssi and WeeChat show what happens in a room as what it is, and who is in it, and they
    understand what they are answered."""
    ada, bob = place.irssi(), place.weechat()
    _meet_in_tea([ada, bob])
    ada.terminal.type("/topic All about oolong", "/mode +o bob", "/voice bob", "/mode #tea +i")
    ada.sees("#tea", "changed the topic of #tea to: All about oolong", r"\[\+i\] by ada")
    ada.terminal.type("/names")
    ada.sees("#tea", r"\[~ada\] \[@bob\]")
    bob.sees("#tea", r"Mode #tea \[\+o bob\] by ada", 'topic for #tea to "All about oolong"')
    bob.terminal.type("/away tea time", "/whois ada", "/nick bobby", "/list", "/who #tea", "/names")
    bob.sees("#tea", r"Nicks #tea: \[~ada @bob\]", r"\[\+i\] by ada")
    about_ada = r"\[ada\] #lobby ~@#tea", r"\[ada\] is logged in as ada", r"\[ada\] idle: .*signon"
    bob.sees("server", *about_ada, "your name stays bob", r"#tea\(2\): All about oolong")
    bob.sees("server", r"\[#tea\] ada \(.*\) H~@ 0", "You are away now")
    ada.terminal.type("/whois bob")
    ada.sees(
        "bob", r"channels : #lobby @\+#tea", "account  : bob", r"away     : tea time", "signon: "
    )
    assert "nknown command" not in bob.read("server")


def test_bans_kicks_and_invitations(place: Place) -> None:
    """irssi and WeeChat show who is put out of a room, kept out and let in, and why."""
    ada, bob = place.irssi(), place.weechat()
    _meet_in_tea([ada, bob])
    ada.terminal.type("/mode #tea +i")
    bob.sees("#tea", r"\[\+i\] by ada")
    ada.terminal.type("/ban *!*@evil.example")
    ada.sees("#tea", r"\[\+b \*!\*@evil.example\] by ada")
    ada.terminal.type("/ban")
    ada.sees("#tea", r"ban \*!\*@evil.example \[by ada")
    ada.terminal.type("/kick bob too much sugar")
    bob.sees("#tea", r"ada has kicked bob \(too much sugar\)")
    assert bob.read("#tea").count("+b *!*@evil.example") == 1
    ada.sees("#tea", r"bob was kicked from #tea by ada \[too much sugar\]")
    bob.terminal.type("/join #tea")
    bob.sees("#tea", "#tea is by invitation only")
    ada.terminal.type("/invite bob #tea", "/names")
    bob.sees("server", "You have been invited to #tea by ada")
    bob.terminal.type("/join #tea", "/part #tea enough")
    ada.sees("#tea", r"bob \[.*\] has left #tea \[enough\]")
    ada.terminal.type("/names")
    ada.sees("#tea", r"(?s)\[enough\].*\[~ada\] \n.*Total of 1 nicks")
    assert "nknown command" not in bob.read("server")


def test_restart_of_the_server(place: Place) -> None:
    """After the server was away, both are back in their rooms and can read what was said."""
    ada, bob = place.irssi(), place.weechat()
    _meet_in_tea([ada, bob])
    ada.terminal.type("ada says 1")
    bob.has_read("#tea", {"ada says 1"})
    place.daemon.stop()
    bob.sees("server", "disconnected from server")
    place.daemon.start()
    before = len(ada.read("#tea")), len(bob.read("#tea"))
    ada.terminal.type("/reconnect")
    bob.terminal.type("/reconnect home")
    again = r"(?s)was synced.*was synced", r"(?s)Channel created.*Channel created"
    for person, back in zip((ada, bob), again, strict=True):
        person.sees("#tea", back)
        person.terminal.type("/quote CHATHISTORY LATEST #tea * 10")
    for person, start in zip((ada, bob), before, strict=True):
        wait_until(
            lambda: "ada says 1" in person.read("#tea")[start:],  # noqa: B023
            person.terminal.see,
        )


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _weechat_log(logs: Path, room: str) -> Path:
    return logs / (
        f"irc.{room}.home.weechatlog" if room == "server" else f"irc.home.{room}.weechatlog"
    )


def _own(said: list[str], name: str) -> list[str]:
    return [text for text in said if text.startswith(f"{name} ")]


def _others(said: list[str], name: str) -> list[str]:
    return [text for text in said if not text.startswith(f"{name} ")]
