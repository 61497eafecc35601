"""A real daemon for tests: a process of its own, on free ports of the loopback interface.

with Daemon(tmp_path, {"auth": {"guests": "yes"}}) as daemon:
    daemon.add_account("ada", "milk first")
    connect(daemon.port("irc"), daemon.certificate)
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

CHECKOUT = Path(__file__).resolve().parent.parent
LATER = CHECKOUT / "tests" / "later"
PATIENCE = 30.0
READY = "is ready"
PORTS = range(10_000, 32_000)
"""Below those that Linux gives to connections, which could take one while a daemon is down."""

HANDING = [
    "sh",
    "-c",
    'exec env LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=irc "$@" 3<&0',
    "sh",
]
"""A shell's way to hand its standard input over as systemd hands over sockets."""

Settings = Mapping[str, Mapping[str, str]]

CHEAP: dict[str, dict[str, str]] = {
    "server": {"data": "data"},
    "authenticator password": {"memory": "8k", "passes": "1"},
}


class Daemon:
    """chatd with a data directory of its own, which outlives `kill` and `stop`.

    It lives `later` than we do by so many seconds, from its next start on.

    :param settings: sections of the ini, laid over those that make it quick and local.
    :param python: another interpreter, which has chatd installed; else it runs the checkout.
    """

    def __init__(
        self, folder: Path, settings: Settings | None = None, python: Path | None = None
    ) -> None:
        self.folder = folder
        self._python = python
        self.data = folder / "data"
        self.ini = folder / "chatd.ini"
        self.certificate = self.data / "certificate.pem"
        self._log = folder / "chatd.log"
        self._ports = {name: free_port() for name in ("irc", "human")}
        self._process: subprocess.Popen[bytes] | None = None
        self.later = 0
        self.write(settings or {})

    def __enter__(self) -> Daemon:
        with ExitStack() as blocks:
            blocks.push(self)
            self.start()
            blocks.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.kill()

    def write(self, settings: Settings) -> None:
        """Write the ini anew; a daemon that runs takes it with `reload`."""
        sections = {name: dict(values) for name, values in CHEAP.items()}
        for name, port in self._ports.items():
            sections[f"listen {name}"] = {"endpoint": f"tcp:{port}:interface=127.0.0.1"}
        for name, values in settings.items():
            sections.setdefault(name, {}).update(values)
        lines = [
            line
            for name, values in sections.items()
            for line in (f"[{name}]", *(f"{key} = {value}" for key, value in values.items()))
        ]
        self.ini.write_text("\n".join(lines) + "\n")

    def start(self, handed: socket.socket | None = None) -> Daemon:
        """Start it, and wait until it lets clients in.

        :param handed: a socket to hand over under the name `irc`, as systemd does.
        """
        before = len(self.log())
        self.begin(handed)
        self.wait_for(lambda: READY in self.log()[before:])
        return self

    def begin(self, handed: socket.socket | None = None) -> None:
        """Start it, and wait for nothing."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*([] if handed is None else HANDING), *self._command("run")],
                stdin=subprocess.DEVNULL if handed is None else handed.fileno(),
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                cwd=self.folder,
            )

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    @property
    def memory(self) -> float:
        """The MB that it has in memory just now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    @property
    def files(self) -> int:
        """How many files and sockets it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def port(self, name: str) -> int:
        """Where a front-end listens, on 127.0.0.1; it stays over a restart."""
        return self._ports[name]

    def log(self) -> str:
        """All that it has said since it was made."""
        return self._log.read_text() if self._log.exists() else ""

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until it ends by itself; its exit status."""
        assert self._process is not None
        status = self._process.wait(PATIENCE)
        self._process = None
        return status

    def reload(self) -> str:
        """Let it read its ini again; what it says about that."""
        before = len(self.log())
        os.kill(self.pid, signal.SIGHUP)
        self.wait_for(
            lambda: any(w in self.log()[before:] for w in ("is in force", "nothing is changed"))
        )
        return self.log()[before:]

    def add_account(self, name: str, password: str, rank: str = "user") -> None:
        """Make an account, whether it runs or not."""
        self.operate("account", "add", name, "--rank", rank, given=password + "\n")

    def operate(self, *arguments: str, given: str = "") -> str:
        """Use the operator's command on it; what that prints."""
        done = subprocess.run(
            self._command(*arguments),
            input=given,
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait_for(self, condition: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Wait until something is so; fail with the log if it does not come, or the daemon ends."""
        deadline = time.monotonic() + patience
        while not condition():
            ended = self._process is not None and self._process.poll() is not None
            assert not ended, f"the daemon has ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"it took too long:\n{self.log()}"
            time.sleep(0.02)

    def _command(self, *arguments: str) -> list[str]:
        line = command(*arguments, "--config", str(self.ini))
        return line if self._python is None else [str(self._python), *line[1:]]

    def _environment(self) -> dict[str, str]:
        around = environment() if self._python is None else bare_environment()
        if self.later:
            paths = [str(LATER), *filter(None, [around.get("PYTHONPATH")])]
            around.update(CHATD_LATER=str(self.later), PYTHONPATH=os.pathsep.join(paths))
        return around

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        status = self._process.wait(PATIENCE)
        self._process = None
        return status


def command(*arguments: str) -> list[str]:
    """A command line of the operator's command."""
    return [sys.executable, "-m", "chatd", *arguments]


def environment() -> dict[str, str]:
    """The environment with the checkout on Python's path."""
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def bare_environment() -> dict[str, str]:
    """The environment without any path to the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def free_port() -> int:
    """A port that nothing listens on just now."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
