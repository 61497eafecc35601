"""How events look as text: local time, no control characters, colours only where wanted."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import TextIO
from zlib import crc32

from clients.lib.events import Event, Message, RoomEvent
from clients.lib.rooms import Room

_FORMATTING = re.compile(
    r"\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04[0-9a-fA-F]{0,6}|[\x02\x0f\x11\x16\x1d-\x1f]"
)
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NAME_COLOURS = ("red", "green", "yellow", "blue", "magenta", "cyan")
_CODES = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}


def clean(text: str) -> str:
    """Text that does nothing to a terminal but fill it: what others write is not to be trusted."""
    text = _FORMATTING.sub("", text).replace("\t", " ")
    if text.isprintable():
        return text
    return "".join("\ufffd" if _harmful(char) else char for char in text)


def _harmful(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _DIRECTIONS


def local_time(time: str) -> str:
    """A server's time as hours and minutes here; empty if there is none."""
    try:
        return datetime.fromisoformat(time).astimezone().strftime("%H:%M")
    except (ValueError, OverflowError):
        return ""


def colour_of(name: str) -> str:
    """Always the same colour for the same name."""
    return NAME_COLOURS[crc32(name.casefold().encode()) % len(NAME_COLOURS)]


def line(event: Event, colours: bool = False) -> str:
    """An event as one line, with its room and time if it has them."""
    text = clean(str(event))
    if not isinstance(event, RoomEvent):
        return f"-- {text}" if text else ""
    if colours and text.startswith(event.who):
        code = _CODES[colour_of(event.who)]
        text = f"\x1b[{code}m{clean(event.who)}\x1b[0m{text[len(event.who) :]}"
    sign = "" if isinstance(event, Message) else "-- "
    time = local_time(event.time)
    return " ".join(part for part in (f"[{clean(event.room)}]", time, sign + text) if part)


def record(message: Message) -> str:
    """A message as one line of JSON, for programs."""
    return json.dumps(
        {
            "room": message.room,
            "id": str(message.id) if message.id else None,
            "time": message.time or None,
            "from": message.who,
            "account": message.account,
            "kind": str(message.kind),
            "text": message.text,
        },
        ensure_ascii=False,
    )


def title(room: Room) -> str:
    """A room in a list, with its count of unread messages; `!` if one of them names you."""
    unread = f" ({room.unread}{'!' if room.mentions else ''})" if room.unread else ""
    return clean(room.name) + unread


def has_colours(out: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to use colours: on a terminal, unless NO_COLOR or a dumb terminal say not to."""
    return out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
