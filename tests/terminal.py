"""A program in a terminal of its own, as somebody sees it who sits in front of it.

with Terminal(folder, "irssi", "--home", str(home)) as terminal:
    terminal.type("/join #tea", "hello")
    terminal.wait_for("ada> hello")

It is tmux that draws the screen, with a server of its own in the given folder.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

PATIENCE = 20.0
WIDTH, HEIGHT = 140, 45
_OPTIONS = (
    "set -g remain-on-exit on\n"
    "set -g status off\n"
    'set -g default-terminal "screen-256color"\n'
    "set -sg escape-time 0\n"
)


class Terminal:
    """A program that runs in tmux.

    :param environment: what it finds in its environment besides what we find in ours.
    """

    def __init__(
        self, folder: Path, *command: str, environment: Mapping[str, str] | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._options = folder / "tmux.conf"
        self._options.write_text(_OPTIONS)
        self._socket = folder / "tmux"
        pairs = [f"{name}={value}" for name, value in (environment or {}).items()]
        size = ("-x", str(WIDTH), "-y", str(HEIGHT))
        bare = ("env", "-u", "COLUMNS", "-u", "LINES")  # those are of another terminal
        self._tmux("new-session", "-d", *size, *bare, *pairs, *command)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def type(self, *lines: str) -> None:
        """Type lines, and Enter after each."""
        for line in lines:
            self._tmux("send-keys", "-l", line)
            self._tmux("send-keys", "Enter")

    def see(self) -> str:
        """What is on the screen, and what has left it at the top."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-")

    def wait_for(self, pattern: str, patience: float = PATIENCE) -> str:
        """Wait until something is on the screen, and give that back."""
        found: list[str] = []

        def is_seen() -> bool:
            match = re.search(pattern, self.see(), re.MULTILINE)
            found.extend([match[0]] if match else [])
            return bool(match)

        wait_until(is_seen, lambda: f"no {pattern!r} in\n{self.see()}", patience)
        return found[0]

    def close(self) -> None:
        """End it as one does who closes the window."""
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-f", str(self._options), "-S", str(self._socket), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        return done.stdout


def wait_until(
    condition: Callable[[], bool], complaint: Callable[[], str], patience: float = PATIENCE
) -> None:
    """Wait until something is so; fail with a complaint if it does not come."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.05)
