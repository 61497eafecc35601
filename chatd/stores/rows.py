"""Rows of tables as the nouns and entries they stand for, and back.

The log has who, when and the text in columns of their own. What else an entry has goes
into `rest` as JSON, and only where it is not the default, so that most messages have none.
A new kind of entry needs nothing here if its fields are texts and numbers, or are called
like one in `_READERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from msgspec import NODEFAULT, json, structs

from chatd.events import Entry
from chatd.model import (
    Account,
    Barred,
    Deed,
    Kind,
    Listing,
    Mask,
    Member,
    Mode,
    Offer,
    Outcome,
    Person,
    Rank,
    Role,
    Room,
    Sealed,
    ServerBan,
    Stage,
    Topic,
)
from chatd.names import fold

Row = tuple[Any, ...]

ACCOUNTS = "SELECT key, name, rank, created, suspended FROM accounts "
ROOMS = """
    SELECT key, name, kept, created, direct, topic, topic_by, topic_at, modes, password, most
    FROM rooms """
SERVER_BANS = "SELECT kind, target, by, at, expires, reason FROM server_bans "
RECORDS = "SELECT number, at, by, address, act, target, note, seal FROM audit "
ENTRIES = """
    SELECT number, time, event, name, origin, account, account_key, text, rest
    FROM log WHERE room = ? AND """
ADD_ENTRY = """
    INSERT INTO log (room, number, time, event, name, origin, account, account_key, text, rest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
OFFERS = """
    SELECT id, room, sender, by, target, receiver, name, size, type, digest, expires, stage
    FROM offers ORDER BY expires, id"""
PUT_OFFER = """
    INSERT INTO offers
        (id, room, sender, by, target, receiver, name, size, type, digest, expires, stage)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET receiver = excluded.receiver, stage = excluded.stage"""


def account_of(row: Row) -> Account:
    """An account, as ACCOUNTS finds it."""
    key, name, rank, created, suspended = row
    return Account(key, name, Rank(rank), created, bool(suspended))


def room_of(row: Row) -> Room:
    """A room, as ROOMS finds it."""
    key, name, kept, created, direct, topic, by, at, modes, password, most = row
    return Room(
        key,
        name,
        bool(kept),
        created,
        bool(direct),
        None if topic is None else Topic(topic, by, at),
        frozenset(map(Mode, modes.split())),
        password,
        most,
    )


def room_row(room: Room) -> Row:
    """What ROOMS finds, without the key."""
    topic = room.topic
    return (
        room.name,
        room.kept,
        room.created,
        room.direct,
        *((None, None, None) if topic is None else (topic.text, topic.by, topic.at)),
        " ".join(sorted(room.modes)),
        room.password,
        room.limit,
    )


def fold_of(room: Room) -> str:
    """The form in which a room's name is unique."""
    return room.name if room.direct else fold(room.name)


def member_of(row: Row) -> Member:
    """A member, of `room, account, role`."""
    room, account, role = row
    return Member(room, account, Role(role))


def mask_of(row: Row) -> Mask:
    """A mask, of `room, listing, pattern, by, at, expires`."""
    room, listing, *rest = row
    return Mask(room, Listing(listing), *rest)


def server_ban_of(row: Row) -> ServerBan:
    """A ban of the whole server, as SERVER_BANS finds it."""
    kind, *rest = row
    return ServerBan(Barred(kind), *rest)


def sealed_of(row: Row) -> Sealed:
    """A record of the audit log, as RECORDS finds it."""
    number, *deed, seal = row
    return Sealed(number, Deed(*deed), seal)


def record_row(sealed: Sealed) -> Row:
    """What RECORDS finds."""
    d = sealed.deed
    return sealed.number, d.at, d.by, d.address, d.act, d.target, d.note, sealed.seal


def offer_of(row: Row) -> Offer:
    """An offer, as OFFERS finds it."""
    offer = Offer(*row)
    return replace(offer, stage=Stage(offer.stage))


def offer_row(offer: Offer) -> Row:
    """What PUT_OFFER puts."""
    return tuple(getattr(offer, each.name) for each in fields(Offer))


def entry_row(entry: Entry, number: int) -> Row:
    """What ADD_ENTRY adds."""
    by = entry.by
    return (
        entry.room.key,
        number,
        entry.at,
        type(entry).__name__,
        by.name,
        f"{by.user}@{by.host}",
        by.account,
        by.key,
        getattr(entry, "text", ""),
        _rest_of(entry),
    )


def entry_of(room: Room, row: Row) -> Entry:
    """An entry of a room's log, as ENTRIES finds it.

    One of a kind that is not known any more, as a plugin may have brought it, is a bare Entry.
    """
    number, time, event, name, origin, account, key, text, rest = row
    user, _, host = origin.rpartition("@")
    form = _form(event)
    return form.kind(
        room=room,
        number=number,
        at=time,
        by=Person(name, user, host, "", account, key),
        **_fields_of(form, room, text, rest),
    )


def erased(rest: str) -> str:
    """The `rest` of a message whose text is taken back."""
    given = json.decode(rest) if rest else {}
    given.pop("tags", None)
    given.pop("joints", None)
    return json.encode(given | {"erased": True}).decode()


def _rest_of(entry: Entry) -> str:
    """All that only entries of this kind have, but for the text and what is as usual.

    Usually a message is addressed by the name of its room, so that is left out too.
    """
    rest = {}
    for name, usual in _form(type(entry).__name__).usual.items():
        value = getattr(entry, name)
        if value != usual and (name != "to" or value != entry.room.name):
            rest[name] = replace(value, real="", bot=False) if isinstance(value, Person) else value
    return json.encode(rest, enc_hook=dict).decode() if rest else ""


def _fields_of(form: _Form, room: Room, text: str, rest: str) -> dict[str, Any]:
    found = {n: v for n, v in (("text", text), ("to", room.name)) if n in form.names}
    if not rest:
        return found
    given = json.decode(rest)
    return found | {n: _READERS.get(n, _as_it_is)(given[n]) for n in form.names & given.keys()}


@dataclass(frozen=True, slots=True)
class _Form:
    """A kind of entry, the names of the fields that it has of its own, and their defaults.

    A field without a default has NODEFAULT, which is unlike any value.
    """

    kind: type[Entry]
    names: frozenset[str]
    usual: dict[str, Any]


@cache
def _form(name: str) -> _Form:
    kinds = {kind.__name__: kind for kind in Entry.__subclasses__()}
    kind = kinds.get(name, Entry)
    common = {f.name for f in structs.fields(Entry)}
    own = {f.name: _default(f) for f in structs.fields(kind) if f.name not in common}
    return _Form(kind, frozenset(own), {n: v for n, v in own.items() if n != "text"})


def _default(of: structs.FieldInfo) -> Any:
    return of.default if of.default_factory is NODEFAULT else of.default_factory()


def _as_it_is(value: Any) -> Any:
    return value


def _mode(value: str) -> Mode | str:
    try:
        return Mode(value)
    except ValueError:
        return value


def _person(value: dict[str, Any]) -> Person:
    return Person(**value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "joints": tuple,
    "kind": Kind,
    "least": Role,
    "listing": Listing,
    "mode": _mode,
    "outcome": Outcome,
    "role": Role,
    "who": _person,
}
