"""INVITE: asking somebody in, or, without parameters, seeing where one is asked in oneself."""

from __future__ import annotations

from chatd.commands import Request, command
from chatd.commands import rooms as common
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.wire.numerics import Numeric


@command("INVITE")
async def invite(core: Core, request: Request, name: str = "", room: str = "") -> None:
    """Ask somebody into a room; or see into which rooms you were asked."""
    if name:
        await common.invite.run(core, request)
        return
    client = client_of(request)
    for place in core.places:
        if place.is_invited(client.person):
            client.numeric(Numeric.INVITEDTO, place.room.name)
    client.numeric(Numeric.ENDOFINVITEDTO, "End of /INVITE list.")
