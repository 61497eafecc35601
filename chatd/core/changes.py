"""Changes of what is so in one room: its switches, its lists, and who has which role.

Several can be asked for at once. Each is checked as if those before it were done already,
and those that may be are kept and told together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from chatd.core.permissions import Act, check, check_grant, needs_office
from chatd.core.places import Place, Seat, with_mode
from chatd.errors import ListFull
from chatd.events import Cause, Entry, Kept, MaskChanged, ModeChanged, RoleChanged
from chatd.interfaces import ISession
from chatd.model import Change, Drop, Listing, Mask, Member, Mode, Put, Role
from chatd.names import fold

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class SetMode:
    """A switch of the room, its "password" or its "limit"."""

    mode: Mode | str
    on: bool
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A role for somebody in the room, or no longer."""

    who: str
    role: Role
    on: bool


@dataclass(frozen=True, slots=True)
class SetMask:
    """A mask on one of the room's lists, or off it; it expires at a time if there is one."""

    listing: Listing
    pattern: str
    on: bool
    expires: int | None = None


Wish = SetMode | Grant | SetMask


class Draft:
    """A room as it will be when all that somebody asks for at once is done.

    :param seat: finds the place of somebody in the room, by name.
    :param most: how many masks a list may have.
    :param overrules: whether somebody's office lets them do what their role does not; what is
        done by that is said in `overruled`.
    """

    def __init__(
        self,
        session: ISession,
        place: Place,
        now: int,
        seat: Callable[[str], Seat],
        most: int,
        cause: Cause | None,
        overrules: bool,
    ) -> None:
        self.kept: list[Kept] = []
        self.overruled: list[str] = []
        self._overrules = overrules
        self._by_office = False
        self._session = session
        self._place = place
        self._room = place.room
        self._now = now
        self._seat = seat
        self._most = most
        self._cause = cause
        self._roles: dict[str, Role] = {}
        self._masks = {one: place.listing(one, now) for one in Listing}

    def add(self, wish: Wish) -> None:
        """Draft one thing more; nothing if it is so already.

        :raise NotInRoom, NotAllowed, NoSuchAccount, TheyAreNotInRoom, ListFull: if one cannot.
        """
        self._by_office = False
        match wish:
            case SetMode():
                self._set_mode(wish)
            case Grant():
                self._grant(wish)
            case SetMask():
                self._set_mask(wish)

    def _set_mode(self, wish: SetMode) -> None:
        self._check(Act.CHANGE_MODES)
        changed = with_mode(self._room, wish.mode, wish.on, wish.value)
        if changed == self._room:
            return
        self._room = changed
        event = self._event(ModeChanged, mode=wish.mode, on=wish.on, value=wish.value)
        self._keep(event, Put(changed))

    def _grant(self, wish: Grant) -> None:
        """Anybody may give up a role of their own."""
        mine = self._my_role()
        own = mine is not None and not wish.on and fold(wish.who) == fold(self._me)
        if not own:
            self._check(Act.CHANGE_MODES)
        seat = self._seat(wish.who)
        name = fold(seat.person.name)
        theirs = self._roles.get(name, seat.role)
        if not own:
            self._test(partial(check_grant, self._room, mine, wish.role, theirs))
        if bool(theirs & wish.role) is wish.on:
            return
        roles = self._roles[name] = theirs | wish.role if wish.on else theirs & ~wish.role
        event = self._event(RoleChanged, who=seat.person, role=wish.role, on=wish.on)
        key = seat.person.key
        self._keep(event, *([] if key is None else [Put(Member(self._room.key, key, roles))]))

    def _set_mask(self, wish: SetMask) -> None:
        self._check(Act.CHANGE_MASKS)
        there = self._masks[wish.listing]
        same = [m for m in there if m.pattern.lower() == wish.pattern.lower()]
        if wish.on is bool(same):
            return
        if wish.on and len(there) >= self._most:
            raise ListFull(self._room.name, wish.listing)
        mask = Mask(self._room.key, wish.listing, wish.pattern, self._me, self._now, wish.expires)
        if wish.on:
            there.append(mask)
        else:
            there.remove(same[0])
        event = self._event(
            MaskChanged,
            listing=wish.listing,
            pattern=wish.pattern,
            on=wish.on,
            expires=wish.expires,
        )
        self._keep(event, Put(mask) if wish.on else Drop(mask))

    @property
    def _me(self) -> str:
        return str(self._session.person.name)

    def _my_role(self) -> Role | None:
        role = self._place.role(self._session.person)
        return role if role is None else self._roles.get(fold(self._me), role)

    def _check(self, act: Act) -> None:
        self._test(partial(check, act, self._room, self._my_role()))

    def _test(self, test: Callable[[bool], None]) -> None:
        self._by_office |= needs_office(test, self._overrules)

    def _event(self, kind: type[E], **fields: Any) -> E:
        by, room = self._session.person, self._place.room
        return kind(by=by, at=self._now, room=room, cause=self._cause, **fields)

    def _keep(self, event: Entry, *changes: Change) -> None:
        self.kept.append(Kept(event, changes))
        if self._by_office:
            self.overruled.append(str(event))
