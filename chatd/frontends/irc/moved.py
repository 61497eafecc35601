"""A room that has another name, for clients that know no RENAME (IRCv3 draft/channel-rename).

To them it looks as if they left one room and came into another.
"""

from __future__ import annotations

from chatd.events import Joined, Renamed
from chatd.frontends.irc.render import Caps, render, timestamp
from chatd.frontends.irc.replies import Reader
from chatd.model import Room
from chatd.names import fold
from chatd.wire.caps import Cap
from chatd.wire.irc import Line


def moved(event: Renamed, reader: Reader, room: Room) -> list[Line]:
    """How a client that knows no RENAME goes and comes; nothing if only the case is another."""
    if fold(event.before) == fold(event.now):
        return []
    mask = reader.person.mask
    parted = Line("PART", (event.before, *_said(event.reason)), mask, _time(event, reader.caps))
    joined = Joined(by=reader.person, at=event.at, room=room)
    return [parted, *render(joined, reader.caps)]


def _time(event: Renamed, caps: Caps) -> dict[str, str]:
    return {"time": timestamp(event.at)} if Cap.SERVER_TIME in caps else {}


def _said(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
