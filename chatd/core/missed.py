"""What was said to somebody directly while they were not there.

Clients that can read the history find it there. To the others, and to people with nothing
but a terminal, it is told when they come: what came since the last session of their account
ended. Should that moment be in doubt, because the daemon was killed or a connection was dead
for a while, it is rather told twice than never.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from twisted.internet.defer import ensureDeferred
from twisted.logger import Logger

from chatd.core.log import Log
from chatd.core.settings import Settings
from chatd.errors import NotKept
from chatd.events import Event, Posted, Quit
from chatd.interfaces import IAccountStore, ILogStore, ISession
from chatd.model import Conversation, Kind, Person


class Missed:
    """Until when each account has been here, and what was said to it since."""

    log = Logger()

    def __init__(
        self, accounts: IAccountStore, store: ILogStore, log: Log, settings: Settings
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._log = log
        self._settings = settings
        self._silent: dict[int, int] = {}
        self._gone: dict[int, int] = {}
        self._busy = False

    async def of(self, session: ISession) -> list[Posted]:
        """What others said to an account that has just come on line, oldest first.

        No more than a page of the history, the latest of it.
        """
        key, now = session.person.key, self._log.now()
        if key is None:
            return []
        since = self._gone.get(key, await self._accounts.seen(key))
        found = [entry async for entry in self._said_to(key, since) if entry.at <= now]
        found.sort(key=lambda entry: entry.at)
        if found:
            self._note(key, now)
        return found[-self._settings.limits.history :]

    async def _said_to(self, key: int, since: int) -> AsyncIterator[Posted]:
        for conversation in await self._conversations(key, since):
            room = conversation.room
            start = await self._store.number_at(room.key, since + 1)
            most = self._settings.limits.history
            for entry in await self._store.page(room, start, None, most, True):
                if isinstance(entry, Posted) and entry.by.key != key and _is_text(entry):
                    yield entry

    async def _conversations(self, key: int, since: int) -> list[Conversation]:
        """Those with somebody else in which something was said since then."""
        limits = self._settings.limits
        most = limits.rooms_per_person + limits.history
        found = await self._store.conversations(key, since, self._log.now() + 1, most)
        return [one for one in found if one.room.direct]

    def unheard(self, person: Person, seconds: float) -> None:
        """Nothing was heard for so long of somebody who is about to be given up: what they
        were sent in that time may be lost."""
        if person.key is not None:
            self._silent[person.key] = int(seconds * 1000)

    def heard(self, event: Event) -> None:
        """Note when the last session of an account ends."""
        key = event.by.key
        if isinstance(event, Quit) and key is not None:
            self._note(key, event.at - self._silent.pop(key, 0))

    def idle(self) -> bool:
        """Whether all that had to be noted is on disk."""
        return not self._busy

    def _note(self, key: int, until: int) -> None:
        self._gone[key] = until
        if not self._busy:
            self._busy = True
            done = ensureDeferred(self._keep())
            done.addErrback(lambda f: self.log.failure("who has gone could not be noted", f))

    async def _keep(self) -> None:
        """Keep what is to be noted; what comes meanwhile is kept together after it."""
        try:
            while self._gone:
                gone = dict(self._gone)
                await self._accounts.see(gone)
                for key in [k for k, until in gone.items() if self._gone[k] == until]:
                    del self._gone[key]
        except NotKept:
            self.log.warn("the store refuses to note who has gone")
        finally:
            self._busy = False


def _is_text(entry: Posted) -> bool:
    return entry.kind is not Kind.SIGNAL and not entry.erased
