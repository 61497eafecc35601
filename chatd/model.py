"""The nouns: people, accounts, rooms and what is kept beside a room's log.

All are frozen values: a change makes a new one. Times are whole milliseconds
since 1970 in UTC, keys are immutable integers given by the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
from typing import NewType

Seconds = NewType("Seconds", float)
"""A span of time; the ini writes 90s, 5m, 2h or 1d."""

Bytes = NewType("Bytes", int)
"""An amount of memory or disk; the ini writes 512, 64k, 10m or 2g."""

Secret = NewType("Secret", str)
"""A text that is never printed."""

Endpoint = NewType("Endpoint", str)
"""Where to listen, as Twisted writes it: tcp:6697, unix:/run/chatd/irc, or systemd:…."""

Url = NewType("Url", str)
"""A database's URL; if it names a file, that counts from the data directory."""


class Rank(IntEnum):
    """What somebody may do on the whole server."""

    GUEST = 0
    USER = 1
    MODERATOR = 2
    ADMIN = 3


class Privilege(StrEnum):
    """What somebody with an office may do on the whole server, as the ini writes it."""

    KILL = "kill"
    UBAN = "uban"
    LOCKDOWN = "lockdown"
    WALLOPS = "wallops"
    ROOMS = "rooms"
    REHASH = "rehash"
    DIE = "die"


class Role(IntFlag):
    """What a member may do in one room; one may have several.

    Ordered by the highest: `roles >= Role.OP` asks for an op or better.
    """

    MEMBER = 0
    VOICE = 1
    OP = 2
    ADMIN = 4
    OWNER = 8


SIGNS = {Role.OWNER: "~", Role.ADMIN: "&", Role.OP: "@", Role.VOICE: "+"}
"""What stands before a room's name when something is only for members of a role."""


class Mode(StrEnum):
    """A switch that a room has on or off."""

    INVITE_ONLY = "invite-only"
    MODERATED = "moderated"
    SECRET = "secret"  # noqa: S105 - a mode, not a password
    TOPIC_LOCK = "topic-lock"
    REGISTERED_ONLY = "registered-only"
    NO_CTCP = "no-ctcp"
    MEMBERS_ONLY = "members-only"


class Listing(StrEnum):
    """The lists of masks that a room keeps."""

    BAN = "ban"
    EXCEPT = "except"
    INVITE = "invite"


class Subject(StrEnum):
    """What metadata can be kept about."""

    ACCOUNT = "account"
    ROOM = "room"


class Barred(StrEnum):
    """Whom a ban of the whole server means."""

    MASK = "mask"
    NETWORK = "network"
    ACCOUNT = "account"
    NEWCOMERS = "newcomers"


class Kind(StrEnum):
    """The kinds of message."""

    MESSAGE = "message"
    NOTICE = "notice"
    SIGNAL = "signal"  # tags without a text: typing, reactions


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can come back: a name and, in the store, secrets to prove it."""

    key: int
    name: str
    rank: Rank
    created: int
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is here, or was when they did something: a guest, or an account's owner.

    `account` is the name of their account and `key` its key; a guest has neither. A `bot`
    is a program, and has said so.
    """

    name: str
    user: str = "~u"
    host: str = "chat"
    real: str = ""
    account: str | None = None
    key: int | None = None
    bot: bool = False

    @property
    def mask(self) -> str:
        """`name!user@host`, which bans are matched with."""
        return f"{self.name}!{self.user}@{self.host}"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a room is about, and who said so when."""

    text: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Room:
    """A room, without its members and its log.

    A direct conversation is a room of two: `direct` is true, and its name is the
    two folded names in order with a space between, which no other room can have.
    A room that is not `kept` ends with its last member.
    """

    key: int
    name: str
    kept: bool
    created: int
    direct: bool = False
    topic: Topic | None = None
    modes: frozenset[Mode] = frozenset()
    password: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """An account's place in a room."""

    room: int
    account: int
    role: Role = Role.MEMBER


@dataclass(frozen=True, slots=True)
class Mask:
    """An entry of one of a room's lists: whom it means, who put it there, until when."""

    room: int
    listing: Listing
    pattern: str
    by: str
    at: int
    expires: int | None = None


class Stage(StrEnum):
    """How far an offer has come that is not over."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    STORED = "stored"


class Outcome(StrEnum):
    """What can become of an offer."""

    ACCEPTED = "accepted"
    STORED = "stored"
    DONE = "done"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"


class Side(StrEnum):
    """The two ends of a transfer."""

    SEND = "send"
    RECEIVE = "receive"


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that somebody offers to an account or, without a `receiver`, to a room.

    `sender` and `receiver` are keys of accounts, `by` and `to` the names. `digest` is the
    SHA-256 that the sender promises, in hexadecimal; empty if that is not known.
    """

    id: str
    room: int
    sender: int
    by: str
    to: str
    receiver: int | None
    name: str
    size: int
    type: str
    digest: str
    expires: int
    stage: Stage = Stage.OFFERED


@dataclass(frozen=True, slots=True)
class Ticket:
    """Lets one side of an offer bring or fetch bytes, once, until a moment.

    Whoever has a `plain` one knows nothing of our lines: it is sent the file and no more.
    """

    word: str
    offer: str
    side: Side
    person: Person
    until: int
    plain: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """How far the bytes of an offer have come when a connection brings no more.

    If they are `whole`, `digest` is that of the file, empty where it is not known. Else
    `left` are the last bytes before `end`, for whoever takes it from there.
    """

    end: int
    whole: bool = False
    digest: str = ""
    left: bytes = b""


@dataclass(frozen=True, slots=True)
class Put:
    """A change of what is kept beside a log: this stands from now on."""

    value: Room | Member | Mask | Offer


@dataclass(frozen=True, slots=True)
class Drop:
    """A change of what is kept beside a log: this is gone."""

    value: Member | Mask | Offer


@dataclass(frozen=True, slots=True)
class Erase:
    """A change of a log itself: a message there has lost its text and its tags, everywhere.

    It keeps its number, and reads as `erased` from then on.
    """

    room: int
    number: int


Change = Put | Drop | Erase


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code that lets somebody register, known to the store only by its hash."""

    digest: str
    by: str
    expires: int | None
    uses: int


@dataclass(frozen=True, slots=True)
class ServerBan:
    """Somebody may not come to the server: whom it means, who said so when, until when, why.

    The target is a mask, a network, the folded name of an account, or `*` for newcomers.
    """

    kind: Barred
    target: str
    by: str
    at: int
    expires: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What became of settings that were read again, in sentences.

    If anything is wrong with them there are only faults, and nothing is changed; otherwise all
    is in force but what waits for a restart.
    """

    faults: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deed:
    """A privileged act: who did what to whom, when and from where.

    `note` says more where that is of use: a reason, until when; never what anybody wrote.
    """

    at: int
    by: str
    address: str
    act: str
    target: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A deed in the audit log: its number, from 1 on, and the seal that ties it to the others."""

    number: int
    deed: Deed
    seal: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A direct conversation of an account: with whom, and when something was last said."""

    room: Room
    other: str
    latest: int
