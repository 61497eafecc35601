"""What the tests of stores keep: one example of everything."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs
from twisted.internet.defer import Deferred

from chatd.events import (
    Entry,
    Joined,
    Kept,
    Left,
    MaskChanged,
    ModeChanged,
    OfferChanged,
    Offered,
    Posted,
    Redacted,
    Removed,
    Renamed,
    RoleChanged,
    TopicChanged,
)
from chatd.model import (
    Erase,
    Kind,
    Listing,
    Mode,
    Outcome,
    Person,
    Role,
    Room,
)

ADA = Person("ada", "~ada", "a.cloak", "Ada Lovelace", "Ada", 1)
GUEST = Person("guest7", "u@ser", "b.cloak", "somebody")
FILE: dict[str, Any] = {"to": "Eve", "file": "f1", "name": "ferien 🏝.mp4"}
HUGE = 10**30


def said(room: Room, text: str = "hello", at: int = 1000, **more: Any) -> Posted:
    """A message in a room."""
    return Posted(by=ADA, at=at, room=room, to=more.pop("to", room.name), text=text, **more)


def taken_back(room: Room, number: int) -> Kept:
    """A message is erased, and its room hears of it."""
    redacted = Redacted(by=ADA, at=1500, room=room, to=room.name, message=f"{room.key}-{number}")
    return Kept(redacted, (Erase(room.key, number),))


def examples(room: Room) -> Sequence[Entry]:
    """Every kind of entry, with as little and with as much in it as there can be."""
    by: dict[str, Any] = {"by": ADA, "at": 1234, "room": room}
    return [
        said(room),
        said(
            room,
            "Grüße, 世界 🫖\x01\n",
            to="@" + room.name,
            kind=Kind.NOTICE,
            tags={"+draft/reply": "1-2", "empty": "", "odd": "; \\ \r\n"},
            least=Role.OP,
        ),
        said(room, "", to="Eve", tags={"+typing": "done"}, least=Role.MEMBER),
        said(room, "one\n\ntwo three", joints=(8, 9)),
        Redacted(**by, to=room.name, message="1-2"),
        Redacted(**by, to="@" + room.name, message="1-2", reason="spam", least=Role.OP),
        Renamed(**by, before="#tea", now="#Tee"),
        Renamed(**by, before="#tea", now="#Tee", reason="auf Deutsch"),
        Joined(**by),
        Joined(**by | {"by": GUEST}, role=Role.OWNER | Role.VOICE, away="tea"),
        Left(**by),
        Left(**by, reason="so long"),
        Removed(**by, who=GUEST),
        Removed(**by | {"by": GUEST}, who=ADA, reason="why not"),
        TopicChanged(**by, text="all about oolong"),
        TopicChanged(**by, text=""),
        ModeChanged(**by, mode=Mode.SECRET, on=True),
        ModeChanged(**by, mode="password", on=True, value="sésame"),
        ModeChanged(**by, mode="limit", on=False),
        RoleChanged(**by, who=GUEST, role=Role.VOICE, on=True),
        RoleChanged(**by, who=ADA, role=Role.OWNER | Role.OP, on=False),
        MaskChanged(**by, listing=Listing.BAN, pattern="*!*@évil", on=True, expires=99),
        MaskChanged(**by, listing=Listing.INVITE, pattern="ada", on=False),
        Offered(**by, **FILE, size=10**12, type="a/b", digest="", expires=99),
        Offered(**by, **FILE | {"to": room.name}, size=0, type="a/b", digest="5a", expires=9),
        OfferChanged(**by, **FILE, outcome=Outcome.DONE, code="5a"),
        OfferChanged(**by, **FILE, outcome=Outcome.FAILED, code="TOO_MUCH", reason="Zu viel."),
    ]


def as_read(entry: Entry, number: int) -> Entry:
    """An entry as it should come back: numbered, without its cause and without real names."""
    people = [f for f in entry.__struct_fields__ if isinstance(getattr(entry, f), Person)]
    bare: dict[str, Any] = {name: replace(getattr(entry, name), real="") for name in people}
    return structs.replace(entry, cause=None, number=number, **bare)


def deferred(coroutine: Coroutine[Deferred[Any], Any, Any]) -> Deferred[Any]:
    """The Deferred of a coroutine, for assertFailure."""
    return Deferred.fromCoroutine(coroutine)
