"""Rooms as a few dicts: a plain model of what chatd's rooms are meant to be.

It knows no store, no sessions and no events; it says who is where, who may do what, and
what the refusal is. People are known by who they are, as guests change their names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chatd import errors
from chatd.model import Listing, Mode, Role

ACCOUNTS = ("ada", "bob", "cyd")
GUESTS = ("eve", "mallory")
MUTES = "$m:"


@dataclass
class Modelled:
    """A room: who belongs to it and who is there, each with their role, and what is so in it.

    :param names: what people are called now.
    """

    kept: bool
    names: dict[str, str]
    belong: dict[str, Role] = field(default_factory=dict)
    here: dict[str, Role] = field(default_factory=dict)
    modes: set[Mode] = field(default_factory=lambda: {Mode.MEMBERS_ONLY, Mode.TOPIC_LOCK})
    password: str | None = None
    limit: int | None = None
    topic: str = ""
    masks: dict[tuple[Listing, str], int | None] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    # -- who is there

    def seat(self, who: str, role: Role) -> None:
        """Somebody is there, as this."""
        self.here[who] = role
        self.invited.discard(who)
        if who in ACCOUNTS:
            self.belong[who] = role

    def unseat(self, who: str) -> None:
        """Somebody is out for good."""
        del self.here[who]
        self.belong.pop(who, None)

    def found(self, who: str) -> None:
        """Somebody has made it."""
        self.seat(who, Role.OWNER | Role.OP if who in ACCOUNTS else Role.OP)

    def back(self, who: str, now: int) -> None:
        """Somebody who may belong to it has come on line."""
        if who in self.belong and not self.is_banned(who, now):
            self.seat(who, self.belong[who])

    # -- who is meant by its lists

    def on(self, listing: Listing, now: int) -> list[str]:
        """The masks of a list that have not expired."""
        return [
            pattern
            for (one, pattern), until in self.masks.items()
            if one is listing and (until is None or until > now)
        ]

    def means(self, pattern: str, who: str) -> bool:
        """Whether a mask means somebody."""
        if pattern == "$u":
            return who not in ACCOUNTS
        if pattern.startswith("$a:"):
            return who in ACCOUNTS and pattern == f"$a:{who}"
        return pattern == f"{self.names.get(who)}!*@*"

    def is_banned(self, who: str, now: int) -> bool:
        """Whether somebody may not come in."""
        banned, excepted = (
            any(self.means(pattern, who) for pattern in self.on(listing, now))
            for listing in (Listing.BAN, Listing.EXCEPT)
        )
        return banned and not excepted

    def is_muted(self, who: str, now: int) -> bool:
        """Whether somebody may not speak, be they banned or only muted."""
        banned, excepted = (
            any(self.means(pattern.removeprefix(MUTES), who) for pattern in self.on(listing, now))
            for listing in (Listing.BAN, Listing.EXCEPT)
        )
        return banned and not excepted

    # -- who may do what

    def runs(self, who: str) -> bool:
        """Whether somebody may change the room."""
        return self.here.get(who, Role.MEMBER) >= Role.OP

    def is_above(self, who: str, other: str) -> bool:
        """Whether somebody may act on another: nobody acts on those above."""
        return (
            self.runs(who) and other in self.here and top(self.here[other]) <= top(self.here[who])
        )

    def may_grant(self, by: str, who: str, role: Role, on: bool) -> bool:
        """Whether somebody may give another a role, or take it; one's own anybody gives up."""
        if by == who and by in self.here and not on:
            return True
        needed = Role.OWNER if role >= Role.ADMIN else Role.OP
        return self.is_above(by, who) and self.here[by] >= needed

    def may_invite(self, by: str, who: str) -> bool:
        """Whether somebody may ask another in, who is on line."""
        if by not in self.here or who in self.here:
            return False
        return self.runs(by) or Mode.INVITE_ONLY not in self.modes

    def may_set_topic(self, by: str) -> bool:
        """Whether somebody may change the topic."""
        return by in self.here and (self.runs(by) or Mode.TOPIC_LOCK not in self.modes)

    def may_rename(self, by: str) -> bool:
        """Whether somebody may give it another name: the owner or, of a guests' room, an op."""
        return self.here.get(by, Role.MEMBER) >= (Role.OWNER if self.kept else Role.OP)

    def is_seen_by(self, who: str) -> bool:
        """Whether somebody may know of it."""
        return who in self.here or Mode.SECRET not in self.modes

    def why_not_in(self, who: str, key: str, now: int) -> str:
        """The code of the refusal to somebody who wants to come in; nothing if there is none."""
        if who in self.here:
            return ""
        if who in self.belong:
            return errors.Banned.code if self.is_banned(who, now) else ""
        if Mode.REGISTERED_ONLY in self.modes and who not in ACCOUNTS:
            return errors.RegisteredOnly.code
        if self.password is not None and key != self.password:
            return errors.WrongKey.code
        return "" if who in self.invited else self._why_closed(who, now)

    def _why_closed(self, who: str, now: int) -> str:
        if self.is_banned(who, now):
            return errors.Banned.code
        listed = any(self.means(pattern, who) for pattern in self.on(Listing.INVITE, now))
        if Mode.INVITE_ONLY in self.modes and not listed:
            return errors.InviteOnly.code
        full = self.limit is not None and len(self.here) >= self.limit
        return errors.RoomFull.code if full else ""

    def why_not_speak(self, who: str, now: int) -> str:
        """The code of the refusal to somebody who wants to speak."""
        role = self.here.get(who)
        if role is not None and role >= Role.VOICE:
            return ""
        outside = role is None and Mode.MEMBERS_ONLY in self.modes
        if Mode.MODERATED in self.modes or outside or self.is_muted(who, now):
            return errors.CannotSpeak.code
        guest = who not in ACCOUNTS
        return errors.RegisteredOnly.code if guest and Mode.REGISTERED_ONLY in self.modes else ""


def top(role: Role) -> int:
    """A role by its highest part."""
    return role.bit_length()
