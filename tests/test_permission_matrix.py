"""Every act, by everybody, through every door: who may do what in a room.

The table says it; it was written by hand from what chatd.core.permissions promises, and
each front-end has to give just these verdicts. What was asked for is not looked at in the
answer but in the deed: whether the topic is another, whether somebody heard.

To add an act, add a row and a deed. To add a front-end, add a door.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import pytest

from chatd.core.places import Place
from chatd.core.settings import Server
from chatd.events import Invited, Offered, Posted, Redacted
from chatd.model import Mode, Rank, Role
from chatd.relays.pair import Pair
from tests.frontends.human.persons import HumanHouse
from tests.house import FakeSession

POLICY = """
                               out ban gue mem voi op  adm own mod srv
see who is in a room            +   +   +   +   +   +   +   +   +   +
see who is in a secret room     -   -   +   +   +   +   +   +   +   +
read the history                -   -   +   +   +   +   +   +   -   -
learn the key                   -   -   +   +   +   +   +   +   +   +
come in                         +   -   +   +   +   +   +   +   +   +
come into a closed room         -   -   +   +   +   +   +   +   +   +
come in without the key         -   -   +   +   +   +   +   +   +   +
speak                           -   -   +   +   +   +   +   +   -   -
speak where outsiders may       +   -   +   +   +   +   +   +   +   +
speak in a moderated room       -   -   -   -   +   +   +   +   -   -
speak among the registered      -   -   -   +   +   +   +   +   -   -
speak when all are banned       -   -   -   -   +   +   +   +   -   -
speak to the ops                -   -   +   +   +   +   +   +   -   -
take back what others said      -   -   -   -   -   +   +   +   +   +
offer a file                    -   -   -   +   +   +   +   +   -   -
offer in a moderated room       -   -   -   -   +   +   +   +   -   -
offer where outsiders speak     -   -   -   +   +   +   +   +   -   -
fetch a file                    -   -   -   +   +   +   +   +   -   -
see the files of a room         -   -   -   +   +   +   +   +   -   -
bring the file of another       -   -   -   -   -   -   -   -   -   -
decline the file of a room      -   -   -   -   -   -   -   -   -   -
cancel the file of another      -   -   -   -   -   +   +   +   +   +
fetch what is between others    -   -   -   -   -   -   -   -   -   -
see what is between others      -   -   -   -   -   -   -   -   -   -
decline what is between others  -   -   -   -   -   -   -   -   -   -
cancel what is between others   -   -   -   -   -   -   -   -   -   -
rename the room                 -   -   -   -   -   -   -   +   +   +
change a locked topic           -   -   -   -   -   +   +   +   +   +
change a free topic             -   -   +   +   +   +   +   +   +   +
invite                          -   -   +   +   +   +   +   +   -   -
invite to a closed room         -   -   -   -   -   +   +   +   -   -
bring in somebody banned        -   -   -   -   -   +   +   +   -   -
bring in one more than may be   -   -   -   -   -   +   +   +   -   -
remove a member                 -   -   -   -   -   +   +   +   +   +
remove an op                    -   -   -   -   -   +   +   +   +   +
remove an admin                 -   -   -   -   -   -   +   +   +   +
remove an owner                 -   -   -   -   -   -   -   +   +   +
switch a mode on                -   -   -   -   -   +   +   +   +   +
switch a mode off               -   -   -   -   -   +   +   +   +   +
set a key                       -   -   -   -   -   +   +   +   +   +
set a limit                     -   -   -   -   -   +   +   +   +   +
read the bans                   -   -   +   +   +   +   +   +   +   +
ban                             -   -   -   -   -   +   +   +   +   +
lift a ban                      -   -   -   -   -   +   +   +   +   +
make a voice                    -   -   -   -   -   +   +   +   +   +
make an op                      -   -   -   -   -   +   +   +   +   +
make an admin                   -   -   -   -   -   -   -   +   +   +
make an owner                   -   -   -   -   -   -   -   +   +   +
make oneself an owner           -   -   -   -   -   -   -   +   -   -
unmake a voice                  -   -   -   -   -   +   +   +   +   +
unmake an op                    -   -   -   -   -   +   +   +   +   +
unmake an admin                 -   -   -   -   -   -   -   +   +   +
unmake an owner                 -   -   -   -   -   -   -   +   +   +
"""

RANKS = {"mod": Rank.MODERATOR, "srv": Rank.ADMIN}
ROLES = {"voi": "voice", "op": "op", "adm": "admin", "own": "owner"}


class Door(Protocol):
    """One way to come to the house: somebody called sub, with an account unless a guest."""

    def __init__(self, house: HumanHouse, guest: bool) -> None: ...
    @property
    def session(self) -> Any: ...
    def take_office(self) -> None: ...
    def does(self, deed: Deed) -> str:
        """Ask for a deed; what is shown then."""


class IrcDoor:
    """In by an IRC client."""

    def __init__(self, house: HumanHouse, guest: bool) -> None:
        caps = "batch draft/chathistory message-tags standard-replies"
        self._client = house.client("sub", caps, account=not guest)

    @property
    def session(self) -> Any:
        return self._client.session

    def take_office(self) -> None:
        self._client.says("OPER sub sesame")

    def does(self, deed: Deed) -> str:
        self._client.hears()
        self._client.says(deed.irc)
        return "\n".join(self._client.hears())


class HumanDoor:
    """In by a terminal."""

    def __init__(self, house: HumanHouse, guest: bool) -> None:
        self._person = house.guest("sub") if guest else house.person("sub")

    @property
    def session(self) -> Any:
        return self._person.talk

    def take_office(self) -> None:
        self._person.types("/oper sub", "sesame")

    def does(self, deed: Deed) -> str:
        self._person.reads()
        self._person.types(deed.human)
        return "\n".join(self._person.reads())


class Ample(Pair):
    """A relay that could keep anything; nothing is brought here."""

    keeps = True

    def room(self) -> int:
        return 1 << 60


class Scene:
    """A room #tea that root owns, with `target` in it, a friend outside, and sub at the door.

    `shown` is what sub saw when the deed was done.
    """

    def __init__(self, door: type[Door], who: str, deed: Deed) -> None:
        server = Server(name="house", lobby="")
        self.house = HumanHouse(server=server, relays=[Ample()])
        self.root = self._comes("root", "#tea")
        self.target = self._comes("target", "#tea")
        self.friend = self._comes("friend")
        self.asks("GRANT", "target", deed.target)
        self.sub = self._sub(door, who)
        for verb, *params in deed.before:
            self.asks(verb, *params)
        if deed.offers:
            self.house.ask(self.root, "FILEW", deed.offers, "9", "x.mp4")
        said = [event.id for event in self.root.heard if isinstance(event, Posted)]
        files = [event.file for event in self.root.heard if isinstance(event, Offered)]
        self.root.heard.clear()
        self.shown = self.sub.does(deed.about("".join(said[-1:]), "".join(files)))

    def _comes(self, name: str, *rooms: str) -> FakeSession:
        session = self.house.session(name, account=True)
        for room in rooms:
            self.house.ask(session, "JOIN", room)
        return session

    def asks(self, verb: str, *params: str) -> None:
        """Root changes something in the room."""
        self.house.ask(self.root, verb, "#tea", *params)

    def _sub(self, door: type[Door], who: str) -> Door:
        self.house.account("sub", RANKS.get(who, Rank.USER)) if who != "gue" else None
        sub = door(self.house, guest=who == "gue")
        if who == "ban":
            self.asks("BAN", "sub")
        elif who in RANKS:
            sub.take_office()
        elif who != "out":
            self.house.ask(sub.session, "JOIN", "#tea")
            self.asks("GRANT", "sub", ROLES.get(who, ""))
        return sub

    @property
    def place(self) -> Place:
        """The room as it is now."""
        return self.house.core.places.find("#tea")

    def role(self, session: Any) -> Role | None:
        """What somebody is in the room."""
        return self.place.role(session.person)


@dataclass(frozen=True)
class Deed:
    """An act: as lines of each dialect, and how to see that it was done.

    :param target: the role that `target` has.
    :param before: what root changes in the room before.
    :param offers: to whom root offers a file before, if to somebody alone.
    """

    irc: str
    human: str
    done: Callable[[Scene], bool]
    target: str = ""
    before: tuple[tuple[str, ...], ...] = field(default=())
    offers: str = ""

    def about(self, message: str, file: str) -> Deed:
        """The same with the id of a message, or of a file, if it needs one."""
        irc, human = (
            line.replace("MSGID", message).replace("FILE-ID", file)
            for line in (self.irc, self.human)
        )
        return replace(self, irc=irc, human=human)


def saw(text: str) -> Callable[[Scene], bool]:
    """Whether this was shown."""
    return lambda scene: text in scene.shown


def came(scene: Scene) -> bool:
    """Whether sub is in the room."""
    return scene.role(scene.sub.session) is not None


def spoke(scene: Scene) -> bool:
    """Whether root heard the news."""
    return any(isinstance(e, Posted) and e.text == "news" for e in scene.root.heard)


def taken_back(scene: Scene) -> bool:
    """Whether root heard that a message is no more."""
    return any(isinstance(e, Redacted) for e in scene.root.heard)


def offered(scene: Scene) -> bool:
    """Whether root heard of a file."""
    return any(isinstance(e, Offered) for e in scene.root.heard)


def let_in(scene: Scene) -> bool:
    """Whether sub has got a ticket."""
    return " TICKET " in scene.shown or "openssl" in scene.shown


def over(scene: Scene) -> bool:
    """Whether the file is offered no more."""
    return not list(scene.house.core.files)


def topic_changed(scene: Scene) -> bool:
    """Whether the news are the topic."""
    topic = scene.place.room.topic
    return topic is not None and topic.text == "news"


def invited(scene: Scene) -> bool:
    """Whether the friend heard of it."""
    return any(isinstance(e, Invited) for e in scene.friend.heard)


def brought_in(scene: Scene) -> bool:
    """Whether the friend can come in now."""
    scene.house.ask(scene.friend, "JOIN", "#tea")
    return scene.role(scene.friend) is not None


def removed(scene: Scene) -> bool:
    """Whether the target is out."""
    return scene.role(scene.target) is None


def has_modes(*modes: Mode) -> Callable[[Scene], bool]:
    """Whether these are the room's modes."""
    return lambda scene: scene.place.room.modes == set(modes)


def banned(pattern: str, on: bool = True) -> Callable[[Scene], bool]:
    """Whether a mask is on the list, or is not."""
    return lambda scene: (pattern in [m.pattern for m in scene.place.masks]) is on


def is_now(role: Role, on: bool = True) -> Callable[[Scene], bool]:
    """Whether the target has a role, or has it no more."""
    return lambda scene: bool((scene.role(scene.target) or Role.MEMBER) & role) is on


def makes(letter: str, role: Role) -> Deed:
    """Giving the target a role."""
    name = str(role.name).lower()
    return Deed(f"MODE #tea +{letter} target", f"/grant #tea target {name}", is_now(role))


def unmakes(letter: str, role: Role) -> Deed:
    """Taking a role from the target."""
    name = str(role.name).lower()
    done = is_now(role, on=False)
    return Deed(f"MODE #tea -{letter} target", f"/revoke #tea target {name}", done, name)


def removes(role: str) -> Deed:
    """Putting the target out."""
    return Deed("KICK #tea target", "/kick #tea target", removed, role)


def speaks(*before: tuple[str, ...]) -> Deed:
    """Saying the news."""
    return Deed("PRIVMSG #tea :news", "/w #tea news", spoke, before=before)


def comes(*before: tuple[str, ...]) -> Deed:
    """Coming in."""
    return Deed("JOIN #tea", "/join #tea", came, before=before)


def sets_topic(*before: tuple[str, ...]) -> Deed:
    """Changing the topic."""
    return Deed("TOPIC #tea :news", "/topic #tea news", topic_changed, before=before)


def invites(*before: tuple[str, ...]) -> Deed:
    """Asking the friend in."""
    return Deed("INVITE friend #tea", "/invite friend #tea", invited, before=before)


def brings_in(*before: tuple[str, ...]) -> Deed:
    """Asking the friend in, who could not come otherwise."""
    return replace(invites(*before), done=brought_in)


def names(*before: tuple[str, ...]) -> Deed:
    """Seeing that the target is there."""
    return Deed("NAMES #tea", "/names #tea", saw("target"), before=before)


def offers(*before: tuple[str, ...]) -> Deed:
    """Offering a file."""
    irc = "FILE OFFER #tea 9 a/b * :x.mp4"
    return Deed(irc, "/filew #tea 9 x.mp4", offered, before=before)


def fetches() -> Deed:
    """Being let fetch a file."""
    return Deed("FILE ACCEPT FILE-ID", "/accept FILE-ID", let_in, before=(OFFERS,))


def brings() -> Deed:
    """Being let bring the bytes of a file."""
    return Deed("FILE TICKET FILE-ID SEND", "/bring FILE-ID", let_in, before=(OFFERS,))


def lists(to: str) -> Deed:
    """Seeing which files are offered."""
    return Deed(f"FILE LIST {to}", f"/files {to}", saw("x.mp4"), before=(OFFERS,))


def ends(verb: str) -> Deed:
    """Having a file offered no more."""
    return Deed(f"FILE {verb} FILE-ID", f"/{verb} FILE-ID", over, before=(OFFERS,))


def between(deed: Deed) -> Deed:
    """The same with a file that root offers to target alone."""
    return replace(deed, before=(), offers="target")


OFFERS = ("FILEW", "9", "x.mp4")
SECRET, CLOSED, KEY = ("SET", "secret"), ("SET", "invite-only"), ("SET", "password", "milk")
USUAL = (Mode.MEMBERS_ONLY, Mode.TOPIC_LOCK)

DEEDS = {
    "see who is in a room": names(),
    "see who is in a secret room": names(SECRET),
    "read the history": Deed(
        "CHATHISTORY LATEST #tea * 50",
        "/history #tea",
        saw("what was"),
        before=(("PRIVMSG", "what was"),),
    ),
    "learn the key": Deed("MODE #tea", "/modes #tea", saw("milk"), before=(KEY,)),
    "come in": comes(),
    "come into a closed room": comes(CLOSED),
    "come in without the key": comes(KEY),
    "speak": speaks(),
    "speak where outsiders may": speaks(("UNSET", "members-only")),
    "speak in a moderated room": speaks(("SET", "moderated")),
    "speak among the registered": speaks(("SET", "registered-only")),
    "speak when all are banned": speaks(("BAN", "*")),
    "speak to the ops": Deed("PRIVMSG @#tea :news", "/w @#tea news", spoke),
    "take back what others said": Deed(
        "REDACT #tea MSGID", "/redact #tea MSGID", taken_back, before=(("PRIVMSG", "what was"),)
    ),
    "offer a file": offers(),
    "offer in a moderated room": offers(("SET", "moderated")),
    "offer where outsiders speak": offers(("UNSET", "members-only")),
    "fetch a file": fetches(),
    "see the files of a room": lists("#tea"),
    "bring the file of another": brings(),
    "decline the file of a room": ends("decline"),
    "cancel the file of another": ends("cancel"),
    "fetch what is between others": between(fetches()),
    "see what is between others": between(lists("target")),
    "decline what is between others": between(ends("decline")),
    "cancel what is between others": between(ends("cancel")),
    "rename the room": Deed(
        "RENAME #tea #chai", "/rename #tea #chai", lambda s: s.house.core.places.has("#chai")
    ),
    "change a locked topic": sets_topic(),
    "change a free topic": sets_topic(("UNSET", "topic-lock")),
    "invite": invites(),
    "invite to a closed room": invites(CLOSED),
    "bring in somebody banned": brings_in(("BAN", "friend")),
    "bring in one more than may be": brings_in(("SET", "limit", "1")),
    "remove a member": removes(""),
    "remove an op": removes("op"),
    "remove an admin": removes("admin"),
    "remove an owner": removes("owner"),
    "switch a mode on": Deed("MODE #tea +s", "/set #tea secret", has_modes(*USUAL, Mode.SECRET)),
    "switch a mode off": Deed(
        "MODE #tea -t", "/unset #tea topic-lock", has_modes(Mode.MEMBERS_ONLY)
    ),
    "set a key": Deed(
        "MODE #tea +k tea", "/set #tea password tea", lambda s: s.place.room.password == "tea"
    ),
    "set a limit": Deed("MODE #tea +l 9", "/set #tea limit 9", lambda s: s.place.room.limit == 9),
    "read the bans": Deed("MODE #tea +b", "/bans #tea", saw("eve!*@*"), before=(("BAN", "eve"),)),
    "ban": Deed("MODE #tea +b eve", "/ban #tea eve", banned("eve!*@*")),
    "lift a ban": Deed(
        "MODE #tea -b eve", "/unban #tea eve", banned("eve!*@*", on=False), before=(("BAN", "eve"),)
    ),
    "make a voice": makes("v", Role.VOICE),
    "make an op": makes("o", Role.OP),
    "make an admin": makes("a", Role.ADMIN),
    "make an owner": makes("q", Role.OWNER),
    "make oneself an owner": Deed(
        "MODE #tea +q sub",
        "/grant #tea sub owner",
        lambda s: bool((s.role(s.sub.session) or Role.MEMBER) & Role.OWNER),
    ),
    "unmake a voice": unmakes("v", Role.VOICE),
    "unmake an op": unmakes("o", Role.OP),
    "unmake an admin": unmakes("a", Role.ADMIN),
    "unmake an owner": unmakes("q", Role.OWNER),
}


def rows() -> dict[str, str]:
    """The table: the verdicts by act, those of all columns in one text."""
    _, _, *lines = POLICY.split("\n")
    return {line[:30].strip(): "".join(line[30:].split()) for line in lines if line}


COLUMNS = POLICY.split("\n")[1].split()


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
