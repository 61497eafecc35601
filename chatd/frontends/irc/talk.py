"""PRIVMSG, NOTICE and the operator's verbs where IRC has its own way with them."""

from __future__ import annotations

from chatd.commands import Request, command
from chatd.commands import talk as common
from chatd.commands.account import oper as common_oper
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.services import is_service, nickserv
from chatd.model import Rank
from chatd.wire.numerics import Numeric


@command("PRIVMSG")
async def privmsg(core: Core, request: Request, to: str = "", text: str = "") -> None:
    """Say something in a room, or to somebody, who need not be on line."""
    if not to:
        client_of(request).numeric(Numeric.NORECIPIENT, "To whom?")
    elif is_service(to):
        request.params = (text,)
        await nickserv.run(core, request)
    else:
        request.params = (to, text)
        await common.privmsg.run(core, request)


@command("NOTICE")
async def notice(core: Core, request: Request, to: str = "", text: str = "") -> None:
    """Say something that nobody, and no program, should answer."""
    if not to:
        client_of(request).numeric(Numeric.NORECIPIENT, "To whom?")
    else:
        request.params = (to, text)
        await common.notice.run(core, request)


@command("OPER")
async def oper(core: Core, request: Request, name: str, password: str) -> None:
    """Take up your office on the server: that of a moderator or administrator."""
    client = client_of(request)
    await common_oper.run(core, request)
    if client.rank >= Rank.MODERATOR:
        client.modes |= {"o"}
