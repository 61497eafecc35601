"""AWAY, also before one is on line (IRCv3 draft/pre-away).

`AWAY *` is said by a client without a person: it counts only while there is no other
session of them, and no longer than until there is one.
"""

from __future__ import annotations

from chatd.commands import Request, command, people
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.client import Client

NOBODY = "*"


@command("AWAY")
async def away(core: Core, request: Request, text: str = "") -> None:
    """Say that you are away, and why; without a text, that you are back."""
    client = client_of(request)
    if client.handshake is not None:
        client.handshake.away = text
    elif text != NOBODY or _is_alone(core, client):
        await people.away.run(core, request)


async def arrive_away(client: Client, text: str, first: bool) -> None:
    """A client has come on line, and said before whether somebody is there."""
    core = client.irc.core
    here = core.sessions.find(client.person.name)
    if text == NOBODY and not first:
        return
    if text or here.away == NOBODY:
        await core.presence.set_away(client, text or None)


def _is_alone(core: Core, client: Client) -> bool:
    return len(core.sessions.find(client.person.name).sessions) == 1
