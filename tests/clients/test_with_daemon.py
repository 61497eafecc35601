"""`chat` and the daemon itself, each a process of its own, also in a pseudo-terminal."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon import Daemon, environment

PASSWORD = "milk comes first"
PATIENCE = 30.0
_CONTROL = re.compile(
    r"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\"
)


class House:
    """A daemon with some accounts, and a home for the clients."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.daemon = Daemon(folder)
        for name in ("ada", "bob"):
            self.daemon.add_account(name, PASSWORD)
        self.daemon.start()
        self.address = f"127.0.0.1:{self.daemon.port('irc')}"

    def environment(self, account: str) -> dict[str, str]:
        """What a client finds in its environment."""
        theirs = environment()
        for name in ("COLUMNS", "LINES"):  # those are of another terminal
            theirs.pop(name, None)
        return {
            **theirs,
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "CHAT_ACCOUNT": account,
            "CHAT_PASSWORD": PASSWORD,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "TERM": "xterm-256color",
            "PROMPT_TOOLKIT_NO_CPR": "1",
        }

    def start(self, account: str, *arguments: str) -> subprocess.Popen[str]:
        """A client that runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "clients.cli", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(account),
            text=True,
            bufsize=1,
        )

    def run(self, account: str, *arguments: str, given: str = "") -> tuple[int, str, str]:
        """Run a client to its end: status, output, errors."""
        client = self.start(account, *arguments)
        out, err = client.communicate(given, PATIENCE)
        return client.returncode, out, err

    def texts(self, account: str, room: str) -> list[str]:
        """The history of a room, as an account sees it."""
        status, out, err = self.run(
            account, "history", "--json", "--limit", "9999", self.address, room
        )
        assert status == 0, err
        return [json.loads(line)["text"] for line in out.splitlines()]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house whose daemon is gone after the test."""
    made = House(tmp_path)
    yield made
    with contextlib.suppress(AssertionError):
        made.daemon.kill()


class Screen:
    """A client in a pseudo-terminal."""

    def __init__(self, house: House, account: str, *arguments: str) -> None:
        self.shown = ""
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            command = [sys.executable, "-m", "clients.cli", *arguments]
            os.execve(command[0], command, house.environment(account))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode())

    def wait_for(self, text: str, patience: float = PATIENCE) -> None:
        """Wait until the terminal was sent this text after the last; controls left out."""
        deadline = time.monotonic() + patience
        while text not in (seen := _CONTROL.sub("", self.shown)):
            assert time.monotonic() < deadline, f"no {text!r} in {seen!r}"
            if select.select([self._terminal], [], [], 0.2)[0]:
                try:
                    self.shown += os.read(self._terminal, 65536).decode(errors="replace")
                except OSError as error:
                    raise AssertionError(f"it has ended; no {text!r} in {seen!r}") from error
        self.shown = seen.partition(text)[2]

    def end(self) -> int:
        """Wait for its end; the exit status."""
        with contextlib.suppress(OSError):
            while os.read(self._terminal, 65536):
                pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_send_history_and_exit_codes(house: House) -> None:
    """What is sent with status 0 is in the history; each failure has its own status."""
    lines = [f"line {n}" for n in range(40)]
    assert house.run("ada", "send", house.address, "#ops", given="\n".join(lines))[0] == 0
    assert house.texts("ada", "#ops") == lines
    assert house.run("bob", "history", house.address, "#ops")[0] == 1
    assert house.run("eve", "send", house.address, "#ops", given="x")[0] == 5
    status, _, err = house.run("x", "register", house.address, "eve")
    assert status == 0, err
    assert house.run("eve", "send", house.address, "#ops", given="x")[0] == 0
    assert house.run("x", "register", house.address, "eve")[0] == 1
    house.daemon.stop()
    assert house.run("ada", "send", house.address, "#ops", given="x")[0] == 3
    house.daemon.start()


def test_other_certificate_is_refused(house: House) -> None:
    """After the server's certificate has changed, nothing is sent to it."""
    assert house.run("ada", "send", house.address, "#ops", given="one")[0] == 0
    house.daemon.stop()
    for file in house.daemon.data.glob("*.pem"):
        file.unlink()
    house.daemon.start()
    status, _, err = house.run("ada", "send", house.address, "#ops", given="two")
    assert (status, "not the one it should be" in err) == (4, True)


def test_each_line_once_over_power_cuts(house: House) -> None:
    """While the daemon is killed again and again, `send` loses and doubles no line of a pipe,
    and a `tail` that was running shows each of them once, in order."""
    assert house.run("ada", "send", house.address, "#ops", given="start")[0] == 0
    tail = house.start("ada", "tail", "--json", "-n", "1", house.address, "#ops")
    seen: list[str] = []
    reader = threading.Thread(target=_collect, args=(tail, seen))
    reader.start()
    _wait(lambda: seen == ["start"])
    sender = house.start("bob", "send", house.address, "#ops")
    lines = [f"line {n}" for n in range(60)]
    feeder = threading.Thread(target=_feed, args=(sender, lines))
    feeder.start()
    for count in (5, 20, 40):
        _wait(lambda count=count: len(seen) > count)
        house.daemon.kill()
        house.daemon.start()
    feeder.join(PATIENCE)
    _, err = sender.communicate(timeout=PATIENCE)
    assert (sender.returncode, house.texts("ada", "#ops")) == (0, ["start", *lines]), err
    _wait(lambda: len(seen) > len(lines))
    tail.terminate()
    reader.join(PATIENCE)
    tail.communicate()
    assert seen == ["start", *lines]


def test_full_screen_in_a_terminal(house: House) -> None:
    """The full-screen client shows what others say, says what is typed, and ends with 0."""
    screen = Screen(house, "ada", house.address, "#tea")
    screen.wait_for("#lobby")
    screen.wait_for("#tea")
    screen.type("hello from the terminal\r")
    screen.wait_for("ada: hello from the terminal")
    assert house.texts("ada", "#tea") == ["hello from the terminal"]
    assert house.run("bob", "send", house.address, "#tea", given="seen you")[0] == 0
    screen.wait_for("bob: seen you")
    house.daemon.kill()
    screen.wait_for("Disconnected")
    screen.type("typed in the dark\r")
    house.daemon.start()
    screen.wait_for("ada: typed in the dark")
    assert house.texts("bob", "#tea")[-1] == "typed in the dark"
    screen.type("/quit\r")
    assert screen.end() == 0


def test_plain_in_a_terminal(house: House) -> None:
    """The line mode in a terminal prompts, shows what comes, and ends with 0."""
    screen = Screen(house, "ada", "--plain", house.address, "#tea")
    screen.wait_for("#tea>")
    screen.type("hello\r")
    screen.wait_for("ada: hello")
    assert house.run("bob", "send", house.address, "ada", given="psst")[0] == 0
    screen.wait_for("bob: psst")
    screen.type("/quit\r")
    assert screen.end() == 0


def test_plain_keeps_the_order_while_somebody_types(house: House) -> None:
    """What others say is shown in their order, also what comes just when a line is entered."""
    screen = Screen(house, "ada", "--plain", house.address, "#tea")
    screen.wait_for("#tea>")
    lines = [f"line {number:02}" for number in range(60)]
    send, given = ("bob", "send", house.address, "#tea"), {"given": "\n".join(lines)}
    sender = threading.Thread(target=house.run, args=send, kwargs=given)
    sender.start()
    for line in lines:
        screen.type("\r" * 5)
        screen.wait_for(f"bob: {line}")
    sender.join()
    screen.type("/quit\r")
    assert screen.end() == 0


def test_direct_message_waits_for_an_account_that_is_away(house: House) -> None:
    """A direct message to somebody who is not connected is there when they come."""
    assert house.run("ada", "send", house.address, "bob", given="psst")[0] == 0
    status, out, _ = house.run("bob", "--plain", house.address, given="/history\n")
    assert status == 0
    assert "ada: psst" in out


def _collect(tail: subprocess.Popen[str], seen: list[str]) -> None:
    assert tail.stdout is not None
    seen.extend(json.loads(line)["text"] for line in tail.stdout)


def _feed(sender: subprocess.Popen[str], lines: list[str]) -> None:
    assert sender.stdin is not None
    for line in lines:
        sender.stdin.write(f"{line}\n")
        time.sleep(0.07)


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
