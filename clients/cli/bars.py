"""Bars that show how far files are: with their rate, and the time that is left."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from clients.cli import looks
from clients.lib.events import Event
from clients.lib.offers import FileChanged, Interrupted, Moved, NotCarried, Saved, Sent, Stopped

_LONGEST = 30


class Bars:
    """One for each file that moves.

    :param console: where to draw them; without one a view asks for them and draws them itself.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._drawn = console is not None
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(20),
            TaskProgressColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )

    def __len__(self) -> int:
        return len(self._bars)

    def hear(self, event: Event) -> None:
        """Move them as the event says, if it says something about one."""
        match event:
            case Moved():
                self._move(event)
            case FileChanged(stage=stage, file=file) if stage.over:
                self._drop(file)
            case Interrupted() | NotCarried() | Saved() | Sent() | Stopped():
                self._drop(event.file)

    def close(self) -> None:
        """Draw no more."""
        if self._drawn and self._progress.live.is_started:
            self._progress.stop()

    @property
    def renderable(self) -> RenderableType:
        """All of them, for rich and textual."""
        return self._progress.get_renderable()

    def text(self, width: int) -> str:
        """All of them, with colours of a terminal, one a line."""
        console = Console(width=width, force_terminal=True, legacy_windows=False)
        with console.capture() as captured:
            console.print(self.renderable)
        return captured.get().rstrip()

    def _move(self, moved: Moved) -> None:
        bar = self._bars.get(moved.file)
        if bar is None:
            if self._drawn:
                self._progress.start()
            name = looks.clean(moved.name)[:_LONGEST]
            bar = self._progress.add_task(name, total=moved.size, completed=moved.done)
            self._bars[moved.file] = bar
        self._progress.update(bar, completed=moved.done)

    def _drop(self, file: str) -> None:
        bar = self._bars.pop(file, None)
        if bar is not None:
            self._progress.remove_task(bar)
