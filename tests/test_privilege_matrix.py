"""Every act that needs an office, by everybody, through every door.

The table says it, and was written by hand; what is looked at is the deed. `usr` has not taken up
an office, `mod` and `adm` have; `few` is a moderator where the ini lets moderators WALLOPS only.
To add an act, add a row and a deed; see tests/test_permission_matrix.py for those in rooms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest

from chatd.core.files import File
from chatd.core.settings import Operators, Server
from chatd.events import Announced
from chatd.model import Barred, Privilege, Rank, ServerBan
from tests.frontends.human.persons import HumanHouse
from tests.house import FakeSession
from tests.test_permission_matrix import Door, HumanDoor, IrcDoor

POLICY = """
                               gue usr few mod adm
hang up on somebody             -   -   -   +   +
speak to all operators          -   -   +   +   +
ban an account                  -   -   -   +   +
ban a network                   -   -   -   +   +
ban a mask                      -   -   -   +   +
ban very many by a slip         -   -   -   -   -
ban very many                   -   -   -   +   +
ban a moderator                 -   -   -   +   +
ban an administrator            -   -   -   -   +
ban oneself                     -   -   -   -   -
take a ban back                 -   -   -   +   +
see the bans                    -   -   -   +   +
see how to ban somebody         -   -   -   +   +
let nobody new in               -   -   -   +   +
let new people in again         -   -   -   +   +
see whether new people may come -   -   -   +   +
have the settings read again    -   -   -   -   +
end the daemon                  -   -   -   -   +
end the daemon by a slip        -   -   -   -   -
see where somebody comes from   -   -   +   +   +
cancel the file of another      -   -   -   +   +
"""
COLUMNS = POLICY.split("\n")[1].split()
RANKS = {"few": Rank.MODERATOR, "mod": Rank.MODERATOR, "adm": Rank.ADMIN}
FILE = "k3x9w2ab"
BAN = ServerBan(Barred.NETWORK, "198.51.100.0/24", "root", 1, reason="noise")


class Scene:
    """A house where target is on line, and sub at the door; root and judge have an office.

    `shown` is what sub saw when the deed was done.
    """

    def __init__(self, door: type[Door], who: str, deed: Deed) -> None:
        self.house = HumanHouse(server=Server(name="house", lobby=""))
        if who == "few":
            self.house.settings.operators = Operators(moderators=(Privilege.WALLOPS,))
        self.target = self._comes("target", Rank.USER, "203.0.113.9")
        self._comes("judge", Rank.MODERATOR, "203.0.114.9")
        self._comes("root", Rank.ADMIN, "203.0.115.9")
        if who != "gue":
            self.house.account("sub", RANKS.get(who, Rank.USER))
        sub = door(self.house, guest=who == "gue")
        if who in RANKS:
            sub.take_office()
        self.house.now(deed.before(self))
        self.target.heard.clear()
        self.shown = sub.does(deed)  # type: ignore[arg-type]

    def _comes(self, name: str, rank: Rank, address: str) -> FakeSession:
        self.house.account(name, rank)
        session = self.house.session(name, account=True)
        session.address = address
        return session

    @property
    def bans(self) -> Any:
        """The bans as they stand."""
        return self.house.core.server_bans


async def nothing(scene: Scene) -> None:
    """Nothing is done before."""


async def banned_before(scene: Scene) -> None:
    """There is a ban already."""
    await scene.bans._put(BAN)


async def locked_before(scene: Scene) -> None:
    """Nobody new is let in already."""
    await scene.bans._put(ServerBan(Barred.NEWCOMERS, "*", "root", 1))


async def offered_before(scene: Scene) -> None:
    """There is a file already, in a room of target's."""
    files = scene.house.core.files
    await scene.house.core.members.join(scene.target, "#tea")
    with mock.patch.object(files, "_new_id", lambda: FILE):
        await files.offer(scene.target, "#tea", File("x.mp4", 9))


@dataclass(frozen=True)
class Deed:
    """An act, which is asked for by the same words through every door, and how to see it done."""

    words: str
    done: Callable[[Scene], bool]
    before: Callable[[Scene], Any] = nothing

    @property
    def irc(self) -> str:
        return self.words

    @property
    def human(self) -> str:
        return f"/{self.words.replace(' :', ' ')}"


def bans(target: str, *more: str) -> Deed:
    """Banning somebody."""
    return Deed(
        " ".join(["UBAN ADD", target, *more]),
        lambda scene: any(ban.target.startswith(target) for ban in scene.bans),
    )


def saw(text: str) -> Callable[[Scene], bool]:
    """Whether this was shown."""
    return lambda scene: text in scene.shown


DEEDS = {
    "hang up on somebody": Deed("KILL target :noise", lambda s: s.target.closed is not None),
    "speak to all operators": Deed(
        "WALLOPS :news", lambda s: any(isinstance(e, Announced) for e in s.target.heard)
    ),
    "ban an account": bans("target"),
    "ban a network": bans("203.0.113.0/24"),
    "ban a mask": bans("tar*!*@*", "1h noise"),
    "ban very many by a slip": bans("128.0.0.0/1"),
    "ban very many": bans("10.0.0.0/8", "CONFIRM"),
    "ban a moderator": bans("judge"),
    "ban an administrator": bans("root"),
    "ban oneself": bans("sub"),
    "take a ban back": Deed(f"UBAN DEL {BAN.target}", lambda s: not list(s.bans), banned_before),
    "see the bans": Deed("UBAN LIST", saw("noise"), banned_before),
    "see how to ban somebody": Deed("UBAN INFO target", saw("203.0.113.9")),
    "let nobody new in": Deed("LOCKDOWN on", lambda s: s.bans.lockdown is not None),
    "let new people in again": Deed(
        "LOCKDOWN off", lambda s: s.bans.lockdown is None, locked_before
    ),
    "see whether new people may come": Deed("LOCKDOWN", saw("by root"), locked_before),
    "have the settings read again": Deed("REHASH", lambda s: s.house.daemon.reloads == 1),
    "end the daemon": Deed("DIE house", lambda s: s.house.daemon.ended),
    "end the daemon by a slip": Deed("DIE now", lambda s: s.house.daemon.ended),
    "see where somebody comes from": Deed("WHOIS target", saw("203.0.113.9")),
    "cancel the file of another": Deed(
        f"CANCEL {FILE} :noise", lambda s: not list(s.house.core.files), offered_before
    ),
}


def rows() -> dict[str, str]:
    """The table: the verdicts by act, those of all columns in one text."""
    _, _, *lines = POLICY.split("\n")
    return {line[:31].strip(): "".join(line[31:].split()) for line in lines if line}


def test_the_table_is_complete() -> None:
    """Each row has its deed, each deed its row, and each row a verdict for everybody."""
    assert list(rows()) == list(DEEDS)
    assert {len(verdicts) for verdicts in rows().values()} == {len(COLUMNS)}


@pytest.mark.parametrize("act", DEEDS)
@pytest.mark.parametrize("door", [IrcDoor, HumanDoor])
def test_verdicts(door: type[Door], act: str) -> None:
    """Each act is allowed to those to whom the table allows it, and to nobody else."""
    deed = DEEDS[act]
    found = ["+" if deed.done(Scene(door, who, deed)) else "-" for who in COLUMNS]
    assert dict(zip(COLUMNS, found, strict=True)) == dict(zip(COLUMNS, rows()[act], strict=True))


@pytest.mark.parametrize("act", DEEDS)
def test_on_record(act: str) -> None:
    """What is done is on record with who did it; what is refused, and what only looks, is not."""
    deed = DEEDS[act]
    for who in COLUMNS:
        scene = Scene(IrcDoor, who, deed)
        by = [record.deed.by for record in scene.house.now(scene.house.store.records(0, 9))]
        changes = deed.done(scene) and not act.startswith("see ")
        assert by == (["sub"] if changes else []), who
