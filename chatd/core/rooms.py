"""Rooms: what there are, what one may see of them, and changing what is so in them.

Each act is checked against the room as it stands, then kept, then told. Acts that change
one room happen one after another, so that nothing changes between check and deed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial

from twisted.internet.defer import ensureDeferred
from twisted.logger import Logger

from chatd.answers import Entered, Listed, MembersAre, Present
from chatd.core.changes import Draft, Grant, SetMask, SetMode, Wish
from chatd.core.log import Log
from chatd.core.offices import Offices
from chatd.core.permissions import Act, check, highest, may
from chatd.core.places import Place, Places, Seat
from chatd.core.sessions import Sessions
from chatd.core.settings import Settings
from chatd.errors import (
    ChatError,
    NoSuchRoom,
    NotKept,
    RoomExists,
    TheyAreNotInRoom,
    TooLong,
    TooMany,
)
from chatd.events import Cause, Event, Joined, Left, Quit, Removed, Renamed, TopicChanged
from chatd.interfaces import IRoomStore, ISession
from chatd.locks import Lock, SharedLock
from chatd.model import Listing, Mask, Mode, Person, Put, Role, Room, Topic
from chatd.names import check_room_name, fold

NEW = frozenset({Mode.MEMBERS_ONLY, Mode.TOPIC_LOCK})
"""The modes of a room that was just made."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A room that has ended, and is still stored; held by the lock while it is dropped."""

    room: Room
    lock: Lock = field(default_factory=Lock)


class Rooms:
    """What one can do in rooms, and see of them."""

    log = Logger()

    def __init__(
        self,
        store: IRoomStore,
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
        self._making = Lock()
        self._ended: dict[str, Ended] = {}
        self._ending = False
        self._locks: dict[int, SharedLock] = {}

    async def load(self) -> None:
        """Learn from the store which rooms there are; those of guests ended with the daemon."""
        await self._store.drop_passing_rooms()
        for room in await self._store.rooms():
            self._places.add(room, await self._store.masks(room.key))

    # -- seeing

    def find(self, name: str) -> Room:
        """The room with this name.

        :raise NoSuchRoom: if there is none.
        """
        return self._places.find(name).room

    def visible(self, session: ISession, name: str) -> Place:
        """The room with this name, if the session may know of it.

        :raise NoSuchRoom: if there is none, or it is none of their business.
        """
        place = self._places.find(name)
        if not self.may(session, Act.SEE, place):
            raise NoSuchRoom(name)
        return place

    def may(self, session: ISession, act: Act, place: Place) -> bool:
        """Whether a session may do this in a room."""
        overrules = self._offices.overrules(session)
        return may(act, place.room, place.role(session.person), overrules)

    def members(self, session: ISession, name: str) -> MembersAre:
        """Who is in a room, as far as the session may see."""
        try:
            place = self.visible(session, name)
        except NoSuchRoom:
            return MembersAre(name, None, ())
        return MembersAre(place.room.name, place.room, Crowd(place))

    def listed(self, session: ISession) -> Iterator[Listed]:
        """The rooms that a session may know of, each as it is when it is asked for."""
        return (
            Listed(place.room, len(place.seats))
            for place in self._places
            if self.may(session, Act.SEE, place)
        )

    def shared(self, session: ISession, name: str) -> list[tuple[Room, Role]]:
        """The rooms somebody is in, as far as the session may see."""
        found = []
        for place in self._places.of(name):
            seat = place.seat(name)
            if seat is not None and self.may(session, Act.SEE, place):
                found.append((place.room, seat.role))
        return found

    def masks(self, session: ISession, name: str, listing: Listing) -> tuple[Room, list[Mask]]:
        """One of a room's lists.

        :raise NotInRoom: if the session is outside.
        """
        place = self._places.find(name)
        overrules = self._offices.overrules(session)
        check(Act.READ_MASKS, place.room, place.role(session.person), overrules)
        return place.room, place.listing(listing, self._log.now())

    # -- changing what is so

    async def set_topic(
        self, session: ISession, name: str, text: str, cause: Cause | None = None
    ) -> None:
        """Change what a room is about; an empty text takes the topic away.

        :raise NoSuchRoom, NotInRoom, NotAllowed, TooLong: if one cannot.
        """
        place = self._places.find(name)
        if len(text) > self._settings.limits.topic:
            raise TooLong("A topic", self._settings.limits.topic)
        async with self.lock(place.room):
            test = partial(check, Act.SET_TOPIC, place.room, place.role(session.person))
            await self._offices.check(session, test, "topic", place.room)
            at = self._log.now()
            topic = Topic(text, session.person.name, at) if text else None
            await self._log.keep(
                TopicChanged(by=session.person, at=at, room=place.room, text=text, cause=cause),
                Put(replace(place.room, topic=topic)),
            )

    async def change(
        self, session: ISession, name: str, wishes: Iterable[Wish], cause: Cause | None = None
    ) -> list[ChatError]:
        """Change several things at once: what may be is done, what is refused comes back.

        :raise NoSuchRoom, NotKept: then nothing is changed.
        """
        place = self._places.find(name)
        refused: list[ChatError] = []
        async with self.lock(place.room):
            most = self._settings.limits.masks
            seat = partial(self.seat, place)
            overrules = self._offices.overrules(session)
            draft = Draft(session, place, self._log.now(), seat, most, cause, overrules)
            for wish in wishes:
                try:
                    draft.add(wish)
                except ChatError as error:
                    refused.append(error)
            if draft.overruled:
                note = " ".join(draft.overruled)
                await self._offices.record(session, "change", place.room, note)
            await self._log.keep_all(draft.kept)
        return refused

    async def set_mode(
        self,
        session: ISession,
        name: str,
        mode: Mode | str,
        on: bool,
        value: str | None = None,
        cause: Cause | None = None,
    ) -> None:
        """Change a switch of a room, or its "password" or "limit"; nothing if it is so already.

        :raise NoSuchRoom, NotInRoom, NotAllowed: if one cannot.
        """
        await self._change_one(session, name, SetMode(mode, on, value), cause)

    async def grant(
        self,
        session: ISession,
        name: str,
        who: str,
        role: Role,
        on: bool,
        cause: Cause | None = None,
    ) -> None:
        """Give somebody in a room a role, or take it; nothing if it is so already.

        :raise NoSuchRoom, NotInRoom, NotAllowed, TheyAreNotInRoom: if one cannot.
        """
        await self._change_one(session, name, Grant(who, role, on), cause)

    async def set_mask(
        self,
        session: ISession,
        name: str,
        listing: Listing,
        pattern: str,
        on: bool,
        expires: int | None = None,
        cause: Cause | None = None,
    ) -> None:
        """Put a mask on one of a room's lists, or take it off; nothing if it is so already.

        :param expires: when it stops to count, in milliseconds since 1970.
        :raise NoSuchRoom, NotInRoom, NotAllowed, ListFull: if one cannot.
        """
        await self._change_one(session, name, SetMask(listing, pattern, on, expires), cause)

    async def _change_one(
        self, session: ISession, name: str, wish: Wish, cause: Cause | None
    ) -> None:
        for error in await self.change(session, name, [wish], cause):
            raise error

    async def rename(
        self, session: ISession, name: str, now: str, reason: str = "", cause: Cause | None = None
    ) -> None:
        """Give a room another name; who is in it, and its history, stay.

        :raise NoSuchRoom, NotInRoom, NotAllowed, BadRoomName, RoomExists: if one cannot.
        """
        check_room_name(now, self._settings.limits.room_name)
        place = self._places.find(name)
        await self._drop_ended(now)
        async with self.lock(place.room), self._making:
            test = partial(check, Act.RENAME, place.room, place.role(session.person))
            test(self._offices.overrules(session))
            before = place.room.name
            if now == before:
                return
            if fold(now) != fold(before) and not self._is_free(now):
                raise RoomExists(before, now)
            await self._offices.check(session, test, "rename", place.room, f"to {now}")
            if place not in self._places:
                raise NoSuchRoom(name)
            event = Renamed(
                by=session.person,
                at=self._log.now(),
                room=place.room,
                before=before,
                now=now,
                reason=reason,
                cause=cause,
            )
            await self._log.keep(event, Put(replace(place.room, name=now)))

    # -- making and ending

    async def find_or_make(self, person: Person, name: str) -> tuple[Place, bool]:
        """The room with this name, and whether it had to be made.

        :raise BadRoomName, TooMany: if there is none and they can make none.
        """
        while not self._places.has(name):
            check_room_name(name, self._settings.limits.room_name)
            await self._drop_ended(name)
            async with self._making:
                if self._is_free(name):
                    return await self._make(person, name)
        return self._places.find(name), False

    def _is_free(self, name: str) -> bool:
        """Whether no room has this name, nor any that has ended and is still stored."""
        return not self._places.has(name) and fold(name) not in self._ended

    @property
    def founder(self) -> Role:
        """What somebody with an account becomes in a room that they make."""
        owner = self._settings.server.founders == "owner"
        return Role.OWNER | Role.OP if owner else Role.OP

    async def _make(self, person: Person, name: str) -> tuple[Place, bool]:
        lobby = fold(name) == fold(self._settings.server.lobby)
        if person.key is not None and not lobby:
            await self._check_owned(person.key)
        room = Room(0, name, person.key is not None or lobby, self._log.now(), modes=NEW)
        owner = [(person.key, self.founder)] if person.key and not lobby else []
        place = self._places.add(await self._store.add_room(room, owner))
        return place, not lobby

    async def _check_owned(self, account: int) -> None:
        most = self._settings.limits.rooms_per_account
        members = await self._store.rooms_of(account)
        if sum(highest(member.role) >= highest(self.founder) for member in members) >= most:
            raise TooMany("rooms of your own", most)

    async def unmake(self, place: Place) -> None:
        """Take back a room that was just made, as the first one could not come into it."""
        if not place.seats:
            self._places.drop(place)
            self._end(place.room)
            await self._drop_ended(place.room.name)

    def heard(self, event: Event) -> None:
        """End rooms that nobody keeps when their last member has gone."""
        if isinstance(event, Joined | Left | Removed | Quit):
            for room in self._places.take_ended():
                self._end(room)
                if not self._ending:
                    self._ending = True
                    ensureDeferred(self._drop_all_ended())

    def idle(self) -> bool:
        """Whether the store has dropped all rooms that have ended, as far as it can."""
        return not self._ending

    def _end(self, room: Room) -> None:
        self._locks.pop(room.key, None)
        self._ended[fold(room.name)] = Ended(room)

    async def _drop_all_ended(self) -> None:
        """Drop them one after another; one that cannot be stays until somebody wants its name."""
        try:
            while self._ended:
                await self._drop_ended(next(iter(self._ended)))
        except NotKept as error:
            self.log.warn("rooms that have ended stay for now: {error}", error=error)
        except Exception:
            self.log.failure("a room could not be dropped")
        finally:
            self._ending = False

    async def _drop_ended(self, name: str) -> None:
        """If a room of this name has ended, see that it is no longer stored.

        :raise NotKept: if that cannot be.
        """
        ended = self._ended.get(fold(name))
        if ended is None:
            return
        async with ended.lock:
            if self._ended.get(fold(name)) is ended:
                await self._store.drop_room(ended.room.key)
                del self._ended[fold(name)]

    # -- parts

    def entered(self, place: Place, person: Person) -> Entered:
        """What somebody who came in is told."""
        here = self._sessions.get(person.name)
        marks = {} if here is None else here.marks
        read = marks.get(place.room.key, marks.get(fold(place.room.name)))
        members = MembersAre(place.room.name, place.room, Crowd(place))
        return Entered(place.room, members, read)

    def seat(self, place: Place, name: str) -> Seat:
        """Somebody's place in a room.

        :raise NoSuchAccount: if nobody is on line under that name.
        :raise TheyAreNotInRoom: if they are elsewhere.
        """
        seat = place.seat(name)
        if seat is None:
            self._sessions.find(name)
            raise TheyAreNotInRoom(place.room.name, name)
        return seat

    def lock(self, room: Room, name: str | None = None) -> AbstractAsyncContextManager[None]:
        """Hold this while changing a room: acts on one room happen one after another.

        :param name: of whoever only comes in, which others may do at the same time.
        """
        return self._locks.setdefault(room.key, SharedLock()).hold(name)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who is in a room, in order of coming: seen when it is looked at, not before."""

    place: Place

    def __iter__(self) -> Iterator[Present]:
        for seat in self.place.one_by_one():
            here = seat.here
            yield Present(here.person, seat.role, here.away)
