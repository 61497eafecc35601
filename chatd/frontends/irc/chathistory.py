"""CHATHISTORY: reading back, by message id or by time (IRCv3 draft/chathistory)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

from msgspec import structs

from chatd.answers import History as Page
from chatd.commands import Request, command
from chatd.core import Core
from chatd.core.history import Spot
from chatd.errors import AccountRequired, ChatError, NoSuchMessage, NotInRoom, NotKept
from chatd.events import Entry, Joined, Posted
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.client import Client
from chatd.frontends.irc.render import render, tagged, timestamp
from chatd.model import Role
from chatd.wire.caps import Cap
from chatd.wire.irc import Line

Ask = Callable[[Core, Client, str, list[str]], Awaitable[Page]]


class BadRequest(Exception):
    """Something in the line is not as the specification wants it: a code and a sentence."""


@command("CHATHISTORY")
async def chathistory(core: Core, request: Request, what: str, *params: str) -> None:
    """Read back what was said: LATEST, BEFORE, AFTER, AROUND, BETWEEN or TARGETS."""
    client, what = client_of(request), what.upper()
    try:
        if what == "TARGETS":
            await _targets(core, client, list(params))
        elif what in _ASK:
            target, *rest = params if params else ("",)
            _show(client, await _ASK[what](core, client, target, rest))
        else:
            raise BadRequest("INVALID_PARAMS", "There is no such subcommand.")
    except BadRequest as bad:
        code, text = bad.args
        about = params[:1] if code == "INVALID_MSGREFTYPE" else ()
        client.fail("CHATHISTORY", code, what[:32] or "*", *about, text)
    except (AccountRequired, NotKept):
        raise
    except NoSuchMessage as error:
        client.fail("CHATHISTORY", "MESSAGE_ERROR", what, params[0], str(error))
    except ChatError as error:
        # One answer for all rooms that one may not read, so that nobody learns what exists.
        text = str(error) if isinstance(error, NotInRoom) else "You cannot read that."
        client.fail("CHATHISTORY", "INVALID_TARGET", what, params[0] if params else "*", text)


async def _latest(core: Core, client: Client, target: str, rest: list[str]) -> Page:
    where, limit = _given(rest, 2)
    after = None if where == "*" else spot(where)
    return await core.history.latest(client, target, number(limit), after, said=_said(client))


async def _before(core: Core, client: Client, target: str, rest: list[str]) -> Page:
    where, limit = _given(rest, 2)
    return await core.history.before(client, target, spot(where), number(limit), said=_said(client))


async def _after(core: Core, client: Client, target: str, rest: list[str]) -> Page:
    where, limit = _given(rest, 2)
    return await core.history.after(client, target, spot(where), number(limit), said=_said(client))


async def _around(core: Core, client: Client, target: str, rest: list[str]) -> Page:
    where, limit = _given(rest, 2)
    return await core.history.around(client, target, spot(where), number(limit), said=_said(client))


async def _between(core: Core, client: Client, target: str, rest: list[str]) -> Page:
    start, end, limit = _given(rest, 3)
    return await core.history.between(
        client, target, spot(start), spot(end), number(limit), said=_said(client)
    )


_ASK: dict[str, Ask] = {
    "LATEST": _latest,
    "BEFORE": _before,
    "AFTER": _after,
    "AROUND": _around,
    "BETWEEN": _between,
}


def spot(text: str) -> Spot:
    """`msgid=…` or `timestamp=…` as a place in the history.

    :raise BadRequest: if it is neither.
    """
    kind, _, value = text.partition("=")
    if kind == "msgid" and value:
        return Spot(id=value)
    if kind not in ("msgid", "timestamp"):
        raise BadRequest("INVALID_MSGREFTYPE", "It should be msgid=… or timestamp=….")
    if kind == "timestamp":
        try:
            moment = datetime.fromisoformat(value)
            return Spot(time=int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000))
        except (ValueError, OverflowError):
            pass
    raise BadRequest(
        "INVALID_PARAMS", "It should be msgid=… or timestamp=2026-11-21T14:23:15.042Z."
    )


def number(text: str) -> int:
    """How many messages.

    :raise BadRequest: if it is no number.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest("INVALID_PARAMS", "How many should be a number.")
    return int(text)


def _given(rest: list[str], count: int) -> list[str]:
    if len(rest) < count:
        raise BadRequest("INVALID_PARAMS", "Something is missing.")
    return rest[:count]


def _said(client: Client) -> bool:
    """Whether the client is shown only what was said, and not all that happened."""
    return not {Cap.EVENT_PLAYBACK, Cap.MESSAGE_TAGS} <= client.caps


def _show(client: Client, page: Page) -> None:
    lines = [line for entry in page.entries for line in _lines(client, entry)]
    batched(client, "chathistory", (page.to,), lines)


def _lines(client: Client, entry: Entry) -> list[Line]:
    """An entry as it was shown then, without what was only so then, or is no more."""
    if isinstance(entry, Posted) and entry.erased:
        return []
    if isinstance(entry, Joined):
        entry = structs.replace(entry, role=Role.MEMBER, away=None)
    return render(entry, client.caps)


def batched(client: Client, kind: str, params: tuple[str, ...], lines: Iterable[Line]) -> None:
    """Send lines as one batch, or plainly to a client that knows no batches."""
    if Cap.BATCH not in client.caps:
        for line in lines:
            client.send(line)
        return
    reference = client.irc.core.new_id()
    server = client.server.name
    client.send(Line("BATCH", (f"+{reference}", kind, *params), server))
    for line in lines:
        client.send(tagged(line, {"batch": reference}))
    client.send(Line("BATCH", (f"-{reference}",), server))


async def _targets(core: Core, client: Client, params: list[str]) -> None:
    start, end, limit = _given(params, 3)
    one, other = spot(start).time, spot(end).time
    if one is None or other is None:
        raise BadRequest("INVALID_PARAMS", "TARGETS takes timestamps.")
    found = await core.history.conversations(client, one, other, number(limit))
    lines = [
        Line("CHATHISTORY", ("TARGETS", one.other, timestamp(one.latest)), client.server.name)
        for one in found
    ]
    batched(client, "draft/chathistory-targets", (), lines)
