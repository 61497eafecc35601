"""What one person types and sees: line by line, or key by key where telnet allows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol

from chatd.frontends.human.editor import Editor
from chatd.frontends.human.lines import Lines
from chatd.frontends.human.telnet import Telnet

_NEWLINE = re.compile(rb"\r[\n\0]?")


class Reader(Protocol):
    """Whoever is given what is typed."""

    def take(self, line: str) -> None:
        """A line was typed."""

    def complete(self, text: str) -> Iterable[str]:
        """The words that may stand for the last one of what was typed so far."""


class Terminal:
    """A terminal at the other end of a stream.

    :param send: takes bytes for it.
    :param negotiate: whether to begin the telnet negotiation, and not wait for the client.
    """

    def __init__(self, send: Callable[[bytes], None], reader: Reader, negotiate: bool) -> None:
        self._send = send
        self._reader = reader
        self._typing: Lines | Editor = Lines(self._write, self._take)
        self._prompt = ""
        self._question: tuple[str, bool] | None = None
        self._returned = False
        self._telnet = Telnet(send, self._changed)
        if negotiate:
            self._telnet.begin()

    @property
    def colour(self) -> bool:
        """Whether it says that it has colours."""
        return self._telnet.colour

    def feed(self, data: bytes) -> None:
        """Take bytes from it. A carriage return, LF, or both, ends a line."""
        typed = self._telnet.receive(data)
        if not typed:
            return
        returned, self._returned = self._returned, typed.endswith(b"\r")
        if returned and typed[:1] in (b"\n", b"\0"):
            typed = typed[1:]
        self._typing.feed(_NEWLINE.sub(b"\n", typed))

    def show(self, text: str) -> None:
        """Write one or more whole lines."""
        self._typing.show(text)

    def farewell(self, text: str) -> bytes:
        """The last words as they are to be sent."""
        return _encoded(self._typing.farewell(text))

    def prompt(self, text: str) -> None:
        """Put this before what is typed from now on, where that can be."""
        self._prompt = text
        self._typing.prompt(text)

    def ask(self, question: str, hidden: bool) -> None:
        """Ask for the next line; a `hidden` one is not shown, where that can be."""
        self._question = question, hidden
        self._typing.ask(question, hidden)

    def _take(self, line: str) -> None:
        self._question = None
        self._reader.take(line)

    def _write(self, text: str) -> None:
        self._send(_encoded(text))

    def _changed(self) -> None:
        """Telnet knows more about the client."""
        if self._telnet.by_key and isinstance(self._typing, Lines):
            self._type_by_key(self._typing.rest)
        elif not self._telnet.by_key and isinstance(self._typing, Editor):
            self._typing = Lines(self._write, self._take)
        if isinstance(self._typing, Editor):
            self._typing.width = self._telnet.width

    def _type_by_key(self, begun: bytes) -> None:
        editor = self._typing = Editor(self._write, self._take, self._reader.complete)
        if self._question is not None:
            editor.ask(*self._question)
        editor.prompt(self._prompt)
        editor.feed(begun)


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")
