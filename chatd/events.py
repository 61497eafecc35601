"""What can happen. An event is true, and stored where it is durable, before anyone hears it.

An **entry** is an event in a room's log: the store has given it the next number of
its room. Comings and goings of guests, typing and presence are not durable: those
events have number 0, or no number at all.

Every event has a sentence, `str(event)`. A front-end that knows nothing better
shows that, so a new event works everywhere at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from chatd.model import Change, Kind, Listing, Mode, Outcome, Person, Role, Room


class Cause(Struct, frozen=True):
    """Which session's request made an event, and the label it gave the request."""

    session: str
    label: str | None = None


class Event(Struct, frozen=True, kw_only=True):
    """Something that somebody did, and when (milliseconds since 1970)."""

    by: Person
    at: int
    cause: Cause | None = None

    def __str__(self) -> str:
        return f"{self.by.name} did something new ({type(self).__name__})."


class RoomEvent(Event, frozen=True, kw_only=True):
    """Something that happened in a room."""

    room: Room


class Entry(RoomEvent, frozen=True, kw_only=True):
    """An event in a room's log; number 0 means that it was not durable."""

    number: int = 0

    @property
    def id(self) -> str:
        """The message id: the room's key and the number; empty if not durable."""
        return f"{self.room.key}-{self.number}" if self.number else ""


class Posted(Entry, frozen=True, kw_only=True):
    """A message. `to` is the room's name, or the other's in a direct conversation.

    `to` may have a role's sign before the room's name (`@#tea`): then it is only for
    members of at least `least`. An `erased` one has lost its text and its tags. A text of
    several lines has line feeds; at the `joints` (characters from its start) its sender
    has broken a line that was too long to be sent, and that is one line all the same.
    """

    to: str
    text: str
    kind: Kind = Kind.MESSAGE
    tags: Mapping[str, str] = field(default_factory=dict)
    least: Role | None = None
    erased: bool = False
    joints: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.erased:
            return f"{self.by.name} said something that was taken back."
        return f"{self.by.name}: {self.text}"


class Signalled(RoomEvent, frozen=True, kw_only=True):
    """Tags without a text, such as typing: heard by those who are there, then gone.

    It has an id that it can be spoken of by, but no number.
    """

    to: str
    id: str
    tags: Mapping[str, str]
    least: Role | None = None

    def __str__(self) -> str:
        return f"{self.by.name} made a sign."


class Redacted(Entry, frozen=True, kw_only=True):
    """A message was taken back: the log has lost its text. `message` is its id.

    `to` and `least` are those of the message.
    """

    to: str
    message: str
    reason: str = ""
    least: Role | None = None

    def __str__(self) -> str:
        return f"{self.by.name} took a message back{_because(self.reason)}."


class Offered(Entry, frozen=True, kw_only=True):
    """Somebody offers a file, `file` being the id of the offer. `to` is as in a message."""

    to: str
    file: str
    name: str
    size: int
    type: str
    digest: str
    expires: int
    least: Role | None = None

    @property
    def what(self) -> str:
        """What it is, for people."""
        return f"{self.name} ({self.size} bytes, {self.type})"

    def __str__(self) -> str:
        return f"{self.by.name} offers {self.what} to {self.to}."


class OfferChanged(Entry, frozen=True, kw_only=True):
    """Something became of an offer.

    `code` is the digest of what was stored or is done, or says for programs why it failed;
    `reason` says it for people.
    """

    to: str
    file: str
    name: str
    outcome: Outcome
    code: str = ""
    reason: str = ""
    least: Role | None = None

    def __str__(self) -> str:
        what = f"{self.name} ({self.file})"
        match self.outcome:
            case Outcome.ACCEPTED:
                return f"{self.by.name} accepts {what}."
            case Outcome.STORED:
                return f"{what}, offered by {self.by.name} to {self.to}, is stored."
            case Outcome.DONE:
                return f"{self.by.name} has {what}."
            case Outcome.DECLINED:
                return f"{self.by.name} declines {what}{_because(self.reason)}."
            case Outcome.CANCELLED:
                return f"{self.by.name} no longer offers {what}{_because(self.reason)}."
            case Outcome.EXPIRED:
                return f"The offer of {what} has expired."
            case Outcome.FAILED:
                return f"{what} did not arrive: {self.reason}"


class Wanted(Event, frozen=True, kw_only=True):
    """The bytes of a file that somebody offers are wanted now; told to their own sessions."""

    to: str
    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} is waited for."


Addressed = Posted | Signalled | Redacted | Offered | OfferChanged
"""What has `to`, and perhaps `least`: not for everybody in a room."""


class Joined(Entry, frozen=True, kw_only=True):
    """Somebody is in the room from now on.

    Durable when an account became a member; not when a guest came, nor when a member
    came back on line. `role` is what they are there; `away` whether they are.
    """

    role: Role = Role.MEMBER
    away: str | None = None

    def __str__(self) -> str:
        return f"{self.by.name} joined {self.room.name}."


class Left(Entry, frozen=True, kw_only=True):
    """Somebody left the room for good."""

    reason: str = ""

    def __str__(self) -> str:
        return f"{self.by.name} left {self.room.name}{_because(self.reason)}."


class Removed(Entry, frozen=True, kw_only=True):
    """Somebody was put out of the room."""

    who: Person
    reason: str = ""

    def __str__(self) -> str:
        return (
            f"{self.by.name} removed {self.who.name} from {self.room.name}{_because(self.reason)}."
        )


class TopicChanged(Entry, frozen=True, kw_only=True):
    """The room has another topic; an empty one is none."""

    text: str

    def __str__(self) -> str:
        if not self.text:
            return f"{self.by.name} took the topic of {self.room.name} away."
        return f"{self.by.name} set the topic of {self.room.name} to: {self.text}"


class Renamed(Entry, frozen=True, kw_only=True):
    """The room has another name from now on; all else of it is as it was."""

    before: str
    now: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.by.name} renamed {self.before} to {self.now}{_because(self.reason)}."


class ModeChanged(Entry, frozen=True, kw_only=True):
    """A switch of the room, its password or its limit, was changed.

    `mode` is a Mode, "password" or "limit"; `value` is the new password or limit.
    """

    mode: Mode | str
    on: bool
    value: str | None = None

    def __str__(self) -> str:
        verb = "set" if self.on else "cleared"
        return f"{self.by.name} {verb} {self.mode} on {self.room.name}."


class RoleChanged(Entry, frozen=True, kw_only=True):
    """A member was given one role, or lost it."""

    who: Person
    role: Role
    on: bool

    def __str__(self) -> str:
        role = str(self.role.name).lower()
        verb = f"made {self.who.name}" if self.on else f"no longer has {self.who.name} as"
        return f"{self.by.name} {verb} {role} of {self.room.name}."


class MaskChanged(Entry, frozen=True, kw_only=True):
    """A mask was put on, or taken off, one of the room's lists."""

    listing: Listing
    pattern: str
    on: bool
    expires: int | None = None

    def __str__(self) -> str:
        verb = "put" if self.on else "took"
        where = "on" if self.on else "off"
        return (
            f"{self.by.name} {verb} {self.pattern} {where} the {self.listing} list"
            f" of {self.room.name}."
        )


class Invited(RoomEvent, frozen=True, kw_only=True):
    """Somebody was invited: told to them, and to those in the room who could have done it."""

    who: Person

    def __str__(self) -> str:
        return f"{self.by.name} invited {self.who.name} to {self.room.name}."


class Quit(Event, frozen=True, kw_only=True):
    """Somebody's last session ended; told to all who shared a room with them."""

    reason: str = ""

    def __str__(self) -> str:
        return f"{self.by.name} went off line{_because(self.reason)}."


class PersonChanged(Event, frozen=True, kw_only=True):
    """Somebody has another name, user, host, real name or account: `by` before, `now` after."""

    now: Person

    def __str__(self) -> str:
        if self.by.name != self.now.name:
            return f"{self.by.name} is now called {self.now.name}."
        return f"{self.now.name} is now {self.now.mask} ({self.now.real})."


class WentAway(Event, frozen=True, kw_only=True):
    """Somebody is away; or is back, if `text` is None."""

    text: str | None

    def __str__(self) -> str:
        if self.text is None:
            return f"{self.by.name} is back."
        return f"{self.by.name} is away: {self.text}"


class MarkerMoved(Event, frozen=True, kw_only=True):
    """Somebody has read a conversation up to a moment; told to their own sessions."""

    to: str
    read: int

    def __str__(self) -> str:
        return f"You have read {self.to} up to here."


class Watched(Event, frozen=True, kw_only=True):
    """Somebody on a reader's watch list came on line, or went."""

    online: bool

    def __str__(self) -> str:
        return f"{self.by.name} is {'on' if self.online else 'off'} line."


class MetadataChanged(Event, frozen=True, kw_only=True):
    """Somebody has another value of one of their keys, or none; told to those around them."""

    key: str
    value: str | None

    def __str__(self) -> str:
        return f"{self.by.name} has {self.key}: {self.value or 'nothing'}"


class RoomMetadataChanged(RoomEvent, frozen=True, kw_only=True):
    """A room has another value of one of its keys, or none."""

    key: str
    value: str | None

    def __str__(self) -> str:
        return f"{self.room.name} has {self.key}: {self.value or 'nothing'}"


class Noticed(Event, frozen=True, kw_only=True):
    """Something about somebody on a reader's watch list, who shares no room with them."""

    what: Event

    def __str__(self) -> str:
        return str(self.what)


class Announced(Event, frozen=True, kw_only=True):
    """The server, or an operator, has something to say to everybody it is told to."""

    text: str

    def __str__(self) -> str:
        return f"{self.by.name} announces: {self.text}"


class Kept(Struct, frozen=True):
    """An entry as the store takes it: number 0, with what changes beside the log."""

    entry: Entry
    changes: tuple[Change, ...] = ()


class Batch(Struct, frozen=True, eq=False):
    """Events that are told together, in this order.

    Equal only to itself, so that what a front-end has made of it for one reader can be
    kept and given to the next.
    """

    events: tuple[Event, ...]


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
