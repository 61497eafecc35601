"""PRIVMSG, NOTICE and the operator's verbs where IRC has its own way with them.

A message has to fit a line with its sender's name before it, and is refused if it does
not: it is never cut, and is one message for everybody. A NOTICE is never answered by an
error (RFC 1459), unless it was fine and yet not sent.
"""

from __future__ import annotations

from chatd.commands import Request, command
from chatd.commands import talk as common
from chatd.commands.account import oper as common_oper
from chatd.core import Core
from chatd.errors import TooLong
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.multiline import collect
from chatd.frontends.irc.notices import hush
from chatd.frontends.irc.services import is_service, nickserv
from chatd.model import Rank
from chatd.wire.caps import Cap
from chatd.wire.irc import LONGEST
from chatd.wire.numerics import Numeric


@command("PRIVMSG")
async def privmsg(core: Core, request: Request, to: str = "", text: str = "") -> None:
    """Say something in a room, or to somebody, who need not be on line."""
    if _is_collected(request):
        collect(client_of(request), request, to, text)
    elif not to:
        client_of(request).numeric(Numeric.NORECIPIENT, "To whom?")
    elif is_service(to):
        request.params = (text,)
        await nickserv.run(core, request)
    else:
        _check_length(request, to, text)
        request.params = (to, text)
        await common.privmsg.run(core, request)


@command("NOTICE")
async def notice(core: Core, request: Request, to: str = "", text: str = "") -> None:
    """Say something that nobody, and no program, should answer."""
    if _is_collected(request):
        collect(client_of(request), request, to, text)
        return
    hush(request)
    _check_length(request, to, text)
    request.params = (to, text)
    await common.notice.run(core, request)


def _is_collected(request: Request) -> bool:
    """Whether this is a line of a message of several lines."""
    return "batch" in request.tags and Cap.MULTILINE in client_of(request).caps


def _check_length(request: Request, to: str, text: str) -> None:
    """Refuse what does not fit a line when it is shown to others."""
    target = max(to.split(","), key=len) if "," in to else to
    around = f":{request.session.person.mask} {request.verb} {target} :\r\n"
    room = LONGEST - len(around.encode())
    if len(text.encode()) > room:
        raise TooLong(f"A message to {target}", room)


@command("OPER")
async def oper(core: Core, request: Request, name: str, password: str) -> None:
    """Take up your office on the server: that of a moderator or administrator."""
    client = client_of(request)
    await common_oper.run(core, request)
    if client.rank >= Rank.MODERATOR:
        client.modes |= {"o"}
