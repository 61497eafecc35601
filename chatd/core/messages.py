"""Messages: checked, then kept, then heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from chatd.core.conversations import Conversations
from chatd.core.history import number_in
from chatd.core.limits import Buckets, network
from chatd.core.log import Log
from chatd.core.offices import Offices
from chatd.core.permissions import Act, check, check_ctcp, check_redact, check_registered
from chatd.core.places import Place, Places
from chatd.core.settings import Settings
from chatd.errors import CannotSpeak, EmptyMessage, NoSuchMessage
from chatd.events import Cause, Event, Posted, Redacted, Signalled
from chatd.interfaces import ILogStore, ISession
from chatd.model import SIGNS, Erase, Kind, Role, Room
from chatd.names import fold, is_room

PERSISTED = "+draft/persist"
"""A signal with this tag is kept like a message."""
REACTIONS = frozenset({"+draft/react", "+draft/unreact"})
REPLIES = frozenset({"+reply", "+draft/reply"})
"""A signal with a tag of both kinds belongs to a message, and is kept as long as that is."""


class Messages:
    """Saying something, to a room or to somebody."""

    def __init__(
        self,
        store: ILogStore,
        log: Log,
        places: Places,
        conversations: Conversations,
        offices: Offices,
        settings: Settings,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._log = log
        self._places = places
        self._conversations = conversations
        self._offices = offices
        self._settings = settings
        self._buckets = Buckets(clock)
        self._new_id = new_id

    async def post(
        self,
        session: ISession,
        to: str,
        text: str,
        kind: Kind = Kind.MESSAGE,
        tags: Mapping[str, str] | None = None,
        least: Role | None = None,
        cause: Cause | None = None,
        joints: tuple[int, ...] = (),
    ) -> Event:
        """Say something in a room, or to somebody, who need not be on line.

        It is kept before anyone hears it, so that nobody ever sees a message which a
        crash can take back.

        :param least: the role that one must have to hear it, in a room.
        :param joints: see Posted.
        :raise NoSuchRoom, CannotSpeak, NoSuchAccount, EmptyMessage, TooFast, NotKept: if not.
        """
        if not text:
            raise EmptyMessage()
        self._check_speed(session)
        room, to = await self._target(session, to, least)
        check_ctcp(room, text)
        return await self._log.keep(
            Posted(
                by=session.person,
                at=self._log.now(),
                room=room,
                to=to,
                text=text,
                kind=kind,
                tags=tags or {},
                least=least,
                cause=cause,
                joints=joints,
            )
        )

    async def signal(
        self,
        session: ISession,
        to: str,
        tags: Mapping[str, str],
        least: Role | None = None,
        cause: Cause | None = None,
    ) -> None:
        """Show tags without a text to those who are there; kept only if they ask for it, or
        are a reaction to a message.

        :raise NoSuchRoom, CannotSpeak, NoSuchAccount, TooFast, NotKept: if not.
        """
        self._check_speed(session)
        room, to = await self._target(session, to, least)
        by, at = session.person, self._log.now()
        if _is_kept(tags):
            await self._log.keep(
                Posted(
                    by=by,
                    at=at,
                    room=room,
                    to=to,
                    text="",
                    kind=Kind.SIGNAL,
                    tags=tags,
                    least=least,
                    cause=cause,
                )
            )
        else:
            id_ = f"{room.key}-{self._new_id()}"
            await self._log.tell(
                Signalled(
                    by=by, at=at, room=room, to=to, id=id_, tags=tags, least=least, cause=cause
                )
            )

    async def take_back(
        self, session: ISession, target: str, id_: str, reason: str = "", cause: Cause | None = None
    ) -> Event:
        """Have a message forgotten: one's own or, where one may, another's.

        :raise NoSuchRoom, NotInRoom, NoSuchMessage, NotAllowed, TooFast, NotKept: if not.
        """
        room, role = await self._room(session, target)
        message = await self._message(session, room, role, id_)
        if role is None or not _is_by(message, session):
            test = partial(check_redact, message.room, role)
            await self._offices.check(session, test, "redact", message.room, id_)
            message = await self._message(session, room, role, id_)
        self._check_speed(session)
        return await self._log.keep(
            Redacted(
                by=session.person,
                at=self._log.now(),
                room=message.room,
                to=message.to,
                message=id_,
                reason=reason,
                least=message.least,
                cause=cause,
            ),
            Erase(message.room.key, message.number),
        )

    async def _message(
        self, session: ISession, room: Room | None, role: Role | None, id_: str
    ) -> Posted:
        """The message with this id, if there is one that the session could read."""
        found = None if room is None else await self._store.find(room, number_in(room, id_))
        if not isinstance(found, Posted) or found.erased or not self._is_for(found, session, role):
            raise NoSuchMessage(id_)
        return found

    def _is_for(self, message: Posted, session: ISession, role: Role | None) -> bool:
        """Whether somebody could read a message, or puts right any room."""
        if message.least is None or self._offices.overrules(session):
            return True
        return role is not None and role >= message.least

    async def _room(self, session: ISession, target: str) -> tuple[Room | None, Role | None]:
        """The conversation that is meant, and what one is in it."""
        if not is_room(target):
            return await self._conversations.find(session.person, target), Role.MEMBER
        place = self._places.find(target)
        role = place.role(session.person)
        if role is None:
            check(Act.REDACT, place.room, role, self._offices.overrules(session))
        return place.room, role

    async def _target(self, session: ISession, to: str, least: Role | None) -> tuple[Room, str]:
        if not is_room(to):
            return await self._conversations.open(session.person, to)
        place = self._places.find(to)
        check_speak(session, place, self._log.now())
        if least is not None:
            check(Act.ANNOUNCE, place.room, place.role(session.person))
            return place.room, SIGNS[least] + place.room.name
        return place.room, place.room.name

    def _check_speed(self, session: ISession) -> None:
        limits = self._settings.limits
        who = session.person.key or network(session.address)
        self._buckets.take(who, limits.account_messages, limits.account_messages_every)


def check_speak(session: ISession, place: Place, now: int) -> None:
    """Refuse those who may not speak in a room.

    :raise CannotSpeak, RegisteredOnly: if they may not.
    """
    role = place.role(session.person)
    check(Act.SPEAK, place.room, role)
    if role is None or role < Role.VOICE:
        if place.is_muted(session.person, now):
            raise CannotSpeak(place.room.name, "you are banned from it.")
        check_registered(place.room, session.person)


def _is_kept(tags: Mapping[str, str]) -> bool:
    return PERSISTED in tags or bool(REACTIONS & tags.keys() and REPLIES & tags.keys())


def _is_by(message: Posted, session: ISession) -> bool:
    """Whether this very person said it; a guest's name may have been another's before."""
    by, person = message.by, session.person
    if by.key is not None or person.key is not None:
        return bool(by.key == person.key)
    return fold(by.name) == fold(person.name) and bool(message.at >= session.since)
