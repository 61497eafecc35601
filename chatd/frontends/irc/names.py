"""NAMES: who is in some rooms; all of it ends with one line."""

from __future__ import annotations

from chatd.commands import Request, command
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.replies import names_in
from chatd.wire.numerics import Numeric


@command("NAMES")
async def names(core: Core, request: Request, rooms: str = "*") -> None:
    """See who is in a room. Several with commas between."""
    client = client_of(request)
    found = [core.rooms.members(client, room) for room in dict.fromkeys(rooms.split(",")) if room]
    client.say(line for members in found for line in names_in(members, client))
    asked = ",".join(members.name for members in found) or "*"
    client.numeric(Numeric.ENDOFNAMES, asked, "End of /NAMES list.")
