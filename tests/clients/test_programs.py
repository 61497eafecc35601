"""`chat` as a program: exit codes, pipes, certificates; over TLS with a scripted server."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import trustme
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from tests.clients.scripted import Scripted, listen

CHECKOUT = Path(__file__).resolve().parents[2]


class Program(ProcessProtocol):
    """A run of `chat`: what it says, and how it ended."""

    def __init__(self, given: str | None) -> None:
        self.given = given
        self.out = ""
        self.err = ""
        self.ended: Deferred[int] = Deferred()

    def connectionMade(self) -> None:
        if self.given is not None:
            self.transport.write(self.given.encode())
            self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted calls it
        self.out += data.decode()

    def errReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted calls it
        self.err += data.decode()

    def processEnded(self, reason: Failure) -> None:  # noqa: N802 - Twisted calls it
        done = reason.check(ProcessDone)
        self.ended.callback(0 if done else reason.value.exitCode)


class ProgramTests(TestCase):
    """One server, and programs that are run against it."""

    def setUp(self) -> None:
        self.home = Path(self.mktemp()).absolute()
        self.home.mkdir(parents=True)
        self.authority = trustme.CA()
        self.server = Scripted()
        self.programs: list[Program] = []
        self.port = listen(self.server, self.authority.issue_cert("localhost"), self.home)
        self.addCleanup(self.port.stopListening)
        self.number = self.port.getHost().port
        self.host = f"localhost:{self.number}"

    def run_chat(self, *arguments: str, given: str | None = "", **environ: str) -> Program:
        """Start `chat` with these arguments and this standard input."""
        program = Program(given)
        self.programs.append(program)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "HOME": str(self.home),
            "CHAT_ACCOUNT": "ada",
            "CHAT_PASSWORD": "pw",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            **environ,
        }
        command = [sys.executable, "-m", "clients.cli", *arguments]
        reactor.spawnProcess(program, command[0], command, environment)
        return program

    @inlineCallbacks
    def until(self, condition: Any) -> Generator[Any, Any, None]:
        """Wait until something is so."""
        for _ in range(500):
            if condition():
                return
            yield deferLater(reactor, 0.01)
        self.fail(f"it did not come: {[(p.out, p.err) for p in self.programs]}")

    @inlineCallbacks
    def test_send_says_all_lines_and_ends_well(self) -> Generator[Any, Any, None]:
        """`chat send` ends with 0 when every line is stored, in order."""
        program = self.run_chat("send", self.host, "#tea", given="one\ntwo\n\nthree")
        self.assertEqual((yield program.ended), 0)
        self.assertEqual(self.server.texts(), ["one", "two", "three"])

    @inlineCallbacks
    def test_send_reads_a_file_and_joins_first(self) -> Generator[Any, Any, None]:
        """Standard input may be a file, and the room one that the account is not in."""
        program = self.run_chat("send", self.host, "#new", given="hello\n")
        self.assertEqual((yield program.ended), 0)
        self.assertEqual(self.server.texts("#new"), ["hello"])

    @inlineCallbacks
    def test_send_to_a_person(self) -> Generator[Any, Any, None]:
        """A name instead of a room sends directly."""
        program = self.run_chat("send", self.host, "bob", given="psst\n")
        self.assertEqual((yield program.ended), 0)
        self.assertEqual(self.server.texts("ada bob"), ["psst"])

    @inlineCallbacks
    def test_refused_line_ends_with_1(self) -> Generator[Any, Any, None]:
        """A refusal of the server ends with 1 and names the line."""
        self.server.refuse = "NOT_KEPT"
        program = self.run_chat("send", self.host, "#tea", given="one\n")
        self.assertEqual((yield program.ended), 1)
        self.assertIn("Line 1 was not sent", program.err)

    @inlineCallbacks
    def test_wrong_command_line_ends_with_2(self) -> Generator[Any, Any, None]:
        """A command line that is no good ends with 2."""
        for arguments in (("send", self.host), ("a b",), ("tail", "-n", "x", "h", "#r")):
            self.assertEqual((yield self.run_chat(*arguments).ended), 2)

    @inlineCallbacks
    def test_nothing_listens_ends_with_3(self) -> Generator[Any, Any, None]:
        """No connection ends with 3, at once, without a traceback."""
        yield self.port.stopListening()
        program = self.run_chat("send", self.host, "#tea", given="x")
        self.assertEqual((yield program.ended), 3)
        self.assertEqual(program.err, "chat: Nothing listens there.\n")

    @inlineCallbacks
    def test_wrong_password_ends_with_5(self) -> Generator[Any, Any, None]:
        """A failed log-in ends with 5, and so does a password that is nowhere."""
        program = self.run_chat("send", self.host, "#tea", given="x", CHAT_PASSWORD="no")
        self.assertEqual((yield program.ended), 5)
        program = self.run_chat("send", self.host, "#tea", given="x", CHAT_PASSWORD="")
        self.assertEqual((yield program.ended), 5)
        self.assertNotIn("Traceback", program.err)

    @inlineCallbacks
    def test_certificate_is_pinned_and_a_change_refused(self) -> Generator[Any, Any, None]:
        """Met first, a certificate is shown and remembered; another one ends with 4."""
        program = self.run_chat("send", self.host, "#tea", given="one\n")
        self.assertEqual((yield program.ended), 0)
        self.assertIn("No authority vouches", program.err)
        pins = self.home / ".config" / "chatd" / "known_hosts"
        self.assertEqual(stat.S_IMODE(pins.stat().st_mode), 0o600)
        program = self.run_chat("send", self.host, "#tea", given="two\n")
        self.assertEqual(((yield program.ended), program.err), (0, ""))
        yield self.port.stopListening()
        self.port = listen(
            self.server, self.authority.issue_cert("localhost"), self.home, self.number
        )
        self.addCleanup(self.port.stopListening)
        program = self.run_chat("send", self.host, "#tea", given="three\n")
        self.assertEqual((yield program.ended), 4)
        self.assertIn("is not the one it should be", program.err)
        self.assertEqual((yield self.run_chat("forget", self.host).ended), 0)
        program = self.run_chat("send", self.host, "#tea", given="four\n")
        self.assertEqual((yield program.ended), 0)
        self.assertEqual(self.server.texts(), ["one", "two", "four"])

    @inlineCallbacks
    def test_authority_vouches(self) -> Generator[Any, Any, None]:
        """A certificate of a trusted authority for this host needs no pin."""
        file = self.home / "authority.pem"
        self.authority.cert_pem.write_to_path(str(file))
        program = self.run_chat("send", self.host, "#tea", given="x\n", SSL_CERT_FILE=str(file))
        self.assertEqual(((yield program.ended), program.err), (0, ""))
        self.assertFalse((self.home / ".config").exists())
        other = self.run_chat(
            "send", f"127.0.0.1:{self.number}", "#tea", given="y\n", SSL_CERT_FILE=str(file)
        )
        self.assertEqual((yield other.ended), 0)
        self.assertIn("No authority vouches", other.err)

    @inlineCallbacks
    def test_wrong_fingerprint_is_refused(self) -> Generator[Any, Any, None]:
        """With --fingerprint only that certificate is good, even on first sight."""
        program = self.run_chat(
            "send", "--fingerprint", "AB:" * 31 + "AB", self.host, "#tea", given="x\n"
        )
        self.assertEqual((yield program.ended), 4)
        self.assertEqual(self.server.texts(), [])

    @inlineCallbacks
    def test_send_survives_a_cut(self) -> Generator[Any, Any, None]:
        """If the connection breaks between two lines, the rest is sent on the next."""
        program = self.run_chat("send", self.host, "#tea", given=None)
        program.transport.write(b"one\n")
        yield self.until(lambda: self.server.texts() == ["one"])
        for connection in list(self.server.connections):
            connection.transport.abortConnection()
        program.transport.write(b"two\n")
        program.transport.closeStdin()
        self.assertEqual((yield program.ended), 0)
        self.assertEqual(self.server.texts(), ["one", "two"])
        self.assertIn("Next attempt", program.err)

    @inlineCallbacks
    def test_tail_shows_the_last_and_follows(self) -> Generator[Any, Any, None]:
        """`chat tail --json` begins with the last messages and goes on, also after a cut."""
        for n in range(6):
            self.server.post("bob", "#tea", f"old {n}")
        program = self.run_chat("tail", "--json", "-n", "5", self.host, "#tea", given=None)
        yield self.until(lambda: program.out.count("\n") == 5)
        self.server.say("bob", "#tea", "live")
        yield self.until(lambda: program.out.count("\n") == 6)
        for connection in list(self.server.connections):
            connection.transport.abortConnection()
        self.server.say("bob", "#tea", "missed")
        yield self.until(lambda: program.out.count("\n") == 7)
        program.transport.signalProcess("INT")
        self.assertEqual((yield program.ended), 130)
        said = [json.loads(line) for line in program.out.splitlines()]
        self.assertEqual(
            [m["text"] for m in said], [*(f"old {n}" for n in range(1, 6)), "live", "missed"]
        )
        self.assertEqual((said[0]["from"], said[0]["id"]), ("bob", "#tea-2"))

    @inlineCallbacks
    def test_history_in_pages(self) -> Generator[Any, Any, None]:
        """`chat history` shows as many as wanted, oldest first, also before a message."""
        for n in range(8):
            self.server.post("bob", "#tea", str(n))
        program = self.run_chat("history", "--json", "--limit", "5", self.host, "#tea")
        self.assertEqual((yield program.ended), 0)
        texts = [json.loads(line)["text"] for line in program.out.splitlines()]
        self.assertEqual(texts, ["3", "4", "5", "6", "7"])
        program = self.run_chat("history", "--before", "#tea-3", self.host, "#tea")
        self.assertEqual((yield program.ended), 0)
        self.assertEqual([line[-6:] for line in program.out.splitlines()], ["bob: 0", "bob: 1"])

    @inlineCallbacks
    def test_history_that_is_refused_ends_with_1(self) -> Generator[Any, Any, None]:
        """A room whose history one may not read ends with 1."""
        self.server.forget = True
        program = self.run_chat("history", self.host, "#tea")
        self.assertEqual((yield program.ended), 1)
        self.assertEqual(program.err.splitlines()[-1], "chat: No history.")

    @inlineCallbacks
    def test_register_makes_an_account(self) -> Generator[Any, Any, None]:
        """`chat register` makes an account; one that there is ends with 1."""
        program = self.run_chat("register", self.host, "eve")
        self.assertEqual((yield program.ended), 0)
        self.assertEqual(self.server.accounts["eve"], "pw")
        program = self.run_chat("register", self.host, "ada")
        self.assertEqual((yield program.ended), 1)
        self.assertIn("There is one.", program.err)

    @inlineCallbacks
    def test_plain_from_a_pipe(self) -> Generator[Any, Any, None]:
        """`chat --plain` does line by line what a pipe says, and ends when all is sent."""
        given = "hello :tea:\n/join #new\nfirst!\n/w bob psst\n/frob\n"
        program = self.run_chat("--plain", self.host, "#tea", given=given)
        self.assertEqual((yield program.ended), 0)
        self.assertEqual(self.server.texts(), ["hello 🍵"])
        self.assertEqual(self.server.texts("#new"), ["first!"])
        self.assertEqual(self.server.texts("ada bob"), ["psst"])
        self.assertIn("There is no command /frob.", program.out)
        self.assertNotIn("\x1b", program.out)
