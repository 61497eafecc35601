"""One IRC client: what it has sent and we have not done yet, and what it is shown.

Requests of one client are done one after another, except that messages do not wait for
the disk one by one: a bounded number may be on their way to it together, in order, and
any other request waits for them. A client that is ahead of its limits is slowed down,
never cut off: its further lines wait here, and beyond a few of them so does its machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from chatd.answers import Answer
from chatd.commands import Request
from chatd.commands.dispatch import Dispatcher
from chatd.core import Core
from chatd.core.limits import Buckets
from chatd.core.settings import Server
from chatd.events import Batch, Event, Invited, Posted, Signalled, Watched
from chatd.frontends.irc.profile import Profile, Profiles
from chatd.frontends.irc.render import render
from chatd.frontends.irc.replies import reply
from chatd.frontends.irc.response import Response
from chatd.frontends.outbox import Mailman, Outbox
from chatd.interfaces import ISession
from chatd.model import Person, Rank
from chatd.names import fold
from chatd.wire.caps import Cap
from chatd.wire.irc import BadLine, Line, parse
from chatd.wire.numerics import Numeric

WAITING = 64
"""Lines that may wait before the client's machine has to."""
PIPELINED = frozenset({"PRIVMSG", "NOTICE", "TAGMSG"})
EARLY = frozenset({"AUTHENTICATE", "CAP", "ERROR", "NICK", "NICKSERV", "NS", "PASS", "PING"}) | {
    "PONG",
    "QUIT",
    "REGISTER",
    "USER",
    "VERIFY",
}
"""What a client may ask for before it is on line."""


@dataclass(frozen=True, slots=True)
class Irc:
    """What all clients of one IRC front-end share."""

    core: Core
    dispatcher: Dispatcher
    options: Any
    reactor: IReactorTime
    profiles: Profiles
    mailman: Mailman
    buckets: Buckets
    clients: dict[str, Client] = field(default_factory=dict)


@implementer(ISession)
class Client:
    """A session in the IRC dialect. Whoever holds the stream hands it lines by `take`.

    :param outbox: where its bytes go.
    :param hold: called with true when no more should be read from the client for now, and
        with false when it may go on.
    """

    log = Logger()

    __slots__ = (
        "_busy",
        "_hold",
        "_holding",
        "_lines",
        "_next",
        "_pause",
        "_posts",
        "_receipts",
        "_response",
        "active",
        "address",
        "cap_version",
        "closed",
        "fingerprint",
        "handshake",
        "irc",
        "key",
        "modes",
        "outbox",
        "person",
        "profile",
        "rank",
        "sasl",
        "secure",
        "since",
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
        self.address = address
        self.secure = secure
        self.fingerprint = fingerprint
        self.since = self.active = irc.core.log.now()
        self.profile: Profile = irc.profiles.of(frozenset())
        self.modes: frozenset[str] = frozenset()
        self.cap_version = 0
        self.handshake: Any = None
        self.sasl: Any = None
        self.outbox = outbox
        self.closed = False
        self._hold = hold
        self._holding = False
        self._lines: deque[bytes] = deque()
        self._next: Line | None = None
        self._busy = False
        self._posts = 0
        self._pause: IDelayedCall | None = None
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
        self._lines.append(data)
        self._work()
        if len(self._lines) >= WAITING and not self._holding:
            self._holding = True
            self._hold(True)

    def refuse_long(self) -> None:
        """A line was longer than any may be; the rest of it was swallowed."""
        self.numeric(Numeric.INPUTTOOLONG, "That line was too long.")

    def _work(self) -> None:
        while not self._busy and not self.closed and self._pause is None:
            line = self._next or self._take_next()
            if line is None or self._must_wait(line) or self._is_ahead():
                break
            self._next = None
            self._start(line)
        if self._holding and len(self._lines) < WAITING // 2:
            self._holding = False
            self._hold(False)

    def _must_wait(self, line: Line) -> bool:
        """Whether messages that are on their way to the disk have to be there first."""
        if line.verb in PIPELINED:
            return self._posts >= self.irc.core.settings.limits.posts_waiting
        return self._posts > 0

    def _take_next(self) -> Line | None:
        """Read the next line, if there is one; what is no line is answered at once."""
        while self._lines and self._next is None:
            try:
                self._next = parse(self._lines.popleft())
            except BadLine as bad:
                if bad.code == "TOO_LONG":
                    self.refuse_long()
                elif bad.code == "NOT_UTF8":
                    self.fail("*", "INVALID_UTF8", "Only UTF-8 is understood here.")
        return self._next

    def _is_ahead(self) -> bool:
        """Whether the client has to wait before its next request."""
        limits = self.irc.core.settings.limits
        wait = self.irc.buckets.wait(self.key, limits.messages, limits.messages_every)
        if wait:
            self._pause = self.irc.reactor.callLater(wait, self._go_on)
        return bool(wait)

    def _go_on(self) -> None:
        self._pause = None
        self._work()

    def _start(self, line: Line) -> None:
        pipelined = line.verb in PIPELINED
        done = ensureDeferred(self._run(line))
        if done.called:
            done.addErrback(self._bug)
            return
        if pipelined:
            self._posts += 1
        else:
            self._busy = True
        done.addErrback(self._bug)
        done.addBoth(lambda _: self._finished(pipelined))

    def _finished(self, pipelined: bool) -> None:
        if pipelined:
            self._posts -= 1
        else:
            self._busy = False
        self._work()

    def _bug(self, failure: Any) -> None:
        self.log.failure("a request was not answered", failure)

    async def _run(self, line: Line) -> None:
        if line.verb not in ("PING", "PONG"):
            self.active = self.irc.core.log.now()
        label = line.tags.get("label") if Cap.LABELED_RESPONSE in self.caps else None
        response = Response(label)
        if self.handshake is not None and line.verb not in EARLY:
            self.numeric(Numeric.NOTREGISTERED, "You have not registered.", response=response)
        else:
            request = Request(
                self,
                line.verb,
                line.params,
                lambda answer: self.show(answer, line.verb, response),
                line.tags,
                label,
            )
            await self._ask(request, response)
        self._end(response)

    async def _ask(self, request: Request, response: Response) -> None:
        if request.verb not in PIPELINED:
            self._response = response
            await self.irc.dispatcher.run(request)
            self._response = None
            return
        response.inline = "," not in (request.params or ("",))[0]
        if response.label is not None:
            self._receipts[response.label] = response
        await self.irc.dispatcher.run(request)
        if response.label is not None:
            self._receipts.pop(response.label, None)

    def _end(self, response: Response) -> None:
        for line in response.lines(self.server.name, self.irc.core.new_id):
            self.outbox.write(line.encode())

    # -- what the client is shown

    def show(self, answer: Answer, verb: str, response: Response | None = None) -> None:
        """Show an answer to a request."""
        for line in reply(answer, self, verb):
            self.send(line, response)

    def answer(self, answer: Answer) -> None:
        """Show something that nobody asked for just now."""
        self.show(answer, "*", self._response)

    def send(self, line: Line, response: Response | None = None) -> None:
        """Write a line; with a labelled response it waits for the others of that."""
        response = response or self._response
        if response is not None and response.label is not None:
            response.add(line)
        else:
            self.outbox.write(line.encode())

    def numeric(self, numeric: Numeric, *params: str, response: Response | None = None) -> None:
        """Write a numbered reply; the client's name is put before the parameters."""
        self.send(Line(numeric, (self.person.name, *params), self.server.name), response)

    def fail(self, verb: str, code: str, *context_and_text: str) -> None:
        """Write a standard reply that something was refused."""
        self.send(Line("FAIL", (verb, code, *context_and_text), self.server.name))

    def deliver(self, batch: Batch) -> None:
        """Show what happened: the same bytes as to all who are alike, unless it is personal."""
        first = batch.events[0]
        if self.key in batch.causes or isinstance(first, _PERSONAL) or _is_direct(first):
            for event in batch.events:
                self._deliver(event)
        else:
            self.outbox.write(self.profile.block(batch))

    def _deliver(self, event: Event) -> None:
        if isinstance(event, Watched):
            self.outbox.write(self._watched(event).encode())
        elif isinstance(event, Posted | Signalled) and self._is_mine(event):
            self._echo(event)
        elif self._wants(event):
            self._deliver_plain(event)

    def _deliver_plain(self, event: Event) -> None:
        own = event.cause is not None and event.cause.session == self.key
        for line in self.lines_of(event):
            self.send(line) if own else self.outbox.write(line.encode())

    def _is_mine(self, event: Event) -> bool:
        return fold(event.by.name) == fold(self.person.name)

    def _echo(self, event: Posted | Signalled) -> None:
        """Show what this very person said: the receipt, where clients know what that is."""
        here = event.cause is not None and event.cause.session == self.key
        if Cap.ECHO_MESSAGE in self.caps:
            self._receipt(event, here)
        elif not here and not event.room.direct:
            self._deliver_plain(event)
        if event.room.direct and fold(event.to) == fold(self.person.name):
            self.outbox.write(self.profile.bytes_of(event))

    def _receipt(self, event: Posted | Signalled, here: bool) -> None:
        label = event.cause.label if here and event.cause is not None else None
        lines = self.lines_of(event)
        response = self._receipts.get(label) if label is not None else None
        if response is not None:
            lines = response.receipts(lines)
        self.outbox.write(b"".join([line.encode() for line in lines]))

    def lines_of(self, event: Event) -> list[Line]:
        """An event as this client sees it."""
        return render(event, self.caps)

    def _wants(self, event: Event) -> bool:
        """What is only for some of those who may hear it."""
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
        self._lines.clear()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self.handshake is not None:
            self.handshake.end()
        core = self.irc.core
        self.irc.clients.pop(self.key, None)
        core.sessions.leave(self, reason)
        core.presence.unwatch_all(self)
        core.accounts.forget(self.key)


_PERSONAL = (Invited, Watched)


def _is_direct(event: Event) -> bool:
    return isinstance(event, Posted | Signalled) and event.room.direct
