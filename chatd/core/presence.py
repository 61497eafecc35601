"""Who is away, and who wants to know about whom."""

from __future__ import annotations

from collections.abc import Iterable

from chatd.core.log import Log
from chatd.core.places import Places
from chatd.core.sessions import Sessions
from chatd.core.settings import Settings
from chatd.errors import TooMany
from chatd.events import (
    Batch,
    Event,
    MetadataChanged,
    Noticed,
    PersonChanged,
    Quit,
    Watched,
    WentAway,
)
from chatd.interfaces import ISession
from chatd.model import Person
from chatd.names import fold


class Presence:
    """Away messages, and the lists of names that sessions watch."""

    def __init__(self, log: Log, sessions: Sessions, places: Places, settings: Settings) -> None:
        self._log = log
        self._sessions = sessions
        self._places = places
        self._settings = settings
        self._watchers: dict[str, dict[str, ISession]] = {}
        self._watched: dict[str, dict[str, str]] = {}

    async def set_away(self, session: ISession, text: str | None) -> None:
        """Somebody is away from now on, or back if there is no text."""
        here = self._sessions.find(session.person.name)
        text = text[: self._settings.limits.reason] if text else None
        if here.away != text:
            await self._sessions.set_away(here, text)

    # -- watch lists

    def watch(self, session: ISession, names: Iterable[str]) -> list[str]:
        """Tell a session when these come and go; gives back the names that are new on its list.

        :raise TooMany: if the list would be too long; what fits is on it.
        """
        mine = self._watched.setdefault(session.key, {})
        added: list[str] = []
        for name in names:
            if fold(name) in mine:
                continue
            if len(mine) >= self._settings.limits.watched:
                raise TooMany("names on a watch list", self._settings.limits.watched, name, added)
            mine[fold(name)] = name
            self._watchers.setdefault(fold(name), {})[session.key] = session
            added.append(name)
        return added

    def unwatch(self, session: ISession, names: Iterable[str]) -> None:
        """Tell a session no more about these."""
        mine = self._watched.get(session.key, {})
        for name in names:
            if mine.pop(fold(name), None) is not None:
                self._forget(fold(name), session)

    def unwatch_all(self, session: ISession) -> None:
        """Tell a session no more about anybody."""
        for name in self._watched.pop(session.key, {}):
            self._forget(name, session)

    def watched(self, session: ISession) -> list[str]:
        """The names on a session's list."""
        return list(self._watched.get(session.key, {}).values())

    def watchers(self, name: str) -> Iterable[ISession]:
        """The sessions that watch a name."""
        return tuple(self._watchers.get(fold(name), {}).values())

    def came(self, person: Person) -> None:
        """Somebody's first session has come."""
        self._show(person, online=True)

    def changed(self, before: Person, now: Person) -> None:
        """Somebody has logged in to another account: told to those who watch their name."""
        if fold(before.name) == fold(now.name):
            self._notice(PersonChanged(by=before, at=self._log.now(), now=now))
        else:
            self.came(now)

    def heard(self, event: Event) -> None:
        """Tell those who watch when somebody goes, or comes and goes by another name."""
        if isinstance(event, Quit) and self._sessions.get(event.by.name) is None:
            self._show(event.by, online=False)
        elif isinstance(event, PersonChanged) and fold(event.by.name) != fold(event.now.name):
            if self._sessions.get(event.by.name) is None:
                self._show(event.by, online=False)
            self._show(event.now, online=True)
        elif isinstance(event, WentAway | MetadataChanged) or (
            isinstance(event, PersonChanged) and event.by.name == event.now.name
        ):
            self._notice(event)

    def _notice(self, event: Event) -> None:
        """Tell those who watch somebody what those around them have just heard."""
        watchers = self.watchers(event.by.name)
        if not watchers:
            return
        places = self._places.of(event.by.name)
        told = Batch((Noticed(by=event.by, at=event.at, what=event),))
        for session in watchers:
            name = session.person.name
            near = any(place.seat(name) is not None for place in places)
            if not near and fold(name) != fold(event.by.name):
                session.deliver(told)

    def _show(self, person: Person, *, online: bool) -> None:
        watchers = self.watchers(person.name)
        if watchers:
            told = Batch((Watched(by=person, at=self._log.now(), online=online),))
            for session in watchers:
                session.deliver(told)

    def _forget(self, name: str, session: ISession) -> None:
        watchers = self._watchers[name]
        watchers.pop(session.key, None)
        if not watchers:
            del self._watchers[name]
