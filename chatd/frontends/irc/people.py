"""Asking about people: WHO, WHOIS, USERHOST, ISON, MONITOR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import translate
from re import IGNORECASE
from re import compile as pattern

from chatd.answers import Somebody
from chatd.commands import Request, command
from chatd.commands.people import somebody
from chatd.core import Core
from chatd.core.sessions import Here
from chatd.errors import ChatError, NoSuchAccount, TooMany
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.census import is_invisible, is_operator
from chatd.frontends.irc.client import Client
from chatd.frontends.irc.roles import BOT_MODE, signs
from chatd.model import Person, Rank, Role, Room
from chatd.names import is_room
from chatd.wire.caps import Cap
from chatd.wire.irc import LONGEST, Line
from chatd.wire.numerics import Numeric

_WHOX_ORDER = "tcuihsnfdlaor"


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody whom WHO has found, and the room they were found in."""

    here: Here
    room: Room | None
    role: Role


@command("WHO")
async def who(core: Core, request: Request, mask: str = "*", options: str = "") -> None:
    """See who is in a room, or whose name fits: WHO #tea, WHO ada, WHO a*."""
    client = client_of(request)
    found = _in_room(core, client, mask) if is_room(mask) else _fitting(core, client, mask)
    flags, chosen, fields = options.partition("%")

    def shown(one: Found | None) -> Line | None:
        if one is None or ("o" in flags and not is_operator(one.here)):
            return None
        if chosen:
            return client.numbered(Numeric.WHOSPCRPL, *_chosen(core, client, one, fields))
        return client.numbered(Numeric.WHOREPLY, *_usual(core, client, one))

    client.say(map(shown, found))
    client.numeric(Numeric.ENDOFWHO, mask, "End of WHO list.")


def _in_room(core: Core, client: Client, name: str) -> Iterator[Found]:
    try:
        place = core.rooms.visible(client, name)
    except ChatError:
        return
    for seat in place.one_by_one():
        yield Found(seat.here, place.room, seat.role)


def _fitting(core: Core, client: Client, mask: str) -> Iterator[Found | None]:
    exact = core.sessions.get(mask)
    if exact is not None:
        yield Found(exact, None, Role.MEMBER)
        return
    if not set(mask) & set("*?"):
        return
    fits = pattern(translate(mask.replace("[", "[[]")), IGNORECASE)
    for here in core.sessions:
        fitting = here.sessions and fits.match(here.person.name)
        if fitting and not _is_hidden(core, client, here):
            yield Found(here, None, Role.MEMBER)
        else:
            yield None


def _is_hidden(core: Core, client: Client, here: Here) -> bool:
    """Whether somebody wants to be found only by those who share a room with them."""
    if not is_invisible(here) or client.key in here.sessions:
        return False
    return _rooms_of(core, here.person).isdisjoint(_rooms_of(core, client.person))


def _rooms_of(core: Core, person: Person) -> set[int]:
    return {place.room.key for place in core.places.of(person.name)}


def _usual(core: Core, client: Client, one: Found) -> list[str]:
    person = one.here.person
    room = one.room.name if one.room else "*"
    flags = _flags(client, one)
    real = f"0 {person.real}"
    return [room, person.user, person.host, client.server.name, person.name, flags, real]


def _flags(client: Client, one: Found) -> str:
    away = "H" if one.here.away is None else "G"
    operator = "*" if is_operator(one.here) else ""
    bot = BOT_MODE if one.here.person.bot else ""
    return away + operator + bot + signs(one.role, Cap.MULTI_PREFIX in client.caps)


def _chosen(core: Core, client: Client, one: Found, fields: str) -> list[str]:
    letters, _, token = fields.partition(",")
    person = one.here.person
    newest = max(session.active for session in one.here.sessions.values())
    values = {
        "t": token or "0",
        "c": one.room.name if one.room else "*",
        "u": person.user,
        "i": "255.255.255.255",
        "h": person.host,
        "s": client.server.name,
        "n": person.name,
        "f": _flags(client, one),
        "d": "0",
        "l": str(max(0, core.log.now() - newest) // 1000),
        "a": person.account or "0",
        "o": "n/a",
        "r": person.real,
    }
    return [values[letter] for letter in _WHOX_ORDER if letter in letters]


@command("WHOIS")
async def whois(core: Core, request: Request, name: str, other: str = "") -> None:
    """See who somebody is."""
    client = client_of(request)
    names = other or name
    for one in names.split(",")[:1]:
        here = core.sessions.get(one)
        if here is None:
            client.numeric(Numeric.NOSUCHNICK, one, str(NoSuchAccount(one)))
            client.numeric(Numeric.ENDOFWHOIS, one, "End of /WHOIS list.")
        else:
            request.reply(_as_seen(core, client, somebody(core, request, here), here))


def _as_seen(core: Core, client: Client, one: Somebody, here: Here) -> Somebody:
    """The rooms of somebody invisible are shown only to those who are in them too."""
    if not is_invisible(here) or client.key in here.sessions or client.rank >= Rank.MODERATOR:
        return one
    mine = _rooms_of(core, client.person)
    return replace(one, rooms=tuple(pair for pair in one.rooms if pair[0].key in mine))


@command("USERHOST")
async def userhost(core: Core, request: Request, name: str, *more: str) -> None:
    """See the hosts of some people."""
    client = client_of(request)
    words = []
    for here in filter(None, map(core.sessions.get, (name, *more[:4]))):
        operator = "*" if is_operator(here) else ""
        away = "+" if here.away is None else "-"
        person = here.person
        words.append(f"{person.name}{operator}={away}{person.user}@{person.host}")
    client.numeric(Numeric.USERHOST, " ".join(words))


@command("ISON")
async def ison(core: Core, request: Request, name: str, *more: str) -> None:
    """See which of some people are on line."""
    wanted = [name for word in (name, *more) for name in word.split()]
    found = [here.person.name for here in map(core.sessions.get, wanted) if here is not None]
    client_of(request).numeric(Numeric.ISON, " ".join(found))


@command("MONITOR")
async def monitor(core: Core, request: Request, what: str, names: str = "") -> None:
    """Be told when some people come and go: MONITOR + ada,bob, - ada, C, L or S."""
    client = client_of(request)
    some = [name for name in names.split(",") if name]
    match what.upper():
        case "+":
            _watch(core, client, some)
        case "-":
            core.presence.unwatch(client, some)
        case "C":
            core.presence.unwatch_all(client)
        case "L":
            for line in _lines(core.presence.watched(client)):
                client.numeric(Numeric.MONLIST, line)
            client.numeric(Numeric.ENDOFMONLIST, "End of MONITOR list.")
        case "S":
            _status(core, client, core.presence.watched(client))


def _watch(core: Core, client: Client, names: list[str]) -> None:
    try:
        added = core.presence.watch(client, names)
    except TooMany as full:
        _, most, name, added = full.args
        rest = names[names.index(name) :]
        client.numeric(Numeric.MONLISTFULL, str(most), ",".join(rest), str(full))
    _status(core, client, added)


def _status(core: Core, client: Client, names: list[str]) -> None:
    here = [h.person.mask for h in map(core.sessions.get, names) if h is not None]
    gone = [name for name in names if core.sessions.get(name) is None]
    for line in _lines(here):
        client.numeric(Numeric.MONONLINE, line)
    for line in _lines(gone):
        client.numeric(Numeric.MONOFFLINE, line)


def _lines(words: list[str]) -> Iterator[str]:
    """Words with commas between, in lines that fit."""
    line = ""
    for word in words:
        if line and len(line.encode()) + len(word.encode()) + 1 > LONGEST - 100:
            yield line
            line = ""
        line = f"{line},{word}" if line else word
    if line:
        yield line
