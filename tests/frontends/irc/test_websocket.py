"""IRC over WebSocket, byte by byte: a line a frame, and limits on everything."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits
from chatd.frontends.irc import make_irc
from chatd.frontends.irc.websocket import (
    FAREWELL,
    LONGEST_FRAME,
    LONGEST_REQUEST,
    PING_EVERY,
    Options,
    WebSocketFactory,
)
from chatd.frontends.outbox import MOST, PATIENCE
from chatd.frontends.turns import WAITING
from chatd.wire.irc import LONGEST
from tests.house import House

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MASK = b"\x0f\xa5\x11\x80"
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


def frame(
    kind: int, payload: bytes = b"", *, last: bool = True, rsv: int = 0, size: int = 0
) -> bytes:
    """A frame of a client's; `size` announces more than there is."""
    size = size or len(payload)
    head = bytes([last << 7 | rsv << 4 | kind])
    if size < 126:
        head += bytes([128 | size])
    elif size < 65536:
        head += b"\xfe" + size.to_bytes(2, "big")
    else:
        head += b"\xff" + size.to_bytes(8, "big")
    return head + MASK + bytes(byte ^ MASK[i % 4] for i, byte in enumerate(payload))


def deflated(data: bytes) -> bytes:
    """What permessage-deflate makes of a message."""
    squeeze = zlib.compressobj(wbits=-15)
    return (squeeze.compress(data) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]


def frames(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The frames of the server's: their kind, their reserved bits, and their payload."""
    while data:
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        yield data[0] & 15, data[0] >> 4 & 7, data[start : start + size]
        data = data[start + size :]


class Peer:
    def __init__(self, host: str) -> None:
        self.host = host


class Wire(StringTransport):
    """As real ones do, it lets one take away a producer that there is not."""

    def unregisterProducer(self) -> None:
        if self.producer is not None:
            super().unregisterProducer()


class Browser:
    """One WebSocket without a socket."""

    def __init__(self, house: House, host: str = "192.0.2.1", **options: Any) -> None:
        self.house = house
        shared = make_irc(house.core, Options(tls=False, insecure=True, **options), house.clock)
        self.wire: Any = Wire(peerAddress=Peer(host))
        self.protocol = WebSocketFactory(shared).buildProtocol(None)
        self.protocol.makeConnection(self.wire)

    def asks(self, *headers: str, path: str = "/", host: str = "chat.example.org") -> str:
        """Send a request; the answer to it."""
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *headers,
        )
        self.sends("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n")
        head, _, rest = self.wire.value().partition(b"\r\n\r\n")
        self.wire.clear()
        self.wire.write(rest)
        return str(head.decode())

    def sends(self, data: bytes) -> None:
        """Send bytes, and let the house do what they ask for."""
        self.protocol.dataReceived(data)
        self.house.settle()

    def says(self, *lines: str) -> None:
        """Send lines, a text frame for each."""
        self.sends(b"".join(frame(TEXT, line.encode()) for line in lines))

    def shown(self) -> list[tuple[int, int, bytes]]:
        """The frames that came since one last looked."""
        self.house.settle()
        data = self.wire.value()
        self.wire.clear()
        return list(frames(data))

    def hears(self) -> list[str]:
        """The lines among them."""
        return [payload.decode() for kind, _, payload in self.shown() if kind in (TEXT, BINARY)]

    def closed_with(self) -> int:
        """The code it was closed with; 0 if it was not."""
        codes = [payload[:2] for kind, _, payload in self.shown() if kind == CLOSE]
        return int.from_bytes(codes[0], "big") if codes else 0

    def enters(self, name: str) -> None:
        """Come on line."""
        self.says(f"NICK {name}", f"USER {name} 0 * :{name}")
        assert any(" 001 " in line for line in self.hears())

    @property
    def session(self) -> Any:
        return self.protocol._client

    @property
    def cut(self) -> bool:
        return bool(self.wire.disconnecting)


class WebSocketTests(SynchronousTestCase):
    """A browser in a house, with somebody else who came by a stream."""

    def setUp(self) -> None:
        self.house = House()
        self.bob = self.house.client("bob")

    def browser(self, *headers: str, **options: Any) -> Browser:
        """One whose request was accepted."""
        browser = Browser(self.house, **options)
        answer = browser.asks(*headers)
        self.assertTrue(answer.startswith("HTTP/1.1 101 "), answer)
        return browser

    def ada(self, *headers: str, **options: Any) -> Browser:
        """One who is on line."""
        browser = self.browser(*headers, **options)
        browser.enters("ada")
        return browser


class RequestTests(WebSocketTests):
    """The request, and who may make one."""

    def chosen(self, *wanted: str) -> str:
        """The subprotocol that is chosen of those wanted."""
        headers = [f"Sec-WebSocket-Protocol: {', '.join(wanted)}"] if wanted else []
        answer = Browser(self.house).asks(*headers)
        self.assertTrue(answer.startswith("HTTP/1.1 101 "), answer)
        return answer.partition("Sec-WebSocket-Protocol: ")[2].partition("\r\n")[0]

    def test_order_of_the_client(self) -> None:
        """The first subprotocol of the client's that there is here is taken, if there is one."""
        self.assertEqual(self.chosen("text.ircv3.net", "binary.ircv3.net"), "text.ircv3.net")
        self.assertEqual(self.chosen("binary.ircv3.net", "text.ircv3.net"), "binary.ircv3.net")
        self.assertEqual(self.chosen("irc", "text.ircv3.net"), "text.ircv3.net")
        self.assertEqual(self.chosen("irc"), "")
        self.assertEqual(self.chosen(), "")

    def test_another_path(self) -> None:
        """Elsewhere there is nothing."""
        self.assertIn(" 404 ", Browser(self.house).asks(path="/irc"))
        self.assertIn(" 101 ", Browser(self.house, path="/irc").asks(path="/irc?x=1"))

    def test_pages_of_the_same_host(self) -> None:
        """Without a list only pages of the same host may connect, and programs that name none."""

        def answer(page: str, host: str = "chat.example.org") -> str:
            return Browser(self.house).asks(f"Origin: {page}", host=host).split()[1]

        self.assertEqual(answer("https://chat.example.org"), "101")
        self.assertEqual(answer("https://CHAT.example.org:443"), "101")
        self.assertEqual(answer("https://chat.example.org:6698", "chat.example.org:6698"), "101")
        for page in ("https://evil.example", "https://chat.example.org:1", "null", "https://x@y"):
            self.assertEqual(answer(page), "403", page)
        self.assertEqual(Browser(self.house).asks().split()[1], "101")

    def test_listed_pages(self) -> None:
        """With a list only those on it may, and with a * all."""

        def answer(page: str, *origins: str) -> str:
            return Browser(self.house, origins=origins).asks(f"Origin: {page}").split()[1]

        listed = ("https://web.example.org/", "null")
        self.assertEqual(answer("https://web.example.org", *listed), "101")
        self.assertEqual(answer("null", *listed), "101")
        self.assertEqual(answer("http://web.example.org", *listed), "403")
        self.assertEqual(answer("https://chat.example.org", *listed), "403")
        self.assertEqual(answer("https://evil.example", "*"), "101")

    def test_no_request(self) -> None:
        """What is no such request is refused, and not logged: clients wrote it."""
        bad = [
            b"NICK ada\r\nUSER ada 0 * :Ada\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://[\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\xff\xfe\r\n\r\n",
        ]
        with capturedLogs() as logs:
            for data in bad:
                browser = Browser(self.house)
                browser.sends(data)
                self.assertTrue(browser.wire.value().startswith(b"HTTP/1.1 4"), data)
                self.assertTrue(browser.cut)
                browser.sends(b"x" * 100)
                self.assertLess(len(browser.protocol.data), 100)
        self.assertEqual(logs, [])

    def test_endless_request(self) -> None:
        """A request that does not end is refused before it is long, and one that waits in time."""
        browser = Browser(self.house)
        browser.sends(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(LONGEST_REQUEST // 64):
            browser.sends(b"x" * 64)
        self.assertTrue(browser.wire.value().startswith(b"HTTP/1.1 431 "))
        self.assertTrue(browser.cut)
        waiting = Browser(self.house, handshake=60)
        waiting.sends(b"GET / HT")
        self.house.clock.advance(60)
        self.assertTrue(waiting.wire.disconnected)

    def test_proxy_in_front(self) -> None:
        """What a listed proxy says of where a browser is counts; what others say does not."""
        said = "X-Forwarded-For: 203.0.113.66, 192.0.2.7"
        ada = self.browser(said, host="10.0.0.1", proxies=("10.0.0.0/8",))
        self.assertEqual(ada.session.address, "192.0.2.7")
        self.assertEqual(self.browser(said).session.address, "192.0.2.1")
        eve = Browser(self.house, "10.0.0.1", proxies=("10.0.0.0/8",))
        self.assertIn(" 400 ", eve.asks(said, "Forwarded: for=192.0.2.8"))

    def test_limits_behind_a_proxy(self) -> None:
        """Connections count for the address where the browser is, as long as they last."""
        self.house.settings.limits = Limits(connections=1)
        options = {"host": "10.0.0.1", "proxies": ("10.0.0.1",)}
        first = self.browser("X-Forwarded-For: 192.0.2.7", **options)
        second = self.browser("X-Forwarded-For: 192.0.2.7", **options)
        (line,) = second.hears()
        self.assertEqual(line, "ERROR :Closing link: * (Too many connections from your address)")
        first.protocol.connectionLost()
        third = self.browser("X-Forwarded-For: 192.0.2.7", **options)
        self.assertEqual(third.hears(), [])


class LineTests(WebSocketTests):
    """Lines, in frames."""

    def test_a_line_a_frame(self) -> None:
        """Each line is a frame of its own, without its end, both ways."""
        ada = self.ada("Sec-WebSocket-Protocol: text.ircv3.net")
        ada.says("PRIVMSG bob :milk first?", "PING one", "PING two")
        self.assertEqual(self.bob.hears(), [":ada PRIVMSG bob :milk first?"])
        shown = ada.shown()
        self.assertEqual([kind for kind, _, _ in shown], [TEXT, TEXT])
        self.assertEqual(
            [p for _, _, p in shown], [b":house PONG house one", b":house PONG house two"]
        )
        self.bob.says("PRIVMSG ada :wörld")
        self.assertTrue(ada.hears()[0].endswith("PRIVMSG ada :wörld"))

    def test_kinds(self) -> None:
        """Binary frames are sent where they are wanted, and either kind is taken."""
        ada = self.ada("Sec-WebSocket-Protocol: binary.ircv3.net")
        ada.sends(frame(BINARY, b"PING one") + frame(TEXT, b"PING two"))
        self.assertEqual([kind for kind, _, _ in ada.shown()], [BINARY, BINARY])

    def test_one_line_only(self) -> None:
        """A frame is one line: what looks like the end of one does not end it."""
        ada = self.ada()
        ada.says("PRIVMSG bob :one\r\nQUIT\r\n", "")
        self.assertEqual(self.bob.hears(), [":ada PRIVMSG bob :one  QUIT"])
        self.assertFalse(ada.cut)

    def test_fragments(self) -> None:
        """A line may come in fragments, with pings between."""
        ada = self.ada()
        ada.sends(frame(TEXT, b"PRIVMSG b", last=False) + frame(PING, b"?"))
        ada.sends(frame(0, b"ob :m", last=False) + frame(0, b"ilk"))
        self.assertEqual(self.bob.hears(), [":ada PRIVMSG bob :milk"])
        self.assertEqual(ada.shown(), [(PONG, 0, b"?")])

    def test_bad_utf8(self) -> None:
        """In a text frame it ends the connection; in a binary one it is refused like elsewhere."""
        ada = self.ada()
        ada.sends(frame(BINARY, b"PRIVMSG bob :caf\xe9"))
        self.assertIn(":house FAIL PRIVMSG INVALID_UTF8", ada.hears()[0])
        ada.sends(frame(TEXT, b"PRIVMSG bob :caf\xe9"))
        self.assertEqual(ada.closed_with(), 1007)
        self.assertEqual(self.bob.hears(), [])

    def test_long_line(self) -> None:
        """A line that is too long is refused like elsewhere, in a frame that is not."""
        ada = self.ada()
        ada.says("PRIVMSG bob :" + "x" * LONGEST)
        self.assertIn(" 417 ada ", ada.hears()[0])
        self.assertFalse(ada.cut)

    def test_many_at_once(self) -> None:
        """Many lines are done in order; whoever sends them faster than may be is held up."""
        self.house.settings.limits = Limits(messages=1000)
        ada = self.ada()
        ada.says(*(f"PING {n}" for n in range(200)))
        self.assertEqual(ada.hears(), [f":house PONG house {n}" for n in range(200)])
        self.house.settings.limits = Limits(messages=1, messages_every=10)  # type: ignore[arg-type]
        ada.says(*(f"PING {n}" for n in range(200)))
        self.assertEqual(ada.wire.producerState, "paused")

    def test_no_more_is_unpacked_than_may_wait(self) -> None:
        """However small many lines were made, they take up memory only when their turn nears."""
        ada = self.ada(DEFLATE)
        self.house.settings.limits = Limits(messages=1, messages_every=1)  # type: ignore[arg-type]
        fill = "x" * 400
        lines = [f"PING {n}{fill}" for n in range(300)]
        ada.sends(b"".join(frame(TEXT, deflated(line.encode()), rsv=4) for line in lines))
        self.assertLessEqual(len(ada.session._turns._lines), WAITING)
        self.house.clock.pump([1] * 310)
        heard = [line.removeprefix(":house PONG house ") for line in ada.hears()]
        self.assertEqual(heard, [line.removeprefix("PING ") for line in lines])
        self.assertEqual(ada.wire.producerState, "producing")

    def test_long_lines_are_not_kept(self) -> None:
        """Of a line that is too long nothing waits but that there was one."""
        ada = self.ada()
        self.house.settings.limits = Limits(messages=1, messages_every=1)  # type: ignore[arg-type]
        ada.says("PING x", *("x" * (LONGEST_FRAME - n) for n in range(2)))
        waiting = ada.session._turns._lines
        self.assertEqual({(line.data, line.code) for line in waiting}, {(b"", "TOO_LONG")})


class LimitTests(WebSocketTests):
    """What is too much, and what is wrong."""

    def refused(self, data: bytes, *headers: str) -> int:
        """The code that bytes end a connection with; nothing else has come to harm."""
        ada = self.ada(*headers)
        ada.sends(data)
        code = ada.closed_with()
        self.assertIsNone(self.house.core.sessions.get("ada"))
        self.house.clock.advance(FAREWELL)
        self.assertTrue(ada.wire.disconnected)
        ada.protocol.connectionLost()
        self.bob.says("PING x")
        self.assertEqual(self.bob.hears(), ["PONG house x"])
        return code

    def test_announced(self) -> None:
        """A frame that announces 100 MB is refused at its header, and nothing of it is kept."""
        ada = self.ada()
        ada.sends(frame(TEXT, size=100_000_000))
        self.assertEqual(ada.closed_with(), 1009)
        for _ in range(100):
            ada.sends(b"x" * 65536)
        self.assertLess(len(ada.protocol.data), 65536)
        self.assertFalse(ada.protocol.frame_data)

    def test_longest(self) -> None:
        """The longest frame is taken, and none that is longer."""
        ada = self.ada()
        ada.sends(frame(BINARY, b"x" * LONGEST_FRAME))
        self.assertEqual(ada.closed_with(), 0)
        ada.says("QUIT")
        ada.protocol.connectionLost()
        self.assertEqual(self.refused(frame(BINARY, size=LONGEST_FRAME + 1)), 1009)

    def test_fragments_for_ever(self) -> None:
        """Fragments without end are bounded by the longest frame."""
        data = frame(TEXT, b"x", last=False) + frame(0, b"x" * 100, last=False) * 100
        self.assertEqual(self.refused(data), 1009)

    def test_bomb(self) -> None:
        """What is small only as long as it is compressed is no larger than anything else."""
        bomb = frame(TEXT, deflated(bytes(50_000_000)), rsv=4)
        self.assertEqual(self.refused(bomb, DEFLATE), 1009)
        small = frame(TEXT, deflated(b"x" * (LONGEST_FRAME + 1)), rsv=4)
        self.assertEqual(self.refused(small, DEFLATE), 1009)
        parts = deflated(b"x" * (LONGEST_FRAME + 1))
        data = frame(TEXT, parts[:9], rsv=4, last=False) + frame(0, parts[9:])
        self.assertEqual(self.refused(data, DEFLATE), 1009)

    def test_no_frames(self) -> None:
        """What breaks the rules of frames ends the connection."""
        for data in (
            frame(3, b"what"),
            frame(TEXT, b"x", rsv=4),
            frame(0, b"continued"),
            frame(PING, b"x" * 126),
            frame(PING, b"x", last=False),
            frame(TEXT, b"a", last=False) + frame(TEXT, b"b"),
            b"\x81\x01x",
            frame(CLOSE, b"\x03"),
        ):
            self.assertEqual(self.refused(data), 1002, data)
        self.assertEqual(self.refused(frame(TEXT, b"\xff\xff", rsv=4), DEFLATE), 1007)

    def test_who_does_not_say_goodbye(self) -> None:
        """Whoever does not answer that it is over is cut off after a while."""
        ada = self.ada()
        ada.says("QUIT :bye")
        kinds = [kind for kind, _, _ in ada.shown()]
        self.assertEqual(kinds, [TEXT, CLOSE])
        self.assertFalse(ada.wire.disconnected)
        ada.says("PRIVMSG bob :still here")
        self.assertEqual(self.bob.hears(), [])
        self.house.clock.advance(PATIENCE)
        self.assertTrue(ada.wire.disconnected)

    def test_goodbye(self) -> None:
        """One who closes as one should is answered, and gone."""
        ada = self.ada()
        ada.sends(frame(CLOSE, b"\x03\xe8bye"))
        self.assertEqual(ada.closed_with(), 1000)
        self.assertTrue(ada.cut)
        self.assertIsNone(self.house.core.sessions.get("ada"))
        ada.protocol.connectionLost()
        self.assertEqual(self.bob.house.irc.clients.keys(), {self.bob.session.key})

    def test_keeping_alive(self) -> None:
        """Whoever answers no ping is gone; every other sign of life does too."""
        ada = self.ada(idle=100_000)
        for life in (frame(PONG), frame(TEXT, b"PING x")):
            ada.shown()
            self.house.clock.advance(PING_EVERY)
            self.assertIn((PING, 0, b""), ada.shown())
            ada.sends(life)
        self.house.clock.advance(PING_EVERY)
        self.house.clock.advance(PING_EVERY - 1)
        self.assertFalse(ada.wire.disconnected)
        self.house.clock.advance(1)
        self.assertTrue(ada.wire.disconnected)

    def test_slow_reader(self) -> None:
        """Whoever reads nothing is told and dropped, and its pings are no way around that."""
        ada = self.ada()
        ada.shown()
        ada.session.outbox.pauseProducing()
        ada.sends(frame(PING, b"x" * 100) * 1000)
        self.assertEqual(ada.shown(), [])
        line = b"x" * 1000 + b"\r\n"
        for _ in range(MOST // len(line) + 1):
            ada.session.outbox.write(line)
        (told, close) = ada.shown()
        self.assertTrue(told[2].startswith(b"ERROR :You read too slowly"))
        self.assertEqual(close[0], CLOSE)
        self.assertIsNone(self.house.core.sessions.get("ada"))

    def test_nothing_is_left(self) -> None:
        """When all is over no clock of a connection goes on."""
        before = len(self.house.clock.getDelayedCalls())
        ada = self.ada(DEFLATE)
        ada.protocol.connectionLost()
        self.house.settle()
        self.assertEqual(len(self.house.clock.getDelayedCalls()), before)
