"""Whole sessions of anything at all: the house answers, or is silent; it never breaks.

`CHATD_FUZZ_SECONDS` says for how long; `make fuzz` takes ten minutes.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatd.core import sessions
from chatd.core.settings import Auth, Limits, Server
from chatd.model import Rank
from chatd.relays.pair import Pair
from chatd.wire.caps import Cap
from chatd.wire.irc import LONGEST, parse_text
from tests.frontends.human.persons import HumanHouse
from tests.house import FAST, Client, House

SECONDS = float(os.environ.get("CHATD_FUZZ_SECONDS", "15"))
MOST_TAGS = 8191

NAMES = ("ada", "bob", "Cy", "boss", "nobody", "NickServ", "*", "", "a" * 40, "ä", "#tea", "x y")
ROOMS = ("#tea", "#TEA", "#pot", "#a,#b", "@#tea", "+#tea", "#", "#" + "x" * 80, "tea", "#tea,#pot")
MASKS = ("*", "a*", "[", "!#t*", "*!*@*", "$a:ada", "$a:", "ada", "@host", "?" * 30, "\\")
WORDS = (
    "",
    "hi",
    ":",
    "a b",
    "é" * 200,
    "\x01ACTION waves\x01",
    "\x1dit\x1d",
    "x" * 400,
    "0",
    "-1",
)
SPOTS = (
    "*",
    "msgid=2-1",
    "msgid=9-99",
    "msgid=",
    "msgid=2-99999999999999999999",
    "timestamp=2026-01-01T00:00:00.000Z",
    "timestamp=9999-12-31T23:59:59.999Z",
    "timestamp=0001-01-01T00:00:00+14:00",
    "timestamp=soon",
    "colour=red",
)
MODES = (
    "+o",
    "-o",
    "+v",
    "+q",
    "+b",
    "-b",
    "+e",
    "+I",
    "b",
    "+k",
    "-k",
    "+l",
    "+imnst-r",
    "+x",
    "+i",
)
CAPS = (*Cap, "-batch", "-cap-notify", "nonsense", "=", "sasl=PLAIN")
SECRETS = ("+", "*", "PLAIN", "EXTERNAL", "AGFkYQBzZXNhbWU=", "AGFkYQB3cm9uZw==", "///", "A" * 400)
NUMBERS = ("0", "1", "5", "100", "99999999999", "-3", "x")
FIELDS = ("%", "%tcuihsnfdlaor,42", "o", "o%na", "%%%")

name, room = st.sampled_from(NAMES), st.sampled_from(ROOMS)
target = name | room
word, mask = st.sampled_from(WORDS), st.sampled_from(MASKS)
spot, number = st.sampled_from(SPOTS), st.sampled_from(NUMBERS)
modes, secret = st.sampled_from(MODES), st.sampled_from(SECRETS)
cap = st.lists(st.sampled_from(CAPS), max_size=6).map(" ".join)
anything = target | word | mask | spot | number | modes | secret

FILES = (*(f"id{n}" for n in range(1, 40)), "x" * 200)
TICKETS = (*(f"id{n}id{n + 1}" for n in range(1, 40)), "", "x" * 200)
SHAPES: dict[str, tuple[st.SearchStrategy[str], ...]] = {
    "ACCEPT": (st.sampled_from(FILES),),
    "AUTHENTICATE": (secret,),
    "AWAY": (word,),
    "BAN": (room, mask, st.sampled_from(("", "1h", "1y", "999999w"))),
    "BANS": (room,),
    "BRING": (st.sampled_from(FILES),),
    "CAP": (st.sampled_from(("LS", "REQ", "LIST", "END", "?")), cap | st.just("302")),
    "CANCEL": (st.sampled_from(FILES), word),
    "CERT": (st.just("ADD"),),
    "CHATHISTORY": (
        st.sampled_from(("LATEST", "BEFORE", "AFTER", "AROUND", "BETWEEN", "TARGETS", "")),
        target | spot,
        spot | number,
        spot | number,
        number,
    ),
    "FILE": (
        st.sampled_from(("OFFER", "ACCEPT", "DECLINE", "CANCEL", "TICKET", "LIST", "BRING", "")),
        target | st.sampled_from(FILES),
        number | st.sampled_from(("SEND", "RECEIVE")),
        st.sampled_from(("a/b", "image/png", "a", "/", "ü/x")),
        st.sampled_from(("*", "5a" * 32, "5A" * 32, "5a")),
        word | st.sampled_from(("..", "a/b", "x.mp4", "\u202e", "\x07", "é" * 140)),
    ),
    "FILES": (target,),
    "FILEW": (target, number, word | st.just("x.mp4")),
    "DECLINE": (st.sampled_from(FILES), word),
    "GRANT": (room, name, st.sampled_from(("op", "owner", "king"))),
    "HELP": (st.sampled_from(("", "TOPIC", "nonsense")),),
    "HISTORY": (target, number),
    "INFO": (),
    "INVITE": (name, room),
    "ISON": (name, name),
    "JOIN": (room, word),
    "KICK": (room, name, word),
    "KILL": (name, word),
    "LIST": (mask | st.sampled_from((">0", "<9", "C<5", "T>1", "!*", "#tea", "C<x")),),
    "LOGIN": (name, st.sampled_from(("sesame", "wrong"))),
    "LUSERS": (),
    "ME": (target, word),
    "MODE": (target, modes, anything, anything),
    "MODES": (room,),
    "MONITOR": (st.sampled_from(("+", "-", "C", "L", "S", "?")), name),
    "MOTD": (),
    "NAMES": (room,),
    "NICK": (name,),
    "NOTICE": (target, word),
    "NS": (st.sampled_from(("REGISTER", "IDENTIFY", "SET PASSWORD", "CERT ADD", "VERIFY")), word),
    "ONLINE": (target,),
    "OPER": (name, st.sampled_from(("sesame", "wrong"))),
    "PART": (room, word),
    "PASS": (st.sampled_from(("sesame", "ada:sesame", ":", "")),),
    "PASSWORD": (st.just("sesame"), st.sampled_from(("sesame", "x", "a longer one"))),
    "PING": (word,),
    "PONG": (word,),
    "PRIVMSG": (target, word),
    "PROFILE": (name,),
    "QUIT": (word,),
    "REGISTER": (name, st.just("*"), st.sampled_from(("sesame-sesame", "short"))),
    "REVOKE": (room, name, st.just("op")),
    "ROOMS": (),
    "SET": (room, st.sampled_from(("limit", "password", "secret", "?")), number),
    "SETNAME": (word,),
    "TAGMSG": (target,),
    "TIME": (),
    "TOPIC": (room, word),
    "UNBAN": (room, mask),
    "UNSET": (room, st.sampled_from(("limit", "password", "secret", "?"))),
    "USER": (name, st.just("0"), st.just("*"), word),
    "USERHOST": (name, name),
    "VERIFY": (name, word),
    "VERSION": (),
    "WALLOPS": (word,),
    "WHO": (mask | target, st.sampled_from(FIELDS)),
    "WHOIS": (target, name),
    "WHOWAS": (name, number),
}
TAGS = ("", "@label=x ", "@label=x;+typing=active ", "@+draft/persist=1 ", "@a=\\s\\:;=;b ", "@ ")


def wish(draw: Any) -> tuple[str, list[str]]:
    """A verb that there is, and parameters that it might take."""
    verb = draw(st.sampled_from(sorted(SHAPES)))
    shape = SHAPES[verb]
    return verb, [draw(part) for part in shape[: draw(st.integers(0, len(shape)))]]


@st.composite
def typed(draw: Any) -> bytes:
    """The same as somebody at a terminal would type it."""
    verb, params = wish(draw)
    return f"/{' '.join((verb.lower(), *params))}\n".encode()


@st.composite
def sensible(draw: Any) -> bytes:
    """The same as a line of IRC."""
    verb, params = wish(draw)
    if params and draw(st.integers(0, 3)):
        params[-1] = f":{params[-1]}"
    tags = draw(st.sampled_from(TAGS))
    return f"{tags}{' '.join((verb, *params))}\r\n".encode()


first = st.builds(
    "RELAY {} {}\r\n{}".format,
    st.sampled_from(TICKETS),
    st.sampled_from(("0", "1", "9", "-1", "99999999999999999999", "", "0 0")),
    word,
).map(str.encode)
"""How a connection begins that carries a file."""
senseless = st.binary(max_size=600) | st.text(max_size=300).map(lambda t: f"{t}\n".encode())
long = st.sampled_from(
    (b"x" * 700, b"@" + b"a" * 5000 + b" PING x", b"y" * 9000 + b"\r\nPING z\r\n")
)


@dataclass
class Step:
    """Something that happens: somebody sends bytes, or types them, comes, is cut off, or time
    passes."""

    kind: str
    who: int = 0
    sent: bytes = b""


def said(lines: st.SearchStrategy[bytes]) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just("says"), st.integers(0, 3), lines)


steps = st.lists(
    st.builds(Step, st.just("types"), st.just(-1), typed() | typed() | senseless)
    | said(sensible())
    | said(sensible())
    | said(st.lists(sensible(), max_size=6).map(b"".join))
    | said(first)
    | said(senseless)
    | said(long)
    | st.builds(Step, st.sampled_from(("comes", "cut", "waits")), st.integers(0, 3)),
    max_size=30,
)
ALL = " ".join(Cap)


@dataclass
class World:
    """A house with some clients in it, one of whom only listens, and somebody at a terminal."""

    strict: bool
    clients: list[Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        limits = Limits(messages=10) if self.strict else FAST
        server = Server(name="house", lobby="#lobby" if self.strict else "", motd="Tea.\nMilk.")
        registration = "invite" if self.strict else "open"
        auth = Auth(guests=True, registration=registration)  # type: ignore[arg-type]
        self.house = HumanHouse(server=server, auth=auth, limits=limits, relays=[Pair()])
        self.house.account("boss", Rank.ADMIN)
        self.eve = self.house.client("eve", account=True)
        self.eve.joins("#tea", "#pot")
        self.clients = [
            self.house.client("ada", ALL, account=True),
            self.house.client("bob"),
            self.house.client("cy", "message-tags server-time echo-message batch", account=True),
            self.house.stranger(),
        ]
        self.dora = self.house.person("dora")
        self.dora.types("/join #tea", "/filew eve 9 own.txt", "/filew #tea 9 own.txt")

    def do(self, step: Step) -> None:
        """Let one thing happen, and see that it harmed nobody."""
        before = [client.gone for client in self.clients]
        if step.kind == "types":
            self.types(step.sent)
        else:
            self.let(step, self.clients[step.who])
        if step.sent and b"KILL" not in step.sent.upper():
            for number, was in enumerate(before):
                assert number == step.who or self.clients[number].gone == was, step

    def types(self, sent: bytes) -> None:
        """Dora types something, or somebody else when she has gone."""
        if self.dora.gone:
            self.dora = self.house.stranger_at_terminal()
        self.dora.sends(sent)

    def let(self, step: Step, client: Client) -> None:
        """Something happens to a client of IRC, or to nobody."""
        match step.kind:
            case "says":
                if not client.gone:
                    client.sends(step.sent)
            case "comes":
                client.leaves()
                self.clients[step.who] = self.house.stranger()
            case "cut":
                client.leaves()
            case "waits":
                self.house.clock.pump([1] * 70)

    def look(self) -> None:
        """See that all that was sent is in order."""
        for client in (*self.clients, self.eve):
            self.house.settle()
            for raw in client.transport.value().split(b"\r\n")[:-1]:
                check(raw)
            client.lines()
        assert b"incident" not in self.dora.receives()
        assert not self.eve.gone

    def end(self) -> None:
        """Cut everybody off."""
        for client in (*self.clients, self.eve, self.dora):
            client.leaves()
        self.look()


def check(raw: bytes) -> None:
    """A line is one, is not too long, and speaks of no incident."""
    tags, _, rest = raw.partition(b" ") if raw.startswith(b"@") else (b"", b"", raw)
    assert len(rest) <= LONGEST - 2, raw
    assert len(tags) <= MOST_TAGS, raw
    assert not set(raw) & set(b"\r\n\0"), raw
    assert parse_text(raw.decode()).encode() == raw + b"\r\n", raw
    assert b"incident" not in raw, raw


def for_a_while(run: Callable[[], None], share: float) -> None:
    """Run again and again, for this share of the time there is."""
    deadline = time.monotonic() + SECONDS * share
    while time.monotonic() < deadline:
        run()


bounded = settings(
    max_examples=20,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


class FuzzTests(SynchronousTestCase):
    def test_sessions(self) -> None:
        """Whatever several clients send, in whatever order, nothing breaks for anybody."""
        for_a_while(self._sessions, 0.7)

    @bounded
    @given(st.booleans(), steps)
    def _sessions(self, strict: bool, happening: list[Step]) -> None:
        world = World(strict)
        for step in happening:
            world.do(step)
            world.look()
        world.end()
        self.assertEqual([str(f.value) for f in self.flushLoggedErrors()], [])

    def test_memory(self) -> None:
        """Clients that come, talk and go leave nothing behind."""
        with mock.patch.object(sessions, "REMEMBERED", 8):
            house = House()
            cycle = partial(come_talk_and_go, house)
            warm = max(10, int(SECONDS))
            for _ in range(warm):
                cycle()
            before = living()
            for _ in range(warm):
                cycle()
            self.assertLessEqual(living() - before, warm // 2)

    def test_strangers(self) -> None:
        """A client that is not on line yet may send anything at all, too."""
        for_a_while(self._strangers, 0.3)

    @bounded
    @given(st.lists(sensible() | senseless, max_size=40))
    def _strangers(self, sent: list[bytes]) -> None:
        world = World(strict=False)
        for data in sent:
            world.do(Step("says", 3, data))
        world.look()
        world.end()
        self.assertEqual([str(f.value) for f in self.flushLoggedErrors()], [])


def come_talk_and_go(house: House) -> None:
    """What some guests do on an ordinary day."""
    ada, bob = house.client("ada", ALL), house.client("bob")
    for client in (ada, bob):
        client.says("JOIN #tea", "MONITOR + ada,bob,cy", "WHO #tea", "AWAY :tea", "AWAY")
    ada.says("@label=1 PRIVMSG #tea :milk first?", "@label=2 PRIVMSG bob :psst", "NICK eve")
    ada.says("NS REGISTER short", "CHATHISTORY LATEST #tea * 10", "MODE #tea +b *!*@nowhere")
    bob.says("NOTICE eve :yes", "PART #tea", "JOIN #tea,#pot")
    ada.says("QUIT :bye")
    ada.leaves()
    bob.leaves()
    house.clock.advance(1000)


def living() -> int:
    """How many things there are."""
    gc.collect()
    return len(gc.get_objects())
