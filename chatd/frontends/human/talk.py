"""The dialogue with one person, over anything that can write a line.

Until we know who it is, each line asks for something: LOGIN, REGISTER, GUEST. From then on
a line is said in the room one is in, unless it starts with a slash. What is asked for is
done by the commands that all dialects share, and by those in verbs.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from chatd.answers import Answer, Refused
from chatd.commands import Request
from chatd.commands.dispatch import Dispatcher
from chatd.commands.login import host_for
from chatd.core import Core
from chatd.core.limits import Buckets
from chatd.errors import ServerBanned
from chatd.events import Batch, Event, Joined, Left, Removed
from chatd.frontends.human.render import Reader, render
from chatd.frontends.outbox import Mailman
from chatd.frontends.turns import Turns
from chatd.interfaces import ICommand, ISession
from chatd.model import Person, Rank
from chatd.names import fold
from chatd.wire.human import Typed, params, parse, parse_bare, spelled

ENTRY = ("LOGIN", "REGISTER", "GUEST", "HELP", "QUIT")
"""What one may ask for before one is on line."""
NOBODY = "*"

_POSTS = frozenset({"PRIVMSG", "NOTICE", "ME"})


@dataclass(frozen=True, slots=True)
class Human:
    """What all clients of one human front-end share."""

    core: Core
    dispatcher: Dispatcher
    buckets: Buckets
    mailman: Mailman
    reactor: IReactorTime
    handshake: float
    negotiate: bool


class Screen(Protocol):
    """What the person sees."""

    @property
    def colour(self) -> bool: ...
    def show(self, text: str) -> None: ...
    def prompt(self, text: str) -> None: ...
    def ask(self, question: str, hidden: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Peer:
    """Where somebody comes from, and how to treat their connection.

    :param fingerprint: gives that of their certificate, if they have shown one.
    :param hold: called with true when no more should be read for now, then with false.
    :param hang_up: called with the last words; does nothing if it was called before.
    """

    address: str
    secure: bool
    fingerprint: Callable[[], str | None]
    hold: Callable[[bool], None]
    hang_up: Callable[[str], None]


@implementer(ISession)
class Talk:
    """A session with a person. Whoever holds the stream hands it lines by `take`."""

    def __init__(self, human: Human, peer: Peer) -> None:
        core = human.core
        self.human = human
        self.key = core.new_id()
        self.nobody = Person(NOBODY, host=host_for(core, peer.address))
        self.person = self.nobody
        self.rank = Rank.GUEST
        self.office = ""
        self.address = peer.address
        self.secure = peer.secure
        self.since = self.active = core.log.now()
        self.room: str | None = None
        self.on_line = False
        self.closed = False
        self._peer = peer
        self._turns = Turns(self, human.reactor, peer.hold)
        self._timer = human.reactor.callLater(human.handshake, self._too_late)

    def greet(self, screen: Screen) -> None:
        """Ask who it is, unless nobody may come from there."""
        self._screen = screen
        try:
            self.human.core.server_bans.check_address(self.address)
        except ServerBanned as error:
            self.close(str(error))
            return
        server = self.human.core.settings.server
        self.say(f"AUTH_REQUIRED\nThis is {server.network}: {server.description}.\n{self.ways_in}")

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of their TLS certificate."""
        return self._peer.fingerprint()

    @property
    def ways_in(self) -> str:
        """How one can come in here."""
        auth = self.human.core.settings.auth
        ways = ["LOGIN name"]
        if auth.registration != "closed":
            ways.append("REGISTER name")
        if auth.guests:
            ways.append("GUEST name")
        return f"Type {' or '.join(ways)}; QUIT to leave."

    # -- what the person types

    def take(self, line: str) -> None:
        """Do what a line asks for, when its turn comes; an empty one asks for nothing."""
        if line.strip() or self._turns.asking:
            self.active = self.human.core.log.now()
            self._turns.add(line)

    async def ask(self, question: str, hidden: bool = False) -> str:
        """What the person answers to a question.

        :raise ChatError: if they go instead.
        """
        self._screen.ask(question, hidden)
        return await self._turns.next()

    def posts(self, line: str) -> bool:
        """Whether a line only says something."""
        if not self.on_line:
            return False
        typed = parse(line)
        return not typed.verb or typed.verb in _POSTS

    def most_posts(self) -> int:
        """How many messages may be on their way to the disk."""
        return self.human.core.settings.limits.posts_waiting

    def ahead(self) -> float:
        """The seconds that the person has to wait before the next request."""
        limits = self.human.core.settings.limits
        return self.human.buckets.wait(self.key, limits.messages, limits.messages_every)

    async def do(self, line: str) -> None:
        """Do what a line asks for."""
        typed = parse(line) if self.on_line else parse_bare(line)
        if not self.on_line and typed.verb not in ENTRY:
            self.say(f"AUTH_REQUIRED\n{self.ways_in}")
        elif typed.verb:
            await self._ask_for(typed)
        elif self.room is None:
            self.say("You are in no room. /join #room takes you into one.")
        else:
            await self._run("PRIVMSG", (self.room, typed.rest))

    async def _ask_for(self, typed: Typed) -> None:
        command = self.human.dispatcher.commands.get(typed.verb)
        given = () if command is None else params(typed.rest, command, self.room)
        await self._run(typed.verb, given)

    async def _run(self, verb: str, given: tuple[str, ...]) -> None:
        await self.human.dispatcher.run(Request(self, verb, given, self.answer))

    # -- what the person sees

    def say(self, text: str) -> None:
        """Show lines that are safe to show."""
        self._screen.show(text)

    def answer(self, answer: Answer) -> None:
        """Show an answer."""
        text = render(answer, self._reader)
        if isinstance(answer, Refused) and not self.on_line:
            text = f"AUTH_FAILED {text}"
        if text:
            self.say(text)

    def deliver(self, batch: Batch) -> None:
        """Show what happened."""
        for event in batch.events:
            text = render(event, self._reader)
            if text:
                self.say(text)
            self._follow(event)

    @property
    def _reader(self) -> Reader:
        lobby = self.human.core.settings.server.lobby
        return Reader(self.person.name, lobby, self._screen.colour)

    def complete(self, text: str) -> list[str]:
        """The words that may stand for the last one of what was typed so far."""
        _, space, word = text.rpartition(" ")
        if not self.on_line:
            return []
        if not space and word.startswith("/"):
            return [w for w in self._verbs() if w.startswith(word.lower())]
        return sorted({w for w in self._names() if fold(w).startswith(fold(word))})

    def _verbs(self) -> Iterator[str]:
        return (spelled(c.verb) for c in self.commands())

    def _names(self) -> Iterator[str]:
        for place in self.human.core.places.of(self.person.name):
            yield place.room.name
            if place.room.name == self.room:
                yield from (seat.person.name for seat in place.seats.values())

    def commands(self) -> list[ICommand]:
        """What the person may ask for just now, by how it is written."""
        known = self.human.dispatcher.commands.values()
        may_ask = self.human.core.offices.may_ask
        mine = [c for c in known if may_ask(self, c) and (self.on_line or c.verb in ENTRY)]
        return sorted(mine, key=lambda c: spelled(c.verb))

    # -- where the person is

    def turn_to(self, room: str | None) -> None:
        """From now on what is typed is said there."""
        self.room = room
        self._screen.prompt(f"{room}> " if room is not None else "> ")

    def _follow(self, event: Event) -> None:
        match event:
            case Joined() if self.room is None and self._is_me(event.by):
                self.turn_to(event.room.name)
            case Left() if self._is_me(event.by):
                self._go_from(event.room.name)
            case Removed() if self._is_me(event.who):
                self._go_from(event.room.name)

    def _is_me(self, person: Person) -> bool:
        return fold(person.name) == fold(self.person.name)

    def _go_from(self, room: str) -> None:
        if self.room is not None and fold(room) == fold(self.room):
            others = self.human.core.places.of(self.person.name)
            self.turn_to(others[0].room.name if others else None)

    # -- coming and going

    def come_in(self) -> None:
        """We know who it is."""
        self.on_line = True
        self._timer.cancel()
        self.say("AUTH_SUCCESS")
        if motd := self.human.core.settings.server.motd:
            self.say(motd.rstrip("\n"))
        self.turn_to(None)

    async def show_missed(self) -> None:
        """Show what was said to the person alone while they were not here."""
        if missed := await self.human.core.missed.of(self):
            self.deliver(Batch(tuple(missed)))

    def close(self, reason: str) -> None:
        """Show why, and hang up."""
        self.gone(reason)
        self._peer.hang_up(render(reason, self._reader))

    def gone(self, reason: str) -> None:
        """The person is no more here, for whatever reason."""
        if self.closed:
            return
        self.closed = True
        if self._timer.active():
            self._timer.cancel()
        self._turns.stop()
        core = self.human.core
        core.sessions.leave(self, reason)
        core.presence.unwatch_all(self)
        core.accounts.forget(self.key)

    def _too_late(self) -> None:
        self.close("That took too long. Come again.")
