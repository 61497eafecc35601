"""One IRC client: what it has sent and we have not done yet, and what it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from chatd.answers import Answer, Refused
from chatd.commands import Request
from chatd.commands.dispatch import Dispatcher
from chatd.core import Core
from chatd.core.limits import Buckets
from chatd.core.settings import Server
from chatd.errors import ChatError, ServerBanned
from chatd.events import (
    Announced,
    Batch,
    Event,
    Invited,
    MarkerMoved,
    MetadataChanged,
    Posted,
    Renamed,
    RoomMetadataChanged,
    Signalled,
    Watched,
)
from chatd.frontends.irc.census import Census
from chatd.frontends.irc.early import may_be_early
from chatd.frontends.irc.moved import moved
from chatd.frontends.irc.profile import Profile, Profiles, Shown
from chatd.frontends.irc.render import render
from chatd.frontends.irc.replies import reply
from chatd.frontends.irc.response import Response
from chatd.frontends.irc.roles import INVISIBLE
from chatd.frontends.irc.subscriptions import Subscriptions
from chatd.frontends.outbox import Mailman, Outbox
from chatd.frontends.portions import Portions
from chatd.frontends.proxies import Proxies
from chatd.frontends.turns import Turns
from chatd.interfaces import ISession
from chatd.model import Person, Rank
from chatd.names import fold
from chatd.wire.caps import Cap
from chatd.wire.irc import BadLine, Line, parse, parse_text
from chatd.wire.numerics import Numeric

PIPELINED = frozenset({"PRIVMSG", "NOTICE", "TAGMSG"})
SERVICE = "NickServ"
"""A name that answers like a command: what is said to it is no message."""


@dataclass(frozen=True, slots=True)
class Irc:
    """What all clients of one IRC front-end share."""

    core: Core
    dispatcher: Dispatcher
    options: Any
    reactor: IReactorTime
    profiles: Profiles
    mailman: Mailman
    portions: Portions
    buckets: Buckets
    proxies: Proxies
    census: Census = field(default_factory=Census)
    clients: dict[str, Client] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What came instead of a line, and why it is none."""

    data: bytes
    code: str


@implementer(ISession)
class Client:
    """A session in the IRC dialect. Whoever holds the stream hands it lines by `take`.

    :param outbox: where its bytes go.
    :param hold: called with true when no more should be read from the client for now, and
        with false when it may go on.
    """

    log = Logger()

    __slots__ = (
        "__weakref__",
        "_receipts",
        "_response",
        "_turns",
        "active",
        "address",
        "batch",
        "cap_version",
        "closed",
        "fingerprint",
        "handshake",
        "heartbeat",
        "irc",
        "key",
        "modes",
        "moved",
        "office",
        "outbox",
        "person",
        "profile",
        "rank",
        "sasl",
        "secure",
        "silent",
        "since",
        "subscriptions",
    )

    def __init__(
        self,
        irc: Irc,
        outbox: Outbox,
        hold: Callable[[bool], None],
        address: str,
        secure: bool,
        fingerprint: str | None,
    ) -> None:
        self.irc = irc
        self.key = irc.core.new_id()
        self.person = Person("*")
        self.rank = Rank.GUEST
        self.office = ""
        self.address = address
        self.secure = secure
        self.fingerprint = fingerprint
        self.since = self.active = irc.core.log.now()
        self.profile: Profile = irc.profiles.of(frozenset())
        self.modes = frozenset(INVISIBLE if irc.options.invisible else "")
        self.cap_version = 0
        self.handshake: Any = None
        self.heartbeat: Any = None
        self.sasl: Any = None
        self.batch: Any = None
        self.subscriptions = Subscriptions()
        self.outbox = outbox
        self.closed = self.silent = self.moved = False
        self._turns: Turns[Line | Unreadable] = Turns(self, irc.reactor, hold)
        self._receipts: dict[str, Response] = {}
        self._response: Response | None = None

    @property
    def caps(self) -> frozenset[str]:
        """The capabilities that the client has asked for."""
        return self.profile.caps

    @property
    def server(self) -> Server:
        """What this server is called."""
        return self.irc.core.settings.server

    # -- what the client sends

    def take(self, data: bytes) -> None:
        """Do what a line asks for, when its turn comes."""
        self.silent = False
        try:
            self._turns.add(parse(data))
        except BadLine as bad:
            self._turns.add(Unreadable(data if bad.code == "NOT_UTF8" else b"", bad.code))

    def comes_from(self, address: str) -> None:
        """A proxy says where the client really is: it counts as one more connection from there."""
        gate = self.irc.core.gate
        if self.closed:
            return
        if not gate.admits(address):
            self.close("Too many connections from your address")
            return
        gate.came(address)
        self.address, self.moved = address, True
        self.heed_bans()

    def heed_bans(self) -> None:
        """Say so and hang up, if nobody may come from where the client is."""
        try:
            self.irc.core.server_bans.check_address(self.address)
        except ServerBanned as error:
            self.turn_away(error)

    def turn_away(self, error: ChatError) -> None:
        """Say why the client may not come in, and hang up."""
        self.show(Refused(error), "*")
        self.close(str(error))

    def posts(self, line: Line | Unreadable) -> bool:
        """Whether a line is a message on its way to somebody."""
        return isinstance(line, Line) and _is_post(line)

    def most_posts(self) -> int:
        """How many messages may be on their way to the disk."""
        return self.irc.core.settings.limits.posts_waiting

    def ahead(self) -> float:
        """The seconds that the client has to wait before its next request."""
        limits = self.irc.core.settings.limits
        return self.irc.buckets.wait(self.key, limits.messages, limits.messages_every)

    async def do(self, line: Line | Unreadable) -> None:
        """Do what a line asks for."""
        if isinstance(line, Line):
            await self._run(line)
        else:
            self._refuse(line)

    def _refuse(self, line: Unreadable) -> None:
        if line.code == "TOO_LONG":
            self.numeric(Numeric.INPUTTOOLONG, "That line was too long.")
        elif line.code == "NOT_UTF8":
            meant = Line("*")
            with suppress(BadLine):
                meant = parse_text(line.data.decode(errors="replace"))
            response = self._response_to(meant)
            text = "Only UTF-8 is understood here."
            response.add(Line("FAIL", (meant.verb, "INVALID_UTF8", text), self.server.name))
            self._answer(response)

    def _response_to(self, line: Line) -> Response:
        label = line.tags.get("label") if Cap.LABELED_RESPONSE in self.caps else None
        return Response(label, self.server.name, self.irc.core.new_id)

    def _answer(self, response: Response) -> None:
        lines = response.lines()
        if lines:
            self._say(lines, None)

    async def _run(self, line: Line) -> None:
        if line.verb not in ("PING", "PONG"):
            self.active = self.irc.core.log.now()
        response = self._response_to(line)
        if self.handshake is not None and not may_be_early(line.verb, self.caps):
            self.numeric(Numeric.NOTREGISTERED, "You have not registered.", response=response)
        else:
            request = Request(
                self,
                line.verb,
                line.params,
                lambda answer: self.show(answer, line.verb, response),
                line.tags,
                response.label,
            )
            await (self._post if _is_post(line) else self._ask)(request, response)
        await self.irc.portions.done(self.outbox)
        self._answer(response)
        await self.irc.portions.done(self.outbox)

    async def _ask(self, request: Request, response: Response) -> None:
        self._response = response
        await self.irc.dispatcher.run(request)
        self._response = None
        if response.label is not None:
            self._receipts.pop(response.label, None)

    def relabel(self, label: str | None, to: str = "") -> None:
        """Let what answers the request at hand have another label than that, or none.

        :param to: to whom the request turns out to say something, if it does.
        """
        response = self._response
        if response is not None:
            response.label = label
            if label is not None:
                response.inline = self._is_answered_once(to)
                self._receipts[label] = response

    async def _post(self, request: Request, response: Response) -> None:
        response.inline = self._is_answered_once(request.params[0])
        if response.label is not None:
            self._receipts[response.label] = response
        await self.irc.dispatcher.run(request)
        if response.label is not None:
            self._receipts.pop(response.label, None)

    def _is_answered_once(self, to: str) -> bool:
        """Whether nothing but the echo can come of a message: one target, who is not away."""
        here = self.irc.core.sessions.get(to)
        return "," not in to and (here is None or here.away is None)

    # -- what the client is shown

    def show(self, answer: Answer, verb: str, response: Response | None = None) -> None:
        """Show an answer to a request."""
        self.say(reply(answer, self, verb), response)

    def answer(self, answer: Answer) -> None:
        """Show something that nobody asked for just now."""
        self.show(answer, "*", self._response)

    def send(self, line: Line, response: Response | None = None) -> None:
        """Show a line, after all that is still being said."""
        response = response or self._response
        if self.outbox in self.irc.portions:
            self._say((line,), response)
        else:
            self._put(line, response)

    def say(self, lines: Iterable[Line | None], response: Response | None = None) -> None:
        """Show lines, however many; None is a step at which there is nothing to show."""
        self._say(lines, response or self._response)

    def _say(self, lines: Iterable[Line | None], response: Response | None) -> None:
        if self.closed:
            return
        self.irc.portions.add(self.outbox, self._saying(lines, response))
        if response is not None and self.outbox in self.irc.portions:
            self._begin(response)

    def _saying(self, lines: Iterable[Line | None], response: Response | None) -> Iterator[None]:
        for line in lines:
            if line is not None:
                self._put(line, response)
            yield

    def _put(self, line: Line, response: Response | None) -> None:
        """Write a line; with a labelled response it waits for the others of that."""
        if response is not None and response.label is not None:
            response.add(line)
            if response.begun:
                self._write(response.more())
        else:
            self.outbox.write(line.encode())

    def _begin(self, response: Response) -> None:
        """Say what an answer has by now, so that it stays before what is told from now on."""
        if response.waits:
            self._write(response.begin())

    def _write(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.outbox.write(line.encode())

    def numeric(self, numeric: Numeric, *params: str, response: Response | None = None) -> None:
        """Show a numbered reply."""
        self.send(self.numbered(numeric, *params), response)

    def numbered(self, numeric: Numeric, *params: str) -> Line:
        """A numbered reply; the client's name is put before the parameters."""
        return Line(numeric, (self.person.name, *params), self.server.name)

    def fail(self, verb: str, code: str, *context_and_text: str) -> None:
        """Write a standard reply that something was refused."""
        self.send(Line("FAIL", (verb, code, *context_and_text), self.server.name))

    def deliver(self, batch: Batch) -> None:
        """Show what happened: the same bytes as to all who are alike, but for what this very
        client has done, and what is personal."""
        shown = self.profile.shown(batch)
        if self._response is not None and self.key not in shown.own:
            self._begin(self._response)
        if shown.personal:
            for event, plain in shown.parts:
                self._deliver(event, plain)
        elif self.key not in shown.own:
            self.outbox.write(shown.block)
        else:
            self._deliver_around(shown, shown.own[self.key])
        if not shown.said and self.subscriptions.keys:
            for event in batch.events:
                self._follow(event)

    def _deliver_around(self, shown: Shown, own: list[int]) -> None:
        """Show one's own events as such, and all others of the batch as anybody sees them."""
        start = 0
        for place in own:
            event, plain = shown.parts[place]
            self.outbox.write(shown.block[start : shown.starts[place]])
            self._deliver(event, plain)
            start = shown.starts[place] + len(plain)
        self.outbox.write(shown.block[start:])

    def _follow(self, event: Event) -> None:
        """Show the metadata that an event makes known; not what this client has just set."""
        own = event.cause is not None and event.cause.session == self.key
        if own and isinstance(event, MetadataChanged | RoomMetadataChanged):
            return
        for line in self.subscriptions.of_event(self.irc.core, self.person, event):
            self.send(line) if own else self.outbox.write(line.encode())

    def _deliver(self, event: Event, plain: bytes) -> None:
        """Show one event; `plain` is what all who are alike are shown of it."""
        if isinstance(event, Watched):
            self.outbox.write(self._watched(event).encode())
        elif isinstance(event, Posted | Signalled) and self._is_mine(event):
            self._echo(event, plain)
        elif isinstance(event, Renamed) and Cap.CHANNEL_RENAME not in self.caps:
            self._move(event)
        elif event.cause is not None and event.cause.session == self.key:
            for line in self.lines_of(event) if self._wants(event) else ():
                self._put(line, self._response)
        elif self._wants(event):
            self.outbox.write(plain)

    def _move(self, event: Renamed) -> None:
        """Show a client that knows no RENAME that it goes from one room into another."""
        place = self.irc.core.places.get(event.room.key)
        lines = [] if place is None else moved(event, self, place.room)
        own = event.cause is not None and event.cause.session == self.key
        response = self._response if own else None
        for line in lines:
            self._put(line, response)
        if lines and place is not None:
            entered = self.irc.core.rooms.entered(place, self.person)
            self._say(reply(entered, self, "JOIN"), response)

    def _is_mine(self, event: Event) -> bool:
        return fold(event.by.name) == fold(self.person.name)

    def _echo(self, event: Posted | Signalled, plain: bytes) -> None:
        """Show what this very person said: the receipt, where clients know what that is."""
        here = event.cause is not None and event.cause.session == self.key
        if Cap.ECHO_MESSAGE in self.caps:
            self._receipt(event, plain, here)
        elif not here and not event.room.direct:
            self.outbox.write(plain)
        if event.room.direct and fold(event.to) == fold(self.person.name):
            self.outbox.write(plain)

    def _receipt(self, event: Posted | Signalled, plain: bytes, here: bool) -> None:
        label = event.cause.label if here and event.cause is not None else None
        response = self._receipts.get(label) if label is not None else None
        if response is not None:
            lines = response.receipts(self.lines_of(event))
            plain = b"".join([line.encode() for line in lines])
        self.outbox.write(plain)

    def lines_of(self, event: Event) -> list[Line]:
        """An event as this client sees it."""
        return render(event, self.caps)

    def _wants(self, event: Event) -> bool:
        """What is only for some of those who may hear it."""
        if isinstance(event, Announced):
            return "w" in self.modes
        if isinstance(event, MarkerMoved):
            return event.cause is None or event.cause.session != self.key
        if isinstance(event, Invited):
            return Cap.INVITE_NOTIFY in self.caps or fold(event.who.name) == fold(self.person.name)
        return True

    def _watched(self, event: Watched) -> Line:
        if event.online:
            return Line(Numeric.MONONLINE, (self.person.name, event.by.mask), self.server.name)
        return Line(Numeric.MONOFFLINE, (self.person.name, event.by.name), self.server.name)

    # -- the end

    def close(self, reason: str) -> None:
        """Show why, and hang up."""
        if not self.closed:
            self.gone(reason)
            text = f"Closing link: {self.person.name} ({reason})"
            self.outbox.close(Line("ERROR", (text,)).encode())

    def gone(self, reason: str) -> None:
        """The client is no more, for whatever reason."""
        if self.closed:
            return
        self.closed = True
        self._turns.stop()
        self.irc.portions.drop(self.outbox)
        if self.handshake is not None:
            self.handshake.end()
        if self.heartbeat is not None:
            self.heartbeat.end()
            self.heartbeat = None
        core = self.irc.core
        self.irc.clients.pop(self.key, None)
        if self.moved:
            core.gate.went(self.address)
        core.sessions.leave(self, reason)
        core.presence.unwatch_all(self)
        core.accounts.forget(self.key)


def _is_post(line: Line) -> bool:
    """Whether a line is a message on its way to somebody."""
    return line.verb in PIPELINED and any(line.params[:1]) and fold(line.params[0]) != fold(SERVICE)
