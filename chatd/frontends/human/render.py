"""Events and answers as a person reads them. All pure.

What nothing better is known for is shown as its sentence. An empty text is not shown.
Whatever somebody else may have written goes through `visible`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import singledispatch

from chatd.answers import (
    Conversations,
    Entered,
    Help,
    History,
    MasksAre,
    MembersAre,
    Once,
    People,
    Present,
    Refused,
    RoomsAre,
    TopicIs,
)
from chatd.errors import NeedMoreParams, NotUnderstood
from chatd.events import (
    Joined,
    Left,
    MarkerMoved,
    MetadataChanged,
    Offered,
    PersonChanged,
    Posted,
    Removed,
    RoomMetadataChanged,
    Signalled,
    Wanted,
)
from chatd.model import SIGNS, Kind, Role
from chatd.names import fold
from chatd.wire.human import spelled, visible

GLOBAL = "Global"
"""What the lobby is called before each of its messages."""

BLUE, CYAN, YELLOW, PLAIN = "\x1b[94m", "\x1b[36m", "\x1b[33m", "\x1b[0m"
_ACTION = re.compile(r"\x01ACTION (.*?)\x01?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom it is: their name, the name of the lobby, and whether they see colours."""

    name: str
    lobby: str
    colour: bool = False

    def is_me(self, name: str) -> bool:
        """Whether this is the reader's own name."""
        return fold(name) == fold(self.name)


@singledispatch
def render(told: object, reader: Reader) -> str:
    """An event or an answer as lines of text, with line feeds between them."""
    return visible(str(told))


@render.register
def _posted(told: Posted, reader: Reader) -> str:
    if told.kind is Kind.SIGNAL:
        return ""
    colour = YELLOW if told.room.direct else BLUE if _is_lobby(told, reader) else CYAN
    line = _message(told, reader)
    return f"{colour}{line}{PLAIN}" if reader.colour else line


def _message(told: Posted, reader: Reader) -> str:
    name, clock = visible(told.by.name), _clock(told.at)
    action = _ACTION.fullmatch(told.text)
    if told.room.direct:
        mine = reader.is_me(told.by.name)
        where = f"(Private) (To {visible(told.to)})" if mine else f"(Private) (From {name})"
        who = ""
    else:
        where, who = f"({_place(told, reader)})", f" ({name})"
    if action is not None:
        return f"{where} ({clock}): * {name} {visible(action[1])}"
    text = "[taken back]" if told.erased else visible(told.text)
    return f"{where}{who} ({clock}): {text}"


def _place(told: Posted, reader: Reader) -> str:
    return GLOBAL if _is_lobby(told, reader) and told.least is None else visible(told.to)


def _is_lobby(told: Posted, reader: Reader) -> bool:
    return fold(told.room.name) == fold(reader.lobby)


def _clock(at: int) -> str:
    """The time of day where the daemon runs."""
    return time.strftime("%H:%M:%S", time.localtime(at // 1000))


@render.register(Signalled)
@render.register(MarkerMoved)
@render.register(MetadataChanged)
@render.register(RoomMetadataChanged)
def _unseen(told: object, reader: Reader) -> str:
    """What programs show by other means than a sentence."""
    return ""


@render.register
def _offered(told: Offered, reader: Reader) -> str:
    if reader.is_me(told.by.name):
        return visible(
            f"You offer {told.what} to {told.to}: /bring {told.file} tells how to bring it."
        )
    return visible(
        f"{told.by.name} offers {told.what} to {told.to}: /accept {told.file} fetches it."
    )


@render.register
def _wanted(told: Wanted, reader: Reader) -> str:
    return visible(f"{told.name} is waited for: /bring {told.file} tells how to bring it.")


@render.register
def _joined(told: Joined, reader: Reader) -> str:
    who = "You" if reader.is_me(told.by.name) else visible(told.by.name)
    return f"{who} joined {visible(told.room.name)}."


@render.register
def _left(told: Left, reader: Reader) -> str:
    if not reader.is_me(told.by.name):
        return visible(str(told))
    return f"You left {visible(told.room.name)}."


@render.register
def _removed(told: Removed, reader: Reader) -> str:
    if not reader.is_me(told.who.name):
        return visible(str(told))
    because = f" ({visible(told.reason)})" if told.reason else ""
    return f"{visible(told.by.name)} removed you from {visible(told.room.name)}{because}."


@render.register
def _person_changed(told: PersonChanged, reader: Reader) -> str:
    before, now = told.by, told.now
    if before.name != now.name:
        if reader.is_me(now.name):
            return f"You are called {visible(now.name)} now."
        return visible(str(told))
    if before.account != now.account and now.account is not None:
        return f"{visible(now.name)} is logged in as {visible(now.account)}."
    return visible(str(told)) if before.real != now.real else ""


@render.register
def _refused(told: Refused, reader: Reader) -> str:
    error = told.error
    if isinstance(error, NeedMoreParams):
        verb, usage = map(str, error.args[:2])
        return f"{spelled(verb)} needs more: {spelled(verb)}{usage.removeprefix(verb)}"
    if isinstance(error, NotUnderstood):
        verb = visible(spelled(str(error.args[0])))
        return f"There is no command {verb}. /help shows what there is."
    return visible(str(error))


@render.register
def _entered(told: Entered, reader: Reader) -> str:
    topic = [render(TopicIs(told.room), reader)] if told.room.topic is not None else []
    return "\n".join([*topic, render(told.members, reader)])


@render.register
def _members(told: MembersAre, reader: Reader) -> str:
    names = ", ".join(_present(present) for present in told.present)
    return f"In {visible(told.name)}: {names or 'nobody that you can see'}."


def _present(present: Present) -> str:
    """Somebody in a room, with the sign of their role."""
    sign = next((SIGNS[role] for role in _BY_RANK if role in present.role), "")
    away = " (away)" if present.away is not None else ""
    return f"{sign}{visible(present.person.name)}{away}"


_BY_RANK = (Role.OWNER, Role.ADMIN, Role.OP, Role.VOICE)


@render.register
def _people(told: People, reader: Reader) -> str:
    if not told.found:
        return visible(str(told))
    return _lines(_present(p) if isinstance(p, Present) else visible(str(p)) for p in told.found)


@render.register
def _rooms(told: RoomsAre, reader: Reader) -> str:
    return _lines(visible(str(RoomsAre((room,)))) for room in told.rooms) or visible(str(told))


@render.register
def _once(told: Once, reader: Reader) -> str:
    each = (replace(told, people=(one,)) for one in told.people)
    return _lines(visible(str(one)) for one in each) or visible(str(told))


@render.register
def _history(told: History, reader: Reader) -> str:
    shown = _lines(filter(None, (render(entry, reader) for entry in told.entries)))
    return shown or visible(str(replace(told, entries=())))


@render.register
def _conversations(told: Conversations, reader: Reader) -> str:
    return _lines(visible(one.other) for one in told.found) or visible(str(told))


@render.register
def _masks(told: MasksAre, reader: Reader) -> str:
    each = (replace(told, masks=(mask,)) for mask in told.masks)
    return _lines(visible(str(one)) for one in each) or visible(str(told))


@render.register
def _help(told: Help, reader: Reader) -> str:
    return _lines(map(visible, told.lines))


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)
