"""005: what this server supports; on request too, and before one is on line
(IRCv3 draft/extended-isupport, draft/ICON)."""

from __future__ import annotations

from collections.abc import Iterator

from chatd.commands import Request, command
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.chathistory import batched
from chatd.frontends.irc.client import Client
from chatd.frontends.irc.tokens import tokens
from chatd.wire.caps import Cap
from chatd.wire.irc import Line
from chatd.wire.numerics import Numeric

TOKENS_IN_A_LINE = 12


@command("ISUPPORT")
async def isupport(core: Core, request: Request) -> None:
    """See what this server supports."""
    show_tokens(client_of(request))


def show_tokens(client: Client) -> None:
    """Tell what this server supports."""
    lines = list(_lines(client))
    if Cap.EXTENDED_ISUPPORT in client.caps:
        batched(client, "draft/isupport", (), lines)
    else:
        for line in lines:
            client.send(line)


def _lines(client: Client) -> Iterator[Line]:
    found = tokens(client.irc.core.settings)
    words = [f"{name}={value}" if value else name for name, value in found.items()]
    for start in range(0, len(words), TOKENS_IN_A_LINE):
        some = words[start : start + TOKENS_IN_A_LINE]
        params = (client.person.name, *some, "are supported by this server")
        yield Line(Numeric.ISUPPORT, params, client.server.name)
