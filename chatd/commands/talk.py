"""Saying something."""

from __future__ import annotations

from collections.abc import Awaitable

from chatd.answers import AwayIs
from chatd.commands import Request, command
from chatd.core import Core
from chatd.errors import ChatError, TooMany
from chatd.model import SIGNS, Kind, Role
from chatd.names import is_room

MOST_TARGETS = 4
_LEAST = {sign: role for role, sign in SIGNS.items()}


@command("PRIVMSG")
async def privmsg(core: Core, request: Request, to: str, text: str) -> None:
    """Say something in a room, or to somebody, who need not be on line."""
    for target in _targets(to):
        await say(core, request, target, text, Kind.MESSAGE)


@command("NOTICE")
async def notice(core: Core, request: Request, to: str, text: str) -> None:
    """Say something that nobody, and no program, should answer."""
    for target in _targets(to):
        await say(core, request, target, text, Kind.NOTICE)


async def say(
    core: Core,
    request: Request,
    target: str,
    text: str,
    kind: Kind,
    joints: tuple[int, ...] = (),
) -> None:
    """Say something to one target; if that is refused, the request goes on."""
    least, name = _addressed(target)
    post = core.messages.post(
        request.session, name, text, kind, client_tags(request), least, request.cause, joints
    )
    if await _is_done(request, post) and kind is Kind.MESSAGE:
        _tell_if_away(core, request, target)


@command("TAGMSG")
async def tagmsg(core: Core, request: Request, to: str) -> None:
    """Make a sign without a text, such as that one is typing."""
    tags = client_tags(request)
    for target in _targets(to) if tags else ():
        least, name = _addressed(target)
        sign = core.messages.signal(request.session, name, tags, least, request.cause)
        await _is_done(request, sign)


@command("REDACT")
async def redact(core: Core, request: Request, to: str, message: str, reason: str = "") -> None:
    """Take a message back, by its id: your own or, as an op of the room, anybody's."""
    reason = reason[: core.settings.limits.reason]
    await core.messages.take_back(request.session, to, message, reason, request.cause)


@command("ME")
async def me(core: Core, request: Request, to: str, text: str) -> None:
    """Say what you do: /me smiles is shown as "ada smiles"."""
    await privmsg.run(
        core,
        Request(
            request.session,
            "PRIVMSG",
            (to, f"\x01ACTION {text}\x01"),
            request.reply,
            request.tags,
            request.label,
        ),
    )


async def _is_done(request: Request, part: Awaitable[object]) -> bool:
    """Do a part of a request; if that is refused, the rest goes on."""
    try:
        await part
    except ChatError as error:
        request.refuse(error)
        return False
    return True


def _addressed(target: str) -> tuple[Role | None, str]:
    """`@#tea` is for the ops of #tea."""
    least = _LEAST.get(target[:1])
    if least is None or not is_room(target[1:]):
        return None, target
    return least, target[1:]


def _targets(to: str) -> list[str]:
    targets = list(dict.fromkeys(t for t in to.split(",") if t))
    if len(targets) > MOST_TARGETS:
        raise TooMany("targets at once", MOST_TARGETS)
    return targets


def _tell_if_away(core: Core, request: Request, target: str) -> None:
    here = None if is_room(target) else core.sessions.get(target)
    if here is not None and here.away is not None:
        request.reply(AwayIs(here.person, here.away))


def client_tags(request: Request) -> dict[str, str]:
    """The tags that clients say to each other: those that start with a plus."""
    return {k: v for k, v in request.tags.items() if k.startswith("+")}
