"""Lines about comings, goings, topics and presence, made into the state of rooms and events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatd.wire.irc import Line
from clients.lib.events import (
    Event,
    Joined,
    Left,
    ModeChanged,
    Removed,
    Renamed,
    RoomClosed,
    RoomEvent,
    RoomOpened,
    RosterChanged,
    TopicChanged,
)
from clients.lib.model import MessageId, fold
from clients.lib.rooms import Room, Rooms

SIGNS = "~&@%+"


class Roster:
    """Keeps the rooms as the server says they are.

    :param happened: takes what belongs into a room's log.
    :param entered: is called when we ourselves have come into a room.
    """

    def __init__(
        self,
        rooms: Rooms,
        tell: Callable[[Event], None],
        happened: Callable[[RoomEvent], None],
        entered: Callable[[Room], None],
    ) -> None:
        self.me = ""
        self._rooms = rooms
        self._tell = tell
        self._happened = happened
        self._entered = entered
        self._naming: dict[str, list[str]] = {}

    def hear(self, line: Line) -> bool:
        """Take a line; false if it is not about any of this, or says too little."""
        least, heard = _HEARD.get(line.verb, (0, None))
        if heard is None or len(line.params) < least:
            return False
        return heard(self, line, *line.params)

    def _join(self, line: Line, name: str, *_: str) -> bool:
        who = nick(line)
        if self._is_me(who):
            self._came(name)
            return True
        room = self._rooms.find(name)
        if room is None:
            return True
        if fold(who) not in room.members:
            room.enter(who)
            self._happened(Joined(room=room.name, **_origin(line)))
        self._changed(room)
        return True

    def _came(self, name: str) -> None:
        room = self._rooms.add(name)
        room.name = name
        if not room.joined:
            room.joined = True
            room.members.clear()
            self._tell(RoomOpened(room=name))
            self._entered(room)

    def _part(self, line: Line, name: str, reason: str = "", *_: str) -> bool:
        room = self._rooms.find(name)
        if room is not None:
            self._happened(Left(room=room.name, reason=reason, **_origin(line)))
            self._gone(room, nick(line), reason)
        return True

    def _kick(self, line: Line, name: str, whom: str, reason: str = "", *_: str) -> bool:
        room = self._rooms.find(name)
        if room is not None:
            self._happened(Removed(room=room.name, whom=whom, reason=reason, **_origin(line)))
            self._gone(room, whom, reason)
        return True

    def _gone(self, room: Room, who: str, reason: str) -> None:
        if self._is_me(who):
            self.close(room, reason)
        else:
            room.members.pop(fold(who), None)
            self._changed(room)

    def close(self, room: Room, reason: str) -> None:
        """We are not in this room any more."""
        room.joined = room.log.current = False
        self._rooms.drop(room.name)
        self._tell(RoomClosed(room=room.name, reason=reason))

    def _quit(self, line: Line, reason: str = "", *_: str) -> bool:
        who = nick(line)
        for room in self._rooms.with_member(who):
            self._happened(Left(room=room.name, reason=reason, **_origin(line)))
            room.members.pop(fold(who), None)
            self._changed(room)
        return True

    def _nick(self, line: Line, name: str, *_: str) -> bool:
        who = nick(line)
        if self._is_me(who):
            self.me = name
        for room in self._rooms.with_member(who):
            member = room.members.pop(fold(who))
            member.name = name
            room.members[fold(name)] = member
            self._happened(Renamed(room=room.name, name=name, **_origin(line)))
            self._changed(room)
        return True

    def _away(self, line: Line, reason: str = "", *_: str) -> bool:
        for room in self._rooms.with_member(nick(line)):
            room.members[fold(nick(line))].away = bool(reason)
            self._changed(room)
        return True

    def _topic(self, line: Line, name: str, text: str, *_: str) -> bool:
        room = self._rooms.find(name)
        if room is not None:
            room.topic = text
            self._happened(TopicChanged(room=room.name, text=text, **_origin(line)))
            self._changed(room)
        return True

    def _topic_is(self, line: Line, me: str, name: str, text: str = "", *_: str) -> bool:
        room = self._rooms.find(name)
        if room is not None and room.joined:
            room.topic = text if line.verb == "332" else ""
            self._changed(room)
        return True

    def _mode(self, line: Line, name: str, change: str, *rest: str) -> bool:
        room = self._rooms.find(name)
        if room is None:
            return False
        shown = " ".join((change, *rest))
        self._happened(ModeChanged(room=room.name, change=shown, **_origin(line)))
        return True

    def _names(self, line: Line, me: str, sign: str, name: str, names: str, *_: str) -> bool:
        self._naming.setdefault(fold(name), []).extend(names.split())
        return self._rooms.find(name) is not None

    def _names_end(self, line: Line, me: str, name: str, *_: str) -> bool:
        names = self._naming.pop(fold(name), [])
        room = self._rooms.find(name)
        if room is None:
            return False
        away = {key for key, member in room.members.items() if member.away}
        room.members.clear()
        for shown in names:
            bare = shown.lstrip(SIGNS)
            room.enter(bare.partition("!")[0], shown[: len(shown) - len(bare)])
        for key in away & room.members.keys():
            room.members[key].away = True
        self._changed(room)
        return True

    def presence(self, line: Line) -> None:
        """Take a line of an answer to WHO, which tells who is away and what their roles are."""
        if line.verb != "352" or len(line.params) < 7:
            return
        _, name, _, _, _, who, flags, *_ = line.params
        room = self._rooms.find(name)
        member = room.members.get(fold(who)) if room else None
        if room is not None and member is not None:
            member.away = flags.startswith("G")
            member.roles = "".join(sign for sign in flags if sign in SIGNS)
            self._changed(room)

    def _online(self, line: Line, me: str, names: str, *_: str) -> bool:
        for mask in names.split(","):
            room = self._rooms.find(mask.partition("!")[0])
            if room is not None:
                room.present = line.verb == "730"
                self._changed(room)
        return True

    def _silent(self, line: Line, *_: str) -> bool:
        return True

    def _changed(self, room: Room) -> None:
        self._tell(RosterChanged(room=room.name))

    def _is_me(self, name: str) -> bool:
        return fold(name) == fold(self.me)


# verb: how many parameters it has at least, and who hears it
_HEARD: dict[str, tuple[int, Callable[..., bool]]] = {
    "JOIN": (1, Roster._join),
    "PART": (1, Roster._part),
    "KICK": (2, Roster._kick),
    "QUIT": (0, Roster._quit),
    "NICK": (1, Roster._nick),
    "AWAY": (0, Roster._away),
    "TOPIC": (2, Roster._topic),
    "MODE": (2, Roster._mode),
    "331": (2, Roster._topic_is),
    "332": (2, Roster._topic_is),
    "353": (4, Roster._names),
    "366": (2, Roster._names_end),
    "730": (2, Roster._online),
    "731": (2, Roster._online),
    "ACCOUNT": (0, Roster._silent),
    "CHGHOST": (0, Roster._silent),
    "SETNAME": (0, Roster._silent),
}


def nick(line: Line) -> str:
    """The name of the one a line comes from."""
    return (line.source or "").partition("!")[0]


def _origin(line: Line) -> dict[str, Any]:
    """Who did it, when, and its place in the log."""
    return {
        "who": nick(line),
        "time": line.tags.get("time", ""),
        "id": MessageId.read(line.tags.get("msgid", "")),
    }
