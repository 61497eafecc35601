"""Direct conversations: rooms of two, made when the first thing is said.

Two accounts can always write to each other, on line or not, and what they said is kept.
With a guest in it, a conversation is as passing as the guest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.internet.defer import ensureDeferred
from twisted.logger import Logger

from chatd.core.log import Log
from chatd.core.sessions import Here, Sessions
from chatd.errors import NameTaken, NoSuchAccount
from chatd.events import Event, PersonChanged, Quit
from chatd.interfaces import IAccountStore, IRoomStore
from chatd.locks import Lock
from chatd.model import Person, Role, Room
from chatd.names import direct_name, fold

REMEMBERED = 4096
"""How many conversations are remembered before the store has to be asked again."""


class Conversations:
    """The direct conversations of everybody."""

    log = Logger()

    def __init__(
        self, accounts: IAccountStore, store: IRoomStore, log: Log, sessions: Sessions
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._log = log
        self._sessions = sessions
        self._rooms: dict[str, Room] = {}
        self._passing: dict[str, Room] = {}
        self._ended: dict[Person, list[Room]] = {}
        self._making = Lock()
        self._dropping = 0

    async def open(self, person: Person, name: str) -> tuple[Room, str]:
        """The conversation with somebody, made if there is none, and how they are called.

        :raise NoSuchAccount: if there is nobody of that name, on line or with an account.
        """
        stays = {fold(one): self._sessions.get(one) for one in (person.name, name)}
        other = await self._somebody(name)
        room = await self._find(_identity(person), _identity(other))
        if room is None:
            room = await self._make(person, other, stays)
        return room, other.name

    async def find(self, person: Person, name: str) -> Room | None:
        """The conversation with somebody, if anything was ever said in it."""
        here = self._sessions.get(name)
        return await self._find(_identity(person), _identity(here.person) if here else name)

    async def _somebody(self, name: str) -> Person:
        here = self._sessions.get(name)
        if here is not None:
            return here.person
        account = await self._accounts.find_account(name)
        if account is None:
            raise NoSuchAccount(name)
        return Person(account.name, account=account.name, key=account.key)

    async def _find(self, one: str, other: str) -> Room | None:
        name = direct_name(one, other)
        room = self._rooms.get(name) or self._passing.get(name)
        if room is None:
            room = await self._store.find_direct(name)
            if room is None or not room.kept:
                return None  # what is left of a guest who has gone is nobody's
            self._remember(name, room)
        return room

    def _remember(self, name: str, room: Room) -> None:
        """Remember some of those that are kept, and all that will have to be dropped."""
        if not room.kept:
            self._passing[name] = room
            return
        if len(self._rooms) >= REMEMBERED:
            del self._rooms[next(iter(self._rooms))]
        self._rooms[name] = room

    async def _make(self, one: Person, other: Person, stays: Mapping[str, Here | None]) -> Room:
        """Make a conversation, unless somebody was faster, or a guest in it has gone meanwhile.

        :param stays: as whom the two were on line when this began, by name.
        """
        async with self._making:
            found = await self._find(_identity(one), _identity(other))
            if found is not None:
                return found
            room = await self._add(one, other)
            guests = [fold(who.name) for who in (one, other) if who.key is None]
            if any(stays[n] is None or self._sessions.get(n) is not stays[n] for n in guests):
                await self._store.drop_room(room.key)
                raise NoSuchAccount(other.name)
            self._remember(room.name, room)
            return room

    async def _add(self, one: Person, other: Person) -> Room:
        name = direct_name(_identity(one), _identity(other))
        members = [(key, Role.MEMBER) for key in {one.key, other.key} if key is not None]
        kept = one.key is not None and other.key is not None
        room = Room(0, name, kept, self._log.now(), direct=True)
        try:
            return await self._store.add_room(room, members)
        except NameTaken:
            found = await self._store.find_direct(name)
            if found is not None and found.kept:
                return found
            if found is not None:
                await self._store.drop_room(found.key)
            return await self._store.add_room(room, members)

    def given_up(self, person: Person) -> None:
        """When a guest goes, or has another name, nobody reads on what was said to them and by
        them; what they said last is still to be told."""
        if person.key is None:
            name = fold(person.name)
            names = [known for known in self._passing if name in known.split(" ")]
            ended = self._ended.setdefault(person, [])
            ended += [self._passing.pop(known) for known in names]

    def heard(self, event: Event) -> None:
        """When it is told that a guest goes, or has another name, what was said is dropped."""
        if isinstance(event, Quit | PersonChanged) and event.by in self._ended:
            dropped = ensureDeferred(self._drop(self._ended.pop(event.by)))
            dropped.addErrback(lambda f: self.log.failure("a conversation could not be dropped", f))

    def idle(self) -> bool:
        """Whether the store has dropped all that have ended, as far as it can."""
        return not self._dropping

    async def _drop(self, rooms: Iterable[Room]) -> None:
        self._dropping += 1
        try:
            for room in rooms:
                await self._store.drop_room(room.key)
        finally:
            self._dropping -= 1


def _identity(person: Person) -> str:
    """What somebody is known by in a conversation: their account if they have one."""
    return person.account or person.name
