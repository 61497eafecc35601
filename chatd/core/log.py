"""What happens, in order: kept together, then told together.

Everything that one turn of the reactor brought in is given to the store at once, and goes
to the bus at once when it is on disk. Under load the batches grow by themselves, so that
both the disk and the sockets are paid once for many messages. What is not durable waits
for what is and came before it, so that there is one order for everybody. Comings and goings are
each heard by a whole room: of many, some are told, and the others after the reactor has had
another turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from msgspec import structs
from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from chatd.errors import ChatError, NoSuchRoom, NotKept
from chatd.events import Batch, Entry, Event, Joined, Kept, Left, PersonChanged, Quit
from chatd.interfaces import IBus, ILogStore
from chatd.model import Change

TURN = 0.002
"""Seconds of telling and answering after which others have their turn."""
CROWD = 32
"""How many comings are told at once."""


@dataclass(slots=True, eq=False)
class Waiting:
    """An event that is not yet told; `kept` if it has to be stored first."""

    event: Event
    kept: Kept | None
    told: Deferred[Event]


class Log:
    """The one way by which anything becomes known."""

    log = Logger()

    def __init__(
        self, store: ILogStore, bus: IBus, reactor: IReactorTime, clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._bus = bus
        self._reactor = reactor
        self._clock = clock
        self._latest = 0
        self._waiting: list[Waiting] = []
        self._reading: list[Deferred[None]] = []
        self._afterwards: list[Callable[[], None]] = []
        self._busy = False
        self._until = 0.0
        self.telling = False
        """Whether some of what came in together has been told, and the rest follows soon."""

    def afterwards(self, done: Callable[[], None]) -> None:
        """Call `done` whenever what came in together has been told, and those who wait for it
        have been answered."""
        self._afterwards.append(done)

    def now(self) -> int:
        """The time for an event, in milliseconds since 1970; never before an earlier one."""
        self._latest = max(self._latest, self._clock())
        return self._latest

    def keep(self, entry: Entry, *changes: Change) -> Deferred[Event]:
        """Store an entry with what changes beside the log, then tell it.

        The Deferred gives the entry with its number, after all here have been told, or
        fails with NotKept: then nobody was.
        """
        return self._add(Waiting(entry, Kept(entry, changes), Deferred()))

    async def keep_all(self, kept: Iterable[Kept]) -> None:
        """Store several entries of one room together, and tell them together.

        :raise NotKept, NoSuchRoom: if they cannot be; then nobody was told any of them.
        """
        done = [self.keep(one.entry, *one.changes) for one in kept]
        results: list[tuple[bool, Any]] = await DeferredList(done, consumeErrors=True)
        for fine, result in results:
            if not fine:
                result.raiseException()

    def tell(self, event: Event) -> Deferred[Event]:
        """Tell something that is not durable, after all that came before it."""
        return self._add(Waiting(event, None, Deferred()))

    def idle(self) -> bool:
        """Whether all that came in has been told."""
        return not self._busy and not self._waiting

    def caught_up(self) -> Deferred[None]:
        """Wait until all that may be on disk by now has been told, too.

        Whoever reads from the store waits for this before showing it: nobody is told
        afterwards what they have read already.
        """
        told: Deferred[None] = Deferred()
        if self._busy:
            self._reading.append(told)
        else:
            told.callback(None)
        return told

    def _add(self, waiting: Waiting) -> Deferred[Event]:
        self._waiting.append(waiting)
        if not self._busy:
            self._busy = True
            self._reactor.callLater(0, self._start)
        return waiting.told

    def _start(self) -> None:
        ensureDeferred(self._commit())

    async def _commit(self) -> None:
        """Keep and tell what is waiting; if more came meanwhile, let the reactor read first."""
        waiting, self._waiting = self._waiting, []
        try:
            await self._keep_and_tell(waiting)
            self._call_afterwards()
        finally:
            reading, self._reading = self._reading, []
            for told in reading:
                told.callback(None)
            self._busy = bool(self._waiting)
            if self._busy:
                self._reactor.callLater(0, self._start)

    def _call_afterwards(self) -> None:
        for done in self._afterwards:
            try:
                done()
            except Exception:
                self.log.failure("what was told could not be written to everybody")

    async def _keep_and_tell(self, waiting: Sequence[Waiting]) -> None:
        kept = [one for one in waiting if one.kept is not None]
        refused = await self._keep(kept) if kept else {}
        heard = [one for one in waiting if one not in refused]
        self._until = self._reactor.seconds() + TURN
        if heard:
            await self._tell([one.event for one in heard])
        await self._answer(waiting, refused)

    async def _answer(
        self, waiting: Sequence[Waiting], refused: Mapping[Waiting, ChatError]
    ) -> None:
        """Let those go on who wait for it to be told."""
        for one in waiting:
            if self._reactor.seconds() >= self._until:
                await self._next_turn()
            error = refused.get(one)
            if error is None:
                one.told.callback(one.event)
            else:
                one.told.errback(error)

    async def _keep(self, kept: Sequence[Waiting]) -> dict[Waiting, ChatError]:
        """Store entries and note their numbers; gives back what the store refused, and why."""
        try:
            numbers = await self._store.append([one.kept for one in kept if one.kept is not None])
        except NoSuchRoom as error:
            return await self._keep_singly(kept) if len(kept) > 1 else {kept[0]: error}
        except Exception as error:
            return dict.fromkeys(kept, self._refusal(error))
        for one, number in zip(kept, numbers, strict=True):
            one.event = structs.replace(one.event, number=number)
        return {}

    async def _keep_singly(self, kept: Sequence[Waiting]) -> dict[Waiting, ChatError]:
        """One of the rooms has just ended; that is nothing to the others."""
        refused: dict[Waiting, ChatError] = {}
        for one in kept:
            refused |= await self._keep([one])
        return refused

    async def _tell(self, events: Sequence[Event]) -> None:
        for some in _together(events):
            if self._reactor.seconds() >= self._until:
                self.telling = True
                await self._next_turn()
                self.telling = False
            try:
                await self._bus.publish(Batch(some))
            except Exception:
                self.log.failure("what is stored could not be told to everybody")

    async def _next_turn(self) -> None:
        turn: Deferred[None] = Deferred()
        self._reactor.callLater(0, turn.callback, None)
        await turn
        self._until = self._reactor.seconds() + TURN

    def _refusal(self, error: Exception) -> ChatError:
        if isinstance(error, NotKept):
            self.log.warn("the store refuses: {reason}", reason=str(error))
            return error
        self.log.failure("the store failed")
        return NotKept("the store failed.")


def _together(events: Sequence[Event]) -> Iterator[tuple[Event, ...]]:
    """What is told at once: goings one by one, some comings, all else with what is beside it."""
    if _APART.isdisjoint(map(type, events)):
        yield tuple(events)
        return
    for kind, run in groupby(events, _kind):
        if kind is Joined:
            while some := tuple(islice(run, CROWD)):
                yield some
        else:
            yield tuple(run)


def _kind(event: Event) -> object:
    if isinstance(event, Joined):
        return Joined
    return object() if type(event) in _APART else Event


_APART = frozenset({Joined, Left, PersonChanged, Quit})
