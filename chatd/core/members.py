"""Who belongs to a room: come in, go, be asked in, be put out.

An account's place in a room is kept, also while it is off line; a guest's lasts as long
as the guest is there.
"""

from __future__ import annotations

import hmac
from collections import Counter
from functools import partial

from chatd.answers import Entered, Refused
from chatd.core.log import Log
from chatd.core.offices import Offices
from chatd.core.permissions import Act, check, check_over, check_registered
from chatd.core.places import Place, Places
from chatd.core.rooms import Rooms
from chatd.core.sessions import Sessions
from chatd.core.settings import Settings
from chatd.errors import (
    AlreadyInRoom,
    Banned,
    ChatError,
    InviteOnly,
    NotInRoom,
    RoomFull,
    TooManyRooms,
    WrongKey,
)
from chatd.events import Batch, Cause, Invited, Joined, Left, Removed
from chatd.interfaces import IRoomStore, ISession
from chatd.model import Drop, Listing, Member, Mode, Person, Put, Role, Room
from chatd.names import fold


class Members:
    """Coming to rooms and going from them."""

    def __init__(
        self,
        store: IRoomStore,
        log: Log,
        sessions: Sessions,
        places: Places,
        rooms: Rooms,
        offices: Offices,
        settings: Settings,
    ) -> None:
        self._store = store
        self._log = log
        self._sessions = sessions
        self._places = places
        self._rooms = rooms
        self._offices = offices
        self._settings = settings
        self._coming: Counter[int] = Counter()

    async def arrive(self, session: ISession, first: bool) -> None:
        """Put a session that has just come on line into the rooms of its person."""
        if not first:
            for place in self._places.of(session.person.name):
                self._show(session, place)
            return
        await self._return(session)
        if not self._places.of(session.person.name) and self._settings.server.lobby:
            await self._into_lobby(session)

    async def _into_lobby(self, session: ISession) -> None:
        try:
            entered = await self.join(session, self._settings.server.lobby)
        except ChatError as error:
            session.answer(Refused(error))
        else:
            if entered is not None:
                session.answer(entered)

    async def _return(self, session: ISession) -> None:
        """An account that comes on line is back in its rooms; the others see it come."""
        if session.person.key is None:
            return
        for member in await self._store.rooms_of(session.person.key):
            place = self._places.get(member.room)
            if place is not None and self._may_return(session.person, place):
                await self._log.tell(self._joined(session.person, place.room, member.role, None))
                session.answer(self._rooms.entered(place, session.person))

    def _may_return(self, person: Person, place: Place) -> bool:
        return place.role(person) is None and not place.is_banned(person, self._log.now())

    def _show(self, session: ISession, place: Place) -> None:
        """Tell one more session of somebody where they are."""
        seat = place.seat(session.person.name)
        if seat is not None:
            joined = self._joined(session.person, place.room, seat.role, None)
            session.deliver(Batch((joined,)))
            session.answer(self._rooms.entered(place, session.person))

    async def join(
        self, session: ISession, name: str, password: str | None = None, cause: Cause | None = None
    ) -> Entered | None:
        """Come into a room; it is made if there is none. None if they are in it already.

        :raise BadRoomName, TooManyRooms, TooMany, Banned, InviteOnly, WrongKey, RoomFull,
            RegisteredOnly, NotKept: if not.
        """
        while session in self._sessions and not self._is_in(session.person, name):
            if len(self._places.of(session.person.name)) >= self._settings.limits.rooms_per_person:
                raise TooManyRooms(name)
            place, made = await self._rooms.find_or_make(session.person, name)
            beside = None if made else fold(session.person.name)
            async with self._rooms.lock(place.room, beside):
                if place.role(session.person) is None and place in self._places:
                    await self._come(session, place, made, password, cause)
                    if place in self._places:
                        return self._rooms.entered(place, session.person)
        return None

    def _is_in(self, person: Person, name: str) -> bool:
        return any(
            fold(place.room.name) == fold(name) and place.role(person) is not None
            for place in self._places.of(person.name)
        )

    async def _come(
        self, session: ISession, place: Place, made: bool, password: str | None, cause: Cause | None
    ) -> None:
        person = session.person
        known = None if made else await self._role_of(person, place.room)
        if known is not None:
            if not self._may_return(person, place):
                raise Banned(place.room.name)
            await self._log.tell(self._joined(person, place.room, known, cause))
            return
        test = partial(self._check_join, session, place, password)
        await self._offices.check(session, test, "join", place.room)
        role = self._first_role(place, person, made)
        self._coming[place.room.key] += 1
        try:
            await self._let_in(self._joined(person, place.room, role, cause))
        except ChatError:
            if made:
                await self._rooms.unmake(place)
            raise
        finally:
            self._coming[place.room.key] -= 1
            self._coming += Counter()

    async def _let_in(self, joined: Joined) -> None:
        key = joined.by.key
        if key is None:
            await self._log.tell(joined)
        else:
            await self._log.keep(joined, Put(Member(joined.room.key, key, joined.role)))

    def _first_role(self, place: Place, person: Person, made: bool) -> Role:
        """Who makes a room founds it; a guest runs theirs, for as long as there is somebody."""
        if not made or (place.room.kept and person.key is None):
            return Role.MEMBER
        return Role.OP if person.key is None else self._rooms.founder

    async def _role_of(self, person: Person, room: Room) -> Role | None:
        if person.key is None:
            return None
        member = await self._store.member(room.key, person.key)
        return None if member is None else member.role

    def _check_join(
        self, session: ISession, place: Place, password: str | None, overrules: bool
    ) -> None:
        if overrules:
            return
        room, person, now = place.room, session.person, self._log.now()
        check_registered(room, person)
        _check_password(room, password)
        if place.is_invited(person):
            return
        if place.is_banned(person, now):
            raise Banned(room.name)
        if Mode.INVITE_ONLY in room.modes and not place.is_listed(Listing.INVITE, person, now):
            raise InviteOnly(room.name)
        there = len(place.seats) + self._coming[room.key]
        if room.limit is not None and there >= room.limit:
            raise RoomFull(room.name)

    async def leave(
        self, session: ISession, name: str, reason: str = "", cause: Cause | None = None
    ) -> None:
        """Leave a room for good.

        :raise NoSuchRoom, NotInRoom: if one cannot.
        """
        place = self._places.find(name)
        person = session.person
        async with self._rooms.lock(place.room):
            if place.role(person) is None:
                raise NotInRoom(place.room.name)
            left = Left(by=person, at=self._log.now(), room=place.room, reason=reason, cause=cause)
            await self._go(left, person)

    async def _go(self, event: Left | Removed, who: Person) -> None:
        if who.key is None:
            await self._log.tell(event)
        else:
            await self._log.keep(event, Drop(Member(event.room.key, who.key)))

    async def remove(
        self, session: ISession, name: str, who: str, reason: str, cause: Cause | None = None
    ) -> None:
        """Put somebody out of a room.

        :raise NoSuchRoom, NotInRoom, NotAllowed, TheyAreNotInRoom: if one cannot.
        """
        place = self._places.find(name)
        async with self._rooms.lock(place.room):
            role = place.role(session.person)
            check(Act.REMOVE, place.room, role, self._offices.overrules(session))
            seat = self._rooms.seat(place, who)
            test = partial(check_over, Act.REMOVE, place.room, role, seat.role)
            note = f"{seat.person.name}: {reason}"
            await self._offices.check(session, test, "remove", place.room, note)
            removed = Removed(
                by=session.person,
                at=self._log.now(),
                room=place.room,
                who=seat.person,
                reason=reason,
                cause=cause,
            )
            await self._go(removed, seat.person)

    async def invite(
        self, session: ISession, name: str, who: str, cause: Cause | None = None
    ) -> Invited:
        """Ask somebody who is on line into a room.

        If an op asks them they may come in even if it is closed or full, or they are banned.

        :raise NoSuchRoom, NotInRoom, NotAllowed, NoSuchAccount, AlreadyInRoom: if one cannot.
        """
        place = self._places.find(name)
        check(Act.INVITE, place.room, place.role(session.person))
        invited = self._sessions.find(who).person
        if place.role(invited) is not None:
            raise AlreadyInRoom(place.room.name, invited.name)
        event = Invited(
            by=session.person, at=self._log.now(), room=place.room, who=invited, cause=cause
        )
        await self._log.tell(event)
        return event

    def _joined(self, person: Person, room: Room, role: Role, cause: Cause | None) -> Joined:
        here = self._sessions.get(person.name)
        away = None if here is None else here.away
        return Joined(by=person, at=self._log.now(), room=room, role=role, away=away, cause=cause)


def _check_password(room: Room, password: str | None) -> None:
    """Refuse whoever does not know a room's password; how long that takes tells nothing of it."""
    if room.password is None:
        return
    if password is None or not hmac.compare_digest(password.encode(), room.password.encode()):
        raise WrongKey(room.name)
