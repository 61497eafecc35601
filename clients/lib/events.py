"""What a conversation tells its view. Every event has a sentence, `str(event)`.

Those that belong into a room's log are `RoomEvent`s; the others are about the connection,
the account, or an answer to something that was asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from clients.lib.model import Kind, MessageId, Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that the view may want to show."""

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEvent(Event):
    """Something that happened in a room, or in a direct conversation called after the other.

    `time` is what the server says, in ISO 8601 and UTC, or empty. Without an `id` it is not
    in the server's log.
    """

    room: str
    who: str
    time: str = ""
    id: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(RoomEvent):
    """Somebody said something. `post` is what their client called it, if it did."""

    text: str
    kind: Kind = Kind.MESSAGE
    account: str | None = None
    mine: bool = False
    post: str = ""

    def __str__(self) -> str:
        match self.kind:
            case Kind.ACTION:
                return f"* {self.who} {self.text}"
            case Kind.NOTICE:
                return f"-{self.who}- {self.text}"
        return f"{self.who}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(RoomEvent):
    """Somebody came in."""

    def __str__(self) -> str:
        return f"{self.who} joined {self.room}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(RoomEvent):
    """Somebody left the room, or the server."""

    reason: str = ""

    def __str__(self) -> str:
        return f"{self.who} left {self.room}{because(self.reason)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed(RoomEvent):
    """`who` put `whom` out of the room."""

    whom: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.who} removed {self.whom} from {self.room}{because(self.reason)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicChanged(RoomEvent):
    """The room has another topic."""

    text: str

    def __str__(self) -> str:
        if not self.text:
            return f"{self.who} took the topic of {self.room} away."
        return f"{self.who} set the topic of {self.room} to: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChanged(RoomEvent):
    """A mode of the room, or a role of a member, was changed."""

    change: str

    def __str__(self) -> str:
        return f"{self.who} changed {self.room}: {self.change}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed(RoomEvent):
    """Somebody has another name from now on."""

    name: str

    def __str__(self) -> str:
        return f"{self.who} is called {self.name} now."


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOpened(Event):
    """There is another room, or direct conversation, to show."""

    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomClosed(Event):
    """A room is gone from the list."""

    room: str
    reason: str = ""

    def __str__(self) -> str:
        return f"You are no longer in {self.room}{because(self.reason)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterChanged(Event):
    """Who is in a room, their roles or their presence, or its topic, has changed."""

    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp(Event):
    """Everything that was missed in a room has been told. If not `whole`, something may lack."""

    room: str
    whole: bool = True

    def __str__(self) -> str:
        return "" if self.whole else f"Some messages of {self.room} may be missing here."


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderRead(Event):
    """A page of older entries, oldest first, has been put before those known so far."""

    room: str
    found: tuple[RoomEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostKept(Event):
    """The server has stored it: it will survive a power cut."""

    post: Post
    id: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRefused(Event):
    """Nobody has heard it, or with the code UNKNOWN nobody can tell. It is not sent again."""

    post: Post
    code: str
    reason: str

    def __str__(self) -> str:
        return f"Not sent to {self.post.to}: {self.post.text!r} ({self.reason})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowed(Event):
    """The server wants us to wait before we send more."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Event):
    """Something that the server has to say; about a room, if that is named."""

    text: str
    room: str | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """The server refused something; `code` is a number or a word for programs."""

    code: str
    text: str
    about: str | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(Event):
    """We are in."""

    name: str

    def __str__(self) -> str:
        return f"You are logged in as {self.name}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready(Event):
    """All rooms that we are in are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFailed(Event):
    """The server does not let us in; trying again would not help."""

    code: str
    reason: str

    def __str__(self) -> str:
        return f"The server does not let you in: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Event):
    """There is a new account, or there will be one once the invitation code is given."""

    name: str
    pending: bool
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePinned(Event):
    """The server's certificate was met for the first time; from now on it must be this one."""

    host: str
    fingerprint: str

    def __str__(self) -> str:
        return (
            f"No authority vouches for {self.host}. Its certificate is remembered from now on:"
            f" SHA-256 {self.fingerprint}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected(Event):
    """The connection is gone; `again` is in how many seconds the next attempt begins."""

    reason: str
    again: float

    def __str__(self) -> str:
        return f"Disconnected: {self.reason} Next attempt in {self.again:.0f} s."


def because(reason: str) -> str:
    """The reason in brackets, if there is one."""
    return f" ({reason})" if reason else ""
