"""Reading back."""

from __future__ import annotations

from chatd.commands import Request, command
from chatd.core import Core

USUAL = 20


@command("HISTORY")
async def history(core: Core, request: Request, target: str, count: int = USUAL) -> None:
    """See the last things that were said in a room, or with somebody."""
    request.reply(await core.history.latest(request.session, target, count))
