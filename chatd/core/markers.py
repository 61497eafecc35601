"""How far each has read, in rooms and in direct conversations.

An account's markers are kept, and are the same in all of its sessions; a guest's last as
long as the guest is there. A marker never goes back, and nobody else learns of it.
"""

from __future__ import annotations

from chatd.core.conversations import Conversations
from chatd.core.log import Log
from chatd.core.permissions import Act, check
from chatd.core.places import Places
from chatd.core.sessions import Here, Sessions
from chatd.errors import NoSuchRoom, NotInRoom, TooMany
from chatd.events import Cause, MarkerMoved
from chatd.interfaces import ILogStore, ISession
from chatd.model import Person, Room
from chatd.names import fold, is_room

MOST = 4096
"""How many conversations one may have markers in while one is on line."""


class Markers:
    """The markers of everybody who is on line."""

    def __init__(
        self,
        store: ILogStore,
        log: Log,
        sessions: Sessions,
        places: Places,
        conversations: Conversations,
    ) -> None:
        self._store = store
        self._log = log
        self._sessions = sessions
        self._places = places
        self._conversations = conversations

    async def learn(self, session: ISession) -> None:
        """Somebody has just come on line: find what is kept of them."""
        if session.person.key is not None:
            for room, read in (await self._store.marks(session.person.key)).items():
                self._here(session).marks[room] = read

    async def marker(self, session: ISession, target: str) -> int | None:
        """How far somebody has read, as a time; None if they have not said, or may not read."""
        try:
            room = await self._room(session, target)
        except (NoSuchRoom, NotInRoom):
            return None
        return self._here(session).marks.get(_key(session.person, room, target))

    async def mark(
        self, session: ISession, target: str, read: int, cause: Cause | None = None
    ) -> int:
        """Note how far somebody has read; all of their sessions hear. Gives the time that counts.

        :raise NoSuchRoom, NotInRoom, TooMany, NotKept: if one cannot.
        """
        room = await self._room(session, target)
        person = session.person
        marks, key = self._here(session).marks, _key(person, room, target)
        if key not in marks and len(marks) >= MOST:
            raise TooMany("markers", MOST)
        before = marks.get(key)
        latest = max(min(read, self._log.now()), before or 0)
        if person.key is not None and room is not None:
            latest = await self._store.mark(person.key, room.key, latest)
        marks[key] = latest
        if latest != before:
            at = self._log.now()
            await self._log.tell(MarkerMoved(by=person, at=at, to=target, read=latest, cause=cause))
        return latest

    def _here(self, session: ISession) -> Here:
        return self._sessions.get(session.person.name) or Here(session.person)

    async def _room(self, session: ISession, target: str) -> Room | None:
        """Where one reads; None for a conversation in which nothing was said yet."""
        if not is_room(target):
            return await self._conversations.find(session.person, target)
        place = self._places.find(target)
        check(Act.READ, place.room, place.role(session.person))
        return place.room


def _key(person: Person, room: Room | None, target: str) -> int | str:
    """What a marker is found by: a guest's, and where nothing was said yet, by the name."""
    return fold(target) if room is None or person.key is None else room.key
