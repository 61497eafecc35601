"""What moderators and administrators of the server can do."""

from __future__ import annotations

from chatd.answers import Said
from chatd.commands import Request, command
from chatd.core import Core
from chatd.events import Announced
from chatd.model import Rank


@command("KILL", Rank.MODERATOR)
async def kill(core: Core, request: Request, name: str, reason: str = "no reason given") -> None:
    """Hang up on somebody, with all of their sessions."""
    here = core.sessions.find(name)
    for session in list(here.sessions.values()):
        session.close(f"Killed ({request.session.person.name} ({reason}))")
    request.reply(Said(f"{here.person.name} is off line.", "KILLED"))


@command("WALLOPS", Rank.MODERATOR)
async def wallops(core: Core, request: Request, text: str) -> None:
    """Say something to everybody who wants to hear from operators."""
    by = request.session.person
    await core.log.tell(Announced(by=by, at=core.log.now(), text=text, cause=request.cause))
