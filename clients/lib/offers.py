"""Files that people offer to each other: what a client knows of one, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from clients.lib.events import Event, RoomEvent, because
from clients.lib.model import is_room

_UNITS = ("B", "KB", "MB", "GB", "TB")


class Stage(StrEnum):
    """How far an offer is, in the server's words; those from DECLINED on are its end."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    STORED = "stored"
    DONE = "done"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def over(self) -> bool:
        """Whether nobody may fetch it any more."""
        return self in (Stage.DECLINED, Stage.CANCELLED, Stage.FAILED, Stage.EXPIRED)


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that is offered: by whom, in which room or conversation. No digest: not known."""

    id: str
    room: str
    by: str
    mine: bool
    name: str
    size: int
    digest: str = ""
    stage: Stage = Stage.OFFERED
    held: int = 0

    def __str__(self) -> str:
        who = f"to {self.room}" if self.mine else f"from {self.by}"
        where = f" in {self.room}" if is_room(self.room) and not self.mine else ""
        return f"{self.id}  {self.name} ({size(self.size)}) {who}{where}: {self.stage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOffered(RoomEvent):
    """Somebody offers a file."""

    offer: Offer

    def __str__(self) -> str:
        what = f"{self.offer.name} ({size(self.offer.size)})"
        if self.offer.mine:
            return f"You offer {what} to {self.room}; it is {self.offer.id}."
        return f"{self.who} offers {what}: /accept {self.offer.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChanged(RoomEvent):
    """Something became of an offer, which is `mine` if it is known to be; `text` is a name, a
    reason or a sentence."""

    file: str
    name: str
    stage: Stage
    text: str = ""
    mine: bool = False

    def __str__(self) -> str:
        match self.stage:
            case Stage.ACCEPTED:
                return f"{self.who} accepts {self.name}."
            case Stage.STORED:
                return f"The server has all of {self.name}."
            case Stage.DONE:
                return f"{self.who} has got {self.name}."
            case Stage.DECLINED:
                return f"{self.who} declines {self.name}{because(self.text)}."
            case Stage.CANCELLED:
                return f"{self.who} takes {self.name} back{because(self.text)}."
            case Stage.FAILED:
                return f"{self.name} cannot be had: {self.text}"
        return f"The offer of {self.name} is over."


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesListed(Event):
    """The offers that are open."""

    offers: tuple[Offer, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.offers)) or "No files are offered."


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Event):
    """Bytes of a file have moved; it has `done` of `size` by now."""

    file: str
    name: str
    done: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted(Event):
    """A file has to wait; it goes on by itself, from where it is."""

    file: str
    name: str
    code: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} waits: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """A file is not fetched any more, as we do not want it."""

    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} is not fetched any more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Event):
    """All bytes of a file are with the server, or with the receiver."""

    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} is sent."


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved(Event):
    """A file is here, whole; `verified` if it has the digest that was promised."""

    file: str
    name: str
    path: Path
    verified: bool

    def __str__(self) -> str:
        doubt = "" if self.verified else " Nobody has said which digest it should have."
        return f"Saved: {self.path}{doubt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCarried(Event):
    """A file was not sent or not fetched, and will not be."""

    file: str
    name: str
    code: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def size(count: int) -> str:
    """A number of bytes, for people."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit and value < 99.5 else f"{value:.0f} {_UNITS[unit]}"
