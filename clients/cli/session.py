"""One run of the program: a conversation, its connection and files, and how it ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredQueue, ensureDeferred
from twisted.python.failure import Failure

from chatd.wire.irc import Line
from clients.cli.bars import Bars
from clients.cli.sharing import Sharing
from clients.lib.backoff import Backoff
from clients.lib.carrier import dial
from clients.lib.connection import CannotConnect, Connection
from clients.lib.conversation import Conversation
from clients.lib.events import (
    CaughtUp,
    CertificatePinned,
    Disconnected,
    Event,
    LoginFailed,
    Ready,
    Refused,
    RoomOpened,
    Slowed,
)
from clients.lib.files import FileRefused, Offline
from clients.lib.model import Login, fold, is_room
from clients.lib.offers import Interrupted, Moved
from clients.lib.rooms import Room
from clients.lib.saving import NotSaved
from clients.lib.transfers import Transfers
from clients.lib.trust import CertificateRefused, Pins, Trust

_Result = TypeVar("_Result")


class Exit(IntEnum):
    """How the program ends, for the shell."""

    FINE = 0
    REFUSED = 1
    USAGE = 2
    CANNOT_CONNECT = 3
    CERTIFICATE = 4
    LOGIN = 5
    FILE = 6
    INTERRUPTED = 130


class Failed(Exception):
    """The program cannot go on; says why, and what to tell the shell."""

    def __init__(self, code: Exit, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is, and how its certificate is to be judged."""

    host: str
    port: int
    pins: Path
    fingerprint: str | None = None
    downloads: Path = Path()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered(Event):
    """The answer to what a script asked for."""

    lines: list[Line]


class Session:
    """Events come out one by one, by `next` and `wait`.

    :param only: the one room or person that a script is about; None for all.
    :param patience: seconds that it may be without a connection; None for any.
    :param say: takes what the user of a script should know.
    """

    def __init__(
        self,
        reactor: Any,
        place: Place,
        login: Login,
        only: str | None = None,
        first_page: int = 50,
        patience: float | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._say = say
        chance = SystemRandom()
        self._events: DeferredQueue[Any] = DeferredQueue()
        self.conversation = Conversation(
            login,
            self._tell,
            reactor.callLater,
            f"{chance.getrandbits(64):x}",
            first_page,
            lambda name: only is None or fold(name) == fold(only),
        )
        trust = Trust(place.host, place.port, Pins(place.pins), place.fingerprint)
        self.bars = Bars()
        transfers = Transfers(
            reactor,
            self.conversation.files,
            partial(dial, reactor, trust, place.port),
            self._tell,
            lambda: Backoff(chance.random),
        )
        self.sharing = Sharing(self.conversation.files, transfers, place.downloads, self._tell)
        self._connection = Connection(
            reactor,
            self.conversation,
            trust,
            place.port,
            self._tell,
            Backoff(chance.random),
            patience,
        )
        self._running: Deferred[None] | None = None

    def _tell(self, event: Event) -> None:
        self.bars.hear(event)
        if isinstance(event, Ready):
            ensureDeferred(self.sharing.remind())
        if not isinstance(event, Moved):
            self._events.put(event)

    def start(self) -> None:
        """Begin to connect."""
        self._running = ensureDeferred(self._connection.run())
        self._running.addErrback(_as_failed).addBoth(self._events.put)

    def close(self, reason: str = "") -> None:
        """Hang up."""
        self._connection.close(reason)

    async def end(self) -> None:
        """Hang up, and wait until that is done."""
        self.close()
        while await self.next() is not None:
            pass

    async def next(self) -> Event | None:
        """The next event; None when we have hung up.

        :raise Failed: if there is no connection any more, and will be none.
        """
        event: Event | Exception | None = await self._events.get()
        if isinstance(event, Exception):
            raise event
        if isinstance(event, LoginFailed):
            raise Failed(self._code_of(event), str(event))
        return event

    def _code_of(self, event: LoginFailed) -> Exit:
        if event.code == "CAPABILITIES":
            return Exit.CANNOT_CONNECT
        refused = self.conversation.login.register or event.code in ("ERROR", "465")
        return Exit.REFUSED if refused else Exit.LOGIN

    async def wait(self, wanted: Callable[[Event], bool]) -> Event:
        """The next event that is wanted; those before it are passed over.

        :raise Failed: if it cannot come any more.
        """
        while (event := await self.next()) is not None:
            self.note(event)
            if wanted(event):
                return event
        raise Failed(Exit.CANNOT_CONNECT, "The connection was closed.")

    def note(self, event: Event) -> None:
        """Say what the user of a script should know."""
        news = isinstance(event, Interrupted | CaughtUp | CertificatePinned | Disconnected | Slowed)
        if self._say is not None and news and str(event):
            self._say(str(event))

    async def ready(self) -> None:
        """Be logged in.

        :raise Failed: if that cannot be.
        """
        await self.wait(lambda event: isinstance(event, Ready))

    async def ask(self, line: Line) -> list[Line]:
        """Ask the server, and wait for the answer; ask again if the connection breaks.

        :raise Failed: if no answer can come any more.
        """
        while True:
            self.conversation.ask(line, lambda lines: self._events.put(_Answered(lines=lines)))
            event = await self.wait(lambda event: isinstance(event, _Answered | Ready))
            if isinstance(event, _Answered):
                return event.lines

    async def insist(self, wish: Callable[[], Awaitable[_Result]]) -> _Result:
        """Ask for something about files; ask again if the connection breaks.

        :raise Failed: if that cannot be.
        """
        while True:
            try:
                return await wish()
            except Offline:
                await self.ready()
            except FileRefused as error:
                raise Failed(Exit.REFUSED, str(error)) from error
            except NotSaved as error:
                raise Failed(Exit.FILE, str(error)) from error

    async def enter(self, name: str) -> Room:
        """Be in a room, or have a direct conversation open.

        :raise Failed: if the server does not let us in.
        """
        await self.ready()
        if not is_room(name):
            return self.conversation.open(name)
        while (room := self.conversation.rooms.find(name)) is None:
            self.conversation.request("JOIN", name)
            event = await self.wait(lambda event: isinstance(event, RoomOpened | Refused | Ready))
            if isinstance(event, Refused) and fold(event.about or name) == fold(name):
                raise Failed(Exit.REFUSED, str(event))
        return room


def _as_failed(failure: Failure) -> BaseException | None:
    """What ended the connection, as the program's end; a Failure would not go into the queue."""
    if failure.check(CannotConnect):
        return Failed(Exit.CANNOT_CONNECT, str(failure.value))
    if failure.check(CertificateRefused):
        return Failed(Exit.CERTIFICATE, str(failure.value))
    return failure.value
