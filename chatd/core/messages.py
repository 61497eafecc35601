"""Messages: checked, then kept, then heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chatd.core.conversations import Conversations
from chatd.core.limits import Buckets
from chatd.core.log import Log
from chatd.core.permissions import Act, check, check_registered
from chatd.core.places import Place, Places
from chatd.core.settings import Settings
from chatd.errors import CannotSpeak, EmptyMessage
from chatd.events import Cause, Event, Posted, Signalled
from chatd.interfaces import ISession
from chatd.model import Kind, Role, Room
from chatd.names import is_room

SIGNS = {Role.OWNER: "~", Role.ADMIN: "&", Role.OP: "@", Role.VOICE: "+"}
"""What stands before a room's name when something is only for members of a role."""

PERSISTED = "+draft/persist"
"""A signal with this tag is kept like a message."""


class Messages:
    """Saying something, to a room or to somebody."""

    def __init__(
        self,
        log: Log,
        places: Places,
        conversations: Conversations,
        settings: Settings,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._log = log
        self._places = places
        self._conversations = conversations
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
    ) -> Event:
        """Say something in a room, or to somebody, who need not be on line.

        It is kept before anyone hears it, so that nobody ever sees a message which a
        crash can take back.

        :param least: the role that one must have to hear it, in a room.
        :raise NoSuchRoom, CannotSpeak, NoSuchAccount, EmptyMessage, TooFast, NotKept: if not.
        """
        if not text:
            raise EmptyMessage()
        room, to = await self._target(session, to, least)
        self._check_speed(session)
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
        """Show tags without a text to those who are there; kept only if they ask for it.

        :raise NoSuchRoom, CannotSpeak, NoSuchAccount, TooFast, NotKept: if not.
        """
        room, to = await self._target(session, to, least)
        self._check_speed(session)
        by, at = session.person, self._log.now()
        if PERSISTED in tags:
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

    async def _target(self, session: ISession, to: str, least: Role | None) -> tuple[Room, str]:
        if not is_room(to):
            return await self._conversations.open(session.person, to)
        place = self._places.find(to)
        self._check_speak(session, place)
        if least is not None:
            check(Act.ANNOUNCE, place.room, place.role(session.person), session.rank)
            return place.room, SIGNS[least] + place.room.name
        return place.room, place.room.name

    def _check_speak(self, session: ISession, place: Place) -> None:
        role = place.role(session.person)
        check(Act.SPEAK, place.room, role)
        if role is None or role < Role.VOICE:
            if place.is_banned(session.person, self._log.now()):
                raise CannotSpeak(place.room.name, "you are banned from it.")
            check_registered(place.room, session.person)

    def _check_speed(self, session: ISession) -> None:
        limits = self._settings.limits
        who = session.person.key or session.address
        self._buckets.take(who, limits.account_messages, limits.account_messages_every)
