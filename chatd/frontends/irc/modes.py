"""MODE: IRC's one verb for the switches, lists and roles of a room, and for one's own modes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chatd.answers import MasksAre
from chatd.commands import Request, command
from chatd.core import Core
from chatd.core.changes import Grant, SetMask, SetMode, Wish
from chatd.core.masks import full_mask
from chatd.core.permissions import Act
from chatd.core.places import Place
from chatd.errors import ChatError
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.client import Client
from chatd.frontends.irc.roles import (
    BOT_MODE,
    LETTERS,
    LISTINGS,
    MODES,
    ROLES,
    USER_MODES,
    WITH_VALUE,
)
from chatd.model import Rank
from chatd.names import fold, is_room
from chatd.wire.irc import Line
from chatd.wire.numerics import Numeric

MOST_CHANGES = 20
LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class Change:
    """One letter of a MODE line, with its sign and what goes with it."""

    letter: str
    on: bool
    value: str | None


@command("MODE")
async def mode(
    core: Core,
    request: Request,
    target: str,
    letters: str = "",
    *values: str,
) -> None:
    """See or change the modes of a room, or your own: MODE #tea +o ada."""
    client = client_of(request)
    if not is_room(target):
        await _own_modes(core, client, target, letters)
        return
    place = core.rooms.visible(client, target)
    if not letters:
        _show(core, client, place)
        return
    wishes: list[Wish] = []
    for change in list(changes(letters, values))[:MOST_CHANGES]:
        try:
            wishes += _wishes(core, request, place, change)
        except ChatError as error:
            request.refuse(error)
    for refused in await core.rooms.change(client, place.room.name, wishes, request.cause):
        request.refuse(refused)


def changes(letters: str, values: tuple[str, ...]) -> Iterator[Change]:
    """The single changes in `+ov-k`, each with its value if it takes one and there is one."""
    rest = iter(values)
    on = True
    for letter in letters:
        if letter in "+-":
            on = letter == "+"
            continue
        takes = letter in ROLES or letter in LISTINGS or letter == "k" or (letter == "l" and on)
        yield Change(letter, on, next(rest, None) if takes else None)


def _wishes(core: Core, request: Request, place: Place, change: Change) -> Iterator[Wish]:
    """What a letter asks for, if it is no question and no mistake: those are answered."""
    letter, value = change.letter, change.value
    if letter in ROLES:
        if value:
            yield Grant(value, ROLES[letter], change.on)
    elif letter in LISTINGS:
        yield from _list_wishes(core, request, place, change)
    elif letter in WITH_VALUE:
        yield from _value_wishes(client_of(request), place, change)
    elif letter in MODES:
        yield SetMode(MODES[letter], change.on)
    else:
        text = "There is no such mode here."
        client_of(request).numeric(Numeric.UNKNOWNMODE, letter, text)


def _list_wishes(core: Core, request: Request, place: Place, change: Change) -> Iterator[Wish]:
    listing = LISTINGS[change.letter]
    if change.value:
        yield SetMask(listing, full_mask(change.value), change.on)
    else:
        room, masks = core.rooms.masks(request.session, place.room.name, listing)
        request.reply(MasksAre(room, listing, tuple(masks)))


def _value_wishes(client: Client, place: Place, change: Change) -> Iterator[Wish]:
    """The room's password (+k) and its limit (+l)."""
    mode, value = MODES[change.letter], change.value
    if not change.on:
        yield SetMode(mode, False)
    elif value is None:
        client.numeric(Numeric.NEEDMOREPARAMS, "MODE", f"+{change.letter} needs a value.")
    elif not _is_fine(change):
        text = "That value will not do."
        client.numeric(Numeric.INVALIDMODEPARAM, place.room.name, change.letter, "*", text)
    else:
        yield SetMode(mode, True, str(int(value)) if mode == "limit" else value)


def _is_fine(change: Change) -> bool:
    value = change.value or ""
    if change.letter == "l":
        return value.isascii() and value.isdigit() and 0 < int(value[:12]) < 10**9
    return 0 < len(value) <= LONGEST_KEY and not set(value) & set(" ,:\0")


def _show(core: Core, client: Client, place: Place) -> None:
    room = place.room
    letters = sorted(LETTERS[mode] for mode in room.modes)
    values = []
    inside = core.rooms.may(client, Act.READ_MASKS, place)
    if room.password is not None:
        letters.append("k")
        values.append(room.password if inside else "*")
    if room.limit is not None:
        letters.append("l")
        values.append(str(room.limit))
    client.numeric(Numeric.CHANNELMODEIS, room.name, "+" + "".join(letters), *values)
    client.numeric(Numeric.CREATIONTIME, room.name, str(room.created // 1000))


async def _own_modes(core: Core, client: Client, name: str, letters: str) -> None:
    if fold(name) != fold(client.person.name):
        known = core.sessions.get(name) is not None
        number = Numeric.USERSDONTMATCH if known else Numeric.NOSUCHNICK
        client.numeric(number, *(() if known else (name,)), "Those are not your modes.")
        return
    if not letters:
        client.numeric(Numeric.UMODEIS, "+" + "".join(sorted(client.modes)))
        return
    before = client.modes
    for change in changes(letters, ()):
        _own_mode(client, change)
    await _be_bot(core, client)
    told = _difference(before, client.modes)
    if told:
        client.send(Line("MODE", (client.person.name, told), client.person.mask))


def _own_mode(client: Client, change: Change) -> None:
    if change.letter not in USER_MODES:
        client.numeric(Numeric.UMODEUNKNOWNFLAG, "There is no such mode of yours.")
    elif change.letter == "o":
        if not change.on and "o" in client.modes:
            client.rank, client.office = min(client.rank, Rank.USER), ""
            client.modes -= {"o"}
    elif change.on:
        client.modes |= {change.letter}
    else:
        client.modes -= {change.letter}


async def _be_bot(core: Core, client: Client) -> None:
    """Whoever says that they are a bot is one in all of their sessions."""
    here = core.sessions.find(client.person.name)
    is_bot = any(BOT_MODE in getattr(s, "modes", "") for s in here.sessions.values())
    if here.person.bot is not is_bot:
        await core.sessions.change(here, replace(here.person, bot=is_bot))


def _difference(before: frozenset[str], after: frozenset[str]) -> str:
    added, gone = "".join(sorted(after - before)), "".join(sorted(before - after))
    return (f"+{added}" if added else "") + (f"-{gone}" if gone else "")
