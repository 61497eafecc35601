"""The rooms as they stand right now, and who is in them.

Read by every service, changed only by what has been told: an event is first true and
stored, then it changes this. Rooms are here all the time; people while they are on line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from chatd.core.masks import fits, quiets
from chatd.core.sessions import Here, Sessions
from chatd.errors import NoSuchRoom
from chatd.events import (
    Event,
    Invited,
    Joined,
    Left,
    MaskChanged,
    ModeChanged,
    PersonChanged,
    Quit,
    Removed,
    Renamed,
    RoleChanged,
    RoomEvent,
    RoomMetadataChanged,
    TopicChanged,
)
from chatd.interfaces import ISession
from chatd.model import Listing, Mask, Mode, Person, Role, Room, Topic
from chatd.names import fold

NOT_FOUND: tuple[int, tuple[ISession, ...]] = (-1, ())
NOBODY: tuple[tuple[str, ...], tuple[Seat, ...]] = ((), ())


@dataclass(slots=True, eq=False)
class Seat:
    """Somebody in a room, with all of their sessions."""

    here: Here
    role: Role

    @property
    def person(self) -> Person:
        """Who sits there."""
        return self.here.person


@dataclass(slots=True, eq=False)
class Place:
    """A room, who is in it, and its lists."""

    room: Room
    seats: dict[str, Seat] = field(default_factory=dict)
    masks: list[Mask] = field(default_factory=list)
    invited: list[Here] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    goings: int = 0
    """How often somebody went, or was called something else."""
    found: tuple[int, tuple[ISession, ...]] = NOT_FOUND
    """The sessions of all who are in it, and the turnover of sessions when they were found."""
    crowd: tuple[tuple[str, ...], tuple[Seat, ...]] = NOBODY
    """The seats as they are, for all who go through them until somebody comes or goes."""

    def seat(self, name: str) -> Seat | None:
        """The place of whoever has this name."""
        return self.seats.get(fold(name))

    def one_by_one(self) -> Iterator[Seat]:
        """Who is in it, for whoever takes their time: those who go meanwhile are left out."""
        goings = self.goings
        if self.crowd is NOBODY:
            self.crowd = tuple(self.seats), tuple(self.seats.values())
        for name, seat in zip(*self.crowd, strict=True):
            if goings == self.goings or seat in (self.seats.get(name), self.seat(seat.person.name)):
                yield seat

    def role(self, person: Person) -> Role | None:
        """What somebody is here; None if they are outside.

        Whoever takes a name before it is told that another has given it up, is outside.
        """
        seat = self.seats.get(fold(person.name))
        return seat.role if seat is not None and seat.person is person else None

    def is_invited(self, person: Person) -> bool:
        """Whether an op asked in somebody, and not only their name, who has not come yet."""
        return any(_is_same(here.person, person) for here in self.invited)

    def listing(self, listing: Listing, now: int) -> list[Mask]:
        """One of the lists, without what has expired."""
        return [
            m for m in self.masks if m.listing is listing and (m.expires is None or m.expires > now)
        ]

    def is_listed(self, listing: Listing, person: Person, now: int) -> bool:
        """Whether a list has a mask that means this person."""
        return any(fits(m.pattern, person) for m in self.listing(listing, now))

    def is_banned(self, person: Person, now: int) -> bool:
        """Whether somebody is banned and not excepted."""
        return (
            bool(self.masks)
            and self.is_listed(Listing.BAN, person, now)
            and not self.is_listed(Listing.EXCEPT, person, now)
        )

    def is_muted(self, person: Person, now: int) -> bool:
        """Whether somebody may not speak, as they are banned, or muted, and not excepted."""
        return (
            bool(self.masks)
            and self._quiets(Listing.BAN, person, now)
            and not self._quiets(Listing.EXCEPT, person, now)
        )

    def _quiets(self, listing: Listing, person: Person, now: int) -> bool:
        return any(quiets(m.pattern, person) for m in self.listing(listing, now))


class Places:
    """All rooms but the direct ones."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._by_name: dict[str, Place] = {}
        self._by_key: dict[int, Place] = {}
        self._of: dict[str, dict[int, Place]] = {}
        self._ended: list[Room] = []

    def __iter__(self) -> Iterator[Place]:
        return iter(list(self._by_name.values()))

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, place: Place) -> bool:
        return self._by_key.get(place.room.key) is place

    def find(self, name: str) -> Place:
        """The room with this name.

        :raise NoSuchRoom: if there is none.
        """
        place = self._by_name.get(fold(name))
        if place is None:
            raise NoSuchRoom(name)
        return place

    def sessions_in(self, place: Place) -> tuple[ISession, ...]:
        """The sessions of all who are in a room: looked for when somebody has come or gone."""
        if place.found[0] != self._sessions.turnover:
            seats = place.seats.values()
            found = tuple([s for seat in seats for s in seat.here.sessions.values()])
            place.found = (self._sessions.turnover, found)
        return place.found[1]

    def has(self, name: str) -> bool:
        """Whether there is a room with this name."""
        return fold(name) in self._by_name

    def get(self, key: int) -> Place | None:
        """The room with this key."""
        return self._by_key.get(key)

    def of(self, name: str) -> tuple[Place, ...]:
        """Where somebody is."""
        return tuple(self._of.get(fold(name), {}).values())

    def add(self, room: Room, masks: Iterable[Mask] = ()) -> Place:
        """From now on there is this room."""
        place = Place(room, masks=list(masks))
        self._by_name[fold(room.name)] = place
        self._by_key[room.key] = place
        return place

    def take_ended(self) -> list[Room]:
        """The rooms that have ended since this was last asked: nobody kept them or is in them."""
        ended, self._ended = self._ended, []
        return ended

    def drop(self, place: Place) -> None:
        """From now on there is no such room."""
        del self._by_key[place.room.key]
        del self._by_name[fold(place.room.name)]

    def apply(self, event: Event) -> None:
        """Change what stands by what has been told; what does not concern us is passed over."""
        change = _CHANGES.get(type(event))
        if change is None:
            return
        if not isinstance(event, RoomEvent):
            change(self, event)
        elif (place := self._by_key.get(event.room.key)) is not None:
            change(self, event, place)

    def _joined(self, event: Joined, place: Place) -> None:
        here = self._sessions.get(event.by.name)
        if here is None:
            self._drop_if_ended(place)
            return
        name = fold(event.by.name)
        place.seats[name] = Seat(here, event.role)
        place.found, place.crowd = NOT_FOUND, NOBODY
        place.invited = [one for one in place.invited if not _is_same(one.person, event.by)]
        self._of.setdefault(name, {})[place.room.key] = place

    def _left(self, event: Left, place: Place) -> None:
        self._unseat(place, fold(event.by.name))

    def _removed(self, event: Removed, place: Place) -> None:
        self._unseat(place, fold(event.who.name))

    def _quit(self, event: Quit) -> None:
        name = fold(event.by.name)
        for place in tuple(self._of.get(name, {}).values()):
            self._unseat(place, name)

    def _unseat(self, place: Place, name: str) -> None:
        if place.seats.pop(name, None) is None:
            return
        place.goings += 1
        place.found, place.crowd = NOT_FOUND, NOBODY
        rooms = self._of[name]
        del rooms[place.room.key]
        if not rooms:
            del self._of[name]
        self._drop_if_ended(place)

    def _drop_if_ended(self, place: Place) -> None:
        if not place.seats and not place.room.kept:
            self.drop(place)
            self._ended.append(place.room)

    def _person_changed(self, event: PersonChanged) -> None:
        old, new = fold(event.by.name), fold(event.now.name)
        if old == new or old not in self._of:
            return
        self._of[new] = self._of.pop(old)
        for place in self._of[new].values():
            place.seats = {new if n == old else n: seat for n, seat in place.seats.items()}
            place.goings += 1
            place.crowd = NOBODY

    def _topic(self, event: TopicChanged, place: Place) -> None:
        topic = Topic(event.text, event.by.name, event.at) if event.text else None
        place.room = replace(place.room, topic=topic)

    def _renamed(self, event: Renamed, place: Place) -> None:
        del self._by_name[fold(place.room.name)]
        place.room = replace(place.room, name=event.now)
        self._by_name[fold(event.now)] = place

    def _mode(self, event: ModeChanged, place: Place) -> None:
        place.room = with_mode(place.room, event.mode, event.on, event.value)

    def _role(self, event: RoleChanged, place: Place) -> None:
        seat = place.seat(event.who.name)
        if seat is not None:
            seat.role = seat.role | event.role if event.on else seat.role & ~event.role

    def _mask(self, event: MaskChanged, place: Place) -> None:
        place.masks = [m for m in place.masks if not _same(m, event)]
        if event.on:
            place.masks.append(
                Mask(
                    place.room.key,
                    event.listing,
                    event.pattern,
                    event.by.name,
                    event.at,
                    event.expires,
                )
            )

    def _metadata(self, event: RoomMetadataChanged, place: Place) -> None:
        put(place.metadata, event.key, event.value)

    def _invited(self, event: Invited, place: Place) -> None:
        seat, here = place.seat(event.by.name), self._sessions.get(event.who.name)
        place.invited = [one for one in place.invited if one.sessions or one.person.key is not None]
        if seat is None or seat.role < Role.OP or here is None:
            return
        if not place.is_invited(here.person):
            place.invited.append(here)


def put(values: dict[str, str], key: str, value: str | None) -> None:
    """Let a key have another value, or none."""
    if value is None:
        values.pop(key, None)
    else:
        values[key] = value


def with_mode(room: Room, mode: Mode | str, on: bool, value: str | None) -> Room:
    """The room with a switch, its password or its limit changed."""
    if mode == "password":
        return replace(room, password=value if on else None)
    if mode == "limit":
        return replace(room, limit=int(value) if on and value else None)
    modes = room.modes | {Mode(mode)} if on else room.modes - {Mode(mode)}
    return replace(room, modes=modes)


def _is_same(one: Person, other: Person) -> bool:
    """Whether these are one guest, or are logged in to one account."""
    return one is other or (one.key is not None and one.key == other.key)


def _same(mask: Mask, event: MaskChanged) -> bool:
    return mask.listing is event.listing and mask.pattern.lower() == event.pattern.lower()


_CHANGES: dict[type[Event], Callable[..., None]] = {
    Joined: Places._joined,
    Left: Places._left,
    Removed: Places._removed,
    Quit: Places._quit,
    PersonChanged: Places._person_changed,
    TopicChanged: Places._topic,
    Renamed: Places._renamed,
    ModeChanged: Places._mode,
    RoleChanged: Places._role,
    MaskChanged: Places._mask,
    Invited: Places._invited,
    RoomMetadataChanged: Places._metadata,
}
