"""What is known of one room's log: nothing twice, nothing out of order, a hole noticed.

The server numbers the entries of a room without gaps, so a client can tell that it has
everything up to `last`, and ask for what comes after.
"""

from __future__ import annotations

from collections.abc import Iterable

from clients.lib.events import RoomEvent
from clients.lib.model import MessageId

BEGINNING = "timestamp=1970-01-01T00:00:00.000Z"
MOST = 5000
"""Entries that are kept for scrolling back; older ones are asked for again."""


class Log:
    """The entries of one room, oldest first.

    It is `current` while nothing is missing between `last` and now. While it is not, live
    entries are held back until the missing ones have been filled in, so that the order
    stays right and a second cut in the middle cannot make `last` skip any.
    """

    def __init__(self) -> None:
        self.entries: list[RoomEvent] = []
        self.last: MessageId | None = None
        self.current = False
        self.begun = False
        self.whole = False
        self._held: dict[MessageId, RoomEvent] = {}

    @property
    def first(self) -> MessageId | None:
        """The oldest entry that is known and has an id."""
        return next((e.id for e in self.entries if e.id is not None), None)

    @property
    def after(self) -> str | None:
        """From where on to ask for what is missing; None if nothing was ever asked."""
        if not self.begun:
            return None
        return BEGINNING if self.last is None else f"msgid={self.last}"

    def add(self, event: RoomEvent) -> list[RoomEvent]:
        """Take a live entry, and give back what is to be shown now.

        If it shows a hole, the log is not `current` any more.
        """
        if event.id is None:
            return self._append([event])
        if not event.id.follows(self.last):
            return []
        if self.current and not self._shows_hole(event.id):
            return self._append([event])
        self.current = False
        self._held[event.id] = event
        return []

    def fill(self, page: Iterable[RoomEvent]) -> list[RoomEvent]:
        """Take a page of what comes after `last`, and give back what is new in it."""
        self.begun = True
        new = []
        for event in page:
            if event.id is not None and event.id.follows(self.last):
                self._held.pop(event.id, None)
                new += self._append([event])
        return new

    def finish(self) -> list[RoomEvent]:
        """Be current, and give back what was held back."""
        self.current = self.begun = True
        held = sorted(self._held.values(), key=_number)
        self._held.clear()
        return self._append([e for e in held if e.id is not None and e.id.follows(self.last)])

    def prepend(self, page: Iterable[RoomEvent]) -> tuple[RoomEvent, ...]:
        """Put a page of older entries first, and give back what is new in it."""
        first = self.first
        new = tuple(e for e in page if e.id is not None and _precedes(e.id, first))
        self.entries[:0] = new
        self.whole = not new
        return new

    def holds(self, identity: MessageId | None) -> bool:
        """Whether this entry was heard, and is held back."""
        return identity in self._held

    def _shows_hole(self, identity: MessageId) -> bool:
        last = self.last
        return last is not None and (
            identity.room != last.room or identity.number != last.number + 1
        )

    def _append(self, events: list[RoomEvent]) -> list[RoomEvent]:
        self.entries += events
        for event in events:
            self.last = event.id or self.last
        if len(self.entries) > 2 * MOST:
            del self.entries[:-MOST]
            self.whole = False
        return events


def _number(event: RoomEvent) -> int:
    return event.id.number if event.id else 0


def _precedes(identity: MessageId, first: MessageId | None) -> bool:
    return first is None or first.follows(identity)
