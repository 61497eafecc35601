"""What a request can be answered with: like events, but told only to the one who asked.

An answer has a sentence too (`str(answer)`), for front-ends that know nothing better.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec import Struct

from chatd.errors import ChatError
from chatd.events import Entry
from chatd.model import (
    Account,
    Conversation,
    Mask,
    Offer,
    Person,
    Role,
    Room,
    ServerBan,
    Ticket,
)


def moment(time: int) -> str:
    """A time as people read it, to the minute."""
    return datetime.fromtimestamp(min(time, _LATEST) / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


_LATEST = 253_402_300_799_000  # the end of the year 9999


@dataclass(frozen=True, slots=True)
class Answer:
    """Something that a command has to say to the one who asked."""

    def __str__(self) -> str:
        return "Done."


@dataclass(frozen=True, slots=True)
class Refused(Answer):
    """A part of the request was refused; the rest goes on."""

    error: ChatError

    def __str__(self) -> str:
        return str(self.error)


@dataclass(frozen=True, slots=True)
class Said(Answer):
    """A sentence, as it is; `code` is for programs."""

    text: str
    code: str = "NOTE"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class TopicIs(Answer):
    """What a room is about."""

    room: Room

    def __str__(self) -> str:
        topic = self.room.topic
        if topic is None:
            return f"{self.room.name} has no topic."
        return f"The topic of {self.room.name} is: {topic.text} (set by {topic.by})"


class Present(Struct, frozen=True):
    """Somebody who is in a room right now."""

    person: Person
    role: Role
    away: str | None


@dataclass(frozen=True, slots=True)
class MembersAre(Answer):
    """Who is in a room; `room` is None when nothing may be said about it."""

    name: str
    room: Room | None
    present: Iterable[Present]

    def __str__(self) -> str:
        names = ", ".join(p.person.name for p in self.present)
        return f"In {self.name}: {names or 'nobody that you can see'}."


@dataclass(frozen=True, slots=True)
class Entered(Answer):
    """You are in a room from now on: what it is about, who is there, until when you have read."""

    room: Room
    members: MembersAre
    read: int | None = None

    def __str__(self) -> str:
        about = f" {TopicIs(self.room)}" if self.room.topic else ""
        return f"You are in {self.room.name}.{about} {self.members}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A room as the list of rooms shows it; `created` and topic times are in `room`."""

    room: Room
    present: int


@dataclass(frozen=True, slots=True)
class RoomsAre(Answer):
    """The rooms that one may see."""

    rooms: tuple[Listed, ...]

    def __str__(self) -> str:
        if not self.rooms:
            return "There is no room that you can see."
        return "\n".join(
            f"{r.room.name} ({r.present}){': ' + r.room.topic.text if r.room.topic else ''}"
            for r in self.rooms
        )


@dataclass(frozen=True, slots=True)
class Somebody(Answer):
    """What may be known about somebody who is on line."""

    person: Person
    account: str | None
    away: str | None
    rooms: tuple[tuple[Room, Role], ...]
    idle: int
    since: int
    operator: bool
    secure: bool
    address: str | None = None  # only for operators and oneself
    fingerprint: str | None = None  # likewise
    metadata: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [f"{self.person.name} is {self.person.real or self.person.mask}"]
        if self.account:
            parts.append(f"logged in as {self.account}")
        if self.away is not None:
            parts.append(f"away: {self.away}")
        if self.rooms:
            parts.append("in " + ", ".join(room.name for room, _ in self.rooms))
        if self.address:
            parts.append(f"from {self.address}")
        return "; ".join(parts) + "."


@dataclass(frozen=True, slots=True)
class Once(Answer):
    """Who used a name before, newest first."""

    name: str
    people: tuple[tuple[Person, int], ...]

    def __str__(self) -> str:
        if not self.people:
            return f"Nobody called {self.name} was here of late."
        return "\n".join(f"{p.name} was {p.mask} ({p.real})." for p, _ in self.people)


@dataclass(frozen=True, slots=True)
class People(Answer):
    """People who fit what was asked, with the room they were looked for in."""

    mask: str
    room: Room | None
    found: tuple[Somebody | Present, ...]

    def __str__(self) -> str:
        return "\n".join(str(s) for s in self.found) or f"Nobody fits {self.mask}."


@dataclass(frozen=True, slots=True)
class History(Answer):
    """A page of a conversation's log, oldest first; `to` is what the asker calls it."""

    to: str
    entries: tuple[Entry, ...]

    def __str__(self) -> str:
        return "\n".join(str(e) for e in self.entries) or f"There is nothing more in {self.to}."


@dataclass(frozen=True, slots=True)
class Conversations(Answer):
    """The asker's rooms and direct conversations in which something was said, by time."""

    found: tuple[Conversation, ...]

    def __str__(self) -> str:
        return "\n".join(c.other for c in self.found) or "There is nothing."


@dataclass(frozen=True, slots=True)
class MarkerIs(Answer):
    """How far you have read a conversation, as a time; None if you have not said."""

    to: str
    read: int | None

    def __str__(self) -> str:
        return f"You have {'' if self.read else 'not '}read {self.to}."


@dataclass(frozen=True, slots=True)
class MasksAre(Answer):
    """One of the lists of a room."""

    room: Room
    listing: str
    masks: tuple[Mask, ...]

    def __str__(self) -> str:
        shown = "\n".join(f"{m.pattern} (by {m.by})" for m in self.masks)
        return shown or f"The {self.listing} list of {self.room.name} is empty."


@dataclass(frozen=True, slots=True)
class ServerBansAre(Answer):
    """Bans of the whole server."""

    bans: tuple[ServerBan, ...]

    def __str__(self) -> str:
        return "\n".join(map(_line, self.bans)) or "There is no such ban."


def _line(ban: ServerBan) -> str:
    why = f": {ban.reason}" if ban.reason else ""
    return f"{ban.target} ({ban.kind}), by {ban.by} on {moment(ban.at)}, {until(ban)}{why}"


def until(ban: ServerBan) -> str:
    """How long a ban of the whole server holds."""
    return f"until {moment(ban.expires)}" if ban.expires is not None else "for good"


@dataclass(frozen=True, slots=True)
class Rehashing(Answer):
    """The settings are being read again, from this file."""

    ini: str

    def __str__(self) -> str:
        return f"{self.ini} is read again."


@dataclass(frozen=True, slots=True)
class AwayIs(Answer):
    """Somebody you wrote to is away."""

    person: Person
    text: str

    def __str__(self) -> str:
        return f"{self.person.name} is away: {self.text}"


@dataclass(frozen=True, slots=True)
class YouAreAway(Answer):
    """Your own away state, after you changed it."""

    away: bool

    def __str__(self) -> str:
        return "You are away now." if self.away else "You are back."


@dataclass(frozen=True, slots=True)
class InviteSent(Answer):
    """Somebody was invited."""

    room: Room
    who: Person
    away: str | None = None

    def __str__(self) -> str:
        return f"{self.who.name} is invited to {self.room.name}."


@dataclass(frozen=True, slots=True)
class LoggedIn(Answer):
    """You are logged in."""

    account: Account
    person: Person

    def __str__(self) -> str:
        return f"You are logged in as {self.account.name}."


@dataclass(frozen=True, slots=True)
class Registered(Answer):
    """There is a new account; `pending` if it still waits for its invitation code."""

    name: str
    pending: bool = False

    def __str__(self) -> str:
        if self.pending:
            return f"To finish making {self.name}, give your invitation code: VERIFY {self.name} …"
        return f"The account {self.name} is made."


@dataclass(frozen=True, slots=True)
class Help(Answer):
    """What can be asked for, or how."""

    subject: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class OfferIs:
    """An offer, to whom it is as they are called now, and how many bytes of it are here."""

    offer: Offer
    to: str
    held: int


@dataclass(frozen=True, slots=True)
class FilesAre(Answer):
    """Offers that are not over; `to` is the conversation that was asked for, if one was."""

    to: str
    found: tuple[OfferIs, ...]

    def __str__(self) -> str:
        return "\n".join(map(_offer, self.found)) or "No files are offered."


@dataclass(frozen=True, slots=True)
class TicketIs(Answer):
    """A ticket, for a client that knows what to do with it."""

    offer: Offer
    to: str
    ticket: Ticket

    def __str__(self) -> str:
        return f"The ticket for {self.offer.name} is {self.ticket.word}."


@dataclass(frozen=True, slots=True)
class Fetch(Answer):
    """How to fetch a file without such a client. `door` is where, as host:port."""

    offer: Offer
    ticket: Ticket
    door: str

    def __str__(self) -> str:
        to = shlex.quote(self.offer.name)
        return (
            f"To fetch {self.offer.name}, say in a shell, once and soon:\n"
            f"printf 'RELAY {self.ticket.word} 0\\r\\n' | {_openssl(self.door)} > {to}"
        )


@dataclass(frozen=True, slots=True)
class Bring(Answer):
    """How to bring a file without such a client."""

    offer: Offer
    ticket: Ticket
    door: str

    def __str__(self) -> str:
        file = shlex.quote(self.offer.name)
        return (
            f"To bring {self.offer.name}, say in a shell, once and soon:\n"
            f"(printf 'RELAY {self.ticket.word} 0\\r\\n'; cat -- {file}) | {_openssl(self.door)}"
        )


def _openssl(door: str) -> str:
    return f"openssl s_client -quiet -ign_eof -connect {door}"


def _offer(one: OfferIs) -> str:
    offer = one.offer
    return (
        f"{offer.id}: {offer.name} ({offer.size} bytes) by {offer.by} to {one.to}, {offer.stage},"
        f" {one.held} bytes are here"
    )
