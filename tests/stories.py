"""Plays stories: tests for people who do not read Python (tests/scripts/*.chat).

    # An outsider may read the topic, but not change it.
    ada > JOIN #tea
    eve > TOPIC #tea :Coffee
    eve < 442 eve #tea :You are not in #tea.

`ada > line`   ada sends a line. Who is named for the first time comes on line, as a guest
               unless the story says that they have an account. `ada/phone` is a second
               connection of ada.
`eve < line`   what eve hears of it: exactly these lines, in this order. `eve <` alone: nothing.
               Who is not named may hear what they like. `…` stands for anything. Tags are
               looked at only where the line in the story has some.
`* sentence`   something that happens, or holds: see SENTENCES.
`# text`       a remark.

Lines that are sent one after another are one moment; what follows is what is heard of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from chatd.core.accounts import digest
from chatd.core.settings import Auth, Server
from chatd.model import Invitation, Rank
from chatd.wire.irc import Line, parse_text
from tests.house import Client, Disk, House, plain

_SAID = re.compile(r"(?P<who>[\w/]+) (?P<way>[<>])(?: (?P<line>.*))?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class Unlike(AssertionError):
    """Something in a story went otherwise."""


class Story:
    """One story, while it is played."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store = Disk()
        self._house = House(self._store)
        self._caps: dict[str, str] = {}
        self._members: set[str] = set()
        self._clients: dict[str, Client] = {}
        self._expected: dict[str, list[str]] = {}
        self._number = 0

    def play(self) -> None:
        """Do what the story tells, and compare what is heard."""
        for line in self._path.read_text().splitlines():
            self._number += 1
            self._step(line.rstrip())
        self._compare()

    def _step(self, line: str) -> None:
        if not line or line.startswith("#"):
            return
        said = _SAID.fullmatch(line)
        if said is None:
            self._compare()
            self._happens(line)
        elif said["way"] == ">":
            self._compare()
            self._client(said["who"]).says(said["line"])
        else:
            self._expected.setdefault(said["who"], [])
            if said["line"]:
                self._expected[said["who"]].append(said["line"])

    def _happens(self, line: str) -> None:
        for pattern, do in SENTENCES.items():
            found = re.fullmatch(pattern, line.removeprefix("* "))
            if found is not None:
                do(self, *found.groups())
                return
        raise Unlike(f"{self._where()}: what does this mean: {line!r}?")

    def _client(self, who: str) -> Client:
        if who not in self._clients:
            name = who.partition("/")[0]
            client = self._house.client(name, self._caps.get(name, ""), name in self._members)
            self._clients[who] = client
        return self._clients[who]

    def _compare(self) -> None:
        """Look at what was heard since the last moment, if the story told what; forget it."""
        if not self._expected:
            return
        for who, expected in self._expected.items():
            heard = self._client(who).lines()
            shown = [plain(line) for line in heard]
            if len(heard) != len(expected) or not all(map(_is_like, heard, expected)):
                told, found = "\n  ".join(expected), "\n  ".join(shown)
                raise Unlike(f"{self._where()}: {who} should hear\n  {told}\nbut hears\n  {found}")
        self._expected.clear()
        for client in self._clients.values():
            client.lines()

    def _where(self) -> str:
        return f"{self._path.name}, before line {self._number + 1}"

    # -- what can happen

    def _have_accounts(self, names: str) -> None:
        for name in _names(names):
            self._house.account(name)
            self._members.add(name)

    def _has_office(self, name: str, office: str) -> None:
        self._house.account(name, Rank[office.upper()])
        self._members.add(name)

    def _knows(self, name: str, caps: str) -> None:
        self._caps[name] = " ".join(_names(caps))

    def _lobby(self, room: str) -> None:
        self._house.settings.server = Server(name="house", lobby=room)

    def _by_invitation(self, code: str) -> None:
        self._house.settings.auth = Auth(guests=True, registration="invite")
        invitation = Invitation(digest(code), "admin", None, 1)
        self._house.now(self._store.add_invitation(invitation))

    def _pass(self, number: str, unit: str) -> None:
        self._house.clock.advance(int(number) * _SECONDS[unit])

    def _full(self) -> None:
        self._store.full = True

    def _works(self) -> None:
        self._store.full = False

    def _cut_off(self, who: str) -> None:
        self._clients.pop(who).leaves()

    def _connects(self, who: str) -> None:
        self._clients[who] = self._house.stranger()

    def _comes(self, who: str) -> None:
        self._clients.pop(who, None)
        self._client(who)


SENTENCES: dict[str, Callable[..., None]] = {
    r"(.+) ha(?:s|ve) (?:an account|accounts)\.": Story._have_accounts,
    r"(\w+) is an? (moderator|admin) of the server\.": Story._has_office,
    r"(\w+)'s client knows (.+)\.": Story._knows,
    r"The lobby is (#\w+)\.": Story._lobby,
    r"Accounts are by invitation; there is the code (\w+)\.": Story._by_invitation,
    r"(\d+) (second|minute|hour|day)s? pass(?:es)?\.": Story._pass,
    r"The disk is full\.": Story._full,
    r"The disk has room again\.": Story._works,
    r"([\w/]+) is cut off\.": Story._cut_off,
    r"([\w/]+) connects, and has said nothing yet\.": Story._connects,
    r"([\w/]+) comes on line\.": Story._comes,
}


def _names(text: str) -> list[str]:
    return re.split(r", | and ", text)


def _is_like(heard: Line, expected: str) -> bool:
    if expected == "…":
        return True
    wanted = parse_text(expected)
    pattern = ".*".join(map(re.escape, _shape(wanted, wanted.tags).split("…")))
    shape = _shape(parse_text(plain(heard)), heard.tags if wanted.tags else {})
    return re.fullmatch(pattern, shape, re.DOTALL) is not None


def _shape(line: Line, tags: Mapping[str, str]) -> str:
    """A line in one form, whichever way its last parameter is written."""
    marks = ";".join(f"{name}={value}" for name, value in sorted(tags.items()))
    return "\n".join([marks, line.source or "", line.verb, *line.params])
