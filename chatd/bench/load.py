"""All clients of a load test: they come, they talk, some come and go, and in the end all go."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, cycle
from random import Random
from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import (
    Deferred,
    DeferredList,
    DeferredSemaphore,
    FirstError,
    TimeoutError,
    gatherResults,
)
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError

from chatd.bench.client import Client, Trouble
from chatd.bench.plan import Plan
from chatd.bench.tally import Tally
from chatd.bench.wire import Door
from clients.lib.model import Login
from clients.lib.trust import CertificateRefused

AT_ONCE = 16
"""Clients that are on their way in, or out, at the same time."""
GOODBYE = 5.0
"""Seconds that all of them may take to leave; a server may have much to read until then."""
FAILURES = (
    CertificateRefused,
    ConnectError,
    ConnectionClosed,
    DNSLookupError,
    SSL.Error,
    TimeoutError,
    Trouble,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a load test is at, and how far."""

    name: str
    done: float
    of: float


class Load:
    """One load test. What comes of it is in `tally`.

    :param mark: letters and digits, unlike those of any other load test.
    :param logins: who the clients are; guests, where there are none.
    """

    def __init__(
        self, reactor: Any, plan: Plan, chance: Random, mark: str, logins: Sequence[Login] = ()
    ) -> None:
        self._reactor = reactor
        self._plan = plan
        self._chance = chance
        self._rooms = [f"#bench-{mark}-{number + 1}" for number in range(plan.rooms)]
        self._weights = [1 / (n + 1) if plan.mixed else 1.0 for n in range(plan.rooms)]
        self._over = False
        self._pauses: set[Deferred[None]] = set()
        self._moves: set[Deferred[None]] = set()
        self._said = 0
        self._there: dict[str, list[Client]] = {room: [] for room in self._rooms}
        self.tally = Tally(reactor.seconds)
        self.waiting = 0
        self.seconds = 0.0
        self.cut_short = False
        self.stage = Stage("connecting", 0, plan.clients)
        guests = (Login(f"{mark}-{number}") for number in count())
        names = zip(range(plan.clients), logins or guests, strict=False)
        self._clients = [Client(n, login, mark, self.tally, reactor) for n, login in names]

    def stop(self) -> None:
        """Say no more, and tell what there is to tell."""
        self._over = True
        for pause in list(self._pauses):
            pause.callback(None)

    @property
    def stopped(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._over

    async def come(self, door: Door) -> None:
        """Let all clients come in.

        :raise Trouble, ConnectError, …: one of FAILURES, if one of them cannot.
        """
        self._door = door
        begun = self._reactor.seconds()
        try:
            await self._each(lambda client: self._arrive(client, begun))
        except FirstError as error:
            self._over = True
            error.subFailure.raiseException()

    async def talk(self) -> None:
        """Post, for as long as was planned; then wait for what is on its way."""
        self.tally.begin()
        begun = self._reactor.seconds()
        moving = Deferred.fromCoroutine(self._churn(begun))
        await self._post(begun)
        self.cut_short = self._over
        self.seconds = self._reactor.seconds() - begun
        self.waiting = self.tally.untaken + self.tally.unanswered
        await moving
        await self._drain()

    async def go(self) -> None:
        """Let all clients leave, whatever comes of it."""
        self.stage = Stage("leaving", 0, 1)
        leaving = Deferred.fromCoroutine(self._each(self._leave))
        with suppress(FirstError, TimeoutError):
            await leaving.addTimeout(GOODBYE, self._reactor)

    # -- coming and going

    async def _arrive(self, client: Client, begun: float) -> None:
        if self._plan.arrivals:
            await self._until(begun + client.number / self._plan.arrivals)
        if self._over:
            return
        if self._plan.mixed:
            room = self._any_room()
        else:
            room = self._rooms[client.number % len(self._rooms)]
        await self._enter(client, room)
        done = sum(map(len, self._there.values()))
        self.stage = Stage("connecting", done, self._plan.clients)

    async def _enter(self, client: Client, room: str) -> None:
        await client.come(self._door, room)
        self._there[room].append(client)

    async def _leave(self, client: Client) -> None:
        try:
            if client.settled and client.has_account:
                await client.part()
            await client.quit()
        except FAILURES:
            await client.cut()

    async def _churn(self, begun: float) -> None:
        """Let one client after the other change rooms, or leave and come back."""
        acts = cycle((self._move, self._come_back, self._fall_out))
        for number in count(1) if self._plan.churn else ():
            due = begun + number / self._plan.churn
            if self._over or due >= begun + self._plan.seconds:
                break
            await self._until(due)
            self._begin_move(next(acts))
        await DeferredList(list(self._moves))

    def _begin_move(self, act: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
        settled = [client for client in self._clients if client.settled]
        if settled and not self._over:
            client = self._chance.choice(settled)
            self._there[client.room].remove(client)
            move = Deferred.fromCoroutine(self._tried(client, act))
            self._moves.add(move)
            move.addBoth(lambda _: self._moves.discard(move))

    async def _tried(
        self, client: Client, act: Callable[[Client], Coroutine[Any, Any, None]]
    ) -> None:
        try:
            await act(client)
        except FAILURES:
            self.tally.disconnected += 1
            await client.cut()

    async def _move(self, client: Client) -> None:
        await client.part()
        room = self._any_room()
        await client.join(room)
        self._there[room].append(client)

    async def _come_back(self, client: Client) -> None:
        await client.quit()
        await self._enter(client, self._any_room())

    async def _fall_out(self, client: Client) -> None:
        """Cut it off; but not while it posts, since what becomes of that nobody knows."""
        if self.tally.has_posted(client.number):
            await self._come_back(client)
        else:
            await client.cut()
            await self._enter(client, self._any_room())

    def _any_room(self) -> str:
        return self._chance.choices(self._rooms, self._weights)[0]

    # -- talking

    async def _post(self, begun: float) -> None:
        """Post at a steady rate, whether the server keeps up or not."""
        rate, length = self._plan.rate, self._plan.seconds
        planned = max(1, round(rate * length))
        while not self._over and self._said < planned:
            now = self._reactor.seconds()
            while self._said < planned and (due := begun + self._said / rate) <= now:
                self._say(now - due)
            self.tally.give_up(self._plan.patience)
            self.stage = Stage("talking", min(now - begun, length), length)
            await self._until(begun + self._said / rate)

    def _say(self, late: float) -> None:
        speaker = self._speaker(self._said)
        self._said += 1
        if speaker is not None:
            speaker.post(self._plan.size, late)

    def _speaker(self, number: int) -> Client | None:
        """Whose turn it is: one room after the other, and in each one after the other."""
        for room in range(number, number + len(self._rooms)):
            there = self._there[self._rooms[room % len(self._rooms)]]
            for turn in range(len(there)):
                client = there[(number // len(self._rooms) + turn) % len(there)]
                if client.settled:
                    return client
        if not self._plan.churn:
            raise Trouble(f"All clients are disconnected. {self._clients[0].last_words}".rstrip())
        return None

    async def _drain(self) -> None:
        most = self.tally.waiting
        while self.tally.waiting:
            self.stage = Stage("waiting for the last", most - self.tally.waiting, most)
            await self._until(self._reactor.seconds() + 0.05)
            self.tally.give_up(self._plan.patience)

    # -- waiting

    async def _each(self, act: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
        def begin(client: Client) -> Deferred[None]:
            return Deferred.fromCoroutine(act(client))

        gate = DeferredSemaphore(AT_ONCE)
        each = [gate.run(begin, client) for client in self._clients]
        await gatherResults(each, consumeErrors=True)

    async def _until(self, when: float) -> None:
        pause: Deferred[None] = Deferred()
        call = self._reactor.callLater(
            max(0.0, when - self._reactor.seconds()), pause.callback, None
        )
        self._pauses.add(pause)
        try:
            await pause
        finally:
            self._pauses.discard(pause)
            if call.active():
                call.cancel()
