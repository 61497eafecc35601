"""Files that people offer to each other: who offers what to whom, and what became of it.

An offer is an entry in the log of its conversation, and stands beside it until it is over.
The bytes are the business of transfers.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

from chatd.core.conversations import Conversations
from chatd.core.limits import Buckets
from chatd.core.log import Log
from chatd.core.messages import check_speak
from chatd.core.offices import Offices
from chatd.core.permissions import Act, check, may
from chatd.core.places import Places
from chatd.core.sessions import Sessions
from chatd.core.settings import Settings
from chatd.errors import (
    BadDigest,
    BadFileName,
    BadMediaType,
    CannotReceive,
    ChatError,
    FileTooLarge,
    MediaTypeRefused,
    NoSuchAccount,
    NoSuchFile,
    NoSuchRoom,
    NotAccepted,
    TooMany,
)
from chatd.events import Cause, OfferChanged, Offered
from chatd.interfaces import IAccountStore, IFileStore, ISession
from chatd.locks import Lock
from chatd.model import Drop, Offer, Outcome, Person, Put, Room, Stage
from chatd.names import fold, is_room

LONGEST_NAME = 255
"""Bytes of a file's name: more cannot be kept on most disks."""

_BAD_NAME = re.compile(
    "[\x00-\x1f\x7f-\x9f/\\\\\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]{0,63}/[A-Za-z0-9][\w.+-]{0,63}", re.ASCII)
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class File:
    """What a sender says of a file; an empty digest is not known."""

    name: str
    size: int
    type: str = "application/octet-stream"
    digest: str = ""


class Files:
    """The offers that are not over."""

    def __init__(
        self,
        store: IFileStore,
        accounts: IAccountStore,
        log: Log,
        sessions: Sessions,
        places: Places,
        conversations: Conversations,
        offices: Offices,
        settings: Settings,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._log = log
        self._sessions = sessions
        self._places = places
        self._conversations = conversations
        self._offices = offices
        self._settings = settings
        self._buckets = Buckets(clock)
        self._new_id = new_id
        self._offers: dict[str, Offer] = {}
        self._told: list[Callable[[Offer, Outcome | None], None]] = []
        self._lock = Lock()

    async def load(self) -> None:
        """Learn from the store what is offered."""
        self._offers = {offer.id: offer for offer in await self._store.offers()}

    def also(self, hear: Callable[[Offer, Outcome | None], None]) -> None:
        """Call `hear` with each offer that is made, and with what becomes of it."""
        self._told.append(hear)

    def __iter__(self) -> Iterator[Offer]:
        return iter(tuple(self._offers.values()))

    def get(self, offer: str) -> Offer | None:
        """The offer with this id, if it is not over."""
        return self._offers.get(offer)

    def find(self, person: Person, id_: str) -> Offer:
        """The offer with this id, if it is any business of this person.

        :raise NoSuchFile: if there is none.
        """
        offer = self._offers.get(id_)
        if offer is None or not self._is_business_of(offer, person):
            raise NoSuchFile(id_)
        return offer

    def of(self, person: Person, to: str = "") -> list[Offer]:
        """The offers by or for somebody, or those of one room, or between the two."""
        return [o for o in self if self._concerns(o, person, to)]

    def _concerns(self, offer: Offer, person: Person, to: str) -> bool:
        if not self._is_business_of(offer, person):
            return False
        return not to or fold(to) in (fold(self.target(offer)), fold(offer.by))

    def _is_business_of(self, offer: Offer, person: Person) -> bool:
        return self._is_by(offer, person) or self.may_fetch(offer, person)

    def target(self, offer: Offer) -> str:
        """To whom it is offered, as they are called now."""
        place = self._places.get(offer.room)
        return offer.to if place is None else place.room.name

    def sender(self, offer: Offer) -> Person:
        """Who offers it."""
        return self._person(offer.by, offer.sender)

    def _person(self, name: str, key: int | None) -> Person:
        """Whose account this is, as they are seen now."""
        here = self._sessions.get(name)
        if here is not None and here.person.key == key:
            return here.person
        return Person(name, account=name, key=key)

    def may_fetch(self, offer: Offer, person: Person) -> bool:
        """Whether an offer is for somebody."""
        if offer.receiver is not None:
            return offer.receiver == person.key
        place = self._places.get(offer.room)
        seat = None if place is None else place.seat(person.name)
        if place is None or seat is None or person.key is None:
            return False
        return seat.person.key == person.key and may(Act.FETCH, place.room, seat.role)

    # -- what the two sides do

    async def offer(
        self, session: ISession, to: str, file: File, cause: Cause | None = None
    ) -> Offer:
        """Offer a file to a room or an account.

        :raise ChatError: for many reasons, each of which has its own.
        """
        self._check(file)
        self._check_share(session.person)
        room, target, receiver = await self._target(session, to)
        offer = Offer(
            id=self._free_id(),
            room=room.key,
            sender=_key(session.person),
            by=session.person.name,
            to=target,
            receiver=receiver,
            name=file.name,
            size=file.size,
            type=file.type,
            digest=file.digest,
            expires=self._log.now() + int(self._settings.files.life * 1000),
        )
        event = Offered(
            by=session.person,
            at=self._log.now(),
            room=room,
            to=target,
            file=offer.id,
            name=offer.name,
            size=offer.size,
            type=offer.type,
            digest=offer.digest,
            expires=offer.expires,
            cause=cause,
        )
        await self._log.keep(event, Put(offer))
        self._offers[offer.id] = offer
        self._tell(offer, None)
        return offer

    async def accept(self, session: ISession, id_: str, cause: Cause | None = None) -> Offer:
        """Take a file that is offered; in a room that needs no more than being there.

        :raise NoSuchFile: if there is none, or it is not for this account.
        """
        async with self._lock:
            offer = self.find(session.person, id_)
            if not self.may_fetch(offer, session.person):
                raise NoSuchFile(id_)
            if offer.receiver is None or offer.stage is not Stage.OFFERED:
                return offer
            return await self._become(offer, Stage.ACCEPTED, session.person, "", cause)

    async def decline(
        self, session: ISession, id_: str, reason: str = "", cause: Cause | None = None
    ) -> None:
        """Refuse a file that is offered to one's account.

        :raise NoSuchFile: if there is none, or it is not for this account.
        """
        offer = self.find(session.person, id_)
        if offer.receiver is None or offer.receiver != session.person.key:
            raise NoSuchFile(id_)
        await self.end(offer, Outcome.DECLINED, session.person, reason=reason, cause=cause)

    async def cancel(
        self, session: ISession, id_: str, reason: str = "", cause: Cause | None = None
    ) -> None:
        """Take an offer back: one's own or, where one may, another's.

        :raise NoSuchFile, NotAllowed: if not.
        """
        offer = self._offers.get(id_)
        if offer is None:
            raise NoSuchFile(id_)
        if not self._is_by(offer, session.person):
            await self._check_withdraw(offer, session)
        await self.end(offer, Outcome.CANCELLED, session.person, reason=reason, cause=cause)

    def check_accepted(self, offer: Offer) -> None:
        """Refuse a receiver who has not accepted.

        :raise NotAccepted: if so.
        """
        if offer.receiver is not None and offer.stage is Stage.OFFERED:
            raise NotAccepted(offer.id)

    # -- what becomes of it

    async def stored(self, offer: Offer, digest: str) -> None:
        """All of it is here; a direct offer need not be accepted for that."""
        async with self._lock:
            now = self._offers.get(offer.id)
            if now is not None and now.stage is not Stage.STORED:
                await self._become(now, Stage.STORED, self.sender(now), digest, None)

    async def missing(self, offer: Offer) -> None:
        """What was here of a direct offer is not what its receiver needs, and is gone again."""
        async with self._lock:
            now = self._offers.get(offer.id)
            if now is not None and now.stage is Stage.STORED:
                receiver = self._person(now.to, now.receiver)
                await self._become(now, Stage.ACCEPTED, receiver, "", None)

    async def done(self, offer: Offer, receiver: Person, digest: str) -> None:
        """An account has all of what was offered to it; what is not stored is over by that."""
        now = self._offers.get(offer.id)
        if now is None or now.receiver is None:
            return
        if now.stage is Stage.STORED:
            room = await self._room(now)
            await self._log.keep(self._changed(now, room, Outcome.DONE, receiver, digest))
        else:
            await self.end(now, Outcome.DONE, receiver, digest)

    async def failed(self, offer: Offer, error: ChatError) -> None:
        """It cannot be had any more."""
        await self.end(offer, Outcome.FAILED, self.sender(offer), error.code, str(error))

    async def expire(self) -> None:
        """End what has stood for its time, and what is of rooms that are gone."""
        now = self._log.now()
        for offer in self:
            gone = offer.receiver is None and self._places.get(offer.room) is None
            if gone or offer.expires <= now:
                await self.end(offer, Outcome.EXPIRED, self.sender(offer))

    async def end(
        self,
        offer: Offer,
        outcome: Outcome,
        by: Person,
        code: str = "",
        reason: str = "",
        cause: Cause | None = None,
    ) -> None:
        """An offer is over, unless it was already."""
        async with self._lock:
            now = self._offers.get(offer.id)
            if now is None:
                return
            try:
                room = await self._room(now)
                event = self._changed(now, room, outcome, by, code, reason, cause)
                await self._log.keep(event, Drop(now))
            except NoSuchRoom:
                pass  # its log has gone, and the offer with it
            self._offers.pop(offer.id, None)
            self._tell(now, outcome)

    async def _become(
        self, offer: Offer, stage: Stage, by: Person, code: str, cause: Cause | None
    ) -> Offer:
        now, outcome = replace(offer, stage=stage), Outcome(stage)
        event = self._changed(offer, await self._room(offer), outcome, by, code, cause=cause)
        await self._log.keep(event, Put(now))
        self._offers[offer.id] = now
        self._tell(now, outcome)
        return now

    def _changed(
        self,
        offer: Offer,
        room: Room,
        outcome: Outcome,
        by: Person,
        code: str = "",
        reason: str = "",
        cause: Cause | None = None,
    ) -> OfferChanged:
        to = room.name
        if room.direct:
            to = offer.by if by.key == offer.receiver != offer.sender else offer.to
        return OfferChanged(
            by=by,
            at=self._log.now(),
            room=room,
            to=to,
            file=offer.id,
            name=offer.name,
            outcome=outcome,
            code=code,
            reason=reason,
            cause=cause,
        )

    def _tell(self, offer: Offer, outcome: Outcome | None) -> None:
        for hear in self._told:
            hear(offer, outcome)

    async def _room(self, offer: Offer) -> Room:
        if offer.receiver is None:
            place = self._places.get(offer.room)
            room = None if place is None else place.room
        else:
            room = await self._conversations.find(self.sender(offer), offer.to)
        if room is None:
            raise NoSuchRoom(offer.to)
        return room

    # -- who may what

    async def _target(self, session: ISession, to: str) -> tuple[Room, str, int | None]:
        if is_room(to):
            place = self._places.find(to)
            check(Act.OFFER, place.room, place.role(session.person))
            check_speak(session, place, self._log.now())
            return place.room, place.room.name, None
        account = await self._accounts.find_account(to)
        if account is None:
            raise NoSuchAccount(to)
        room, name = await self._conversations.open(session.person, to)
        if not room.kept:
            raise CannotReceive(to)
        return room, name, account.key

    async def _check_withdraw(self, offer: Offer, session: ISession) -> None:
        place = self._places.get(offer.room)
        known = self.may_fetch(offer, session.person) or self._offices.overrules(session)
        if place is None or not known:
            raise NoSuchFile(offer.id)
        test = partial(check, Act.WITHDRAW, place.room, place.role(session.person))
        await self._offices.check(session, test, "cancel", place.room, offer.name)

    def _is_by(self, offer: Offer, person: Person) -> bool:
        return offer.sender == person.key

    def _check_share(self, person: Person) -> None:
        limits = self._settings.files
        if sum(self._is_by(offer, person) for offer in self) >= limits.open:
            raise TooMany("offers at once", limits.open)
        self._buckets.take(person.key, limits.offers, limits.offers_every)

    def _check(self, file: File) -> None:
        check_file_name(file.name)
        if not _MEDIA_TYPE.fullmatch(file.type):
            raise BadMediaType(file.type)
        if file.digest and not _DIGEST.fullmatch(file.digest):
            raise BadDigest()
        limits = self._settings.files
        if limits.size and file.size > limits.size:
            raise FileTooLarge(int(limits.size))
        if matches(file.type, limits.refused):
            raise MediaTypeRefused(file.type)

    def _free_id(self) -> str:
        """Short enough to be typed."""
        while (found := self._new_id()[:8]) in self._offers:
            pass
        return found


def matches(media_type: str, patterns: tuple[str, ...]) -> bool:
    """Whether a media type is one of these, as image/png is of image/*."""
    return any(fnmatchcase(media_type.lower(), pattern.lower()) for pattern in patterns)


def check_file_name(name: str) -> None:
    """Refuse a name that could do harm, or could not be written, where the file arrives.

    :raise BadFileName: with the reason.
    """
    if name.strip() in ("", ".", ".."):
        raise BadFileName("it is none.")
    if len(name.encode(errors="replace")) > LONGEST_NAME:
        raise BadFileName(f"it has more than {LONGEST_NAME} bytes.")
    if _BAD_NAME.search(name):
        raise BadFileName("it has slashes, control characters, or signs that turn writing round.")


def _key(person: Person) -> int:
    if person.key is None:
        raise CannotReceive(person.name)
    return person.key
