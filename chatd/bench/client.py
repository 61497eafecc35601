"""One client of a load test."""

from __future__ import annotations

from enum import Enum
from typing import Any

from twisted.internet.defer import Deferred

from chatd.bench.tally import Tally
from chatd.bench.wire import PATIENCE, Door, Wire
from chatd.wire.irc import BadLine, Line, parse_text
from clients.lib.connection import explain
from clients.lib.events import Event, LoginFailed
from clients.lib.handshake import Handshake
from clients.lib.model import Login, fold

NEEDED = ("message-tags", "echo-message")
WANTED = (*NEEDED, "server-time", "standard-replies")
GUESTS = " Guests come in with guests = yes in [auth] of its chatd.ini; else there is --accounts."
_NO_REFUSALS = frozenset({"422"})


class Trouble(Exception):
    """A sentence on why a load test cannot go on."""


class State(Enum):
    """How far a client has come."""

    AWAY = "away"
    HERE = "here"
    GOING = "going"


class Client:
    """Comes, joins a room, talks, and books what it hears; again and again if need be.

    :param mark: begins the texts of this load test, and of no other.
    """

    def __init__(self, number: int, login: Login, mark: str, tally: Tally, reactor: Any) -> None:
        self.number = number
        self.room = ""
        self.last_words = ""
        self._login = login
        self._mark = mark
        self._sign = f" :{mark} ".encode()
        self._tally = tally
        self._reactor = reactor
        self._state = State.AWAY
        self._settled = False
        self._wire: Wire | None = None
        self._handshake: Handshake | None = None
        self._waiting: Deferred[None] | None = None
        self._until = ""

    @property
    def settled(self) -> bool:
        """Whether it is in a room, for certain, and going to stay there for now."""
        return self._settled

    @property
    def has_account(self) -> bool:
        """Whether it belongs to its room also when it has gone."""
        return self._login.password is not None

    async def come(self, door: Door, room: str) -> None:
        """Connect, log in, and join a room.

        :raise Trouble: if it is not let in.
        """
        self._wire = wire = Wire(self._hear, self._gone)
        self._handshake = Handshake(self._login, self._send, self._shaken, NEEDED, WANTED)
        await door.open(wire)
        self._state = State.HERE
        self._handshake.start()
        await self._wait("001")
        await self.join(room)

    async def join(self, room: str) -> None:
        """Join a room, and know all who are there.

        :raise Trouble: if it is not let in.
        """
        self.room = room
        self._send(Line("JOIN", (room,)))
        await self._wait("366")
        self._settled = True

    async def part(self) -> None:
        """Leave the room."""
        self._unsettle()
        self._send(Line("PART", (self.room,)))
        await self._wait("PART")

    async def quit(self) -> None:
        """Leave the server."""
        if self._state is State.HERE:
            self._unsettle()
            self._state = State.GOING
            self._send(Line("QUIT"))
            await self._wait("gone")

    async def cut(self) -> None:
        """Be gone without a word, as a client whose network has failed."""
        if self._state is State.HERE and self._wire is not None:
            self._unsettle()
            self._state = State.GOING
            self._wire.transport.abortConnection()
            await self._wait("gone")

    def post(self, size: int, late: float) -> None:
        """Say something to the room, of so many bytes at least."""
        text = f"{self._mark} {self.number} {self._tally.send(self.number, late)} "
        self._send(Line("PRIVMSG", (self.room, text.ljust(size, "."))))

    def _unsettle(self) -> None:
        self._settled = False
        self._tally.leave(self.number)

    def _send(self, line: Line) -> None:
        if self._wire is not None:
            self._wire.transport.write(line.encode())

    async def _wait(self, until: str) -> None:
        """Wait for a line."""
        self._until = until
        self._waiting = Deferred()
        try:
            await self._waiting.addTimeout(PATIENCE, self._reactor)
        finally:
            self._waiting = None

    def _reach(self, until: str) -> None:
        if self._waiting is not None and self._until == until:
            self._waiting.callback(None)

    def _fail(self, why: str) -> None:
        if self._waiting is not None and not self._waiting.called:
            self._waiting.errback(Trouble(why))

    # -- what is heard

    def _hear(self, data: bytes) -> None:
        head, _, said = data.partition(self._sign)
        if said and b" PRIVMSG " in head:
            sender, number, _ = said.split(b" ", 2)
            self._tally.hear(self.number, int(sender), int(number))
            return
        try:
            line = parse_text(data.decode(errors="replace"))
        except BadLine:
            return
        if line.verb == "PING":
            self._send(Line("PONG", line.params[:1]))
        elif self._handshake is not None and not self._handshake.done:
            self._handshake.hear(line)
        else:
            self._take(line)

    def _shaken(self, event: Event) -> None:
        if isinstance(event, LoginFailed):
            hint = GUESTS if event.code == "ACCOUNT_REQUIRED" else ""
            self._fail(f"The server lets nobody in as {self._login.name}: {event.reason}{hint}")
        else:
            self._reach("001")

    def _take(self, line: Line) -> None:
        match line.verb:
            case "JOIN" if self._is_mine(line):
                self._tally.join(self.number, self.room)
            case "PART" if self._is_mine(line):
                self._reach("PART")
            case "366" if line.params[1:2] == (self.room,):
                self._reach("366")
            case "ERROR":
                self.last_words = line.params[-1] if line.params else ""
            case "FAIL":
                self._refuse(line, line.params[1] if len(line.params) > 1 else "FAIL")
            case verb if verb.isdigit() and "400" <= verb < "600" and verb not in _NO_REFUSALS:
                self._refuse(line, verb)

    def _refuse(self, line: Line, code: str) -> None:
        self._tally.refused[code] += 1
        self._fail(f"The server refuses: {line.params[-1] if line.params else code}")

    def _is_mine(self, line: Line) -> bool:
        """Whether this client itself came into its room, or left it."""
        name = self._handshake.name if self._handshake is not None else ""
        who = (line.source or "").partition("!")[0]
        return fold(who) == fold(name) and line.params[:1] == (self.room,)

    def _gone(self, reason: BaseException | None) -> None:
        wanted, settled = self._state is State.GOING, self._settled
        self._state, self._settled, self._wire = State.AWAY, False, None
        self.last_words = explain(reason, self.last_words)
        if wanted:
            self._reach("gone")
        elif settled:
            self._tally.drop(self.number)
        else:
            self._tally.leave(self.number)
            self._fail(self.last_words)
