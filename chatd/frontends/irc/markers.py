"""MARKREAD: how far one has read, on all of one's devices (IRCv3 draft/read-marker)."""

from __future__ import annotations

from chatd.answers import MarkerIs
from chatd.commands import Request, command
from chatd.core import Core
from chatd.errors import NoSuchRoom, NotInRoom, TooMany
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.chathistory import BadRequest, spot


@command("MARKREAD")
async def markread(core: Core, request: Request, to: str = "", when: str = "") -> None:
    """See, or say, until when you have read: MARKREAD #tea timestamp=2026-11-21T14:23:15.042Z."""
    client = client_of(request)
    if not to:
        client.fail("MARKREAD", "NEED_MORE_PARAMS", "What have you read?")
        return
    try:
        read = await _marked(core, request, to, when) if when else None
    except BadRequest as bad:
        client.fail("MARKREAD", "INVALID_PARAMS", to, bad.args[1])
    except (NoSuchRoom, NotInRoom, TooMany) as error:
        client.fail("MARKREAD", "INVALID_PARAMS", to, str(error))
    else:
        if read is None:
            read = await core.markers.marker(client, to)
        request.reply(MarkerIs(to, read))


async def _marked(core: Core, request: Request, to: str, when: str) -> int:
    time = spot(when).time
    if time is None:
        raise BadRequest("INVALID_PARAMS", "It should be timestamp=2026-11-21T14:23:15.042Z.")
    return await core.markers.mark(request.session, to, time, request.cause)
