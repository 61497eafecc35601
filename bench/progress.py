"""A bar on standard error, where that is a terminal."""

from __future__ import annotations

from typing import TextIO

WIDTH = 30


class Progress:
    """How far a number of steps have come."""

    def __init__(self, steps: int, stream: TextIO) -> None:
        self._steps = max(1, steps)
        self._stream = stream
        self._shown = stream.isatty()
        self._done = 0

    def doing(self, what: str) -> None:
        """Say what the next step is."""
        full = WIDTH * min(self._done, self._steps) // self._steps
        bar = "█" * full + "░" * (WIDTH - full)
        self._write(f"{bar} {self._done}/{self._steps} {what}")

    def done(self) -> None:
        """A step has been made."""
        self._done += 1

    def end(self) -> None:
        """Leave the line empty."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._shown:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
