"""The small parts of the clients: trust, delays, looks, commands, passwords."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import ensureDeferred
from twisted.internet.error import ConnectionRefusedError, DNSLookupError
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from clients.cli import looks
from clients.cli.__main__ import _parser
from clients.cli.commands import COMMANDS, Misused, SlashCommand, obey
from clients.cli.passwords import find_password
from clients.cli.scripts import reference
from clients.cli.session import Failed
from clients.lib.backoff import Backoff
from clients.lib.connection import CannotConnect, Connection, explain
from clients.lib.conversation import Conversation
from clients.lib.events import Message
from clients.lib.log import MOST, Log
from clients.lib.model import Kind, MessageId
from clients.lib.outbox import pieces
from clients.lib.trust import CertificateRefused, Pins, Trust, normal, shown
from tests.clients.scripted import Wire, sharing

ONE, OTHER = "ab" * 32, "cd" * 32


def test_first_certificate_is_pinned_and_no_other_accepted(tmp_path: Path) -> None:
    """What is met first is remembered; afterwards even a vouched one is refused."""
    pins = Pins(tmp_path / "chatd" / "known_hosts")
    trust = Trust("h", 1, pins)
    assert trust.judge(ONE, vouched=False) is True
    assert trust.judge(ONE, vouched=False) is False
    assert stat.S_IMODE(pins.path.stat().st_mode) == 0o600
    with pytest.raises(CertificateRefused, match="received CD:CD"):
        trust.judge(OTHER, vouched=True)
    assert pins.drop("h:1")
    assert not pins.drop("h:1")
    assert trust.judge(OTHER, vouched=True) is False
    assert pins.find("h:1") is None


def test_wanted_fingerprint_outranks_all(tmp_path: Path) -> None:
    """With a fingerprint from the command line only that certificate is good."""
    trust = Trust("h", 1, Pins(tmp_path / "pins"), normal(shown(ONE)))
    with pytest.raises(CertificateRefused):
        trust.judge(OTHER, vouched=True)
    assert trust.judge(ONE, vouched=False) is True


def test_pins_of_several_hosts_share_a_file(tmp_path: Path) -> None:
    """Each host and port has its line; what is no such line is passed over."""
    pins = Pins(tmp_path / "pins")
    pins.path.write_text("# mine\nbroken\n\n")
    pins.keep("h:1", ONE)
    pins.keep("h:2", OTHER)
    assert (pins.find("h:1"), pins.find("h:2")) == (ONE, OTHER)


def test_delays_double_up_to_a_minute_with_jitter() -> None:
    """Between half and all of 1, 2, 4 … 60 seconds; from the start again after a success."""
    most, least = Backoff(lambda: 1.0), Backoff(lambda: 0.0)
    assert [most.next() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [least.next() for _ in range(3)] == [0.5, 1, 2]
    most.reset()
    assert most.next() == 1


class ConnectionTests(SynchronousTestCase):
    """Attempts that fail, on a clock of our own."""

    def setUp(self) -> None:
        self.clock = MemoryReactorClock()
        self.wire = Wire()
        pins = Pins(Path(self.mktemp()))
        self.connection = Connection(
            self.clock,
            self.wire.client,
            Trust("127.0.0.1", 6697, pins),
            6697,
            self.wire.heard.append,
            Backoff(lambda: 1.0),
        )

    def test_first_attempt_has_to_work(self) -> None:
        """If nothing listens there the first time, no further attempt is made."""
        running = ensureDeferred(self.connection.run())
        self.clock.advance(0)
        self.clock.tcpClients[0][2].clientConnectionFailed(None, _failure(ConnectionRefusedError()))
        self.clock.advance(30)
        self.failureResultOf(running, CannotConnect)

    def test_closed_while_it_connects(self) -> None:
        """`close` during an attempt ends it."""
        running = ensureDeferred(self.connection.run())
        self.clock.advance(0)
        self.connection.close()
        self.assertIsNone(self.successResultOf(running))

    def test_delays_grow_until_it_is_let_in(self) -> None:
        """Only a connection on which the server has let us in begins the delays anew."""
        self.wire.start()
        running = ensureDeferred(self.connection.run())
        self.clock.advance(0)
        for made, seconds in ((1, 1), (2, 2), (3, 4)):
            refused = _failure(ConnectionRefusedError())
            self.clock.tcpClients[-1][2].clientConnectionFailed(None, refused)
            self.clock.advance(0.3)
            self.clock.advance(seconds - 0.1)
            self.assertEqual(len(self.clock.tcpClients), made)
            self.clock.advance(0.2)
            self.assertEqual(len(self.clock.tcpClients), made + 1)
        self.connection.close()
        self.assertIsNone(self.successResultOf(running))

    def test_closed_while_it_waits_makes_no_further_attempt(self) -> None:
        """`close` during the delay before the next attempt ends it at once."""
        self.wire.start()
        running = ensureDeferred(self.connection.run())
        self.clock.advance(0)
        self.clock.tcpClients[0][2].clientConnectionFailed(None, _failure(ConnectionRefusedError()))
        self.clock.advance(0.3)
        self.assertNoResult(running)
        self.connection.close()
        self.assertIsNone(self.successResultOf(running))
        self.clock.advance(100)
        self.assertEqual(len(self.clock.tcpClients), 1)


def _failure(error: Exception) -> object:
    from twisted.python.failure import Failure

    return Failure(error)


def test_reasons_are_sentences() -> None:
    """Why there is no connection is said without the names of classes."""
    assert explain(DNSLookupError("x")) == "There is no host of that name."
    assert explain(ConnectionRefusedError(), "Bye.") == "The server said: Bye."


@given(st.text())
def test_nothing_harmful_reaches_a_terminal(text: str) -> None:
    """Cleaned text has no control characters, and harmless text stays as it is."""
    cleaned = looks.clean(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in cleaned)
    assert looks.clean(cleaned) == cleaned


def test_formatting_of_other_clients_is_left_out() -> None:
    """Bold, colours and the like of IRC clients leave the bare text."""
    assert looks.clean("\x02bold\x0f \x0304,12red\x03 8") == "bold red 8"


def test_lines_have_room_time_and_colour() -> None:
    """A message as a line; with colours only the name has one."""
    message = Message(room="#tea", who="ada", text="hi", time="2026-11-21T10:00:00Z")
    time = looks.local_time(message.time)
    assert looks.line(message) == f"[#tea] {time} ada: hi"
    assert looks.line(message, colours=True).count("\x1b[") == 2
    assert looks.local_time("soon") == ""


def test_record_is_json_with_everything() -> None:
    """A message for programs."""
    message = Message(room="#tea", who="ada", text="hé", id=MessageId("4", 2), kind=Kind.NOTICE)
    assert json.loads(looks.record(message)) == {
        "room": "#tea",
        "id": "4-2",
        "time": None,
        "from": "ada",
        "account": None,
        "kind": "notice",
        "text": "hé",
    }


@given(st.text(max_size=200), st.integers(4, 60))
def test_pieces_keep_the_text(text: str, longest: int) -> None:
    """Whatever is cut, each piece fits, and only spaces and line ends are lost."""
    found = list(pieces(text, longest))
    assert all(len(piece.encode()) <= longest for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_log_keeps_a_bounded_past() -> None:
    """A room that talks for weeks does not fill the memory; the rest is read again on demand."""
    log = Log()
    log.finish()
    for number in range(1, 2 * MOST + 2):
        log.add(Message(room="#r", who="a", text="", id=MessageId("r", number)))
    assert len(log.entries) == MOST
    assert (log.last, log.whole) == (MessageId("r", 2 * MOST + 1), False)


class Desk:
    """A view that remembers what it was told to do."""

    def __init__(self) -> None:
        self.wire = Wire().start()
        self.conversation: Conversation = self.wire.client
        self.sharing = sharing(self.wire)
        self.current = "#tea"
        self.shown: list[str] = []
        self.reason: str | None = None

    def show(self, text: str) -> None:
        """Show a sentence."""
        self.shown.append(text)

    def switch(self, name: str) -> None:
        """Show another room."""
        self.current = name

    def close(self, reason: str) -> None:
        """End the program."""
        self.reason = reason


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("hello", "PRIVMSG #tea :hello"),
        ("//hello", "PRIVMSG #tea :/hello"),
        ("/me waves", "PRIVMSG #tea :\x01ACTION waves\x01"),
        ("/notice #tea look", "NOTICE #tea :look"),
        ("/join den", "JOIN #den"),
        ("/join #den secret", "JOIN #den secret"),
        ("/part", "PART :#tea"),
        ("/part #tea so long", "PART #tea :so long"),
        ("/topic Oolong only", "TOPIC #tea :Oolong only"),
        ("/away to lunch", "AWAY :to lunch"),
        ("/away", "AWAY"),
        ("/who bob", "WHOIS bob"),
        ("/who #den", "WHO #den"),
        ("/rooms", "LIST"),
        ("/invite bob", "INVITE bob #tea"),
        ("/kick bob too loud", "KICK #tea bob :too loud"),
        ("/mode +o bob", "MODE #tea +o bob"),
        ("/nick bert", "NICK bert"),
        ("/quote whois bob", "WHOIS bob"),
        ("/quote privmsg bob :a b", "PRIVMSG bob :a b"),
    ],
)
def test_commands_send_what_they_say(typed: str, sent: str) -> None:
    """Each command becomes its line of the protocol."""
    desk = Desk()
    obey(desk, typed)
    line = desk.wire.up[-1]
    assert sent in line.text()
    assert desk.shown == [] or typed == "/rooms"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("/jion #x", "There is no command /jion. Did you mean /join?"),
        ("/w bob", "Usage: /w NAME TEXT"),
        ("/history many", "Usage: /history [COUNT], a number"),
        ("/w #den hi", "You are not in #den."),
        ("/topic", "No topic."),
        ("/who", "In #tea: ada, bob."),
        ("/help me", "/me TEXT: Say what you do."),
    ],
)
def test_commands_that_answer_here(typed: str, shown: str) -> None:
    """What is misused, or needs no server, is answered at once."""
    desk = Desk()
    obey(desk, typed)
    assert desk.shown == [shown]


def test_help_lists_every_command() -> None:
    """/help has a line for each command, and each has a sentence."""
    desk = Desk()
    obey(desk, "/help")
    assert len(desk.shown) == len(COMMANDS)
    assert all(command.help for command in COMMANDS)


def test_without_a_room_nothing_is_said() -> None:
    """Before one is in a room, a line is not lost without a word."""
    desk = Desk()
    desk.current = ""
    obey(desk, "hello")
    assert desk.shown == ["You are not in a room: /join #ROOM, or /w NAME TEXT."]


def test_too_much_is_misuse() -> None:
    """A command without parameters takes none."""
    with pytest.raises(Misused):
        SlashCommand(("x",), lambda view: None).run(Desk(), "y")


def test_before_takes_times_and_message_ids() -> None:
    """`--before` understands ISO 8601, with any offset, and ids."""
    assert reference("2026-11-21T14:00:00.5+02:00") == "timestamp=2026-11-21T12:00:00.500Z"
    assert reference("17-204") == "msgid=17-204"
    with pytest.raises(ValueError, match="yesterday"):
        reference("yesterday")


@pytest.mark.parametrize(
    ("given_", "host"),
    [
        ("chat.example", "chat.example:6697"),
        ("chat.example:7000", "chat.example:7000"),
        ("[::1]:7000", "::1:7000"),
        ("[::1]", "::1:6697"),
        ("::1", "::1:6697"),
    ],
)
def test_hosts(given_: str, host: str) -> None:
    """A host may have a port, and may be an address."""
    assert _parser("open").parse_args([given_]).host == host


@pytest.mark.parametrize("bad", ["a:b", "a:99999", "http://x", "", "a:0"])
def test_bad_hosts(bad: str) -> None:
    """What is no host ends with 2."""
    with pytest.raises(SystemExit) as ended:
        _parser("open").parse_args([bad])
    assert ended.value.code == 2


@pytest.mark.parametrize("bad", ["", "zz", "AB:CD", "g" * 64, "a" * 63])
def test_bad_fingerprints(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no fingerprint is told before anybody connects, and ends with 2."""
    with pytest.raises(SystemExit) as ended:
        _parser("open").parse_args(["h", "--fingerprint", bad])
    assert ended.value.code == 2
    assert f"{bad!r} is no SHA-256, 64 hexadecimal digits" in capsys.readouterr().err


def test_password_from_environment_or_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment first, then the keyring; without a terminal nobody is asked."""
    kept = {("chatd", "ada@h:1"): "from the keyring"}
    monkeypatch.setattr(keyring, "get_password", lambda *key: kept.get(key))
    assert find_password({"CHAT_PASSWORD": "x"}, "ada", "h:1") == "x"
    assert find_password({}, "ada", "h:1") == "from the keyring"
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Failed):
        find_password({}, "bob", "h:1")
