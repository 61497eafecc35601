"""Files, for those whose client knows nothing of them: they are told what to do in a shell."""

from __future__ import annotations

from chatd.answers import Bring, Fetch, FilesAre, OfferIs
from chatd.commands import Request, command
from chatd.core import Core
from chatd.core.files import File
from chatd.errors import BadFileSize
from chatd.model import Offer, Rank, Side


@command("FILEW", Rank.USER)
async def filew(core: Core, request: Request, to: str, size: str, name: str) -> None:
    """Offer a file to somebody, or to a room: how many bytes it has, and what it is called.
    BRING tells how to bring it."""
    await make_offer(core, request, to, File(name, size_of(size)))


@command("FILES", Rank.USER)
async def files(core: Core, request: Request, to: str = "") -> None:
    """See which files are offered to you and by you, or in one conversation."""
    request.reply(listed(core, request, to))


@command("ACCEPT", Rank.USER)
async def accept(core: Core, request: Request, id: str) -> None:
    """Take a file that is offered to you or to a room, and see how to fetch it."""
    offer = await core.files.accept(request.session, id, request.cause)
    ticket = core.transfers.ticket(request.session, id, Side.RECEIVE, plain=True)
    request.reply(Fetch(offer, ticket, door(core)))


@command("BRING", Rank.USER)
async def bring(core: Core, request: Request, id: str) -> None:
    """See how to bring the bytes of a file that you offer."""
    ticket = core.transfers.ticket(request.session, id, Side.SEND, plain=True)
    request.reply(Bring(core.files.find(request.session.person, id), ticket, door(core)))


@command("DECLINE", Rank.USER)
async def decline(core: Core, request: Request, id: str, reason: str = "") -> None:
    """Refuse a file that is offered to you."""
    reason = reason[: core.settings.limits.reason]
    await core.files.decline(request.session, id, reason, request.cause)


@command("CANCEL", Rank.USER)
async def cancel(core: Core, request: Request, id: str, reason: str = "") -> None:
    """Take back a file that you offer or, as an op of the room, anybody's."""
    reason = reason[: core.settings.limits.reason]
    await core.files.cancel(request.session, id, reason, request.cause)


async def make_offer(core: Core, request: Request, to: str, file: File) -> Offer:
    """Offer a file, where there are files at all."""
    core.transfers.check_offered()
    return await core.files.offer(request.session, to, file, request.cause)


def listed(core: Core, request: Request, to: str) -> FilesAre:
    """The offers that are somebody's business."""
    found = core.files.of(request.session.person, to)
    return FilesAre(
        to, tuple(OfferIs(o, core.files.target(o), core.transfers.held(o)) for o in found)
    )


def size_of(text: str) -> int:
    """A number of bytes.

    :raise BadFileSize: if it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadFileSize(text)
    return int(text)


def door(core: Core) -> str:
    """Where to connect to with a ticket."""
    return core.settings.files.door or f"{core.settings.server.name}:6697"
