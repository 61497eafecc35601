"""What moderators and administrators of the server can do. All of it is in the audit log."""

from __future__ import annotations

from chatd.answers import Rehashing, Said, moment
from chatd.commands import Request, command
from chatd.core import Core
from chatd.core.permissions import check_rank
from chatd.errors import BadSettings, InvalidParams
from chatd.events import Announced
from chatd.model import Privilege, Rank

IN_FORCE = "The settings are in force."


@command("KILL", Rank.MODERATOR, Privilege.KILL)
async def kill(core: Core, request: Request, name: str, reason: str = "no reason given") -> None:
    """Hang up on somebody, with all of their sessions."""
    here = core.sessions.find(name)
    check_rank(request.session.rank, here.person.name, *(s.rank for s in here.sessions.values()))
    reason = reason[: core.settings.limits.reason]
    await core.audit.record(request.session, "kill", here.person.mask, reason)
    for session in list(here.sessions.values()):
        session.close(f"Killed ({request.session.person.name} ({reason}))")
    request.reply(Said(f"{here.person.name} is off line.", "KILLED"))


@command("WALLOPS", Rank.MODERATOR, Privilege.WALLOPS)
async def wallops(core: Core, request: Request, text: str) -> None:
    """Say something to everybody who wants to hear from operators."""
    await core.audit.record(request.session, "wallops")
    by = request.session.person
    await core.log.tell(Announced(by=by, at=core.log.now(), text=text, cause=request.cause))


@command("LOCKDOWN", Rank.MODERATOR, Privilege.LOCKDOWN)
async def lockdown(core: Core, request: Request, state: str = "", reason: str = "") -> None:
    """Let nobody new in: no guests, no new accounts. LOCKDOWN ON [reason], LOCKDOWN OFF; without
    either it says how it stands. Who is on line goes on, and who has an account can log in."""
    wanted = state.lower()
    if wanted not in ("", "on", "off"):
        raise InvalidParams("LOCKDOWN", state, "it should be ON or OFF.")
    if wanted:
        reason = reason[: core.settings.limits.reason]
        await core.server_bans.lock_down(request.session, wanted == "on", reason)
    request.reply(lockdown_is(core))


def lockdown_is(core: Core) -> Said:
    """How it stands with the lockdown."""
    ban = core.server_bans.lockdown
    if ban is None:
        return Said("There is no lockdown: new people may come as the settings say.", "LOCKDOWN")
    why = f" ({ban.reason})" if ban.reason else ""
    text = f"Nobody new is let in since {moment(ban.at)}, by {ban.by}{why}. End it by LOCKDOWN OFF."
    return Said(text, "LOCKDOWN")


@command("REHASH", Rank.MODERATOR, Privilege.REHASH)
async def rehash(core: Core, request: Request) -> None:
    """Have the daemon read its settings and certificates again; nobody is disconnected. If
    anything in them is no good, nothing is changed, and you are told what; otherwise you are told
    what of them has to wait for a restart."""
    await core.audit.record(request.session, "rehash")
    request.reply(Rehashing(core.daemon.ini))
    reloaded = core.daemon.reload()
    for fault in reloaded.faults:
        request.refuse(BadSettings(fault))
    if not reloaded.faults:
        request.reply(Said(IN_FORCE, "REHASHED"))
    for sentence in reloaded.waiting:
        request.reply(Said(sentence, "REHASHED"))


@command("DIE", Rank.MODERATOR, Privilege.DIE)
async def die(core: Core, request: Request, server: str) -> None:
    """End the daemon, as SIGTERM does. So that it cannot be a slip of the hand, the server's name
    has to be given."""
    name = core.settings.server.name
    if server != name:
        raise InvalidParams("DIE", server, f"to end this server, give its name: DIE {name}")
    await core.audit.record(request.session, "die")
    request.reply(Said("The server is ending.", "ENDING"))
    core.daemon.end()
