"""Changes of modes, roles and lists as MODE lines: what was one act is one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import structs

from chatd.events import Event, MaskChanged, ModeChanged, RoleChanged
from chatd.frontends.irc.roles import LETTERS, LISTING_LETTERS, ROLE_LETTERS

Change = ModeChanged | RoleChanged | MaskChanged


class ModesChanged(Event, frozen=True, kw_only=True):
    """Several changes of one room that somebody made at once."""

    changes: tuple[Change, ...]


def joined(events: Iterable[Event]) -> list[Event]:
    """Events, with what was done at once put together."""
    shown: list[Event] = []
    for event in events:
        last = shown[-1] if shown else None
        if not isinstance(event, Change):
            shown.append(event)
        elif isinstance(last, ModesChanged) and _is_one_act(last.changes[-1], event):
            shown[-1] = structs.replace(last, changes=(*last.changes, event))
        else:
            by, at, cause = event.by, event.at, event.cause
            shown.append(ModesChanged(by=by, at=at, cause=cause, changes=(event,)))
    return shown


def _is_one_act(one: Change, other: Change) -> bool:
    same = one.by is other.by and one.at == other.at and one.cause == other.cause
    return same and one.room.key == other.room.key


def params(changes: Sequence[Change], room: int) -> Iterator[tuple[Change, tuple[str, ...]]]:
    """What stands in MODE lines after the name, in lines of at most `room` bytes, each with
    the last change that is in it."""
    line: list[Change] = []
    for change in changes:
        if line and _size([*line, change]) > room:
            yield line[-1], _params(line)
            line = []
        line.append(change)
    yield line[-1], _params(line)


def _size(changes: Sequence[Change]) -> int:
    return sum(len(param.encode()) + 1 for param in _params(changes))


def _params(changes: Sequence[Change]) -> tuple[str, ...]:
    letters, sign, values = "", "", []
    for change in changes:
        letter, value = _letter(change)
        if sign != (sign := "+" if change.on else "-"):
            letters += sign
        letters += letter
        values += [value] if value is not None else []
    return (letters, *values)


def _letter(change: Change) -> tuple[str, str | None]:
    if isinstance(change, RoleChanged):
        return ROLE_LETTERS[change.role], change.who.name
    if isinstance(change, MaskChanged):
        return LISTING_LETTERS[change.listing], change.pattern
    if change.mode == "password" and not change.on:
        return LETTERS[change.mode], "*"
    return LETTERS[change.mode], change.value if change.on else None
