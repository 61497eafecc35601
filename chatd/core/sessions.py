"""Who is on line. Somebody may have several sessions, and is on line while there is one.

All sessions of somebody share their name, what they are called on the wire; somebody
who is logged in is called as their account is, unless the ini says otherwise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred

from chatd.core.log import Log
from chatd.errors import NameTaken, NoSuchAccount
from chatd.events import Cause, Event, PersonChanged, Quit, WentAway
from chatd.interfaces import ISession
from chatd.model import Person
from chatd.names import fold

REMEMBERED = 1000
"""How many of those who went are remembered, for WHOWAS."""


@dataclass(slots=True, eq=False)
class Here:
    """Somebody who is on line, with all of their sessions."""

    person: Person
    sessions: dict[str, ISession] = field(default_factory=dict)
    away: str | None = None
    marks: dict[int | str, int] = field(default_factory=dict)


class Sessions:
    """Who is on line, by name."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._here: dict[str, Here] = {}
        self._gone: deque[tuple[Person, int]] = deque(maxlen=REMEMBERED)
        self._given_up: list[Callable[[Person], None]] = []
        self.most = 0
        self.turnover = 0
        """How often a session has come or gone."""

    def also(self, hear: Callable[[Person], None]) -> None:
        """Call `hear` with each person who gives up a name, before another can take it."""
        self._given_up.append(hear)

    def __iter__(self) -> Iterator[Here]:
        return iter(list(self._here.values()))

    def __len__(self) -> int:
        return len(self._here)

    def __contains__(self, session: ISession) -> bool:
        here = self._here.get(fold(session.person.name))
        return here is not None and session.key in here.sessions

    def get(self, name: str) -> Here | None:
        """Whoever is on line under this name."""
        return self._here.get(fold(name))

    def find(self, name: str) -> Here:
        """Whoever is on line under this name.

        :raise NoSuchAccount: if nobody is.
        """
        here = self._here.get(fold(name))
        if here is None:
            raise NoSuchAccount(name)
        return here

    def of_account(self, key: int) -> list[ISession]:
        """All sessions that are logged in to an account."""
        return [
            session
            for here in self._here.values()
            if here.person.key == key
            for session in here.sessions.values()
        ]

    def may_enter(self, person: Person) -> bool:
        """Whether the name is free, or it is the same account that has it."""
        here = self._here.get(fold(person.name))
        return here is None or (person.key is not None and here.person.key == person.key)

    def enter(self, session: ISession) -> bool:
        """A session is on line from now on; whether it is its person's first.

        :raise NameTaken: if somebody else has the name.
        """
        if not self.may_enter(session.person):
            raise NameTaken(session.person.name)
        here = self._here.get(fold(session.person.name))
        first = here is None
        if here is None:
            here = self._here[fold(session.person.name)] = Here(session.person)
            self.most = max(self.most, len(self._here))
        session.person = here.person
        here.sessions[session.key] = session
        self.turnover += 1
        return first

    def leave(self, session: ISession, reason: str) -> Deferred[Event] | None:
        """A session is over. When it was its person's last, those who shared a room hear of
        it: what comes back is called when they have."""
        here = self._here.get(fold(session.person.name))
        if here is None or here.sessions.pop(session.key, None) is None:
            return None
        self.turnover += 1
        if here.sessions:
            return None
        now = self._log.now()
        del self._here[fold(session.person.name)]
        self._give_up(here.person, now)
        return self._log.tell(Quit(by=here.person, at=now, reason=reason))

    def _give_up(self, person: Person, now: int) -> None:
        self._gone.append((person, now))
        for hear in self._given_up:
            hear(person)

    def gone(self, name: str) -> list[tuple[Person, int]]:
        """Those who had this name and went, and when; newest first."""
        wanted = fold(name)
        return [(p, at) for p, at in reversed(self._gone) if fold(p.name) == wanted]

    async def change(self, here: Here, now: Person, cause: Cause | None = None) -> None:
        """Somebody has another name, host or real name from now on.

        :raise NameTaken: if somebody else has the name.
        """
        old, new = fold(here.person.name), fold(now.name)
        if old != new:
            if new in self._here:
                raise NameTaken(now.name)
            self._here[new] = self._here.pop(old)
            self._give_up(here.person, self._log.now())
        before, here.person = here.person, now
        for session in here.sessions.values():
            session.person = now
        await self._log.tell(PersonChanged(by=before, at=self._log.now(), now=now, cause=cause))

    async def set_away(self, here: Here, text: str | None) -> None:
        """Somebody is away, or back if there is no text."""
        here.away = text
        await self._log.tell(WentAway(by=here.person, at=self._log.now(), text=text))

    async def hand_over(self, session: ISession, person: Person) -> bool:
        """A session is somebody else's from now on; whether it is the first of theirs.

        Others see who it was go and, when it joins rooms, who it is come.

        :raise NameTaken: if somebody else has the name.
        """
        before = session.person
        if fold(person.name) != fold(before.name) and not self.may_enter(person):
            raise NameTaken(person.name)
        left = self.leave(session, f"logged in as {person.name}")
        session.person = person
        first = self.enter(session)
        if left is not None:
            await left
        return first
