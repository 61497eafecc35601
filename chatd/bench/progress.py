"""A bar that shows how far a load test is, on a terminal."""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO

from chatd.bench.load import Stage

EVERY = 0.5
"""Seconds from one look to the next: drawing takes time that posts would be late by."""


class Bar:
    """One bar for one stage after the other.

    Without a terminal there is nothing to see. Without the package rich there is no bar, and
    what it would take is said.
    """

    def __init__(self, stream: TextIO) -> None:
        self._progress = None
        if not stream.isatty():
            return
        try:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
        except ImportError:
            stream.write("chatd bench: pip install rich, and a bar shows how far it is.\n")
            return
        self._progress = Progress(
            TextColumn("{task.description:20}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[words]}"),
            TimeElapsedColumn(),
            console=Console(file=stream),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._progress.start()
        self._task = self._progress.add_task("starting", words="")

    def show(self, stage: Stage, words: str) -> None:
        """Draw it anew."""
        if self._progress is not None:
            with suppress(OSError):  # a terminal that has closed
                self._progress.update(
                    self._task,
                    description=stage.name,
                    completed=stage.done,
                    total=stage.of or 1,
                    words=words,
                    refresh=True,
                )

    def close(self) -> None:
        """Take it away."""
        if self._progress is not None:
            with suppress(OSError):
                self._progress.stop()
            self._progress = None
