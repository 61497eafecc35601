"""Which keys of metadata a client is told about, and the lines that tell it of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chatd.core import Core
from chatd.core.places import Place
from chatd.events import Event, Joined, MetadataChanged, Noticed, RoomMetadataChanged
from chatd.model import Person
from chatd.names import fold
from chatd.wire.irc import Line
from chatd.wire.numerics import Numeric

CROWD = 100
"""How many may be in a room for all of its metadata to be sent to whoever joins it."""
EVERYBODY = "*"
"""Who may read a value: there is nothing here that only some may."""
MetadataEvent = MetadataChanged | RoomMetadataChanged


class Subscriptions:
    """The keys that one client wants to hear of; in the order in which it asked for them."""

    __slots__ = ("keys",)

    def __init__(self) -> None:
        self.keys: dict[str, None] = {}

    def of_event(self, core: Core, me: Person, event: Event) -> Iterator[Line]:
        """What an event makes known."""
        if isinstance(event, Noticed):
            event = event.what
        if isinstance(event, MetadataChanged | RoomMetadataChanged):
            if event.key in self.keys:
                yield changed(core, me, event)
        elif isinstance(event, Joined):
            place = core.places.get(event.room.key)
            if place is not None and fold(event.by.name) == fold(me.name):
                yield from self.on_joining(core, me, place)
            else:
                yield from self.of(core, me, event.by.name, core.metadata.of(event.by))

    def on_joining(self, core: Core, me: Person, place: Place) -> Iterator[Line]:
        """What there is of a room and of those in it; of a crowd, that there may be something."""
        if len(place.seats) > CROWD:
            server = core.settings.server.name
            yield Line(Numeric.METADATASYNCLATER, (me.name, place.room.name), server)
        else:
            yield from self.of_room(core, me, place)

    def of_room(self, core: Core, me: Person, place: Place) -> Iterator[Line]:
        """What there is of a room and of those in it."""
        yield from self.of(core, me, place.room.name, place.metadata)
        for seat in place.seats.values():
            if seat.person is not me:
                yield from self.of(core, me, seat.person.name, core.metadata.of(seat.person))

    def of(self, core: Core, me: Person, name: str, values: Mapping[str, str]) -> Iterator[Line]:
        """What there is of somebody or something."""
        wanted = ((key, values[key]) for key in self.keys if key in values)
        return (known(core, me, name, key, value) for key, value in wanted)


def changed(core: Core, me: Person, event: MetadataEvent) -> Line:
    """A value is another, or none any more."""
    name = event.room.name if isinstance(event, RoomMetadataChanged) else event.by.name
    if event.value is None:
        return unset(core, me, name, event.key)
    return known(core, me, name, event.key, event.value)


def known(core: Core, me: Person, name: str, key: str, value: str) -> Line:
    """A key and its value."""
    params = (me.name, name, key, EVERYBODY, value)
    return Line(Numeric.KEYVALUE, params, core.settings.server.name)


def unset(core: Core, me: Person, name: str, key: str) -> Line:
    """A key without a value."""
    params = (me.name, name, key, "key not set")
    return Line(Numeric.KEYNOTSET, params, core.settings.server.name)


def all_known(
    core: Core, me: Person, name: str, values: Iterable[tuple[str, str]]
) -> Iterator[Line]:
    """Keys and their values."""
    return (known(core, me, name, key, value) for key, value in values)
