"""What Tab completes: commands, names of people and rooms, emoji, and files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from clients.cli.commands import COMMANDS
from clients.cli.emojis import short_names
from clients.cli.looks import clean
from clients.lib.conversation import Conversation
from clients.lib.model import fold, is_room

MOST = 50
"""Candidates that are offered at most."""
_BEFORE_PATH = re.compile(r"/(?:filew|file|accept)\s+\S+\s+", re.IGNORECASE)
"""What stands before a path."""
_BEFORE_ID = re.compile(r"/(?:accept|decline|cancel)\s+(?=\S*$)", re.IGNORECASE)
"""What stands before the id of a file."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand in place of the text from `start` on."""

    start: int
    words: tuple[str, ...]


def complete(conversation: Conversation, room: str, text: str) -> Completion:
    """What the word at the end of `text` can become; `room` is the one that is shown."""
    if match := _BEFORE_PATH.match(text):
        return Completion(match.end(), _paths(text[match.end() :]))
    if match := _BEFORE_ID.match(text):
        ids = [offer.id for offer in conversation.files][::-1]  # the newest first
        return Completion(match.end(), _beginning(text[match.end() :], ids, " ", least=0))
    start = text.rfind(" ") + 1
    word = text[start:]
    if start == 0 and word.startswith("/"):
        return Completion(0, _beginning(word, _commands(), " "))
    if word.startswith(":") and len(word) > 1:
        return Completion(start, _beginning(word, short_names(), " "))
    if is_room(word):
        return Completion(start, _beginning(word, [r.name for r in conversation.rooms], " "))
    return Completion(
        start, _beginning(word, _people(conversation, room), ": " if not start else " ")
    )


def _commands() -> Iterable[str]:
    return sorted(f"/{name}" for command in COMMANDS for name in command.names)


def _people(conversation: Conversation, room: str) -> list[str]:
    """Those in the room first, then those we talk with."""
    shown = conversation.rooms.find(room)
    here = [member.name for member in shown.roster()] if shown else []
    return [*here, *(r.name for r in conversation.rooms if r.direct)]


def _beginning(word: str, words: Iterable[str], end: str, least: int = 1) -> tuple[str, ...]:
    """The words that begin so, if that has so many signs at least."""
    if len(word) < least:
        return ()
    fitting = dict.fromkeys(w for w in words if fold(w).startswith(fold(word)))
    return tuple(f"{w}{end}" for w in list(fitting)[:MOST])


def _paths(begun: str) -> tuple[str, ...]:
    """The files and folders whose path begins so; it is written on as it was begun."""
    folder, slash, name = begun.rpartition("/")
    place = Path(folder + slash).expanduser() if slash else Path()
    try:
        found = sorted(path for path in place.iterdir() if path.name.startswith(name))
    except OSError:
        return ()
    shown = [path for path in found if name.startswith(".") or not path.name.startswith(".")]
    shown = [path for path in shown if path.name == clean(path.name)]  # no server takes others
    ends = [f"{path.name}/" if path.is_dir() else path.name for path in shown]
    return tuple(f"{folder}{slash}{end}" for end in ends[:MOST])


class Cycle:
    """Tab, Tab, Tab: one candidate after the other, for a line of text."""

    def __init__(self) -> None:
        self._shown: str | None = None
        self._head = ""
        self._words: tuple[str, ...] = ()
        self._place = 0

    def next(self, conversation: Conversation, room: str, text: str) -> str:
        """The text with the next candidate, or the text as it is."""
        if text != self._shown:
            found = complete(conversation, room, text)
            self._head, self._words, self._place = text[: found.start], found.words, -1
        if not self._words:
            return text
        self._place = (self._place + 1) % len(self._words)
        self._shown = self._head + self._words[self._place]
        return self._shown
