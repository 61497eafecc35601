"""Fan-out: from the bus to the sessions that should hear.

What a batch brings for one room is handed to each session there as one batch, so that a
front-end can make bytes of it once and write them once to each client. Whoever joins
hears of it; whoever leaves hears of that, and then no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    WentAway,
)
from chatd.interfaces import ISession
from chatd.model import Role
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
        if isinstance(first, Left | Removed | Quit):
            readers: Iterable[ISession] = tuple(self._readers(first))
            self._places.apply(first)
        else:
            for event in events:
                self._places.apply(event)
            readers = self._readers(first)
            if isinstance(first, Joined) and not self._is_in(first):
                return  # gone again before it was told; nobody shall see them come
        one = told if events is told.events else Batch(events)
        for session in readers:
            try:
                session.deliver(one)
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
        if isinstance(event, MarkerMoved):
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
            return _sessions_in(place)
        heard = (*_sessions_in(place, least), *self._of(event.by.name))
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
                found.update((s.key, s) for s in _sessions_in(place))
        if isinstance(event, WentAway):
            return [s for s in found.values() if fold(s.person.name) != fold(event.by.name)]
        return found.values()

    def _is_in(self, event: Joined) -> bool:
        place = self._places.get(event.room.key)
        return place is not None and place.seat(event.by.name) is not None

    def _invited(self, event: Invited) -> Iterable[ISession]:
        found = {s.key: s for s in self._of(event.who.name)}
        place = self._places.get(event.room.key)
        if place is not None:
            found.update((s.key, s) for s in _sessions_in(place, Role.OP))
        return found.values()

    def _of(self, name: str) -> Iterable[ISession]:
        here: Here | None = self._sessions.get(name)
        return tuple(here.sessions.values()) if here is not None else ()


def _sessions_in(place: Place, least: Role = Role.MEMBER) -> list[ISession]:
    seats = place.seats.values()
    if least is not Role.MEMBER:
        return [s for seat in seats if seat.role >= least for s in seat.here.sessions.values()]
    return [session for seat in seats for session in seat.here.sessions.values()]


_ALONE = (
    Joined,
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
    groups: dict[object, list[Event]] = {}
    for event in events:
        if isinstance(event, _ALONE) or not isinstance(event, RoomEvent):
            yield from map(tuple, groups.values())
            groups.clear()
            yield (event,)
        else:
            groups.setdefault(_group(event), []).append(event)
    yield from map(tuple, groups.values())


def _group(event: RoomEvent) -> object:
    if isinstance(event, Addressed):
        return event.room.key, event.least
    return event.room.key, None
