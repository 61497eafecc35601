"""METADATA: what people tell of themselves and of their rooms (IRCv3 draft/metadata-3).

Each subcommand is a function; to add one, add a row to the table at the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping

from chatd.commands import Request, command
from chatd.core import Core
from chatd.core.metadata import check_key
from chatd.errors import (
    BadMetadataKey,
    BadMetadataValue,
    ChatError,
    MetadataFull,
    MetadataNotSet,
    NeedMoreParams,
    NoSuchAccount,
    NoSuchRoom,
    NotAllowed,
    NotInRoom,
    TooManySubscriptions,
)
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.chathistory import batched
from chatd.frontends.irc.client import Client
from chatd.frontends.irc.subscriptions import all_known, known, unset
from chatd.names import fold, is_room
from chatd.wire.irc import Line
from chatd.wire.numerics import Numeric

VERB = "METADATA"
Words = tuple[str, ...]
Subcommand = Callable[[Core, Request, str, Words], Awaitable[None]]


@command(VERB)
async def metadata(core: Core, request: Request, target: str, what: str, *words: str) -> None:
    """See or change what people tell of themselves and of rooms: METADATA * SET url :https://…"""
    client = client_of(request)
    subcommand = _SUBCOMMANDS.get(what.upper())
    if subcommand is None:
        client.fail(VERB, "SUBCOMMAND_INVALID", what, "There is no such subcommand.")
        return
    name = client.person.name if target == "*" else target
    try:
        await subcommand(core, request, name, words)
    except ChatError as error:
        _refuse(client, error, target, words[0] if words else "*")


def _refuse(client: Client, error: ChatError, target: str, key: str) -> None:
    match error:
        case NeedMoreParams():
            raise error
        case NoSuchAccount() | NoSuchRoom():
            client.fail(VERB, "INVALID_TARGET", target, str(error))
        case NotAllowed() | NotInRoom():
            client.fail(VERB, "KEY_NO_PERMISSION", target, key, str(error))
        case BadMetadataKey() | BadMetadataValue() | TooManySubscriptions():
            client.fail(VERB, error.code, key, str(error))
        case MetadataNotSet():
            client.fail(VERB, error.code, target, key, str(error))
        case MetadataFull():
            client.fail(VERB, error.code, target, str(error))
        case _:
            raise error


def welcome_by_metadata(client: Client) -> None:
    """Tell a client that comes on line what is known of itself."""
    core, person = client.irc.core, client.person
    lines = all_known(core, person, person.name, core.metadata.of(person).items())
    batched(client, "metadata", (person.name,), lines)


async def keep_early(client: Client, early: Mapping[str, str]) -> None:
    """Let stand what a client has told of itself before it was on line."""
    for key, value in early.items():
        try:
            await client.irc.core.metadata.change(client, key, value)
        except ChatError as error:
            _refuse(client, error, "*", key)


# -- subcommands


async def _get(core: Core, request: Request, name: str, words: Words) -> None:
    _check_words(request, words, 1)
    values = _values(core, request, name)
    client = client_of(request)
    batched(client, "metadata", (name,), _found(core, client, name, values, words))


def _found(
    core: Core, client: Client, name: str, values: Mapping[str, str], keys: Words
) -> Iterator[Line]:
    for key in keys:
        try:
            check_key(key)
        except BadMetadataKey as error:
            yield Line("FAIL", (VERB, error.code, key, str(error)), client.server.name)
            continue
        if key in values:
            yield known(core, client.person, name, key, values[key])
        else:
            yield unset(core, client.person, name, key)


async def _list(core: Core, request: Request, name: str, words: Words) -> None:
    values = _values(core, request, name)
    client = client_of(request)
    lines = all_known(core, client.person, name, values.items())
    batched(client, "metadata", (name,), lines)


async def _set(core: Core, request: Request, name: str, words: Words) -> None:
    _check_words(request, words, 1)
    key, value = words[0], words[1] if len(words) > 1 else None
    await _change(core, request, name, key, value)
    client = client_of(request)
    me = client.person
    client.send(unset(core, me, name, key) if value is None else known(core, me, name, key, value))


async def _clear(core: Core, request: Request, name: str, words: Words) -> None:
    _check_changeable(request, name)
    client = client_of(request)
    cleared = []
    for key in list(_values(core, request, name)):
        await _change(core, request, name, key, None)
        cleared.append(unset(core, client.person, name, key))
    batched(client, "metadata", (name,), cleared)


async def _sub(core: Core, request: Request, name: str, words: Words) -> None:
    _check_words(request, words, 1)
    client = client_of(request)
    most = core.settings.limits.metadata_subscriptions
    taken: list[str] = []
    for key in dict.fromkeys(_fine(client, words)):
        if key not in client.subscriptions.keys and len(client.subscriptions.keys) >= most:
            _acknowledge(client, Numeric.METADATASUBOK, taken)
            _refuse(client, TooManySubscriptions(key, most), "*", key)
            break
        client.subscriptions.keys[key] = None
        taken.append(key)
    else:
        _acknowledge(client, Numeric.METADATASUBOK, taken)
    for place in core.places.of(client.person.name) if client.handshake is None else ():
        client.numeric(Numeric.METADATASYNCLATER, place.room.name)


async def _unsub(core: Core, request: Request, name: str, words: Words) -> None:
    _check_words(request, words, 1)
    client = client_of(request)
    keys = list(dict.fromkeys(_fine(client, words)))
    for key in keys:
        client.subscriptions.keys.pop(key, None)
    _acknowledge(client, Numeric.METADATAUNSUBOK, keys)


def _acknowledge(client: Client, numeric: Numeric, keys: list[str]) -> None:
    for start in range(0, len(keys), 8):
        client.numeric(numeric, *keys[start : start + 8])


async def _subs(core: Core, request: Request, name: str, words: Words) -> None:
    client = client_of(request)
    keys = list(client.subscriptions.keys)
    lines = [
        Line(
            Numeric.METADATASUBS,
            (client.person.name, *keys[start : start + 8]),
            client.server.name,
        )
        for start in range(0, len(keys), 8)
    ]
    batched(client, "metadata-subs", (), lines)


async def _sync(core: Core, request: Request, name: str, words: Words) -> None:
    client, me = client_of(request), request.session.person
    values = _values(core, request, name)
    if is_room(name):
        lines = client.subscriptions.of_room(core, me, core.places.find(name))
    else:
        lines = client.subscriptions.of(core, me, name, values)
    batched(client, "metadata", (name,), lines)


_SUBCOMMANDS: dict[str, Subcommand] = {
    "CLEAR": _clear,
    "GET": _get,
    "LIST": _list,
    "SET": _set,
    "SUB": _sub,
    "SUBS": _subs,
    "SYNC": _sync,
    "UNSUB": _unsub,
}


# -- parts


def _values(core: Core, request: Request, name: str) -> Mapping[str, str]:
    """What is told of somebody or something, as far as the one who asks may read it."""
    client = client_of(request)
    if client.handshake is not None:
        if name != client.person.name:
            raise NoSuchAccount(name)
        return client.handshake.metadata  # type: ignore[no-any-return]
    if is_room(name):
        core.rooms.visible(client, name)
        return core.metadata.of_visible(client, name)
    return core.metadata.of(core.sessions.find(name).person)


async def _change(core: Core, request: Request, name: str, key: str, value: str | None) -> None:
    client = client_of(request)
    if is_room(name):
        await core.metadata.change_room(client, name, key, value, request.cause)
        return
    _check_changeable(request, name)
    if client.handshake is not None:
        core.metadata.put_early(client.handshake.metadata, key, value)
    else:
        await core.metadata.change(client, key, value, request.cause)


def _check_changeable(request: Request, name: str) -> None:
    if not is_room(name) and fold(name) != fold(request.session.person.name):
        raise NotAllowed(name, "they tell of themselves what they want.")


def _fine(client: Client, keys: Words) -> Iterator[str]:
    """Those of the keys that are good ones; the others are refused one by one."""
    for key in keys:
        try:
            check_key(key)
        except BadMetadataKey as error:
            _refuse(client, error, "*", key)
        else:
            yield key


def _check_words(request: Request, words: Words, least: int) -> None:
    if len(words) < least:
        raise NeedMoreParams(VERB, metadata.usage)
