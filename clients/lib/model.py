"""The nouns of a client: who logs in, message ids, what is waiting to be sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum

_MESSAGE_ID = re.compile(r"(.{1,100})-([0-9]{1,18})")


def fold(name: str) -> str:
    """The form by which the names of rooms and people are compared."""
    return name.casefold()


def is_room(name: str) -> bool:
    """Whether this names a room and not a person."""
    return name.startswith("#")


@dataclass(frozen=True, slots=True)
class Login:
    """Who wants in. Without a password it is as a guest."""

    name: str
    password: str | None = None
    register: bool = False
    invitation: str | None = None


@dataclass(frozen=True, slots=True)
class MessageId:
    """A room's immutable key and the number of the entry in the room's log, without gaps."""

    room: str
    number: int

    @classmethod
    def read(cls, text: str) -> MessageId | None:
        """The id in a `msgid` tag; None if it is no such thing."""
        found = _MESSAGE_ID.fullmatch(text)
        return cls(found[1], int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.room}-{self.number}"

    def follows(self, other: MessageId | None) -> bool:
        """Whether this is news to somebody who has heard everything up to `other`."""
        return other is None or self.room != other.room or self.number > other.number


class Kind(StrEnum):
    """The kinds of message."""

    MESSAGE = "message"
    NOTICE = "notice"
    ACTION = "action"


class State(Enum):
    """How far a post has come."""

    WAITING = "waiting"
    SENT = "sent"
    DOUBTFUL = "doubtful"
    KEPT = "kept"
    REFUSED = "refused"


@dataclass(slots=True, eq=False)
class Post:
    """A line on its way to a room or a person.

    `key` is both the label of the request and a tag that the server keeps with the message.
    """

    key: str
    to: str
    text: str
    kind: Kind = Kind.MESSAGE
    state: State = State.WAITING
