"""LIST: which rooms there are, with the conditions of ELIST=CMNTU."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import translate
from re import IGNORECASE
from re import compile as pattern

from chatd.answers import Listed
from chatd.commands import Request, command
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.names import fold, is_room
from chatd.wire.irc import Line
from chatd.wire.numerics import Numeric

Condition = Callable[[Listed], bool]
MINUTE = 60_000


@command("LIST")
async def list_(core: Core, request: Request, conditions: str = "", server: str = "") -> None:
    """See which rooms there are: LIST, LIST #tea, LIST #t*, LIST >10, LIST T<60."""
    client = client_of(request)
    words = [word for word in conditions.split(",") if word]
    names = {fold(word) for word in words if is_room(word) and not set(word) & set("*?")}
    tests = [_condition(word, core.log.now()) for word in words if fold(word) not in names]

    def shown(listed: Listed) -> Line | None:
        if (names and fold(listed.room.name) not in names) or not all(t(listed) for t in tests):
            return None
        topic = listed.room.topic.text if listed.room.topic else ""
        return client.numbered(Numeric.LIST, listed.room.name, str(listed.present), topic)

    client.say(map(shown, core.rooms.listed(client)))
    client.numeric(Numeric.LISTEND, "End of /LIST.")


def _condition(word: str, now: int) -> Condition:
    """One condition of ELIST; what is none holds for every room whose name it is."""
    sign, number = word[:1].upper(), word[2:]
    if sign in ("C", "T") and word[1:2] in ("<", ">") and _is_number(number):
        limit = now - int(number) * MINUTE
        return _by_time(sign, newer=word[1] == "<", limit=limit)
    if sign == ">" and _is_number(word[1:]):
        return lambda listed: listed.present > int(word[1:])
    if sign == "<" and _is_number(word[1:]):
        return lambda listed: listed.present < int(word[1:])
    if sign == "!":
        other = _mask(word[1:])
        return lambda listed: not other(listed)
    return _mask(word)


def _by_time(sign: str, *, newer: bool, limit: int) -> Condition:
    def test(listed: Listed) -> bool:
        topic = listed.room.topic
        if sign == "T" and topic is None:
            return False
        at = topic.at if sign == "T" and topic is not None else listed.room.created
        return at > limit if newer else at < limit

    return test


def _mask(mask: str) -> Condition:
    fits = pattern(translate(mask.replace("[", "[[]")), IGNORECASE)
    return lambda listed: fits.match(listed.room.name) is not None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
