"""Metadata: what people tell of themselves, and of the rooms they run, as keys and values.

What accounts and rooms have is kept; a guest's lasts as long as the guest is there. Of
those who are on line, and of all rooms, it stands here, so that nobody waits to be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from chatd.core.log import Log
from chatd.core.offices import Offices
from chatd.core.permissions import Act, check
from chatd.core.places import Places, put
from chatd.core.sessions import Sessions
from chatd.core.settings import Settings
from chatd.errors import BadMetadataKey, BadMetadataValue, MetadataFull, MetadataNotSet
from chatd.events import Cause, Event, MetadataChanged, PersonChanged, Quit, RoomMetadataChanged
from chatd.interfaces import IMetadataStore, ISession
from chatd.model import Person, Subject
from chatd.names import fold

_KEY = re.compile(r"[a-z0-9_./-]{1,40}")

Values = dict[str, str]


class Metadata:
    """Keys and values of people and of rooms."""

    def __init__(
        self,
        store: IMetadataStore,
        log: Log,
        sessions: Sessions,
        places: Places,
        offices: Offices,
        settings: Settings,
    ) -> None:
        self._store = store
        self._log = log
        self._sessions = sessions
        self._places = places
        self._offices = offices
        self._settings = settings
        self._accounts: dict[int, Values] = {}
        self._guests: dict[str, Values] = {}

    # -- reading

    async def load(self) -> None:
        """Learn from the store what there is of rooms."""
        for place in self._places:
            place.metadata = dict(await self._store.metadata(Subject.ROOM, place.room.key))

    async def expect(self, person: Person) -> None:
        """Learn what there is of somebody who is about to come on line."""
        if person.key is not None and person.key not in self._accounts:
            values = await self._store.metadata(Subject.ACCOUNT, person.key)
            self._accounts.setdefault(person.key, dict(values))

    def of(self, person: Person) -> Mapping[str, str]:
        """What somebody who is on line tells of themselves."""
        if person.key is not None:
            return self._accounts.get(person.key, {})
        return self._guests.get(fold(person.name), {})

    def of_visible(self, session: ISession, name: str) -> Mapping[str, str]:
        """What is told of a room, if the session may read it.

        :raise NoSuchRoom, NotInRoom: if it may not.
        """
        place = self._places.find(name)
        overrules = self._offices.overrules(session)
        check(Act.READ_METADATA, place.room, place.role(session.person), overrules)
        return place.metadata

    # -- changing

    async def change(
        self, session: ISession, key: str, value: str | None, cause: Cause | None = None
    ) -> None:
        """Somebody tells something of themselves, or takes it back.

        :raise BadMetadataKey, BadMetadataValue, MetadataFull, MetadataNotSet, NotKept: if not.
        """
        person = session.person
        self._check(person.name, self.of(person), key, value)
        if person.key is not None:
            await self._store.keep_metadata(Subject.ACCOUNT, person.key, key, value)
            put(self._accounts.setdefault(person.key, {}), key, value)
        else:
            put(self._guests.setdefault(fold(person.name), {}), key, value)
        at = self._log.now()
        await self._log.tell(MetadataChanged(by=person, at=at, key=key, value=value, cause=cause))

    async def change_room(
        self,
        session: ISession,
        name: str,
        key: str,
        value: str | None,
        cause: Cause | None = None,
    ) -> None:
        """Something is told of a room, or taken back.

        :raise NoSuchRoom, NotInRoom, NotAllowed: if one may not.
        :raise BadMetadataKey, BadMetadataValue, MetadataFull, MetadataNotSet, NotKept: if not.
        """
        place = self._places.find(name)
        room = place.room
        test = partial(check, Act.DESCRIBE, room, place.role(session.person))
        test(self._offices.overrules(session))
        self._check(room.name, place.metadata, key, value)
        await self._offices.check(session, test, "metadata", room, key)
        await self._store.keep_metadata(Subject.ROOM, room.key, key, value)
        by, at = session.person, self._log.now()
        await self._log.tell(
            RoomMetadataChanged(by=by, at=at, room=room, key=key, value=value, cause=cause)
        )

    def put_early(self, values: Values, key: str, value: str | None) -> None:
        """The same for somebody who is not on line yet, and whose values stand elsewhere.

        :raise BadMetadataKey, BadMetadataValue, MetadataFull, MetadataNotSet: if not.
        """
        self._check("*", values, key, value)
        put(values, key, value)

    def _check(self, name: str, values: Mapping[str, str], key: str, value: str | None) -> None:
        limits = self._settings.limits
        check_key(key)
        if value is None:
            if key not in values:
                raise MetadataNotSet(key)
        elif len(value.encode()) > limits.metadata_value:
            raise BadMetadataValue(key, limits.metadata_value)
        elif key not in values and len(values) >= limits.metadata_keys:
            raise MetadataFull(name, limits.metadata_keys)

    def heard(self, event: Event) -> None:
        """Forget those who go, and let guests keep theirs when they are called otherwise."""
        if isinstance(event, Quit):
            self._forget(event.by)
        elif isinstance(event, PersonChanged) and event.by.key is None and event.now.key is None:
            values = self._guests.pop(fold(event.by.name), None)
            if values is not None:
                self._guests[fold(event.now.name)] = values

    def _forget(self, person: Person) -> None:
        if person.key is None:
            self._guests.pop(fold(person.name), None)
        elif not self._sessions.of_account(person.key):
            self._accounts.pop(person.key, None)


def check_key(key: str) -> None:
    """Refuse what is no good as a key.

    :raise BadMetadataKey: if it is not.
    """
    if not _KEY.fullmatch(key):
        raise BadMetadataKey(key)
