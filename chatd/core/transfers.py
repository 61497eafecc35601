"""Transfers: the connections that bring and fetch the bytes of files.

With both sides there, a live relay hands the bytes through; else one that keeps takes them.
The relays move bytes; which of them does, who may, and how much, is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from chatd.core.files import Files, matches
from chatd.core.log import Log
from chatd.core.pipes import fire, first_bytes, watched
from chatd.core.server_bans import ServerBans
from chatd.core.sessions import Sessions
from chatd.core.settings import Settings
from chatd.core.storage import Storage
from chatd.core.tickets import Tickets
from chatd.errors import (
    ChatError,
    Cut,
    InternalError,
    MediaTypeRefused,
    NoFiles,
    NoSuchFile,
    NotKeptHere,
    OffsetBeyond,
    OtherSideGone,
    Replaced,
    TooManyTransfers,
    TooMuch,
    WrongHash,
)
from chatd.events import Event, Left, Quit, Removed, Wanted
from chatd.interfaces import IFileRelay, IPipe, ISession
from chatd.locks import Lock
from chatd.model import Offer, Outcome, Person, Side, Stage, Taken, Ticket

TIDY_EVERY = 60.0
"""Seconds between looks at what has expired."""
HEAD = 4096
"""Bytes at the beginning of a file that its media type is found out from."""
_OVER = frozenset(
    {Outcome.DONE, Outcome.DECLINED, Outcome.CANCELLED, Outcome.FAILED, Outcome.EXPIRED}
)


@dataclass(slots=True, eq=False)
class Trip:
    """The connections of one offer: at most one that brings, and those that fetch."""

    sender: IPipe | None = None
    sending: Lock = field(default_factory=Lock)
    receivers: dict[int, IPipe] = field(default_factory=dict)
    arrived: list[Deferred[None]] = field(default_factory=list)

    @property
    def pipes(self) -> list[IPipe]:
        """All of them."""
        return [*([self.sender] if self.sender is not None else []), *self.receivers.values()]


class Transfers:
    """Lets connections in that carry files, and has the relays move the bytes."""

    log = Logger()

    def __init__(
        self,
        files: Files,
        relays: Sequence[IFileRelay],
        sessions: Sessions,
        bans: ServerBans,
        log: Log,
        settings: Settings,
        reactor: Any,
        new_id: Callable[[], str],
        media_type: Callable[[bytes], str],
    ) -> None:
        self._files = files
        self._live = next((relay for relay in relays if not relay.keeps), None)
        self._kept = next((relay for relay in relays if relay.keeps), None)
        self._sessions = sessions
        self._bans = bans
        self._log = log
        self._settings = settings
        self._reactor = reactor
        self._new_id = new_id
        self._media_type = media_type
        self._storage = Storage(files, self._kept, settings)
        self._tickets = Tickets(log, settings, new_id)
        self._trips: dict[str, Trip] = {}
        self._carrying: dict[IPipe, Ticket] = {}
        self._timer: LoopingCall | None = None
        files.also(self._changed)
        bans.also(self._look_over)

    # -- from the start to the end of the daemon

    async def begin(self) -> None:
        """Let go of what is over, now and from time to time.

        :raise StartError: if a relay cannot work.
        """
        if not self.offered():
            return
        await self._files.expire()
        for relay in self._relays():
            await relay.tidy(tuple(self._files))
        self._timer = LoopingCall(self.tidy)
        self._timer.clock = self._reactor
        self._timer.start(TIDY_EVERY, now=False)

    def end(self) -> None:
        """Hang up on all."""
        if self._timer is not None and self._timer.running:
            self._timer.stop()
        for trip in tuple(self._trips.values()):
            for pipe in trip.pipes:
                pipe.refuse(OtherSideGone())

    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._carrying

    def offered(self) -> bool:
        """Whether there are files here at all."""
        return bool(self._live or self._kept)

    async def tidy(self) -> None:
        """Let go of what is over: offers, tickets, and what the relays have of them."""
        self._tickets.tidy()
        try:
            await self._files.expire()
            for relay in self._relays():
                await relay.tidy(tuple(self._files))
        except ChatError as error:
            self.log.warn("files could not be tidied: {error}", error=error)
        except Exception:
            self.log.failure("files could not be tidied")

    def _relays(self) -> Iterator[IFileRelay]:
        return (relay for relay in (self._live, self._kept) if relay is not None)

    # -- on the chat connection

    def ticket(
        self, session: ISession, id_: str, side: Side | None = None, *, plain: bool = False
    ) -> Ticket:
        """Let somebody bring or fetch the bytes of an offer, once.

        :param side: which of the two, for one who may do both.
        :raise NoSuchFile, NotAccepted, NoFiles: if they may not.
        :raise StorageFull, ServerFull, NotKeptHere: if there is no room for what they bring.
        """
        self.check_offered()
        offer = self._files.find(session.person, id_)
        mine = offer.sender == session.person.key
        if side is None:
            side = Side.SEND if mine else Side.RECEIVE
        if side is Side.SEND and not mine:
            raise NoSuchFile(id_)
        if side is Side.RECEIVE:
            self._check_receiver(offer, session.person)
        elif self._live is None or not self._may_meet(offer):
            self._storage.check(offer)
        return self._tickets.make(offer, side, session.person, plain)

    def check_offered(self) -> None:
        """Refuse all that is about files where there are none.

        :raise NoFiles: if so.
        """
        if not self.offered():
            raise NoFiles()

    def held(self, offer: Offer) -> int:
        """How many bytes of a file are here."""
        return self._storage.held(offer)

    def heard(self, event: Event) -> None:
        """When somebody goes who has not answered yet, what is offered to them can be stored;
        who may not fetch any more what they are fetching is hung up on."""
        if isinstance(event, Quit) and event.by.key is not None:
            for offer in self._files:
                if offer.receiver == event.by.key and offer.stage is Stage.OFFERED:
                    self._want(offer)
        elif isinstance(event, Left):
            self._look_over(event.by)
        elif isinstance(event, Removed):
            self._look_over(event.who)

    def _look_over(self, person: Person | None = None) -> None:
        """Hang up on those who may not go on, as they have gone from a room, or were banned.

        :param person: who alone is concerned, if not all.
        """
        for pipe, ticket in tuple(self._carrying.items()):
            concerned = person is None or ticket.person.key == person.key
            if concerned and self._files.get(ticket.offer) is not None:
                try:
                    self._admit(ticket)
                except ChatError as error:
                    pipe.refuse(error)

    def _changed(self, offer: Offer, outcome: Outcome | None) -> None:
        if (outcome is None and not self._is_here(offer.receiver)) or outcome is Outcome.ACCEPTED:
            self._want(offer)
        elif outcome in _OVER:
            self._forget(offer, outcome)

    def _is_here(self, account: int | None) -> bool:
        return account is not None and bool(self._sessions.of_account(account))

    def _want(self, offer: Offer) -> None:
        """Tell the sender that there is a use for the bytes now, if they are not coming yet."""
        trip = self._trips.get(offer.id)
        coming = trip is not None and trip.sender is not None
        can = self._kept is not None or self._is_here(offer.receiver)
        if can and not coming and not self._is_all_here(offer):
            to = self._files.target(offer)
            at = self._log.now()
            self._log.tell(
                Wanted(by=self._files.sender(offer), at=at, to=to, file=offer.id, name=offer.name)
            )

    def _is_all_here(self, offer: Offer) -> bool:
        """Whether nobody waits for a part of it that is not here; or it is over."""
        now = self._files.get(offer.id)
        if now is None or now.stage is Stage.STORED:
            return True
        span = None if self._kept is None else self._kept.held(offer)
        waited_for = self._live is not None and self._live.ready(offer) is not None
        return span is not None and span[1] >= offer.size and not waited_for

    def _forget(self, offer: Offer, outcome: Outcome) -> None:
        """Nobody may bring or fetch it any more; who is done hears of that in peace."""
        trip = self._trips.get(offer.id)
        sender = None if trip is None else trip.sender
        if outcome is Outcome.DONE and sender is not None and sender.accepted:
            sender.finish(offer.digest)  # its receiver has had all before
        elif trip is not None and outcome not in (Outcome.DONE, Outcome.FAILED):
            for pipe in trip.pipes:
                pipe.refuse(NoSuchFile(offer.id))
        for relay in self._relays():
            done = ensureDeferred(relay.forget(offer))
            done.addErrback(lambda failure: self.log.failure("a file was not removed", failure))

    # -- on connections of their own

    async def carry(self, pipe: IPipe, word: str, offset: int) -> None:
        """Let a connection bring or fetch what its ticket is for. Never raises."""
        try:
            ticket = self._tickets.redeem(word)
            with self._counted(ticket, pipe):
                await self._carry(pipe, ticket, offset)
        except Cut:
            pass  # there is nobody to say anything to
        except ChatError as error:
            pipe.refuse(error)
        except Exception:
            incident = self._new_id()
            self.log.failure("incident {incident}: a transfer failed", incident=incident)
            pipe.refuse(InternalError(incident))

    def presented(self, word: str) -> Ticket | None:
        """The ticket with this word, whether or not it is still good."""
        return self._tickets.find(word)

    async def _carry(self, pipe: IPipe, ticket: Ticket, offset: int) -> None:
        offer = self._admit(ticket)
        trip = self._trips.setdefault(offer.id, Trip())
        try:
            if ticket.side is Side.SEND:
                await self._send(offer, trip, pipe, offset)
            else:
                await self._receive(offer, trip, pipe, offset, ticket.person)
        finally:
            empty = not trip.pipes and not trip.sending.locked
            if empty and self._trips.get(offer.id) is trip:
                del self._trips[offer.id]

    def _admit(self, ticket: Ticket) -> Offer:
        """What a ticket is for, if whoever got it may still bring or fetch that.

        :raise NoSuchFile, ServerBanned: if not.
        """
        self._bans.check_person(ticket.person)
        offer = self._files.find(ticket.person, ticket.offer)
        if ticket.side is Side.RECEIVE:
            self._check_receiver(offer, ticket.person)
        return offer

    @contextmanager
    def _counted(self, ticket: Ticket, pipe: IPipe) -> Iterator[None]:
        """Count a connection as its account's, and see that it does not stand still."""
        key, most = ticket.person.key, self._settings.files.transfers
        if sum(one.person.key == key for one in self._carrying.values()) >= most:
            raise TooManyTransfers(most)
        self._carrying[pipe] = ticket
        try:
            with watched(pipe, self._settings.files.patience, self._reactor):
                yield
        finally:
            del self._carrying[pipe]

    # -- bringing

    async def _send(self, offer: Offer, trip: Trip, pipe: IPipe, offset: int) -> None:
        if trip.sender is not None:
            trip.sender.refuse(Replaced())
        trip.sender = pipe
        try:
            async with trip.sending:  # what an earlier sender brought is put away first
                if trip.sender is not pipe:
                    raise Replaced()
                await self._bring(offer, trip, pipe, offset)
        except (TooMuch, WrongHash, MediaTypeRefused) as error:
            for each in tuple(trip.receivers.values()):
                each.refuse(error)
            pipe.refuse(error)
            await self._files.failed(offer, error)
        finally:
            if trip.sender is pipe:
                trip.sender = None

    async def _bring(self, offer: Offer, trip: Trip, pipe: IPipe, offset: int) -> None:
        relay = await self._way(offer, trip, pipe)
        start = relay.ready(offer)
        if start is None:
            raise OtherSideGone()
        if offset > start:
            raise OffsetBeyond(start)
        pipe.accept(start, offer.size, offer.digest)
        head = await self._head(offer, pipe) if start == 0 else b""
        if head:
            self._look_again(offer, relay)
        taken = await relay.take(offer, pipe, start, head)
        live = relay is self._live
        if live and not taken.whole and not pipe.gone:
            live, taken = False, await self._fall_over(offer, pipe, taken)
        if taken.whole and not live:
            await self._files.stored(offer, taken.digest)
        if taken.whole:
            pipe.finish(taken.digest)

    def _look_again(self, offer: Offer, relay: IFileRelay) -> None:
        """While the head was read the receiver may have gone, or others have come to be kept."""
        if relay.ready(offer) != 0:
            raise OtherSideGone()
        if relay is self._kept:
            self._storage.check(offer)

    async def _fall_over(self, offer: Offer, pipe: IPipe, taken: Taken) -> Taken:
        """The receiver has gone: go on to where it can fetch the rest later."""
        if self._kept is None or self._files.get(offer.id) is None:
            raise OtherSideGone()
        if self._kept.held(offer) is not None:
            raise Replaced()  # it had to bring no more than what was missing before that
        self._storage.check(offer)
        return await self._kept.take(offer, pipe, taken.end - len(taken.left), taken.left)

    async def _way(self, offer: Offer, trip: Trip, pipe: IPipe) -> IFileRelay:
        """The relay by which the bytes can go."""
        live = self._live
        if live is not None:
            if live.ready(offer) is None and self._may_meet(offer):
                await self._meet(trip, pipe)
            if live.ready(offer) is not None:
                return live
        if self._files.get(offer.id) is None:
            raise NoSuchFile(offer.id)
        self._storage.check(offer)
        assert self._kept is not None  # noqa: S101 - or there would be no space
        return self._kept

    def _may_meet(self, offer: Offer) -> bool:
        """Whether the receiver may come while the sender is there. Having accepted it they were on
        line; if they are not now, they or we were cut off, and they alone know how much they have.
        """
        if offer.receiver is None or offer.stage is not Stage.ACCEPTED:
            return False
        return self._kept is None or self._kept.held(offer) is None

    async def _meet(self, trip: Trip, pipe: IPipe) -> None:
        """Wait a while for the receiver."""
        arrived: Deferred[None] = Deferred()
        trip.arrived.append(arrived)
        wait = self._reactor.callLater(self._settings.files.meeting, fire, arrived)
        pipe.when_gone(lambda: fire(arrived))
        await arrived
        if wait.active():
            wait.cancel()
        if arrived in trip.arrived:
            trip.arrived.remove(arrived)
        if pipe.gone:
            raise Cut

    async def _head(self, offer: Offer, pipe: IPipe) -> bytes:
        """The beginning of a file, once it is known that its type is taken here."""
        limits = self._settings.files
        if not (limits.allowed or limits.refused) or not offer.size:
            return b""
        head = await first_bytes(pipe, min(HEAD, offer.size))
        found = self._media_type(head)
        if matches(found, limits.refused) or (
            limits.allowed and not matches(found, limits.allowed)
        ):
            raise MediaTypeRefused(found)
        return head

    # -- fetching

    def _check_receiver(self, offer: Offer, person: Person) -> None:
        if not self._files.may_fetch(offer, person):
            raise NoSuchFile(offer.id)
        self._files.check_accepted(offer)

    async def _receive(
        self, offer: Offer, trip: Trip, pipe: IPipe, offset: int, person: Person
    ) -> None:
        if offset > offer.size:
            raise OffsetBeyond(offer.size)
        key = id(pipe) if offer.receiver is None else 0
        if key in trip.receivers:
            trip.receivers[key].refuse(Replaced())
        trip.receivers[key] = pipe
        try:
            await self._fetch(offer, trip, pipe, offset, person)
        finally:
            if trip.receivers.get(key) is pipe:
                del trip.receivers[key]

    async def _fetch(
        self, offer: Offer, trip: Trip, pipe: IPipe, offset: int, person: Person
    ) -> None:
        span = None if self._kept is None else self._kept.held(offer)
        if span is not None and offset < span[0]:
            await self._fill_in(offer, trip, pipe, offset, span[0])
            offset = span[0]
        giving = ensureDeferred(self._source(offer).give(offer, pipe, offset, offer.size))
        self._arrived(offer, trip)
        digest = await giving
        await self._files.done(offer, person, digest)
        pipe.finish(digest)

    def _arrived(self, offer: Offer, trip: Trip) -> None:
        """A receiver is ready: let the sender know, wherever it is."""
        waiting, trip.arrived = trip.arrived, []
        for arrived in waiting:
            fire(arrived)
        self._want(offer)

    async def _fill_in(self, offer: Offer, trip: Trip, pipe: IPipe, offset: int, end: int) -> None:
        """Have the sender bring what the receiver lacks before what is kept, and no more."""
        if self._live is None:
            raise NotKeptHere()
        await self._files.missing(offer)
        self._let_go(trip)
        giving = ensureDeferred(self._live.give(offer, pipe, offset, end))
        self._arrived(offer, trip)
        try:
            await giving
        finally:
            self._let_go(trip)
            self._want(offer)

    def _let_go(self, trip: Trip) -> None:
        """The sender has to come again, to be told from where on the bytes are wanted now."""
        sender, trip.sender = trip.sender, None
        if sender is not None:
            sender.refuse(Replaced())

    def _source(self, offer: Offer) -> IFileRelay:
        """Where the bytes are, or will come."""
        kept = self._kept
        begun = kept is not None and kept.held(offer) is not None
        if self._live is not None and offer.receiver is not None and not begun:
            return self._live
        if kept is None:
            raise NotKeptHere()
        return kept
