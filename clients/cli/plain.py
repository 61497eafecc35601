"""`chat --plain`: one line after the other, for screen readers, old terminals and pipes.

On a terminal prompt_toolkit keeps what is being typed apart from what comes in. Otherwise
lines are read from standard input, each when the one before it has been answered.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from io import TextIOWrapper
from shutil import get_terminal_size
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app_or_none, run_in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import ANSI
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.task import deferLater

from chatd.wire.irc import Line
from clients.cli import looks
from clients.cli.commands import obey
from clients.cli.completion import complete
from clients.cli.emojis import with_emoji
from clients.cli.session import Session
from clients.cli.typed import lines
from clients.lib.conversation import Conversation
from clients.lib.events import (
    Event,
    OlderRead,
    PostKept,
    Ready,
    RoomClosed,
    RoomOpened,
    RosterChanged,
)
from clients.lib.model import fold, is_room
from clients.lib.offers import FilesListed


class PlainView:
    """Shows every event of every room as a line; what is typed goes to one of them."""

    def __init__(self, session: Session, room: str, colours: bool) -> None:
        self._session = session
        self._colours = colours
        self.conversation: Conversation = session.conversation
        self.sharing = session.sharing
        self.current = room
        self._unwritten: list[str] = []

    def show(self, text: str) -> None:
        """Show a sentence."""
        self._write(f"-- {looks.clean(text)}")

    def switch(self, name: str) -> None:
        """From now on what is typed goes there."""
        self.current = name
        self.conversation.read(name)

    def close(self, reason: str) -> None:
        """End the program."""
        self._session.close(reason)

    def hear(self, event: Event) -> None:
        """Show an event, if there is something to show."""
        match event:
            case RosterChanged() | PostKept() | Ready():
                return
            case RoomOpened(room=room):
                self.current = self.current or room
                return
            case RoomClosed(room=room) if fold(room) == fold(self.current):
                self.current = ""
            case FilesListed() if event.offers:
                for offer in event.offers:
                    self.show(str(offer))
                return
            case OlderRead(found=found, room=room):
                for older in found:
                    self._write(looks.line(older, self._colours))
                self.show(f"That is {len(found)} older lines of {room}.")
                return
        self._write(looks.line(event, self._colours))

    def bars(self) -> ANSI | None:
        """What is shown below the prompt: the files that move, if there are any."""
        bars = self._session.bars
        return ANSI(bars.text(get_terminal_size().columns - 1)) if bars else None

    def _write(self, text: str) -> None:
        """Write a line, above the prompt if there is one.

        A prompt steps aside only a little later, and may have ended until then; so whoever
        writes first writes all that waits, in its order.
        """
        if not text:
            return
        self._unwritten.append(text)
        if not self.is_prompting:
            self.write_all()
        elif len(self._unwritten) == 1:
            run_in_terminal(self.write_all)

    @property
    def is_prompting(self) -> bool:
        """Whether there is a prompt."""
        return get_app_or_none() is not None

    def write_all(self) -> None:
        """Write what waits."""
        lines, self._unwritten = self._unwritten, []
        if lines:
            print(*lines, sep="\n", flush=True)


async def run_plain(reactor: Any, session: Session, room: str, colours: bool) -> None:
    """Be a plain view until the user, or the server, ends it.

    :raise Failed: if there is no connection any more.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    view = PlainView(session, room, colours)
    while not session.conversation.ready:
        event = await session.next()
        if event is None:
            return
        view.hear(event)
    typing = ensureDeferred(_type(reactor, view, session, room))
    typing.addErrback(lambda failure: failure.trap(CancelledError) and None)
    try:
        while (event := await session.next()) is not None:
            view.hear(event)
    finally:
        typing.cancel()
        await _until(reactor, lambda: not view.is_prompting)
        view.write_all()


async def _type(reactor: Any, view: PlainView, session: Session, room: str) -> None:
    if room:
        await _obey_in_turn(reactor, view, f"/{'join' if is_room(room) else 'query'} {room}")
    if sys.stdin.isatty() and sys.stdout.isatty():
        async for line in _prompted(view):
            obey(view, with_emoji(line))
    else:
        async for line in lines(reactor, sys.stdin.fileno()):
            await _obey_in_turn(reactor, view, line)
        await _obey_in_turn(reactor, view, "/quit")
    session.close()


async def _obey_in_turn(reactor: Any, view: PlainView, line: str) -> None:
    """Do what a pipe says; a command waits for all before it, and all behind it wait for it."""
    if not line.startswith("/"):
        obey(view, with_emoji(line))
        return
    conversation = view.conversation
    await _until(reactor, lambda: not conversation.unsettled())
    obey(view, line)
    answer: list[Line] = []
    conversation.ask(Line("PING", ("done?",)), answer.extend)
    await _until(reactor, lambda: bool(answer) or not conversation.online)


async def _until(reactor: Any, condition: Callable[[], bool]) -> None:
    while not condition():
        await deferLater(reactor, 0.02)


async def _prompted(view: PlainView) -> AsyncIterator[str]:
    prompt: PromptSession[str] = PromptSession(
        completer=_Words(view),
        complete_while_typing=False,
        bottom_toolbar=view.bars,
        refresh_interval=0.5,
    )
    while True:
        try:
            asked = asyncio.ensure_future(prompt.prompt_async(lambda: f"{view.current}> "))
            typed = await Deferred.fromFuture(asked)
        except (EOFError, KeyboardInterrupt):
            return
        for line in typed.splitlines():
            yield line


class _Words(Completer):
    """What Tab completes, as prompt_toolkit wants it."""

    def __init__(self, view: PlainView) -> None:
        self._view = view

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        found = complete(self._view.conversation, self._view.current, text)
        for word in found.words:
            yield Completion(word, start_position=found.start - len(text))
