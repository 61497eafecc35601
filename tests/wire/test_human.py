"""The grammar of what people type, and what is safe to show them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.wire.human import Typed, params, parse, parse_bare, spelled, usage, visible


@dataclass(frozen=True)
class Asked:
    """A command as the grammar sees it."""

    usage: str

    @property
    def verb(self) -> str:
        return self.usage.split()[0]

    @property
    def most(self) -> int:
        return len(self.usage.split()) - 1


TOPIC = Asked("TOPIC <room> [text]")
WHISPER = Asked("PRIVMSG <to> <text>")
INVITE = Asked("INVITE <name> <room>")
KICK = Asked("KICK <room> <names> [reason]")
HISTORY = Asked("HISTORY <target> [count]")
ME = Asked("ME <to> <text>")
JOIN = Asked("JOIN <room> [key]")


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("/topic #tea All about oolong", Typed("TOPIC", "#tea All about oolong")),
        ("/w bob  two  spaces ", Typed("PRIVMSG", "bob  two  spaces")),
        ("/MSG bob hi", Typed("PRIVMSG", "bob hi")),
        ("/me smiles", Typed("ME", "smiles")),
        ("/who", Typed("ONLINE", "")),
        ("/whois bob", Typed("PROFILE", "bob")),
        ("/rooms", Typed("ROOMS", "")),
        ("/j #tea", Typed("JOIN", "#tea")),
        ("/leave", Typed("PART", "")),
        ("/quit", Typed("QUIT", "")),
        ("/frobnicate x", Typed("FROBNICATE", "x")),
        ("hello", Typed("", "hello")),
        ("  indented", Typed("", "  indented")),
        ("//me is not asked for", Typed("", "/me is not asked for")),
        ("/", Typed("", "/")),
        ("/ alone", Typed("", "/ alone")),
        ("", Typed("", "")),
    ],
)
def test_reads_lines(line: str, typed: Typed) -> None:
    """A slash asks for something, two slashes say one, everything else is said."""
    assert parse(line) == typed


def test_needs_no_slash_where_nothing_can_be_said() -> None:
    """Before one is on line, a line can only ask for something."""
    assert parse_bare("login ada") == Typed("LOGIN", "ada")
    assert parse_bare("/login ada") == Typed("LOGIN", "ada")
    assert parse_bare("  LOGIN  ada ") == Typed("LOGIN", "ada")


@pytest.mark.parametrize(
    ("command", "rest", "expected"),
    [
        (TOPIC, "#tea All about  oolong", ("#tea", "All about  oolong")),
        (TOPIC, "", ("#here",)),
        (TOPIC, "All about oolong", ("#here", "All about oolong")),
        (WHISPER, "bob hi there", ("bob", "hi there")),
        (WHISPER, "", ()),
        (INVITE, "bob #tea", ("bob", "#tea")),
        (INVITE, "bob", ("bob", "#here")),
        (INVITE, "bob tea", ("bob", "tea")),
        (INVITE, "", ()),
        (KICK, "bob too loud again", ("#here", "bob", "too loud again")),
        (KICK, "#tea bob", ("#tea", "bob")),
        (HISTORY, "", ("#here",)),
        (HISTORY, "50", ("#here", "50")),
        (HISTORY, "bob 50", ("bob", "50")),
        (ME, "smiles at #tea", ("#here", "smiles at #tea")),
        (ME, "#tea smiles", ("#tea", "smiles")),
        (ME, "@#tea smiles", ("@#tea", "smiles")),
        (JOIN, "", ()),
        (JOIN, "#tea secret", ("#tea", "secret")),
        (Asked("NAMES [rooms]"), "", ("#here",)),
        (Asked("ONLINE [room]"), "", ()),
        (Asked("ROOMS"), "whatever", ()),
    ],
)
def test_reads_parameters(command: Asked, rest: str, expected: tuple[str, ...]) -> None:
    """The last parameter takes the rest of the line; a room that is left out is the one here."""
    assert params(rest, command, "#here") == expected


def test_leaves_out_what_is_not_there() -> None:
    """Where one is in no room, no room is put in."""
    assert params("All about oolong", TOPIC, None) == ("All", "about oolong")


@settings(deadline=None)
@given(st.text(), st.sampled_from([TOPIC, WHISPER, INVITE, KICK, HISTORY, ME, JOIN]))
def test_any_text_is_a_line(text: str, command: Asked) -> None:
    """No text breaks the grammar, and there are never more parameters than the command takes."""
    typed = parse(text)
    given = params(typed.rest, command, "#here")
    assert len(given) <= command.most
    assert all(given)


def test_spells_commands_as_people_write_them() -> None:
    """Help shows what one can type, and what one types is understood."""
    assert usage(TOPIC) == "/topic <room> [text]"
    assert usage(WHISPER) == "/w <to> <text>"
    for verb in ("PRIVMSG", "ONLINE", "PROFILE", "TOPIC"):
        assert parse(spelled(verb)).verb == verb


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 日本 🚀", "plain 日本 🚀"),
        ("\x1b[2Jgone", "␛[2Jgone"),
        ("\x9b2J", "\ufffd2J"),
        ("a\rb", "a␍b"),
        ("a\nb", "a\n    b"),
        ("a\u2028(Global) (root)", "a\n    (Global) (root)"),
        ("\x02bold\x0f \x0304,12red\x03 \x04ff0000hex\x1funder", "bold red hexunder"),
        ("bell\x07 del\x7f nul\0", "bell␇ del␡ nul␀"),
        ("\u202etxt.exe", "\ufffdtxt.exe"),
        ("family 👩\u200d👩\u200d👧", "family 👩\u200d👩\u200d👧"),
    ],
)
def test_shows_what_would_act(text: str, shown: str) -> None:
    """What would do something to a terminal is seen, and does nothing."""
    assert visible(text) == shown


@settings(deadline=None)
@given(st.text(st.characters()))
def test_nothing_acts_on_a_terminal(text: str) -> None:
    """No text at all leaves a control character but line feeds, which are followed by a gap."""
    shown = visible(text)
    assert all(unicodedata.category(c) not in ("Cc", "Cs") for c in shown if c != "\n")
    assert all(line.startswith("    ") for line in shown.split("\n")[1:])
