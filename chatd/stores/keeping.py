"""What one batch of entries does to the tables, all in the transaction that it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatd.errors import NoSuchRoom
from chatd.events import Entry, Kept, Posted
from chatd.model import Change, Drop, Erase, Mask, Member, Offer, Put, Room
from chatd.stores.database import Statements
from chatd.stores.rows import ADD_ENTRY, PUT_OFFER, entry_row, erased, fold_of, offer_row, room_row

_TAKE_NUMBERS = """
    UPDATE rooms SET last = last + ?, latest = CASE WHEN latest < ? THEN ? ELSE latest END
    WHERE key = ? RETURNING last"""
_FIND_POSTED = "SELECT rest FROM log WHERE room = ? AND number = ? AND event = 'Posted'"
_ERASE = "UPDATE log SET text = '', rest = ? WHERE room = ? AND number = ?"
_PUT_ROOM = """
    UPDATE rooms SET name = ?, kept = ?, created = ?, direct = ?, topic = ?, topic_by = ?,
        topic_at = ?, modes = ?, password = ?, most = ?, fold = ?
    WHERE key = ?"""
_PUT_MEMBER = """
    INSERT INTO members (room, account, role) VALUES (?, ?, ?)
    ON CONFLICT (room, account) DO UPDATE SET role = excluded.role"""
_DROP_MEMBER = "DELETE FROM members WHERE room = ? AND account = ?"
_PUT_MASK = """
    INSERT INTO masks (room, listing, fold, pattern, by, at, expires) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (room, listing, fold) DO UPDATE SET
        pattern = excluded.pattern, by = excluded.by, at = excluded.at,
        expires = excluded.expires"""
_DROP_MASK = "DELETE FROM masks WHERE room = ? AND listing = ? AND fold = ?"


def keep(batch: Sequence[Kept], run: Statements) -> list[int]:
    """Give each entry its number, add it to its log, and change what stands beside it.

    :raise NoSuchRoom: if a room is gone.
    """
    numbers = _numbers([kept.entry for kept in batch], run)
    rows = (entry_row(kept.entry, n) for kept, n in zip(batch, numbers, strict=True))
    run.each(ADD_ENTRY, rows)
    for kept in batch:
        for change in kept.changes:
            _apply(change, run)
    return numbers


def _erase(room: int, number: int, run: Statements) -> None:
    """Leave nothing of a message but its number, who sent it, when and to whom."""
    for (rest,) in run.rows(_FIND_POSTED, room, number):
        run.rows(_ERASE, erased(rest), room, number)


def _numbers(entries: Sequence[Entry], run: Statements) -> list[int]:
    by_room: dict[int, list[Entry]] = {}
    for entry in entries:
        by_room.setdefault(entry.room.key, []).append(entry)
    following = {room: _taken(of_it, run) for room, of_it in by_room.items()}
    return [next(following[entry.room.key]) for entry in entries]


def _taken(entries: Sequence[Entry], run: Statements) -> Iterator[int]:
    """The next numbers of one room, as many as it has entries here."""
    room = entries[0].room
    latest = max((e.at for e in entries if isinstance(e, Posted)), default=0)
    found = run.rows(_TAKE_NUMBERS, len(entries), latest, latest, room.key)
    if not found:
        raise NoSuchRoom(room.name)
    last = found[0][0]
    return iter(range(last - len(entries) + 1, last + 1))


def _apply(change: Change, run: Statements) -> None:
    match change:
        case Erase(room=key, number=number):
            _erase(key, number, run)
        case Put(value):
            _put(value, run)
        case Drop(value):
            _drop(value, run)


def _put(value: Room | Member | Mask | Offer, run: Statements) -> None:
    match value:
        case Room() as room:
            run.rows(_PUT_ROOM, *room_row(room), fold_of(room), room.key)
        case Member(room=key, account=account, role=role):
            run.rows(_PUT_MEMBER, key, account, role)
        case Mask() as m:
            fold = m.pattern.lower()
            run.rows(_PUT_MASK, m.room, m.listing, fold, m.pattern, m.by, m.at, m.expires)
        case Offer() as offer:
            run.rows(PUT_OFFER, *offer_row(offer))


def _drop(value: Member | Mask | Offer, run: Statements) -> None:
    match value:
        case Member(room=key, account=account):
            run.rows(_DROP_MEMBER, key, account)
        case Mask() as m:
            run.rows(_DROP_MASK, m.room, m.listing, m.pattern.lower())
        case Offer(id=id_):
            run.rows("DELETE FROM offers WHERE id = ?", id_)
