"""Direct messages that came while nobody of the account was there, for clients that cannot
ask for them: those without draft/chathistory."""

from __future__ import annotations

from chatd.frontends.irc.client import Client
from chatd.wire.caps import Cap


async def show_missed(client: Client) -> None:
    """Send what was said to the client's account meanwhile, as it would have been sent then."""
    if Cap.CHATHISTORY in client.caps:
        return
    for posted in await client.irc.core.missed.of(client):
        for line in client.lines_of(posted):
            client.send(line)
