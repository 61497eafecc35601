"""A small chat server for the clients' tests: it keeps logs, echoes, and does as the test says.

`Scripted` is the server, `Seat` one client's place at it; neither needs a network. A test
decides when lines travel, and cuts the connection with lines still on their way.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import trustme
from twisted.internet import reactor
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.ssl import DefaultOpenSSLContextFactory
from twisted.internet.task import Clock
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from chatd.wire.irc import Line, parse, parse_text
from clients.cli.sharing import Sharing
from clients.lib.backoff import Backoff
from clients.lib.carrier import Broken, Carrier
from clients.lib.conversation import Conversation
from clients.lib.events import Event, Message
from clients.lib.model import Login
from clients.lib.transfers import Transfers

_E = TypeVar("_E", bound=Event)
CAPS = (
    "message-tags server-time batch labeled-response echo-message sasl=PLAIN,EXTERNAL"
    " standard-replies account-notify account-tag extended-join away-notify multi-prefix"
    " draft/chathistory draft/account-registration=before-connect"
)
MANY = 3
"""Messages in a page of history: few, so that tests need several pages."""


@dataclass
class Scripted:
    """Accounts, and rooms with their logs."""

    accounts: dict[str, str] = field(default_factory=lambda: {"ada": "pw", "bob": "pw"})
    logs: dict[str, list[Line]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=lambda: {"#tea": {"ada", "bob"}})
    seats: list[Seat] = field(default_factory=list)
    connections: list[ScriptedLines] = field(default_factory=list)
    refuse: str | None = None
    forget: bool = False
    tags_kept: bool = True

    def post(self, who: str, to: str, text: str, **tags: str) -> Line:
        """Keep a message, and give it to all who should hear it."""
        key = to if to.startswith("#") else " ".join(sorted((who, to)))
        log = self.logs.setdefault(key, [])
        number = len(log) + 1
        kept = {"msgid": f"{key.replace(' ', '_')}-{number}", "time": _time(number), **tags}
        line = Line("PRIVMSG", (to, text), f"{who}!{who}@chat", kept)
        log.append(line)
        return line

    def say(self, who: str, to: str, text: str) -> None:
        """Somebody else says something."""
        line = self.post(who, to, text)
        for seat in self.seats:
            if (to in self.members and seat.name in self.members[to]) or seat.name in (to, who):
                seat.send(line)

    def texts(self, key: str = "#tea") -> list[str]:
        """What was said in a room."""
        return [line.params[1] for line in self.logs.get(key, [])]


@dataclass
class Seat:
    """One connection, as the server sees it."""

    server: Scripted
    send: Callable[[Line], None]
    name: str = ""
    proven: bool = False
    open: bool = True

    def hear(self, line: Line) -> None:
        """Do what the client asks for."""
        act = getattr(self, f"do_{line.verb.lower()}", None)
        if act is not None:
            act(line, *line.params)

    def reply(self, line: Line, verb: str, *params: str) -> None:
        """Answer one request with one line."""
        self.send(Line(verb, params, "chat.example", _label(line)))

    def do_cap(self, line: Line, what: str, rest: str = "") -> None:
        if what == "LS":
            self.reply(line, "CAP", "*", "LS", CAPS)
        elif what == "REQ":
            self.reply(line, "CAP", "*", "ACK", rest)
        elif what == "END":
            self.welcome(line)

    def do_nick(self, line: Line, name: str) -> None:
        self.name = name

    def do_authenticate(self, line: Line, proof: str) -> None:
        if proof == "PLAIN":
            self.reply(line, "AUTHENTICATE", "+")
            return
        name, _, password = base64.b64decode(proof).decode().split("\0")
        self.proven = self.server.accounts.get(name) == password
        self.reply(line, "903" if self.proven else "904", name, "The name or the secret is wrong.")

    def do_register(self, line: Line, name: str, mail: str, password: str) -> None:
        if self.name in self.server.accounts:
            self.reply(line, "FAIL", "REGISTER", "ACCOUNT_EXISTS", self.name, "There is one.")
            return
        self.server.accounts[self.name] = password
        self.reply(line, "REGISTER", "SUCCESS", self.name, "The account is made.")

    def welcome(self, line: Line) -> None:
        self.server.seats.append(self)
        self.reply(line, "001", self.name, f"Welcome, {self.name}")
        self.reply(line, "005", self.name, f"CHATHISTORY={MANY}", "are supported")
        for room, members in self.server.members.items():
            if self.name in members and self.proven:
                self.enter(room)
        self.reply(line, "422", self.name, "No message of the day")

    def enter(self, room: str) -> None:
        names = " ".join(sorted(self.server.members[room]))
        self.send(Line("JOIN", (room, self.name, self.name), f"{self.name}!u@chat"))
        self.send(Line("353", (self.name, "=", room, names), "chat.example"))
        self.send(Line("366", (self.name, room, "End"), "chat.example"))

    def do_join(self, line: Line, room: str) -> None:
        members = self.server.members.setdefault(room, set())
        if self.name not in members:
            members.add(self.name)
            self.enter(room)

    def do_part(self, line: Line, room: str) -> None:
        self.server.members[room].discard(self.name)
        self.send(Line("PART", (room,), f"{self.name}!u@chat"))

    def do_ping(self, line: Line, token: str) -> None:
        self.reply(line, "PONG", "chat.example", token)

    def do_quit(self, line: Line, *reason: str) -> None:
        self.send(Line("ERROR", ("Bye.",)))
        self.open = False

    def do_who(self, line: Line, room: str) -> None:
        self.reply(line, "315", self.name, room, "End")

    def do_monitor(self, line: Line, sign: str, name: str) -> None:
        self.reply(line, "731", self.name, name)

    def do_privmsg(self, line: Line, to: str, text: str) -> None:
        members = self.server.members.get(to, {to, self.name} & self.server.accounts.keys())
        if self.server.refuse is not None or self.name not in members:
            code = self.server.refuse or "NOT_IN_ROOM"
            self.reply(line, "FAIL", "PRIVMSG", code, to, "That was refused.")
            return
        kept = {k: v for k, v in line.tags.items() if k[0] == "+" and self.server.tags_kept}
        said = self.server.post(self.name, to, text, **kept)
        self.send(Line(said.verb, said.params, said.source, {**said.tags, **_label(line)}))
        for seat in self.server.seats:
            if seat is not self and (seat.name in members and seat.name in (to, *members)):
                seat.send(said)

    def do_chathistory(self, line: Line, how: str, to: str, *rest: str) -> None:
        if self.server.forget:
            self.reply(line, "FAIL", "CHATHISTORY", "INVALID_TARGET", how, to, "No history.")
            return
        if how == "TARGETS":
            self.batch(line, "draft/chathistory-targets", [], self.partners())
            return
        log = self.server.logs.get(to if to[0] == "#" else " ".join(sorted((self.name, to))), [])
        place = int(rest[0].rpartition("-")[2]) if rest[0].startswith("msgid=") else 0
        size = int(rest[-1])
        assert size <= MANY
        if how == "AFTER":
            page = log[place:][:size]
        else:
            page = (log[: place - 1] if how == "BEFORE" else log)[-size:]
        self.batch(line, "chathistory", [to], page)

    def partners(self) -> list[Line]:
        pairs = [key.split() for key in self.server.logs if " " in key]
        others = [one if self.name == two else two for one, two in pairs if self.name in (one, two)]
        return [Line("CHATHISTORY", ("TARGETS", other, _time(1))) for other in others]

    def batch(self, line: Line, kind: str, params: list[str], lines: list[Line]) -> None:
        self.send(Line("BATCH", ("+b", kind, *params), "chat.example", _label(line)))
        for inner in lines:
            self.send(Line(inner.verb, inner.params, inner.source, {**inner.tags, "batch": "b"}))
        self.send(Line("BATCH", ("-b",), "chat.example"))


@dataclass
class Wire:
    """A conversation and a scripted server, with lines that travel when the test says so."""

    server: Scripted = field(default_factory=Scripted)
    login: Login = field(default_factory=lambda: Login("ada", "pw"))
    heard: list[Event] = field(default_factory=list)
    up: deque[Line] = field(default_factory=deque)
    down: deque[Line] = field(default_factory=deque)
    timers: list[Callable[[], object]] = field(default_factory=list)
    first_page: int = 2

    def __post_init__(self) -> None:
        self.seat: Seat | None = None
        self.client = Conversation(
            self.login,
            self.heard.append,
            lambda seconds, call: self.timers.append(call),
            "seed",
            self.first_page,
        )

    def connect(self) -> None:
        """A new connection; nothing has travelled yet."""
        self.up, self.down = deque(), deque()
        self.seat = Seat(self.server, self.down.append)
        self.client.connected(self.up.append)

    def travel(self, up: int = 1000, down: int = 1000) -> None:
        """Let so many lines travel each way, each at once answered, until nothing moves."""
        while (up and self.up) or (down and self.down):
            while up and self.up:
                up -= 1
                assert self.seat is not None
                self.seat.hear(self.up.popleft())
            while down and self.down:
                down -= 1
                self.client.hear(self.down.popleft())

    def cut(self) -> None:
        """The connection breaks; what has not travelled is lost."""
        if self.seat in self.server.seats:
            self.server.seats.remove(self.seat)
        self.seat = None
        self.client.disconnected()

    def start(self) -> Wire:
        """Connect and let everything travel."""
        self.connect()
        self.travel()
        return self

    def take(self, kind: type[_E]) -> list[_E]:
        """The events of this kind that the view was told."""
        return [event for event in self.heard if isinstance(event, kind)]

    def texts(self, room: str = "#tea") -> list[str]:
        """The messages that the view was told, in that order."""
        return [event.text for event in self.take(Message) if event.room == room]


def sharing(wire: Wire, folder: Path = Path()) -> Sharing:
    """The files of a client that can connect to nobody."""

    async def dial(moved: Callable[[int], None]) -> Carrier:
        raise Broken("There is no network here.")

    files, tell = wire.client.files, wire.heard.append
    transfers = Transfers(Clock(), files, dial, tell, lambda: Backoff(lambda: 0.5))
    return Sharing(files, transfers, folder, tell)


def hear(wire: Wire, *lines: str) -> None:
    """Let the client hear these lines."""
    for line in lines:
        wire.client.hear(parse_text(line))


def _label(line: Line) -> dict[str, str]:
    return {"label": line.tags["label"]} if "label" in line.tags else {}


def _time(number: int) -> str:
    return f"2026-11-21T10:{number // 60 % 60:02}:{number % 60:02}.000Z"


class ScriptedLines(LineOnlyReceiver):
    """A seat at the end of a real connection."""

    delimiter = b"\r\n"
    transport: Any

    def __init__(self, server: Scripted) -> None:
        self.server = server

    def connectionMade(self) -> None:
        self.server.connections.append(self)
        self.seat = Seat(self.server, lambda line: self.transport.write(line.encode()))

    def lineReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted calls it
        self.seat.hear(parse(data))
        if not self.seat.open:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.server.connections.remove(self)
        if self.seat in self.server.seats:
            self.server.seats.remove(self.seat)


def listen(server: Scripted, issued: trustme.LeafCert, folder: Path, port: int = 0) -> Any:
    """Serve with this certificate on the loopback interface; gives the port."""
    pem = folder / "server.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(str(pem))
    factory = Factory.forProtocol(lambda: ScriptedLines(server))
    context = DefaultOpenSSLContextFactory(str(pem), str(pem))
    return reactor.listenSSL(port, factory, context, interface="127.0.0.1")
