"""Lines that are only there to be read, as sentences."""

from __future__ import annotations

import re
from collections.abc import Callable

from chatd.wire.irc import Line
from clients.lib.events import Event, Refused, Told
from clients.lib.model import is_room

_QUIET = re.compile(
    "ACK|AUTHENTICATE|BATCH|CAP|CHATHISTORY|MARKREAD|PONG|REGISTER|TAGMSG|VERIFY"
    "|00[2-5]|25[1-5]|26[56]|31[58]|32[139]|333|36[69]|37[56]|422|73[23]|90[013]"
)
_STANDARD = frozenset({"FAIL", "WARN", "NOTE"})


def sentence(line: Line) -> Event | None:
    """What a view should show for a line that nobody else understands; None for nothing."""
    if _QUIET.fullmatch(line.verb) or not line.params:
        return None
    if line.verb in _STANDARD:
        return _standard(line)
    if line.verb == "ERROR":
        return Told(text=line.params[-1])
    if not line.verb.isdigit():
        return None
    rest = line.params[1:]
    least, form = _FORMS.get(line.verb, (0, _plain))
    text = form(*rest) if len(rest) >= least else _plain(*rest)
    if "400" <= line.verb <= "599":
        return Refused(code=line.verb, text=text, about=rest[0] if len(rest) > 1 else None)
    room = next((param for param in rest[:1] if is_room(param)), None)
    return Told(text=text, room=room if line.verb != "322" else None)


def _standard(line: Line) -> Event:
    code = line.params[1] if len(line.params) > 1 else line.verb
    if line.verb == "FAIL":
        about = line.params[2] if len(line.params) > 3 else None
        return Refused(code=code, text=line.params[-1], about=about)
    return Told(text=line.params[-1])


def _plain(*params: str) -> str:
    return " ".join(params)


def _away(name: str, text: str, *_: str) -> str:
    return f"{name} is away: {text}"


def _listed(name: str, present: str, topic: str = "", *_: str) -> str:
    return f"{name} ({present}){': ' + topic if topic else ''}"


def _who(room: str, user: str, host: str, server: str, name: str, flags: str, *_: str) -> str:
    away = ", away" if flags.startswith("G") else ""
    return f"{name} ({user}@{host}) in {room}{away}"


def _whois(name: str, user: str, host: str, star: str, real: str = "", *_: str) -> str:
    return f"{name} is {user}@{host} ({real})"


def _whois_rooms(name: str, rooms: str, *_: str) -> str:
    return f"{name} is in {rooms}"


def _whois_account(name: str, account: str, *_: str) -> str:
    return f"{name} is logged in as {account}"


def _inviting(name: str, room: str, *_: str) -> str:
    return f"{name} is invited to {room}."


def _last(*params: str) -> str:
    return params[-1]


def _refusal(about: str, text: str, *_: str) -> str:
    return f"{about}: {text}"


# verb: how many parameters after our name it needs, and its form
_FORMS: dict[str, tuple[int, Callable[..., str]]] = {
    "001": (1, _last),
    "301": (2, _away),
    "305": (1, _last),
    "306": (1, _last),
    "311": (4, _whois),
    "319": (2, _whois_rooms),
    "322": (2, _listed),
    "330": (2, _whois_account),
    "341": (2, _inviting),
    "352": (6, _who),
    "372": (1, _last),
    "401": (2, _refusal),
    "403": (2, _refusal),
    "404": (2, _refusal),
    "442": (2, _refusal),
    "482": (2, _refusal),
}
