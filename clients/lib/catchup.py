"""Reading what was missed, and what is older: CHATHISTORY, page by page until it is complete."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatd.wire.irc import Line
from clients.lib.events import CaughtUp, Event, Message, OlderRead, RoomEvent
from clients.lib.outbox import Ask, Outbox, refused
from clients.lib.rooms import Room

_LAST_DAY = "timestamp=9999-12-31T23:59:59.999Z"
_FIRST_DAY = "timestamp=1970-01-01T00:00:00.000Z"
CONVERSATIONS = 50
"""Direct conversations that are looked up at log-in, the latest first."""


class CatchUp:
    """Makes logs current, and says so to the outbox, which waits for it.

    :param read: makes a message of a line, None if it is none.
    :param show: takes what is new in a room, in order; the flag says whether it is unread.
    """

    def __init__(
        self,
        ask: Ask,
        tell: Callable[[Event], None],
        read: Callable[[Line], Message | None],
        show: Callable[[Room, Sequence[RoomEvent], bool], None],
        outbox: Outbox,
        first_page: int,
    ) -> None:
        self._ask = ask
        self._tell = tell
        self._read = read
        self._show = show
        self._outbox = outbox
        self._first_page = first_page
        self._busy: set[Room] = set()
        self.limit = 100

    def cut(self) -> None:
        """The connection is gone: no answer will come, and no log is current."""
        self._busy.clear()

    def begin(self, room: Room) -> None:
        """Fetch what is missing between the last entry that was heard and now."""
        if room in self._busy or room.log.current:
            return
        self._busy.add(room)
        if room.log.after is None:
            count = str(min(self._first_page, self.limit))
            line = Line("CHATHISTORY", ("LATEST", room.name, "*", count))
            self._ask(line, lambda lines: self._first(room, lines))
        else:
            self._next(room)

    def older(self, room: Room, count: int) -> None:
        """Fetch what was before the oldest entry that is known."""
        first = room.log.first
        if first is None or room.log.whole:
            self._tell(OlderRead(room=room.name, found=()))
            return
        params = ("BEFORE", room.name, f"msgid={first}", str(min(count, self.limit)))
        self._ask(Line("CHATHISTORY", params), lambda lines: self._older(room, lines))

    def conversations(self, then: Callable[[list[str]], None]) -> None:
        """Find out with whom we have talked."""
        params = ("TARGETS", _LAST_DAY, _FIRST_DAY, str(min(CONVERSATIONS, self.limit)))
        self._ask(
            Line("CHATHISTORY", params),
            lambda lines: then([li.params[1] for li in lines if _is_target(li)]),
        )

    def _first(self, room: Room, lines: list[Line]) -> None:
        page = self._messages(lines)
        live = {event.id for event in page if room.log.holds(event.id)}
        for event in room.log.fill(page):
            self._show(room, (event,), event.id in live)
        self._finish(room, whole=True)

    def _next(self, room: Room) -> None:
        params = ("AFTER", room.name, room.log.after or "*", str(self.limit))
        self._ask(Line("CHATHISTORY", params), lambda lines: self._page(room, lines))

    def _page(self, room: Room, lines: list[Line]) -> None:
        page = self._messages(lines)
        for message in page:
            if message.mine:
                self._outbox.found(room, message)
        new = room.log.fill(page)
        self._show(room, new, True)
        if new:
            self._next(room)
        else:
            self._finish(room, whole=not any(map(refused, lines)))

    def _finish(self, room: Room, whole: bool) -> None:
        self._busy.discard(room)
        self._show(room, room.log.finish(), True)
        self._tell(CaughtUp(room=room.name, whole=whole))
        self._outbox.settle(room, whole)

    def _older(self, room: Room, lines: list[Line]) -> None:
        found = room.log.prepend(self._messages(lines))
        self._tell(OlderRead(room=room.name, found=found))

    def _messages(self, lines: list[Line]) -> list[Message]:
        return [message for line in lines if (message := self._read(line)) is not None]


def _is_target(line: Line) -> bool:
    return line.verb == "CHATHISTORY" and len(line.params) > 2 and line.params[0] == "TARGETS"
