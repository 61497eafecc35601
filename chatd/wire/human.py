"""What a person types and sees: `/topic #tea All about oolong`.

A line that starts with a slash asks for something; any other line is said in the room one
is in. `//` at its start says a line that starts with a slash. What others wrote is made
safe for a terminal by `visible` before anybody sees it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

LONGEST = 4096
"""Bytes of a line, its end not counted."""

ALIASES = {
    "bye": "QUIT",
    "exit": "QUIT",
    "file": "FILEW",
    "h": "HELP",
    "j": "JOIN",
    "leave": "PART",
    "list": "ROOMS",
    "msg": "PRIVMSG",
    "q": "QUIT",
    "w": "PRIVMSG",
    "who": "ONLINE",
    "whois": "PROFILE",
}
"""What people write, and the verb that is meant."""

_SPELLED = {"PRIVMSG": "/w", "ONLINE": "/who", "PROFILE": "/whois"}
_ELSEWHERE = frozenset({"JOIN", "ONLINE"})
"""Verbs that do not mean the room one is in when no room is given."""
_TARGETED = frozenset({"HISTORY", "ME"})
"""Verbs about a room or a person that mean the room one is in when neither is given."""

_PARAMETER = re.compile(r"[<\[](\w+)[>\]]")
_ROOM = re.compile(r"[~&@%+]?#")
_FORMAT = re.compile(
    r"\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9A-Fa-f]{6})?|[\x02\x0f\x11\x16\x1d-\x1f]"
)
_VISIBLE: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20)},
    **dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], 0xFFFD),
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD),
    **dict.fromkeys([0x0A, 0x2028, 0x2029], "\n    "),
    0x09: "    ",
    0x7F: 0x2421,
}


class Signature(Protocol):
    """What has to be known of a command to read its parameters."""

    @property
    def verb(self) -> str: ...
    @property
    def usage(self) -> str: ...
    @property
    def most(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Typed:
    """A line: what is asked for and the rest of it, or, without a verb, what is said."""

    verb: str
    rest: str


def parse(line: str) -> Typed:
    """Read a line. Any text is one."""
    if not line.startswith("/") or line[1:2] in ("", " "):
        return Typed("", line)
    if line.startswith("//"):
        return Typed("", line[1:])
    return parse_bare(line[1:])


def parse_bare(line: str) -> Typed:
    """Read a line that can only ask for something, so that it needs no slash."""
    word, _, rest = line.strip().removeprefix("/").partition(" ")
    return Typed(ALIASES.get(word.lower(), word.upper()), rest.strip())


def params(rest: str, command: Signature, here: str | None) -> tuple[str, ...]:
    """The parameters in what follows a command's verb; the last takes the rest of the line.

    :param here: the room one is in: it is meant where a room is wanted and none is given.
    """
    at = _place(command)
    if here is not None and at is not None:
        rest = _with_room(rest, at, command, here)
    return tuple(rest.split(None, command.most - 1)) if command.most else ()


def spelled(verb: str) -> str:
    """A verb as people write it."""
    return _SPELLED.get(verb, "/" + verb.lower())


def usage(command: Signature) -> str:
    """A command's usage as people write it: `/topic <room> [text]`."""
    return spelled(command.verb) + command.usage.removeprefix(command.verb)


def visible(text: str) -> str:
    """A text that does nothing to a terminal but be seen.

    Control characters and those that turn the writing round are shown as signs, colours and
    the like of IRC are left out, and further lines are indented, so that none can be taken
    for a line of its own.
    """
    if text.isprintable():
        return text
    return _FORMAT.sub("", text).translate(_VISIBLE)


def _place(command: Signature) -> int | None:
    """Which parameter may be left out, because the room one is in is meant."""
    if command.verb in _TARGETED:
        return 0
    if command.verb in _ELSEWHERE:
        return None
    names = _PARAMETER.findall(command.usage)
    return next((at for at, name in enumerate(names) if name in ("room", "rooms")), None)


def _with_room(rest: str, at: int, command: Signature, here: str) -> str:
    words = rest.split(None, at)
    given = words[at] if len(words) > at else ""
    if command.verb == "HISTORY":
        fits = not given or given.split()[0].isdecimal()
    else:
        fits = not given or (at + 1 < command.most and not _ROOM.match(given))
    return " ".join([*words[:at], here, *words[at:]]) if fits and len(words) >= at else rest
