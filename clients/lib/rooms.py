"""The rooms that we are in and the people we talk with: who is there, and what it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from clients.lib.log import Log
from clients.lib.model import fold, is_room


@dataclass(slots=True)
class Member:
    """Somebody who is in a room now. `roles` are signs, the highest first."""

    name: str
    roles: str = ""
    away: bool = False


@dataclass(slots=True, eq=False)
class Room:
    """A room, or a direct conversation called after the other."""

    name: str
    joined: bool = False
    topic: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    present: bool | None = None
    unread: int = 0
    mentions: int = 0
    log: Log = field(default_factory=Log)

    @property
    def direct(self) -> bool:
        """Whether this is a conversation of two."""
        return not is_room(self.name)

    def enter(self, name: str, roles: str = "") -> None:
        """Somebody is in the room from now on."""
        self.members[fold(name)] = Member(name, roles)

    def roster(self) -> list[Member]:
        """Who is there, the highest roles first, then by name."""
        return sorted(self.members.values(), key=_standing)


class Rooms:
    """All rooms and direct conversations, by their name however it is written."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def __len__(self) -> int:
        return len(self._rooms)

    def find(self, name: str) -> Room | None:
        """The room of that name, if we are in it."""
        return self._rooms.get(fold(name))

    def add(self, name: str) -> Room:
        """The room of that name, made if need be."""
        return self._rooms.setdefault(fold(name), Room(name))

    def drop(self, name: str) -> None:
        """Forget a room."""
        self._rooms.pop(fold(name), None)

    def with_member(self, name: str) -> list[Room]:
        """The rooms that somebody is in."""
        return [room for room in self if fold(name) in room.members]


_SIGNS = "~&@%+"


def _standing(member: Member) -> tuple[int, str]:
    place = _SIGNS.find(member.roles[:1]) if member.roles else -1
    return (place if place >= 0 else len(_SIGNS), fold(member.name))
