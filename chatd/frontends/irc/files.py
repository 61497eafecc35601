"""FILE: files, for clients that carry them themselves (chatd/files)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chatd.answers import TicketIs
from chatd.commands import Request, command
from chatd.commands import files as commands
from chatd.core import Core
from chatd.core.files import File
from chatd.errors import InvalidParams, NeedMoreParams
from chatd.model import Rank, Side

USAGE = "FILE OFFER|ACCEPT|DECLINE|CANCEL|TICKET|LIST …"

Verb = Callable[[Core, Request, tuple[str, ...]], Awaitable[None]]


@command("FILE", Rank.USER)
async def file(core: Core, request: Request, what: str, *params: str) -> None:
    """Offer files and take them: OFFER, ACCEPT, DECLINE, CANCEL, TICKET or LIST."""
    core.transfers.check_offered()
    known = _VERBS.get(what.upper())
    if known is None:
        raise InvalidParams("FILE", what[:32], USAGE)
    least, verb = known
    if len(params) < least:
        raise NeedMoreParams("FILE", USAGE)
    await verb(core, request, params)


async def _offer(core: Core, request: Request, params: tuple[str, ...]) -> None:
    to, size, media_type, digest, name = params[:5]
    known = "" if digest == "*" else digest
    offered = File(name, commands.size_of(size), media_type, known)
    await commands.make_offer(core, request, to, offered)


async def _accept(core: Core, request: Request, params: tuple[str, ...]) -> None:
    await core.files.accept(request.session, params[0], request.cause)
    _give_ticket(core, request, params[0], Side.RECEIVE)


async def _decline(core: Core, request: Request, params: tuple[str, ...]) -> None:
    await commands.decline.run(core, _with(request, params[:2]))


async def _cancel(core: Core, request: Request, params: tuple[str, ...]) -> None:
    await commands.cancel.run(core, _with(request, params[:2]))


async def _ticket(core: Core, request: Request, params: tuple[str, ...]) -> None:
    side = None
    if len(params) > 1:
        try:
            side = Side(params[1].lower())
        except ValueError:
            raise InvalidParams("FILE", params[1][:32], "it should be SEND or RECEIVE.") from None
    _give_ticket(core, request, params[0], side)


async def _list(core: Core, request: Request, params: tuple[str, ...]) -> None:
    request.reply(commands.listed(core, request, params[0] if params else ""))


def _give_ticket(core: Core, request: Request, id_: str, side: Side | None) -> None:
    ticket = core.transfers.ticket(request.session, id_, side)
    offer = core.files.find(request.session.person, id_)
    request.reply(TicketIs(offer, core.files.target(offer), ticket))


def _with(request: Request, params: tuple[str, ...]) -> Request:
    return Request(
        request.session, request.verb, params, request.reply, request.tags, request.label
    )


_VERBS: dict[str, tuple[int, Verb]] = {
    "OFFER": (5, _offer),
    "ACCEPT": (1, _accept),
    "DECLINE": (1, _decline),
    "CANCEL": (1, _cancel),
    "TICKET": (1, _ticket),
    "LIST": (0, _list),
}
