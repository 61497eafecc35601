"""The way in: capabilities, log-in and registration, with a scripted server and no network."""

from __future__ import annotations

from chatd.wire.irc import Line
from clients.lib.events import LoginFailed, Registered
from clients.lib.model import Login
from tests.clients.scripted import Scripted, Wire, hear


def test_wrong_password_ends_it() -> None:
    """A refused log-in is told once, and no further attempt makes sense."""
    wire = Wire(login=Login("ada", "wrong")).start()
    assert [e.code for e in wire.take(LoginFailed)] == ["904"]
    assert wire.client.over


def test_long_password_is_sent_in_pieces() -> None:
    """SASL proofs longer than 400 characters are sent in pieces, the last one shorter."""
    wire = Wire(login=Login("ada", "x" * 600))
    wire.connect()
    hear(wire, "CAP * LS :" + "message-tags server-time batch labeled-response")
    wire = Wire(login=Login("ada", "x" * 296))
    wire.connect()
    wire.up.clear()
    hear(wire, "AUTHENTICATE +")
    sent = [line.params[0] for line in wire.up]
    assert [len(piece) for piece in sent] == [400, 8]


def test_proof_of_exactly_one_piece_ends_with_a_plus() -> None:
    """A proof of exactly 400 characters is followed by a plus sign."""
    wire = Wire(login=Login("ada", "x" * 292))
    wire.connect()
    wire.up.clear()
    hear(wire, "AUTHENTICATE +")
    assert [line.params[0] for line in wire.up][1] == "+"


def test_server_that_can_too_little_is_refused() -> None:
    """A server without labels or history is told to be one, by name of what lacks."""
    wire = Wire()
    wire.connect()
    hear(wire, "CAP * LS :message-tags server-time batch sasl echo-message")
    (failed,) = wire.take(LoginFailed)
    assert "labeled-response, draft/chathistory" in failed.reason


def test_capabilities_on_several_lines() -> None:
    """A list of capabilities may take several lines; nothing is asked for before the last."""
    wire = Wire(login=Login("ada"))
    wire.connect()
    wire.up.clear()
    hear(wire, "CAP * LS * :message-tags server-time batch labeled-response")
    assert not wire.up
    hear(wire, "CAP * LS :echo-message draft/chathistory=7 unheard-of")
    (line,) = wire.up
    assert line.params == (
        "REQ",
        "message-tags server-time batch labeled-response echo-message draft/chathistory",
    )


def test_registers_before_login() -> None:
    """A registration makes the account and ends the conversation."""
    server = Scripted()
    wire = Wire(server, Login("eve", "secret", register=True)).start()
    assert [(e.name, e.pending) for e in wire.take(Registered)] == [("eve", False)]
    assert server.accounts["eve"] == "secret"
    assert wire.client.over


def test_registration_with_an_invitation() -> None:
    """If the server wants an invitation code, it is given; without one that is told."""
    for code in ("abc", None):
        wire = Wire(login=Login("eve", "secret", register=True, invitation=code))
        wire.connect()
        wire.up.clear()
        hear(wire, "REGISTER VERIFICATION_REQUIRED eve :Give your code")
        if code:
            assert wire.up[0] == Line("VERIFY", ("eve", "abc"))
        else:
            assert wire.take(Registered)[0].pending


def test_guest_takes_another_name_if_need_be() -> None:
    """A guest whose name is taken adds a sign to it."""
    wire = Wire(login=Login("ada"))
    wire.connect()
    wire.up.clear()
    hear(wire, "433 * ada :taken")
    assert wire.up[0] == Line("NICK", ("ada_",))


def test_name_that_our_other_client_has() -> None:
    """A name that is taken before the log-in is asked for again after it."""
    wire = Wire()
    wire.connect()
    hear(wire, "433 * ada :taken")
    wire.up.clear()
    hear(wire, "903 * :in")
    assert list(wire.up) == [Line("NICK", ("ada",)), Line("CAP", ("END",))]
    hear(wire, "433 * ada :taken")
    assert [e.code for e in wire.take(LoginFailed)] == ["433"]
