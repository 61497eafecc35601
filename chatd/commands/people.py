"""About people: who somebody is, who is away, who was here."""

from __future__ import annotations

from dataclasses import replace

from chatd.answers import Once, People, Somebody, YouAreAway
from chatd.commands import Request, command
from chatd.core import Core
from chatd.core.rooms import Crowd
from chatd.core.sessions import Here
from chatd.model import Rank
from chatd.names import is_room


@command("AWAY")
async def away(core: Core, request: Request, text: str = "") -> None:
    """Say that you are away, and why; without a text, that you are back."""
    await core.presence.set_away(request.session, text or None)
    request.reply(YouAreAway(bool(text)))


@command("PROFILE")
async def profile(core: Core, request: Request, name: str) -> None:
    """See who somebody is."""
    request.reply(somebody(core, request, core.sessions.find(name)))


@command("ONLINE")
async def online(core: Core, request: Request, room: str = "") -> None:
    """See who is on line, or who is in a room."""
    if is_room(room):
        place = core.rooms.visible(request.session, room)
        request.reply(People(room, place.room, tuple(Crowd(place))))
    else:
        found = tuple(somebody(core, request, here) for here in core.sessions)
        request.reply(People("*", None, found))


@command("WHOWAS")
async def whowas(core: Core, request: Request, name: str, count: int = 0) -> None:
    """See who had a name before."""
    people = core.sessions.gone(name)
    request.reply(Once(name, tuple(people[:count] if count > 0 else people)))


@command("SETNAME")
async def setname(core: Core, request: Request, real: str) -> None:
    """Change your real name, as others see it."""
    here = core.sessions.find(request.session.person.name)
    real = real[: core.settings.limits.reason]
    await core.sessions.change(here, replace(here.person, real=real), request.cause)


def somebody(core: Core, request: Request, here: Here) -> Somebody:
    """What the one who asks may know about somebody."""
    asker = request.session
    sessions = list(here.sessions.values())
    trusted = asker.rank >= Rank.MODERATOR or asker.key in here.sessions
    newest = max(sessions, key=lambda s: s.active)
    return Somebody(
        person=here.person,
        account=here.person.account,
        away=here.away,
        rooms=tuple(core.rooms.shared(asker, here.person.name)),
        idle=max(0, core.log.now() - newest.active),
        since=min(s.since for s in sessions),
        operator=any(s.rank >= Rank.MODERATOR for s in sessions),
        secure=all(s.secure for s in sessions),
        address=newest.address if trusted else None,
        fingerprint=newest.fingerprint if trusted else None,
        metadata=tuple(core.metadata.of(here.person).items()),
    )
