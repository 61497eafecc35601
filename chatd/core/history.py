"""Reading back what was said.

Only members read a room's history, and only the two a direct conversation's; what was
said to those of some role, only they. A place in a history is a message id or a time.

A page is shown when all in it has been told, so that nobody is told it once more.

Who wants only what was `said`, and not who came and went, gets as many messages as they
asked for, unless there are long stretches between them.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import structs

from chatd.answers import History as Page
from chatd.core.conversations import Conversations
from chatd.core.log import Log
from chatd.core.permissions import Act, check
from chatd.core.places import Places
from chatd.core.settings import Settings
from chatd.errors import AccountRequired, InvalidParams, NoSuchMessage
from chatd.events import Entry, Posted, Redacted
from chatd.interfaces import ILogStore, ISession
from chatd.model import SIGNS, Conversation, Kind, Role, Room
from chatd.names import is_room

STRETCH = 10
"""How many pages are looked through for one page of messages."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a conversation: a message id or a time in milliseconds, one of them."""

    id: str | None = None
    time: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a reader sees of a conversation; `room` is None if nothing was said in it yet."""

    target: str
    room: Room | None
    role: Role | None
    said: bool

    def shows(self, entry: Entry) -> bool:
        """Whether the reader sees an entry."""
        if self.said and not _is_text(entry):
            return False
        if not isinstance(entry, Posted | Redacted):
            return True
        return entry.least is None or (self.role is not None and self.role >= entry.least)


class History:
    """The logs of rooms and direct conversations, as far as one may read them."""

    def __init__(
        self,
        store: ILogStore,
        log: Log,
        places: Places,
        conversations: Conversations,
        settings: Settings,
    ) -> None:
        self._store = store
        self._log = log
        self._places = places
        self._conversations = conversations
        self._settings = settings

    async def latest(
        self,
        session: ISession,
        target: str,
        limit: int,
        after: Spot | None = None,
        *,
        said: bool = False,
    ) -> Page:
        """The newest entries, only those after a spot if there is one.

        :raise NoSuchRoom, NotInRoom, InvalidParams, NoSuchMessage: as in all reading.
        """
        view = await self._view(session, target, said)
        return await self._page(view, after, None, limit, newest=True)

    async def before(
        self, session: ISession, target: str, spot: Spot, limit: int, *, said: bool = False
    ) -> Page:
        """The entries that came just before a spot."""
        view = await self._view(session, target, said)
        return await self._page(view, None, spot, limit, newest=True)

    async def after(
        self, session: ISession, target: str, spot: Spot, limit: int, *, said: bool = False
    ) -> Page:
        """The entries that came just after a spot."""
        view = await self._view(session, target, said)
        return await self._page(view, spot, None, limit, newest=False)

    async def between(
        self,
        session: ISession,
        target: str,
        start: Spot,
        end: Spot,
        limit: int,
        *,
        said: bool = False,
    ) -> Page:
        """The entries between two spots, nearest to the first of them."""
        view = await self._view(session, target, said)
        if view.room is None:
            return Page(target, ())
        first, last = await self._number(view.room, start), await self._number(view.room, end)
        backwards = last < first
        low, high = (end, start) if backwards else (start, end)
        return await self._page(view, low, high, limit, newest=backwards)

    async def around(
        self, session: ISession, target: str, spot: Spot, limit: int, *, said: bool = False
    ) -> Page:
        """The entries around a spot, the one at it among them."""
        view = await self._view(session, target, said)
        if view.room is None:
            return Page(target, ())
        limit = self._bounded(limit)
        middle = await self._number(view.room, spot)
        half = limit // 2
        newer = await self._entries(view, view.room, middle - 1, None, limit - half, newest=False)
        older = await self._entries(view, view.room, None, middle, half, newest=True)
        return Page(target, (*older, *newer))

    async def conversations(
        self, session: ISession, one: int, other: int, limit: int
    ) -> list[Conversation]:
        """The rooms and conversations in which something was said between two times.

        :raise AccountRequired: if the session has no account.
        """
        if session.person.key is None:
            raise AccountRequired()
        low, high = min(one, other), max(one, other)
        found = await self._store.conversations(session.person.key, low, high, self._bounded(limit))
        return list(found)

    async def find(self, session: ISession, target: str, id_: str) -> Entry:
        """One entry that the session may read.

        :raise NoSuchMessage: if there is none in that conversation.
        """
        view = await self._view(session, target)
        entry = None
        if view.room is not None:
            entry = await self._store.find(view.room, number_in(view.room, id_))
        if entry is None or not view.shows(entry):
            raise NoSuchMessage(id_)
        return _addressed(entry)

    async def _page(
        self, view: View, after: Spot | None, before: Spot | None, limit: int, *, newest: bool
    ) -> Page:
        room = view.room
        if room is None:
            return Page(view.target, ())
        low = None if after is None else await self._last_before(room, after)
        high = None if before is None else await self._number(room, before)
        limit = self._bounded(limit)
        entries = await self._entries(view, room, low, high, limit, newest=newest)
        return Page(view.target, tuple(entries))

    async def _entries(
        self, view: View, room: Room, low: int | None, high: int | None, limit: int, *, newest: bool
    ) -> list[Entry]:
        """What the reader sees of the entries between two numbers."""
        found: list[Entry] = []
        size = limit
        for _ in range(STRETCH):
            page = await self._store.page(room, low, high, size, newest)
            seen = [_addressed(entry) for entry in page if view.shows(entry)]
            found = seen + found if newest else found + seen
            if len(page) < size or len(found) >= limit:
                break
            low, high = (low, page[0].number) if newest else (page[-1].number, high)
            size = self._settings.limits.history
        await self._log.caught_up()
        return found[max(len(found) - limit, 0) :] if newest else found[:limit]

    async def _view(self, session: ISession, target: str, said: bool = False) -> View:
        room = await self._room(session, target)
        role = self._places.find(target).role(session.person) if is_room(target) else None
        return View(target, room, role, said)

    async def _room(self, session: ISession, target: str) -> Room | None:
        """The room one may read; None for a conversation in which nothing was said yet."""
        if not is_room(target):
            return await self._conversations.find(session.person, target)
        place = self._places.find(target)
        check(Act.READ, place.room, place.role(session.person))
        return place.room

    async def _number(self, room: Room, spot: Spot) -> int:
        """The number of the first entry at or after a spot."""
        if spot.id is not None:
            return number_in(room, spot.id)
        return 1 + await self._store.number_at(room.key, spot.time or 0)

    async def _last_before(self, room: Room, spot: Spot) -> int:
        """The number of the last entry that is not after a spot."""
        if spot.id is not None:
            return number_in(room, spot.id)
        return await self._store.number_at(room.key, (spot.time or 0) + 1)

    def _bounded(self, limit: int) -> int:
        most = self._settings.limits.history
        if limit < 0:
            raise InvalidParams("history", str(limit), "a number of messages is not negative.")
        return min(limit, most) or most


def _is_text(entry: Entry) -> bool:
    """Whether something was said, and still is."""
    return isinstance(entry, Posted) and entry.kind is not Kind.SIGNAL and not entry.erased


def _addressed(entry: Entry) -> Entry:
    """An entry under the name that its room has now."""
    if entry.room.direct or not isinstance(entry, Posted | Redacted):
        return entry
    sign = "" if entry.least is None else SIGNS[entry.least]
    return structs.replace(entry, to=sign + entry.room.name)


def number_in(room: Room, id_: str) -> int:
    """The number in a message id of this room.

    :raise NoSuchMessage: if it is not one.
    """
    key, _, number = id_.partition("-")
    if key != str(room.key) or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise NoSuchMessage(id_)
    return int(number)
