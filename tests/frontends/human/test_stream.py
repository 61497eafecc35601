"""A person at the other end of a stream, with telnet and without."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock, StringTransport
from zope.interface.verify import verifyObject

from chatd.core.settings import Limits
from chatd.frontends.human import Options, make
from chatd.frontends.human.stream import HumanProtocol
from chatd.frontends.human.telnet import DO, ECHO, IAC, NAWS, SB, SE, SGA, TTYPE, WILL
from chatd.frontends.listening import Listener
from chatd.interfaces import IFrontend
from tests.frontends.human.paper import Paper
from tests.frontends.human.persons import HumanHouse, Person

BY_KEY = bytes([IAC, DO, ECHO, IAC, DO, SGA])
XTERM = bytes([IAC, WILL, TTYPE, IAC, SB, TTYPE, 0, *b"xterm", IAC, SE])
NARROW = bytes([IAC, WILL, NAWS, IAC, SB, NAWS, 0, 30, 0, 24, IAC, SE])
_TELNET = re.compile(rb"\xff\xfa.*?\xff\xf0|\xff[\xfb-\xfe].", re.DOTALL)


def seen(person: Person, paper: Paper | None = None) -> list[str]:
    """What a telnet client puts on its screen; the rows of the paper if there is one."""
    text = _TELNET.sub(b"", person.receives()).decode()
    text = re.sub(r"\(\d\d:\d\d:\d\d\)", "(*)", text)
    if paper is None:
        return text.split("\r\n")
    paper.write(text)
    return paper.shows()


class TestPlain:
    """openssl and ncat, which know nothing of telnet."""

    def test_sees_no_garbage(self) -> None:
        """Not one byte of telnet, no colour and no escape sequence is sent unasked."""
        house = HumanHouse()
        ada = house.stranger_at_terminal()
        ada.types("REGISTER ada", "milk first", "hello", "/help", "/history")
        data = ada.receives()
        assert b"\xff" not in data
        assert b"\x1b" not in data
        assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\0", b"\r"])
    def test_takes_all_line_ends(self, end: bytes) -> None:
        """Each way to end a line ends one, also when it comes in pieces."""
        house = HumanHouse()
        ada = house.guest("ada")
        for byte in end.join([b"one", b"two", b""]):
            ada.sends(bytes([byte]))
        assert ada.reads() == ["(Global) (ada) (*): one", "(Global) (ada) (*): two"]

    def test_line_end_in_two_pieces_is_one(self) -> None:
        """A line feed that comes late is no empty answer to what was asked meanwhile."""
        house = HumanHouse()
        house.account("ada")
        ada = house.stranger_at_terminal()
        for piece in (b"LOGIN ada\r", b"\n", b"sesame\r", b"\n"):
            ada.sends(piece)
        assert "AUTH_SUCCESS" in ada.reads()


class TestTelnet:
    """A client that negotiates."""

    def test_password_is_not_echoed(self) -> None:
        """What is typed is shown by us, but for the password."""
        house = HumanHouse()
        house.account("ada")
        ada, paper = house.stranger_at_terminal(), Paper()
        ada.sends(BY_KEY)
        for key in b"LOGIN ada\r\0sesame\r\0":
            ada.sends(bytes([key]))
        rows = seen(ada, paper)
        assert "LOGIN ada" in rows
        assert "Password:" in rows
        assert "AUTH_SUCCESS" in rows
        assert "sesame" not in "".join(rows)
        assert rows[-1] == "#lobby>"

    def test_password_is_not_echoed_if_telnet_comes_late(self) -> None:
        """A client that agrees only while the password is asked for hides it all the same."""
        house = HumanHouse()
        house.account("ada")
        ada = house.stranger_at_terminal()
        ada.types("LOGIN ada")
        ada.receives()
        ada.sends(b"ses")
        ada.sends(BY_KEY)
        ada.sends(b"ame\r\0")
        text = "".join(seen(ada))
        assert "AUTH_SUCCESS" in text
        assert "ses" not in text
        assert "ame" not in text.replace("name", "")

    def test_new_password_is_not_echoed(self) -> None:
        """Nor is the one of a new account."""
        ada = HumanHouse().stranger_at_terminal()
        ada.sends(BY_KEY)
        ada.sends(b"REGISTER ada\r\0milk first\r\0")
        text = "".join(seen(ada))
        assert "The account ada is made." in text
        assert "milk first" not in text

    def test_begins_in_the_middle_of_a_line(self) -> None:
        """What was typed before telnet began is part of the line, and seen from then on."""
        house = HumanHouse()
        house.account("ada")
        ada, paper = house.stranger_at_terminal(), Paper()
        ada.types("LOGIN ada", "sesame")
        ada.receives()
        ada.sends(b"hel")
        ada.sends(BY_KEY)
        ada.sends(b"lo")
        assert seen(ada, paper)[-1] == "#lobby> hello"
        ada.sends(b"\r\0")
        assert seen(ada, paper) == ["(Global) (ada) (*): hello", "#lobby>"]

    def test_half_typed_line_survives(self) -> None:
        """A line that arrives while one types stands above what was typed."""
        house = HumanHouse()
        house.account("ada")
        ada, paper = house.stranger_at_terminal(), Paper()
        ada.sends(BY_KEY)
        ada.sends(b"LOGIN ada\r\0sesame\r\0")
        bob = house.guest("bob")
        ada.sends(b"I am just ty")
        bob.types("hello ada, how are you doing today?")
        rows = seen(ada, paper)
        assert rows[-2:] == [
            "(Global) (bob) (*): hello ada, how are you doing today?",
            "#lobby> I am just ty",
        ]
        ada.sends(b"ping\r\0")
        assert seen(ada, paper)[-2:] == ["(Global) (ada) (*): I am just typing", "#lobby>"]
        assert bob.reads()[-1] == "(Global) (ada) (*): I am just typing"

    def test_width(self) -> None:
        """The line that is typed fits the terminal that telnet tells of."""
        house = HumanHouse()
        ada, paper = house.stranger_at_terminal(), Paper()
        seen(ada)
        ada.sends(BY_KEY + NARROW)
        ada.sends(b"x" * 100)
        seen(ada, paper)
        assert paper.widest == 29

    def test_colour_only_where_there_is_any(self) -> None:
        """A terminal that says what it is, is shown colours."""
        house = HumanHouse()
        ada, bob = house.guest("ada"), house.guest("bob")
        ada.sends(XTERM)
        ada.types("hello")
        assert b"\x1b[94m(Global) (ada)" in ada.receives()
        assert b"\x1b" not in bob.receives()

    def test_completes(self) -> None:
        """Tab completes the name of somebody in the room."""
        house = HumanHouse()
        house.guest("bobby")
        ada = house.guest("ada")
        ada.sends(BY_KEY)
        ada.sends(b"/w bo\thi\r\0")
        assert "(Private) (To bobby) (*): hi" in "".join(seen(ada))

    def test_farewell_stands_by_itself(self) -> None:
        """The last words are not mixed with what was being typed."""
        house = HumanHouse()
        ada, paper = house.guest("ada"), Paper()
        ada.sends(BY_KEY)
        ada.sends(b"half a li")
        ada.talk.close("The server is shutting down.")
        assert seen(ada, paper)[-2:] == ["The server is shutting down.", ""]

    def test_back_to_lines(self) -> None:
        """A client that changes its mind is a plain one again."""
        house = HumanHouse()
        ada = house.guest("ada")
        ada.sends(BY_KEY)
        seen(ada)
        ada.sends(bytes([IAC, 254, ECHO]))
        seen(ada)
        ada.types("hi")
        assert ada.reads() == ["(Global) (ada) (*): hi"]

    def test_negotiates_first_if_told_to(self) -> None:
        """On a port for telnet, the wishes come before the greeting."""
        data = HumanHouse(negotiate=True).stranger_at_terminal().receives()
        assert data.startswith(bytes([IAC, WILL, ECHO]))
        assert _TELNET.sub(b"", data).startswith(b"AUTH_REQUIRED\r\n")


def test_frontend_is_one() -> None:
    """The plugin makes a service that listens."""
    house, reactor = HumanHouse(), MemoryReactorClock()
    frontend = make(Options(tls=False, insecure=True), reactor)
    assert verifyObject(IFrontend, frontend)
    assert isinstance(frontend.service(house.core), Listener)


class Secured(StringTransport):
    """A transport over TLS, whose client has shown a certificate."""

    def getPeerCertificate(self) -> object:
        shown = SimpleNamespace(fingerprint=lambda kind: b"\xab\xcd")
        return SimpleNamespace(to_cryptography=lambda: shown)


def test_knows_whether_others_can_read_along() -> None:
    """A session is secure over TLS or on this machine's own socket, and knows its certificate."""
    house = HumanHouse()
    assert not house.stranger_at_terminal().talk.secure
    protocol = HumanProtocol(house.human)
    protocol.makeConnection(Secured())
    assert protocol.talk.secure
    assert protocol.talk.fingerprint == "abcd"


PIECES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode(errors="replace") + b"\n"),
    st.sampled_from([BY_KEY, XTERM, NARROW, b"\r", b"\n", b"\xff\xfa", b"\x1b[", b"x" * 5000]),
    st.sampled_from(
        [
            b"GUEST eve\n", b"LOGIN ada\n", b"sesame\n", b"REGISTER eve\n", b"/join #tea\n",
            b"/w bob hi\n", b"/w eve hi\n", b"/topic\n", b"/topic a\x1bb\n", b"/part\n", b"/me x\n",
            b"/history\n", b"/help\n", b"/who\n", b"/away tea\n", b"/room #tea\n", b"/invite bob\n",
        ]
    ),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=30))
def test_any_session(pieces: list[bytes]) -> None:
    """Whatever somebody sends, nothing breaks, nobody else notices, and nothing acts on a
    terminal that did not ask for it."""
    house = HumanHouse(limits=Limits(messages_every=0, account_messages_every=0))  # type: ignore[arg-type]
    house.account("ada")
    bob, eve = house.guest("bob"), house.stranger_at_terminal()
    for piece in pieces:
        if not eve.gone:
            eve.sends(piece)
    bob.receives()
    bob.types("still here")
    assert bob.reads() == ["(Global) (bob) (*): still here"]
    shown = _TELNET.sub(b"", eve.receives()).decode()
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]", shown)
    assert not re.search(r"\x1b(?!\[(94|36|33|0)m)", shown)
    assert "Traceback" not in shown
    assert "incident" not in shown
    eve.leaves()
    assert len(house.core.sessions) == 1
