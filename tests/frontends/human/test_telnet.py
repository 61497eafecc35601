"""Telnet: what is negotiated, when, and that none of it is seen."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.frontends.human.telnet import (
    DO,
    DONT,
    ECHO,
    IAC,
    LONGEST,
    NAWS,
    SB,
    SE,
    SGA,
    TTYPE,
    WILL,
    WONT,
    Telnet,
)

WISHES = [(WILL, ECHO), (WILL, SGA), (DO, TTYPE), (DO, NAWS)]
LINEMODE = 34


class Line:
    """A Telnet, and what it has sent."""

    def __init__(self) -> None:
        self.sent = b""
        self.changes = 0
        self.telnet = Telnet(self._send, self._changed)

    def _send(self, data: bytes) -> None:
        self.sent += data

    def _changed(self) -> None:
        self.changes += 1

    def receive(self, *commands: tuple[int, ...]) -> bytes:
        """Give it commands, and forget what it had sent before."""
        self.sent = b""
        return self.telnet.receive(b"".join(bytes([IAC, *c]) for c in commands))


def commands(*pairs: tuple[int, int]) -> bytes:
    """Options asked for or agreed to."""
    return b"".join(bytes([IAC, *pair]) for pair in pairs)


def test_says_nothing_to_plain_programs() -> None:
    """Text passes as it is, and nothing is sent."""
    line = Line()
    assert (
        line.telnet.receive("LOGIN ada\r\nÿþ 日本\n".encode()) == "LOGIN ada\r\nÿþ 日本\n".encode()
    )
    assert line.sent == b""
    assert not line.telnet.by_key


def test_tells_its_wishes_when_the_client_begins() -> None:
    """The first command of the client shows that it knows telnet."""
    line = Line()
    assert line.receive((DO, SGA), (WILL, TTYPE), (WILL, NAWS)) == b""
    assert line.sent.startswith(commands(*WISHES))
    assert line.sent.count(commands((WILL, SGA))) == 1
    assert not line.telnet.by_key
    line.receive((DO, ECHO))
    assert line.telnet.by_key
    assert line.sent == b""


def test_begins_by_itself_if_told_to() -> None:
    """A port that only telnet comes to need not wait; wishes are told once."""
    line = Line()
    line.telnet.begin()
    assert line.sent == commands(*WISHES)
    line.receive((DO, ECHO), (DO, SGA))
    assert line.telnet.by_key
    assert line.sent == b""


def test_takes_no_for_an_answer() -> None:
    """A client that will not is left as it is, and can change its mind both ways."""
    line = Line()
    line.telnet.begin()
    line.receive((DONT, ECHO), (DO, SGA))
    assert not line.telnet.by_key
    assert line.sent == b""
    line.receive((DO, ECHO))
    assert line.sent == commands((WILL, ECHO))
    assert line.telnet.by_key
    line.receive((DONT, ECHO))
    assert line.sent == commands((WONT, ECHO))
    assert not line.telnet.by_key


def test_refuses_what_it_does_not_know() -> None:
    """Every offer of something else is answered with a no, and every no with nothing."""
    line = Line()
    line.telnet.begin()
    line.receive((WILL, LINEMODE), (DO, LINEMODE), (WONT, LINEMODE), (DONT, LINEMODE))
    assert line.sent == commands((DONT, LINEMODE), (WONT, LINEMODE))


def test_never_answers_an_answer() -> None:
    """Two sides that only answer each other come to rest."""
    ours, theirs = Line(), Line()
    ours.telnet.begin()
    waiting = ours.sent
    for _ in range(5):
        theirs.sent = ours.sent = b""
        theirs.telnet.receive(waiting)
        ours.telnet.receive(theirs.sent)
        waiting = ours.sent
    assert waiting == b""


def test_learns_the_terminal() -> None:
    """Its name is asked for when the client would tell it; its width may change at any time."""
    line = Line()
    line.telnet.begin()
    line.receive((WILL, TTYPE))
    assert line.sent == bytes([IAC, SB, TTYPE, 1, IAC, SE])
    assert not line.telnet.colour
    line.receive((SB, TTYPE, 0, *b"XTERM-256COLOR", IAC, SE))
    assert line.telnet.colour
    line.receive((SB, NAWS, 0, 132, 0, 50, IAC, SE))
    assert line.telnet.width == 132
    line.receive((SB, NAWS, 0, IAC, IAC, 0, 50, IAC, SE))
    assert line.telnet.width == 255
    line.receive((SB, NAWS, 0, 0, 0, 0, IAC, SE))
    assert line.telnet.width == 80
    line.receive((SB, TTYPE, 0, *b"DUMB", IAC, SE))
    assert not line.telnet.colour


def test_commands_are_not_seen() -> None:
    """They are taken out of the text in which they stand, wherever it is cut."""
    data = b"he" + bytes([IAC, 241]) + b"l" + bytes([IAC, SB, 99, 1, 2, IAC, SE]) + b"lo"
    data += bytes([IAC, WILL, 99]) + b"!" + bytes([IAC, IAC])
    for cut in range(len(data)):
        line = Line()
        assert line.telnet.receive(data[:cut]) + line.telnet.receive(data[cut:]) == b"hello!\xff"


def test_means_keys() -> None:
    """Interrupt, erase-character and erase-line are keys."""
    assert Line().receive((244,), (247,), (248,)) == b"\x03\x7f\x15"


def test_endless_subnegotiation_is_swallowed() -> None:
    """What never ends takes no memory, and when it ends after all the talk goes on."""
    line = Line()
    line.telnet.receive(bytes([IAC, SB]))
    for _ in range(100):
        assert line.telnet.receive(b"x" * 1000) == b""
        assert len(line.telnet._rest) <= LONGEST
    assert line.telnet.receive(bytes([IAC, SE]) + b"hello") == b"hello"


@settings(deadline=None)
@given(st.lists(st.binary()))
def test_any_bytes(pieces: list[bytes]) -> None:
    """No bytes break it, and it sends at most a few times what it got."""
    line = Line()
    for piece in pieces:
        line.telnet.receive(piece)
    assert len(line.sent) <= 12 + 3 * sum(map(len, pieces))


@settings(deadline=None)
@given(st.text(), st.integers(0, 10))
def test_text_is_untouched(text: str, cut: int) -> None:
    """UTF-8 has no byte that telnet could take for its own."""
    line = Line()
    data = text.encode(errors="replace")
    assert line.telnet.receive(data[:cut]) + line.telnet.receive(data[cut:]) == data
    assert line.sent == b""
