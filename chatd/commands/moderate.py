"""Keeping people away from the whole server: UBAN, as on Ergo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from chatd.answers import Said, ServerBansAre, until
from chatd.commands import Request, command
from chatd.commands.rooms import span
from chatd.core import Core
from chatd.core.sessions import Here
from chatd.errors import InvalidParams, NeedMoreParams
from chatd.model import Privilege, Rank, ServerBan

MOST_SHOWN = 20
"""Names in one answer."""
Step = Callable[[Core, Request, str, list[str]], Awaitable[None]]


@command("UBAN", Rank.MODERATOR, Privilege.UBAN)
async def uban(core: Core, request: Request, what: str, target: str = "", *more: str) -> None:
    """Ban somebody from the whole server. UBAN ADD <target> [CONFIRM] [time] [reason]: who is
    meant is an address, a network like 192.0.2.0/24, name!user@host with * and ?, or the name of
    an account; for a time like 30m, 2h or 7d (0 or nothing: until it is taken back). UBAN DEL
    <target> takes it back, UBAN LIST shows all, and UBAN INFO <target> whom it means or would
    mean, or how somebody can be banned."""
    step = _STEPS.get(what.upper())
    if step is None:
        raise InvalidParams("UBAN", what, f"it should be one of {', '.join(_STEPS)}.")
    if not target and step is not _list:
        raise NeedMoreParams("UBAN", f"UBAN {what.upper()} <target>")
    await step(core, request, target, " ".join(more).split())


async def _add(core: Core, request: Request, target: str, words: list[str]) -> None:
    confirmed = words[:1] == ["CONFIRM"]
    words = words[confirmed:]
    draft = await core.server_bans.draft(request.session, target)
    expires = None
    if words and words[0][0].isdecimal():
        seconds = 0 if words[0] == "0" else span(words[0])
        expires = draft.at + seconds if seconds else None
        words = words[1:]
    reason = " ".join(words)[: core.settings.limits.reason]
    ban = replace(draft, expires=expires, reason=reason)
    gone = await core.server_bans.add(request.session, ban, confirmed)
    were = "1 session was" if gone == 1 else f"{gone} sessions were"
    text = f"{ban.target} ({ban.kind}) is banned {until(ban)}. {were} closed."
    request.reply(Said(text, "BANNED"))


async def _del(core: Core, request: Request, target: str, words: list[str]) -> None:
    ban = await core.server_bans.drop(request.session, target)
    request.reply(Said(f"{ban.target} ({ban.kind}) is not banned any more.", "UNBANNED"))


async def _list(core: Core, request: Request, target: str, words: list[str]) -> None:
    request.reply(ServerBansAre(tuple(core.server_bans)))


async def _info(core: Core, request: Request, target: str, words: list[str]) -> None:
    here = core.sessions.get(target)
    if here is not None:
        _suggest(request, here)
        return
    draft = await core.server_bans.draft(request.session, target)
    request.reply(ServerBansAre(tuple(b for b in core.server_bans if _same(b, draft))))
    meant = core.server_bans.those(draft)
    names = sorted({session.person.name for session in meant})
    shown = ", ".join(names[:MOST_SHOWN]) + (", …" if len(names) > MOST_SHOWN else "")
    request.reply(Said(f"{draft.target} means {shown or 'nobody'} of those on line.", "BAN_INFO"))


def _same(one: ServerBan, other: ServerBan) -> bool:
    return (one.kind, one.target) == (other.kind, other.target)


def _suggest(request: Request, here: Here) -> None:
    """Say how somebody who is on line can be banned."""
    person = here.person
    ways = dict.fromkeys(session.address for session in here.sessions.values() if session.address)
    ways |= dict.fromkeys([f"*!*@{person.host}", *([person.account] if person.account else [])])
    text = f"{person.name} is {person.mask}. To ban them: UBAN ADD {' or '.join(ways)}"
    request.reply(Said(text, "BAN_INFO"))


_STEPS: dict[str, Step] = {"ADD": _add, "DEL": _del, "LIST": _list, "INFO": _info}
