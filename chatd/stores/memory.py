"""A store that forgets everything when the daemon stops.

Good for tests and for trying things out, and held to the same contract as the real ones:
see tests/stores/contract.py.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any

from msgspec import structs
from zope.interface import implementer

from chatd.errors import AccountExists, NameTaken, NoSuchRoom
from chatd.events import Entry, Kept, Posted
from chatd.interfaces import IStore
from chatd.model import (
    Account,
    Barred,
    Change,
    Conversation,
    Drop,
    Erase,
    Invitation,
    Listing,
    Mask,
    Member,
    Offer,
    Person,
    Put,
    Rank,
    Role,
    Room,
    Sealed,
    ServerBan,
    Subject,
)
from chatd.names import direct_other, fold, skeleton


@dataclass(frozen=True, slots=True)
class Options:
    """[store] type = memory: keep everything until the daemon stops, and no longer"""


def make(options: Options, reactor: object) -> MemoryStore:
    """The store; it needs nothing."""
    return MemoryStore()


@dataclass(slots=True)
class _Shelf:
    """A room with all that is kept about it."""

    room: Room
    members: dict[int, Member] = field(default_factory=dict)
    masks: dict[tuple[Listing, str], Mask] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)
    marks: dict[int, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    latest: int = 0


@implementer(IStore)
class MemoryStore:
    """Keeps everything in dicts."""

    def __init__(self) -> None:
        self._accounts: dict[int, Account] = {}
        self._secrets: dict[int, list[tuple[str, str]]] = {}
        self._seen: dict[int, int] = {}
        self._metadata: dict[int, dict[str, str]] = {}
        self._invitations: dict[str, Invitation] = {}
        self._server_bans: dict[tuple[Barred, str], ServerBan] = {}
        self._records: list[Sealed] = []
        self._shelves: dict[int, _Shelf] = {}
        self._keys = count(1)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    # -- accounts

    async def find_account(self, name: str) -> Account | None:
        folded = fold(name)
        return next((a for a in self._accounts.values() if fold(a.name) == folded), None)

    async def account(self, key: int) -> Account | None:
        return self._accounts.get(key)

    async def accounts(self) -> Sequence[Account]:
        return sorted(self._accounts.values(), key=lambda a: fold(a.name))

    async def find_alike(self, skeleton: str) -> Account | None:
        return next((a for a in self._accounts.values() if _looks(a) == skeleton), None)

    async def add_account(
        self, name: str, rank: Rank, created: int, secrets: dict[str, str]
    ) -> Account:
        if await self.find_account(name) or await self.find_alike(skeleton(name)):
            raise AccountExists(name)
        account = Account(next(self._keys), name, rank, created)
        self._accounts[account.key] = account
        self._secrets[account.key] = list(secrets.items())
        return account

    async def change_account(self, account: Account) -> None:
        self._accounts[account.key] = account

    async def secrets(self, account: int, kind: str) -> Sequence[str]:
        return sorted(s for k, s in self._secrets.get(account, ()) if k == kind)

    async def owner_of(self, kind: str, secret: str) -> Account | None:
        owners = (key for key, secrets in self._secrets.items() if (kind, secret) in secrets)
        return self._accounts.get(next(owners, 0))

    async def keep_secret(
        self, account: int, kind: str, secret: str, instead_of: str | None
    ) -> None:
        secrets = self._secrets[account]
        if instead_of is not None:
            if (kind, instead_of) not in secrets:
                return
            secrets.remove((kind, instead_of))
        if (kind, secret) not in secrets:
            secrets.append((kind, secret))

    async def drop_secrets(self, account: int, kind: str) -> None:
        if account in self._secrets:
            self._secrets[account] = [s for s in self._secrets[account] if s[0] != kind]

    async def seen(self, account: int) -> int:
        return self._seen.get(account, 0)

    async def see(self, until: Mapping[int, int]) -> None:
        self._seen.update(until)

    async def add_invitation(self, invitation: Invitation) -> None:
        self._invitations[invitation.digest] = invitation

    async def use_invitation(self, digest: str, now: int) -> bool:
        found = self._invitations.get(digest)
        if found is None or found.uses == 0 or (found.expires or now + 1) <= now:
            return False
        self._invitations[digest] = replace(found, uses=found.uses - 1)
        return True

    # -- rooms

    async def rooms(self) -> Sequence[Room]:
        return [s.room for s in self._shelves.values() if not s.room.direct]

    async def find_direct(self, name: str) -> Room | None:
        rooms = (s.room for s in self._shelves.values())
        return next((r for r in rooms if r.direct and r.name == name), None)

    async def add_room(self, room: Room, members: Iterable[tuple[int, Role]]) -> Room:
        if any(fold(s.room.name) == fold(room.name) for s in self._shelves.values()):
            raise NameTaken(room.name)
        room = replace(room, key=next(self._keys))
        shelf = self._shelves[room.key] = _Shelf(room)
        shelf.members = {account: Member(room.key, account, role) for account, role in members}
        return room

    async def drop_room(self, room: int) -> None:
        self._shelves.pop(room, None)

    async def drop_passing_rooms(self) -> None:
        self._shelves = {key: s for key, s in self._shelves.items() if s.room.kept}

    async def rooms_of(self, account: int) -> Sequence[Member]:
        shelves = (s for s in self._shelves.values() if not s.room.direct)
        return [s.members[account] for s in shelves if account in s.members]

    async def member(self, room: int, account: int) -> Member | None:
        return self._shelf(room).members.get(account)

    async def members(self, room: int) -> Sequence[Member]:
        return sorted(self._shelf(room).members.values(), key=lambda m: m.account)

    async def masks(self, room: int) -> Sequence[Mask]:
        masks = self._shelf(room).masks.values()
        return sorted(masks, key=lambda m: (m.at, m.listing, m.pattern.lower()))

    # -- logs

    async def append(self, entries: Sequence[Kept]) -> Sequence[int]:
        for kept in entries:
            if kept.entry.room.key not in self._shelves:
                raise NoSuchRoom(kept.entry.room.name)
        return [self._keep(kept) for kept in entries]

    async def page(
        self, room: Room, after: int | None, before: int | None, limit: int, newest: bool
    ) -> Sequence[Entry]:
        log = self._shelf(room.key).log
        end = len(log) if before is None else max(before - 1, 0)
        found = log[after or 0 : end]
        found = found[max(len(found) - limit, 0) :] if newest else found[:limit]
        return [structs.replace(entry, room=room) for entry in found]

    async def find(self, room: Room, number: int) -> Entry | None:
        log = self._shelf(room.key).log
        return structs.replace(log[number - 1], room=room) if 0 < number <= len(log) else None

    async def number_at(self, room: int, time: int) -> int:
        return bisect_left(self._shelf(room).log, time, key=lambda e: e.at)

    async def last(self, room: int) -> int:
        return len(self._shelf(room).log)

    async def mark(self, account: int, room: int, read: int) -> int:
        marks = self._shelf(room).marks
        marks[account] = max(read, marks.get(account, read))
        return marks[account]

    async def marks(self, account: int) -> dict[int, int]:
        return {k: s.marks[account] for k, s in self._shelves.items() if account in s.marks}

    async def conversations(
        self, account: int, after: int, before: int, limit: int
    ) -> Sequence[Conversation]:
        shelves = (s for s in self._shelves.values() if account in s.members)
        found = [s for s in shelves if after < s.latest < before]
        found.sort(key=lambda s: (s.latest, s.room.key))
        return [Conversation(s.room, self._other(s, account), s.latest) for s in found[:limit]]

    # -- metadata

    async def metadata(self, subject: Subject, key: int) -> Mapping[str, str]:
        return dict(self._values(subject, key))

    async def keep_metadata(self, subject: Subject, key: int, name: str, value: str | None) -> None:
        values = self._values(subject, key)
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value

    # -- operators

    async def server_bans(self) -> Sequence[ServerBan]:
        return sorted(self._server_bans.values(), key=lambda b: (b.at, b.kind, b.target))

    async def keep_server_ban(self, ban: ServerBan) -> None:
        self._server_bans[ban.kind, ban.target] = ban

    async def drop_server_ban(self, ban: ServerBan) -> None:
        self._server_bans.pop((ban.kind, ban.target), None)

    async def record(self, follow: Callable[[Sealed | None], Sealed]) -> Sealed:
        self._records.append(follow(self._records[-1] if self._records else None))
        return self._records[-1]

    async def records(self, after: int, limit: int) -> Sequence[Sealed]:
        return [r for r in self._records if r.number > after][:limit]

    async def newest_records(self, limit: int, act: str, by: str) -> Sequence[Sealed]:
        found = (r for r in reversed(self._records) if r.deed.act.startswith(act))
        fitting = (r for r in found if not by or r.deed.by.lower() == by.lower())
        return list(islice(fitting, limit))[::-1]

    # -- files

    async def offers(self) -> Sequence[Offer]:
        return [offer for shelf in self._shelves.values() for offer in shelf.offers.values()]

    def _values(self, subject: Subject, key: int) -> dict[str, str]:
        if subject is Subject.ROOM:
            return self._shelf(key).metadata
        return self._metadata.setdefault(key, {}) if key in self._accounts else {}

    def _shelf(self, room: int) -> _Shelf:
        """A room's shelf; an empty one that nobody keeps if it is gone."""
        return self._shelves.get(room) or _Shelf(Room(room, "", False, 0))

    def _other(self, shelf: _Shelf, account: int) -> str:
        room = shelf.room
        if not room.direct:
            return room.name
        others = (self._accounts[key].name for key in shelf.members if key != account)
        return next(others, None) or direct_other(room.name, self._accounts[account].name)

    def _keep(self, kept: Kept) -> int:
        entry = kept.entry
        shelf = self._shelves[entry.room.key]
        if isinstance(entry, Posted):
            shelf.latest = max(shelf.latest, entry.at)
        shelf.log.append(_numbered(entry, len(shelf.log) + 1))
        for change in kept.changes:
            self._apply(change)
        return len(shelf.log)

    def _apply(self, change: Change) -> None:
        match change:
            case Erase(room=key, number=number):
                self._erase(self._shelf(key).log, number)
            case Put(Room() as room):
                self._shelves[room.key].room = room
            case Put(Member() | Mask() | Offer() as value):
                _put(self._shelves[value.room], value)
            case Drop(value):
                _drop(self._shelves[value.room], value)

    def _erase(self, log: list[Entry], number: int) -> None:
        found = log[number - 1] if 0 < number <= len(log) else None
        if isinstance(found, Posted):
            log[number - 1] = structs.replace(found, text="", tags={}, joints=(), erased=True)


def _put(shelf: _Shelf, value: Member | Mask | Offer) -> None:
    match value:
        case Member() as member:
            shelf.members[member.account] = member
        case Mask() as mask:
            shelf.masks[mask.listing, mask.pattern.lower()] = mask
        case Offer() as offer:
            shelf.offers[offer.id] = offer


def _drop(shelf: _Shelf, value: Member | Mask | Offer) -> None:
    match value:
        case Member() as member:
            shelf.members.pop(member.account, None)
        case Mask() as mask:
            shelf.masks.pop((mask.listing, mask.pattern.lower()), None)
        case Offer() as offer:
            shelf.offers.pop(offer.id, None)


def _looks(account: Account) -> str:
    return skeleton(account.name)


def _numbered(entry: Entry, number: int) -> Entry:
    """The entry as it can be read back: without its cause, and without real names."""
    changes: dict[str, Any] = {"number": number, "cause": None, "by": _kept(entry.by)}
    who = getattr(entry, "who", None)
    if isinstance(who, Person):
        changes["who"] = _kept(who)
    return structs.replace(entry, **changes)


def _kept(person: Person) -> Person:
    return replace(person, real="", bot=False)
