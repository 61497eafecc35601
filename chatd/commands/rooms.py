"""Coming to rooms, going from them, and changing what is so in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import repeat

from chatd.answers import InviteSent, MasksAre, RoomsAre, Said, TopicIs
from chatd.commands import Request, command
from chatd.core import Core
from chatd.core.masks import full_mask
from chatd.core.permissions import Act
from chatd.errors import ChatError, InvalidParams
from chatd.model import Listing, Mode, Role

DAY = 86_400_000
_ROLES = {"voice": Role.VOICE, "op": Role.OP, "admin": Role.ADMIN, "owner": Role.OWNER}
_LIMIT = re.compile(r"[1-9][0-9]{0,8}")
_KEY = re.compile(r"[^\x00-\x20\x7f,:]{1,64}")
_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": DAY, "w": 7 * DAY}


@command("JOIN")
async def join(core: Core, request: Request, rooms: str, keys: str = "") -> None:
    """Come into a room; if there is none of that name, make it. Several with commas between."""
    keyring = iter(keys.split(","))
    for room in _several(rooms):
        key = next(keyring, "") or None
        try:
            entered = await core.members.join(request.session, room, key, request.cause)
        except ChatError as error:
            request.refuse(error)
        else:
            if entered is not None:
                request.reply(entered)


@command("PART")
async def part(core: Core, request: Request, rooms: str, reason: str = "") -> None:
    """Leave a room for good. Several with commas between."""
    for room in _several(rooms):
        try:
            reason = reason[: core.settings.limits.reason]
            await core.members.leave(request.session, room, reason, request.cause)
        except ChatError as error:
            request.refuse(error)


@command("TOPIC")
async def topic(core: Core, request: Request, room: str, text: str | None = None) -> None:
    """Read the topic of a room, or change it."""
    if text is None:
        request.reply(TopicIs(core.rooms.visible(request.session, room).room))
    else:
        await core.rooms.set_topic(request.session, room, text, request.cause)


@command("RENAME")
async def rename(core: Core, request: Request, room: str, name: str, reason: str = "") -> None:
    """Give a room another name; who is in it, and its history, stay."""
    reason = reason[: core.settings.limits.reason]
    await core.rooms.rename(request.session, room, name, reason, request.cause)


@command("NAMES")
async def names(core: Core, request: Request, rooms: str = "") -> None:
    """See who is in a room."""
    for room in _several(rooms):
        request.reply(core.rooms.members(request.session, room))


@command("ROOMS")
async def rooms(core: Core, request: Request) -> None:
    """See which rooms there are."""
    request.reply(RoomsAre(tuple(core.rooms.listed(request.session))))


@command("INVITE")
async def invite(core: Core, request: Request, name: str, room: str) -> None:
    """Ask somebody into a room; they may then come in even if it is closed."""
    invited = await core.members.invite(request.session, room, name, request.cause)
    away = core.sessions.find(invited.who.name).away
    request.reply(InviteSent(invited.room, invited.who, away))


@command("KICK")
async def kick(core: Core, request: Request, rooms: str, names: str, reason: str = "") -> None:
    """Put somebody out of a room. Several with commas between; one room for all, or each a room."""
    reason = reason[: core.settings.limits.reason]
    places, people = rooms.split(","), [name for name in names.split(",") if name]
    pairs = zip(places if len(places) > 1 else repeat(rooms), people, strict=False)
    for room, name in dict.fromkeys(pairs):
        try:
            await core.members.remove(request.session, room, name, reason, request.cause)
        except ChatError as error:
            request.refuse(error)


@command("GRANT")
async def grant(core: Core, request: Request, room: str, name: str, role: str) -> None:
    """Give somebody in a room a role: voice, op, admin or owner."""
    await core.rooms.grant(request.session, room, name, _role(role), True, request.cause)


@command("REVOKE")
async def revoke(core: Core, request: Request, room: str, name: str, role: str) -> None:
    """Take a role from somebody in a room: voice, op, admin or owner."""
    await core.rooms.grant(request.session, room, name, _role(role), False, request.cause)


@command("SET")
async def set_(core: Core, request: Request, room: str, mode: str, value: str = "") -> None:
    """Switch a mode of a room on: invite-only, moderated, secret, topic-lock, registered-only,
    no-ctcp, members-only, password KEY or limit NUMBER."""
    if mode == "limit" and not _LIMIT.fullmatch(value):
        raise InvalidParams("SET limit", value, "it should be a number of people.")
    if mode == "password" and not _KEY.fullmatch(value):
        why = "it should have 1 to 64 characters, and no spaces, commas or colons."
        raise InvalidParams("SET password", value, why)
    switch = _mode(mode)
    await core.rooms.set_mode(request.session, room, switch, True, value or None, request.cause)


@command("UNSET")
async def unset(core: Core, request: Request, room: str, mode: str) -> None:
    """Switch a mode of a room off; see SET."""
    await core.rooms.set_mode(request.session, room, _mode(mode), False, None, request.cause)


@command("BAN")
async def ban(core: Core, request: Request, room: str, mask: str, time: str = "") -> None:
    """Keep somebody out of a room: a name, name!user@host with * and ?, $a:account, or
    $m: and any of these to let them come but not speak; for a time (30m, 2h, 7d) or until it is
    taken back."""
    expires = core.log.now() + span(time) if time else None
    await core.rooms.set_mask(
        request.session, room, Listing.BAN, full_mask(mask), True, expires, request.cause
    )


@command("UNBAN")
async def unban(core: Core, request: Request, room: str, mask: str) -> None:
    """Let somebody who was banned come to a room again."""
    await core.rooms.set_mask(
        request.session, room, Listing.BAN, full_mask(mask), False, None, request.cause
    )


@command("BANS")
async def bans(core: Core, request: Request, room: str) -> None:
    """See who is banned from a room."""
    found, masks = core.rooms.masks(request.session, room, Listing.BAN)
    request.reply(MasksAre(found, Listing.BAN, tuple(masks)))


@command("MODES")
async def modes(core: Core, request: Request, room: str) -> None:
    """See which modes a room has."""
    place = core.rooms.visible(request.session, room)
    shown: list[str] = sorted(place.room.modes)
    if place.room.limit is not None:
        shown.append(f"limit {place.room.limit}")
    if place.room.password is not None:
        inside = core.rooms.may(request.session, Act.READ_MASKS, place)
        shown.append(f"password {place.room.password}" if inside else "password")
    request.reply(Said(f"{place.room.name}: {', '.join(shown) or 'no modes'}", "MODES"))


def _several(names: str) -> Iterator[str]:
    return (name for name in dict.fromkeys(names.split(",")) if name)


def _role(name: str) -> Role:
    role = _ROLES.get(name.lower())
    if role is None:
        raise InvalidParams("role", name, f"it should be one of {', '.join(_ROLES)}.")
    return role


def _mode(name: str) -> Mode | str:
    if name in ("password", "limit"):
        return name
    if name not in list(Mode):
        known = ", ".join([*Mode, "password", "limit"])
        raise InvalidParams("mode", name, f"it should be one of {known}.")
    return Mode(name)


def span(text: str) -> int:
    """The milliseconds that `30m`, `2h` or `7d` stands for.

    :raise InvalidParams: if it is no such time.
    """
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit()) or len(number) > 6 or unit not in _UNITS:
        raise InvalidParams("time", text, "it should be like 30m, 2h or 7d.")
    return int(number) * _UNITS[unit]
