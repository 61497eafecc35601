"""A whole house in memory: the daemon's own wiring over a store that forgets and a clock that
stands still, and clients that speak to it without a socket.

    house = House()
    ada, bob = house.client("ada"), house.client("bob")
    ada.joins("#tea"), bob.joins("#tea")
    ada.says("PRIVMSG #tea :milk first?")
    assert bob.hears() == [":ada PRIVMSG #tea :milk first?"]

Nothing waits: when `says` returns, all that it caused has happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from zope.interface import implementer

from chatd.answers import Answer
from chatd.buses.local import LocalBus
from chatd.commands import Request, find_commands
from chatd.commands.dispatch import Dispatcher
from chatd.commands.login import enter
from chatd.core.settings import Auth, Files, Limits, Server, Settings
from chatd.errors import NotKept
from chatd.events import Batch, Event, Kept
from chatd.frontends.irc import Options, make_irc
from chatd.frontends.irc.protocol import IRCProtocol
from chatd.interfaces import IAuthenticator, IDaemon, IFileRelay, ISession
from chatd.model import Account, Person, Rank, Reloaded
from chatd.service import Parts, make_core
from chatd.stores.memory import MemoryStore
from chatd.wire.irc import Line, parse_text

ADDRESS = "192.168.1.1"
"""Where clients come from who come from nowhere in particular."""
START = 1_767_225_600  # 2026-01-01T00:00:00Z
FAST = Limits(messages_every=0, account_messages_every=0, registrations_every=0)  # type: ignore[arg-type]


@implementer(IAuthenticator)
class PlainPassword:
    """Passwords as they are: what argon2 does is tested where it is used."""

    kind = "password"

    async def enrol(self, proof: str) -> str:
        return f"plain:{proof}"

    async def verify(self, proof: str, secret: str) -> bool:
        return secret.removeprefix("old-") == f"plain:{proof}"

    async def pretend(self, proof: str) -> None:
        return None

    def outdated(self, secret: str) -> bool:
        return secret.startswith("old-")


@implementer(IAuthenticator)
class PlainCertificate(PlainPassword):
    """Fingerprints as they are."""

    kind = "certificate"

    async def enrol(self, proof: str) -> str:
        return proof

    async def verify(self, proof: str, secret: str) -> bool:
        return proof == secret


class Disk(MemoryStore):
    """A store that takes no entries while it is `full`."""

    full = False

    async def append(self, entries: Sequence[Kept]) -> Sequence[int]:
        if self.full:
            raise NotKept("the disk is full.")
        return await super().append(entries)


class House:
    """The daemon without its doors. Guests are welcome unless `auth` says otherwise."""

    def __init__(
        self,
        store: Any = None,
        server: Server | None = None,
        auth: Auth | None = None,
        limits: Limits = FAST,
        *others: IAuthenticator,
        files: Files | None = None,
        relays: Sequence[IFileRelay] = (),
    ) -> None:
        self.clock = Clock()
        self.clock.advance(START)
        self.store = store or MemoryStore()
        self.settings = Settings(
            server or Server(name="house", lobby=""),
            auth or Auth(guests=True),
            limits,
            files=files or Files(),
        )
        self.daemon = FakeDaemon()
        ids = count(1)
        self.core = make_core(
            Parts(
                self.store,
                LocalBus(),
                {one.kind: one for one in (PlainPassword(), PlainCertificate(), *others)},
                self.settings,
                self.clock,
                lambda: int(self.clock.seconds() * 1000),
                lambda: f"id{next(ids)}",
                b"secret",
                self.daemon,
                relays,
            )
        )
        self.now(self.core.rooms.load())
        self.now(self.core.metadata.load())
        self.now(self.core.server_bans.load())
        self.now(self.core.files.load())
        self.now(self.core.transfers.begin())
        self.dispatcher = Dispatcher(self.core, find_commands(), self.core.new_id)
        self.irc = make_irc(self.core, Options(tls=False, insecure=True), self.clock)

    def settle(self) -> None:
        """Let everything happen that is due now."""
        for _ in range(20):
            self.clock.advance(0)

    def now(self, work: Any) -> Any:
        """What a coroutine of the house gives, at once."""
        done: Deferred[Any] = ensureDeferred(work)
        self.settle()
        found: list[Any] = []
        done.addBoth(found.append)
        assert found, "it still waits for something"
        if hasattr(found[0], "raiseException"):
            found[0].raiseException()
        return found[0]

    def account(self, name: str, rank: Rank = Rank.USER, password: str = "sesame") -> Account:
        """An account that is there already."""
        made = self.store.add_account(name, rank, 0, {"password": f"plain:{password}"})
        account: Account = self.now(made)
        return account

    def session(
        self, name: str, account: bool = False, rank: Rank = Rank.USER, key: str = ""
    ) -> FakeSession:
        """A session of no dialect that is on line, in its rooms; what that told is forgotten."""
        person = Person(name)
        if account:
            found = self.now(self.store.find_account(name)) or self.account(name)
            person = Person(name, account=found.name, key=found.key)
        session = FakeSession(person, rank if account else Rank.GUEST, key or self.core.new_id())
        first = self.now(enter(self.core, session))
        self.now(self.core.members.arrive(session, first))
        session.hears()
        session.answers.clear()
        return session

    def ask(self, session: Any, verb: str, *params: str, **tags: str) -> list[Answer]:
        """Let a session ask for something, in no dialect; what it is answered."""
        answers: list[Answer] = []
        named = {f"+{name}": value for name, value in tags.items()}
        self.now(self.dispatcher.run(Request(session, verb, params, answers.append, named)))
        return answers

    def says(self, session: Any, verb: str, *params: str) -> list[str]:
        """The same, with the sentences of the answers."""
        return [str(answer) for answer in self.ask(session, verb, *params)]

    def client(self, name: str, caps: str = "", account: bool = False) -> Client:
        """An IRC client that is on line; with an account if asked for, which is made if need be."""
        client = self.stranger()
        if account:
            if self.now(self.store.find_account(name)) is None:
                self.account(name)
            client.says(f"PASS {name}:sesame")
        if caps:
            client.says(f"CAP REQ :{caps}")
        client.says(f"NICK {name}", f"USER {name} 0 * :{name.title()}")
        if caps:
            client.says("CAP END")
        assert any(" 001 " in line for line in client.hears(whole=True)), "not welcome"
        return client

    def stranger(self, address: str = ADDRESS) -> Client:
        """An IRC client that has connected and said nothing yet."""
        return Client(self, address)


class Client:
    """One IRC client without a socket."""

    def __init__(self, house: House, address: str = ADDRESS) -> None:
        self.house = house
        self.transport = StringTransport(peerAddress=_Peer(address))
        self.protocol = IRCProtocol(house.irc)
        self.protocol.makeConnection(self.transport)

    @property
    def session(self) -> Any:
        """The session in the house."""
        return self.protocol._client

    @property
    def gone(self) -> bool:
        """Whether the server has hung up."""
        return bool(self.transport.disconnecting)

    def says(self, *lines: str) -> None:
        """Send lines, and let the house do what they ask for."""
        self.sends("".join(f"{line}\r\n" for line in lines).encode())

    def sends(self, data: bytes) -> None:
        """Send bytes, and let the house do what they ask for."""
        self.protocol.dataReceived(data)
        self.house.settle()

    def joins(self, *rooms: str) -> None:
        """Come into rooms; what is told of that is not looked at."""
        for room in rooms:
            self.says(f"JOIN {room}")
        self.hears()

    def lines(self) -> list[Line]:
        """What came since one last looked."""
        self.house.settle()
        text = self.transport.value().decode()
        self.transport.clear()
        assert text == "" or text.endswith("\r\n")
        return [parse_text(line) for line in text.split("\r\n")[:-1]]

    def hears(self, whole: bool = False) -> list[str]:
        """What came since one last looked, without tags, and with only the name of who did it."""
        return [(_whole if whole else plain)(line) for line in self.lines()]

    def leaves(self) -> None:
        """The connection is cut."""
        from twisted.internet.error import ConnectionLost
        from twisted.python.failure import Failure

        self.protocol.connectionLost(Failure(ConnectionLost()))
        self.house.settle()


@implementer(IDaemon)
class FakeDaemon:
    """A process that only remembers what it was told.

    `reloaded` is what becomes of its settings.
    """

    ini = "chatd.ini"

    def __init__(self) -> None:
        self.reloaded = Reloaded()
        self.reloads = 0
        self.ended = False

    def reload(self) -> Reloaded:
        self.reloads += 1
        return self.reloaded

    def end(self) -> None:
        self.ended = True


@implementer(ISession)
class FakeSession:
    """A session of no dialect: remembers what it was shown."""

    secure = True
    fingerprint = None
    since = active = START * 1000

    def __init__(self, person: Person, rank: Rank = Rank.USER, key: str = "") -> None:
        self.person = person
        self.rank = rank
        self.office = ""
        self.key = key or f"session of {person.name}"
        self.address = "192.0.2.1"
        self.heard: list[Event] = []
        self.answers: list[Answer] = []
        self.closed: str | None = None

    def deliver(self, batch: Batch) -> None:
        self.heard.extend(batch.events)

    def answer(self, answer: Answer) -> None:
        self.answers.append(answer)

    def hears(self) -> list[str]:
        """The sentences of what was shown since one last looked."""
        sentences = [str(event) for event in self.heard]
        self.heard.clear()
        return sentences

    def close(self, reason: str) -> None:
        self.closed = reason


class _Peer:
    def __init__(self, host: str) -> None:
        self.host = host


def _whole(line: Line) -> str:
    return line.text()


def plain(line: Line) -> str:
    """A line without tags, and with only the name of who did it; the house itself is nobody."""
    source = line.source.partition("!")[0] if line.source else None
    if source == "house":
        source = None
    return Line(line.verb, line.params, source).text()


def numbered(lines: list[str]) -> Iterator[str]:
    """Only the numbered replies and errors among lines."""
    return (line for line in lines if re.match(r"\d{3} |FAIL ", line))
