"""The audit log: every privileged act is on record before it takes effect.

Each record has a seal: SHA-256 over the seal of the one before and all that the record says.
So whoever edits, removes, inserts or reorders records without sealing all that follow anew is
found out; and whoever does that too is, if a seal was noted elsewhere, such as in the daemon's
log. It says who did what to whom, and never what anybody wrote.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import astuple
from hashlib import sha256

from twisted.logger import Logger

from chatd.interfaces import IAuditStore, ISession
from chatd.model import Deed, Sealed
from chatd.names import fold

PAGE = 1000
"""Records that are looked at together."""


def seal(before: str, number: int, deed: Deed) -> str:
    """What ties a record to the one before, whose seal is given; empty for the first."""
    said = json.dumps([before, number, *astuple(deed)], ensure_ascii=True, separators=(",", ":"))
    return sha256(said.encode()).hexdigest()


def officer(session: ISession) -> str:
    """Who somebody is that uses a privilege: the account whose office they have taken up."""
    name, office = session.person.name, session.office or session.person.account
    if office is None:
        return str(name)
    return str(office) if fold(office) == fold(name) else f"{office} (called {name})"


class Audit:
    """Puts acts on record, and finds out whether the record is whole."""

    log = Logger()

    def __init__(self, store: IAuditStore, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now

    async def record(self, session: ISession, act: str, target: str = "", note: str = "") -> None:
        """Put on record what somebody is about to do. When this returns, it is on disk.

        :raise NotKept: if it cannot be; then it must not be done.
        """
        by, address = officer(session), session.address or "this machine"
        await self.keep(Deed(self._now(), by, address, act, target, note))

    async def keep(self, deed: Deed) -> None:
        """The same, for somebody who is not a session.

        :raise NotKept: if it cannot be; then it must not be done.
        """

        def follow(last: Sealed | None) -> Sealed:
            number = last.number + 1 if last else 1
            return Sealed(number, deed, seal(last.seal if last else "", number, deed))

        sealed = await self._store.record(follow)
        self.log.info(
            "audit {number} {seal}: {by} from {address}: {act} {target!r}",
            number=sealed.number,
            seal=sealed.seal,
            by=deed.by,
            address=deed.address,
            act=deed.act,
            target=deed.target,
        )

    async def newest(self, limit: int, act: str = "", by: str = "") -> list[Sealed]:
        """The last records, of acts that begin with a word and by one person if asked for."""
        return list(await self._store.newest_records(limit, act, by))

    async def check(self, known: tuple[int, str] | None = None) -> tuple[Sealed | None, list[str]]:
        """The last record, and a sentence for each fault that is found.

        :param known: the number and the seal of a record, noted elsewhere.
        """
        faults: list[str] = []
        last: Sealed | None = None
        async for record in self._all():
            faults += _faults(last, record)
            if known is not None and known[0] == record.number and known[1] != record.seal:
                faults.append(f"record {record.number} does not have the seal that was noted.")
            last = record
        if known is not None and known[0] > (last.number if last else 0):
            faults.append(f"record {known[0]}, whose seal was noted, is not there.")
        return last, faults

    async def _all(self) -> AsyncIterator[Sealed]:
        after = -(2**62)
        while page := await self._store.records(after, PAGE):
            for record in page:
                yield record
            after = page[-1].number


def _faults(before: Sealed | None, record: Sealed) -> list[str]:
    """What is wrong with a record, seen from the one that is in front of it."""
    due = before.number + 1 if before else 1
    if record.number > due:
        missing = (
            f"record {due} is"
            if record.number == due + 1
            else (f"records {due} to {record.number - 1} are")
        )
        return [f"{missing} missing."]
    if record.number < due or record.seal != seal(
        before.seal if before else "", record.number, record.deed
    ):
        return [f"record {record.number} was changed, or put where it is later on."]
    return []
