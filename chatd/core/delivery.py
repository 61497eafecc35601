"""Fan-out: from the bus to the sessions that should hear.

What a batch brings for one room is handed to each session there as one batch, so that a
front-end can make bytes of it once and write them once to each client. Whoever joins
hears of it; whoever leaves hears of that, and then no more. Of those who come in together, all
who were there hear together: what a crowd costs would grow with its square otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from twisted.logger import Logger

from chatd.core.places import Place, Places
from chatd.core.sessions import Here, Sessions
from chatd.events import (
    Addressed,
    Announced,
    Batch,
    Event,
    Invited,
    Joined,
    Left,
    MarkerMoved,
    PersonChanged,
    Quit,
    Removed,
    Renamed,
    RoomEvent,
    RoomMetadataChanged,
    Wanted,
    WentAway,
)
from chatd.interfaces import ISession
from chatd.model import Person, Role, Room
from chatd.names import fold


class Delivery:
    """Hears the bus, changes the places by it, and hands it on."""

    log = Logger()

    def __init__(self, sessions: Sessions, places: Places) -> None:
        self._sessions = sessions
        self._places = places
        self._told: list[Callable[[Event], None]] = []

    def also(self, hear: Callable[[Event], None]) -> None:
        """Call `hear` with each event after it has been delivered."""
        self._told.append(hear)

    def hear(self, told: Batch) -> None:
        """Deliver what the bus brings."""
        for events in _runs(told.events):
            self._deliver(events if len(events) < len(told.events) else told.events, told)
            for event in events:
                for hear in self._told:
                    self._guarded(hear, event)

    def _deliver(self, events: tuple[Event, ...], told: Batch) -> None:
        first = events[0]
        if isinstance(first, Joined):
            self._let_in(first.room, events)
        elif isinstance(first, Left | Removed | Quit):
            readers = tuple(self._readers(first))
            self._places.apply(first)
            self._hand(Batch(events), readers)
        else:
            for event in events:
                self._places.apply(event)
            self._hand(told if events is told.events else Batch(events), self._readers(first))

    def _let_in(self, room: Room, events: tuple[Event, ...]) -> None:
        """Who was there hears of all who come; who comes hears of that, and of those who follow."""
        place = self._places.get(room.key)
        before = {} if place is None else {s.key: s for s in self._places.sessions_in(place)}
        for event in events:
            self._places.apply(event)
        came = tuple(event for event in events if self._is_in(room, event.by))
        if came:
            self._hand(Batch(came), before.values())
        inside: list[ISession] = []
        for event in came:
            inside += [s for s in self._of(event.by.name) if s.key not in before]
            self._hand(Batch((event,)), inside)

    def _hand(self, batch: Batch, readers: Iterable[ISession]) -> None:
        for session in readers:
            try:
                session.deliver(batch)
            except Exception:
                self.log.failure("a session could not show what happened")
                self._guarded(session.close, "Something went wrong in the server")

    def _guarded(self, act: Callable[[Any], None], what: object) -> None:
        """A bug in one part is no reason for others not to hear."""
        try:
            act(what)
        except Exception:
            self.log.failure("what happened was not heard by all")

    def _readers(self, event: Event) -> Iterable[ISession]:
        """The sessions that should hear of it."""
        if isinstance(event, Invited):
            return self._invited(event)
        if isinstance(event, MarkerMoved | Wanted):
            return self._of(event.by.name)
        if isinstance(event, RoomEvent):
            return self._in_room(event)
        if isinstance(event, Announced):
            return [s for here in self._sessions for s in here.sessions.values()]
        return self._around(event)

    def _in_room(self, event: RoomEvent) -> Iterable[ISession]:
        if event.room.direct:
            to = event.to if isinstance(event, Addressed) else ""
            return {s.key: s for s in (*self._of(event.by.name), *self._of(to))}.values()
        place = self._places.get(event.room.key)
        if place is None:
            return ()
        least = event.least if isinstance(event, Addressed) else None
        if least is None:
            return self._places.sessions_in(place)
        heard = (*_from(least, place), *self._of(event.by.name))
        return {session.key: session for session in heard}.values()

    def _around(self, event: Event) -> Iterable[ISession]:
        """Somebody's own sessions, unless they have none, and all who share a room with them."""
        names = {event.by.name}
        if isinstance(event, PersonChanged):
            names.add(event.now.name)
        found: dict[str, ISession] = {}
        for name in names:
            if not isinstance(event, Quit):
                found.update((s.key, s) for s in self._of(name))
            for place in self._places.of(name):
                found.update((s.key, s) for s in self._places.sessions_in(place))
        if isinstance(event, WentAway):
            return [s for s in found.values() if fold(s.person.name) != fold(event.by.name)]
        return found.values()

    def _is_in(self, room: Room, person: Person) -> bool:
        """Whether they are still there: nobody shall see those come who have gone already."""
        place = self._places.get(room.key)
        return place is not None and place.seat(person.name) is not None

    def _invited(self, event: Invited) -> Iterable[ISession]:
        found = {s.key: s for s in self._of(event.who.name)}
        place = self._places.get(event.room.key)
        if place is not None:
            found.update((s.key, s) for s in _from(Role.OP, place))
        return found.values()

    def _of(self, name: str) -> Iterable[ISession]:
        here: Here | None = self._sessions.get(name)
        return tuple(here.sessions.values()) if here is not None else ()


def _from(least: Role, place: Place) -> list[ISession]:
    """The sessions of those in a room who have this role or a higher one."""
    seats = place.seats.values()
    return [s for seat in seats if seat.role >= least for s in seat.here.sessions.values()]


_ALONE = (
    Left,
    Removed,
    Renamed,
    Quit,
    PersonChanged,
    Invited,
    RoomMetadataChanged,
)
"""What changes who should hear, or what rooms are called, or is heard by others than the whole
room: never grouped."""


def _runs(events: tuple[Event, ...]) -> Iterator[tuple[Event, ...]]:
    """Events in groups that go to the same readers; within a room their order stays.

    Messages of different rooms may change places, as nobody can tell; nothing passes
    an event that changes who is where.
    """
    if all(map(_is_said, set(map(type, events)))):
        yield from _by_room(events)
        return
    for kind, run in groupby(events, _kind):
        if kind is RoomEvent or kind is Joined:
            yield from _by_room(run)
        else:
            yield tuple(run)


def _is_said(kind: type[Event]) -> bool:
    """Whether such an event goes to a room, and changes nobody's place."""
    return issubclass(kind, RoomEvent) and not issubclass(kind, (Joined, *_ALONE))


def _kind(event: Event) -> object:
    """Comings are beside comings only, and what is said beside what is said."""
    if isinstance(event, Joined):
        return Joined
    return RoomEvent if _is_said(type(event)) else object()


def _by_room(events: Iterable[Any]) -> Iterator[tuple[Event, ...]]:
    groups: dict[object, list[Event]] = {}
    for event in events:
        least = event.least if isinstance(event, Addressed) else None
        groups.setdefault((event.room.key, least), []).append(event)
    return map(tuple, groups.values())
