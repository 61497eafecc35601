"""A store in an SQL database: SQLite now, one file that needs no server.

The SQL is what SQLite and PostgreSQL have in common; the tables are in schema/.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from zope.interface import implementer

from chatd.errors import AccountExists, NameTaken, NotKept, StartError
from chatd.events import Entry, Kept
from chatd.interfaces import IStore
from chatd.model import (
    Account,
    Conversation,
    Erase,
    Invitation,
    Mask,
    Member,
    Offer,
    Rank,
    Role,
    Room,
    Sealed,
    ServerBan,
    Subject,
    Url,
)
from chatd.names import direct_other, fold, skeleton
from chatd.stores import keeping
from chatd.stores.database import Database, Statements
from chatd.stores.rows import (
    ACCOUNTS,
    ENTRIES,
    OFFERS,
    RECORDS,
    ROOMS,
    SERVER_BANS,
    Row,
    account_of,
    entry_of,
    fold_of,
    mask_of,
    member_of,
    offer_of,
    record_row,
    room_of,
    room_row,
    sealed_of,
    server_ban_of,
)

_SQLITE = "sqlite:///"
AT_ONCE = 256
"""How much of a log is dropped in one turn."""
_ALL = 2**62  # more than any number or time there will be

_ADD_ACCOUNT = """
    INSERT INTO accounts (name, fold, skeleton, rank, created, suspended)
    VALUES (?, ?, ?, ?, ?, FALSE) ON CONFLICT DO NOTHING RETURNING key"""
_CHANGE_ACCOUNT = "UPDATE accounts SET name = ?, rank = ?, suspended = ? WHERE key = ?"
_SEE = "UPDATE accounts SET seen = ? WHERE key = ?"
_SECRETS = "SELECT secret FROM secrets WHERE account = ? AND kind = ? ORDER BY secret"
_OWNER = "WHERE key = (SELECT MIN(account) FROM secrets WHERE kind = ? AND secret = ?)"
_ADD_PROOF = "INSERT INTO secrets (account, kind, secret) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_DROP_PROOF = """
    DELETE FROM secrets WHERE account = ? AND kind = ? AND secret = ? RETURNING account"""
_ADD_INVITATION = "INSERT INTO invitations (digest, by, expires, uses) VALUES (?, ?, ?, ?)"
_USE_INVITATION = """
    UPDATE invitations SET uses = uses - 1
    WHERE digest = ? AND uses > 0 AND (expires IS NULL OR expires > ?) RETURNING digest"""

_DROP_SOME = """
    DELETE FROM log WHERE room = ? AND number < ? + (SELECT MIN(number) FROM log WHERE room = ?)
    RETURNING number"""
_ADD_ROOM = """
    INSERT INTO rooms (name, kept, created, direct, topic, topic_by, topic_at, modes, password,
        most, fold, last, latest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT DO NOTHING RETURNING key"""
_ADD_MEMBER = "INSERT INTO members (room, account, role) VALUES (?, ?, ?)"
_MEMBERS = "SELECT room, account, role FROM members "
_ROOMS_OF = """
    SELECT room, account, role FROM members JOIN rooms ON rooms.key = room
    WHERE account = ? AND NOT direct ORDER BY room"""
_MASKS = """
    SELECT room, listing, pattern, by, at, expires FROM masks
    WHERE room = ? ORDER BY at, listing, fold"""

_MARK = """
    INSERT INTO marks (account, room, read) SELECT ?, key, ? FROM rooms WHERE key = ?
    ON CONFLICT (account, room) DO UPDATE SET read =
        CASE WHEN marks.read < excluded.read THEN excluded.read ELSE marks.read END
    RETURNING read"""
_METADATA = {
    Subject.ACCOUNT: "SELECT name, value FROM account_metadata WHERE account = ?",
    Subject.ROOM: "SELECT name, value FROM room_metadata WHERE room = ?",
}
_KEEP_METADATA = {
    Subject.ACCOUNT: """
        INSERT INTO account_metadata (account, name, value) SELECT key, ?, ? FROM accounts
        WHERE key = ? ON CONFLICT (account, name) DO UPDATE SET value = excluded.value""",
    Subject.ROOM: """
        INSERT INTO room_metadata (room, name, value) SELECT key, ?, ? FROM rooms
        WHERE key = ? ON CONFLICT (room, name) DO UPDATE SET value = excluded.value""",
}
_DROP_METADATA = {
    Subject.ACCOUNT: "DELETE FROM account_metadata WHERE account = ? AND name = ?",
    Subject.ROOM: "DELETE FROM room_metadata WHERE room = ? AND name = ?",
}
_KEEP_SERVER_BAN = """
    INSERT INTO server_bans (kind, target, by, at, expires, reason) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (kind, target) DO UPDATE SET
        by = excluded.by, at = excluded.at, expires = excluded.expires, reason = excluded.reason"""
_DROP_SERVER_BAN = "DELETE FROM server_bans WHERE kind = ? AND target = ?"
_RECORD = """
    INSERT INTO audit (number, at, by, address, act, target, note, seal)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_NEWEST_RECORDS = """
    WHERE SUBSTR(act, 1, LENGTH(?)) = ? AND (? = '' OR LOWER(by) = LOWER(?))
    ORDER BY number DESC LIMIT ?"""
_CONVERSATIONS = """
    SELECT latest, CASE WHEN direct THEN (
            SELECT accounts.name FROM members JOIN accounts ON accounts.key = members.account
            WHERE members.room = rooms.key AND members.account <> mine.account
        ) END,
        key, name, kept, created, direct, topic, topic_by, topic_at, modes, password, most
    FROM rooms JOIN members AS mine ON mine.room = rooms.key
    WHERE mine.account = ? AND latest > ? AND latest < ? ORDER BY latest, key LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Options:
    """[store] type = sql: keep everything in a database

    url: where it is; sqlite:///chatd.db is a file in the data directory
    durability: what a message that was shown survives: a power cut (full), or only a crash of
        the daemon, which is faster on slow disks (normal)
    """

    url: Url = Url("sqlite:///chatd.db")
    durability: Literal["full", "normal"] = "full"


def make(options: Options, reactor: Any) -> SQLStore:
    """The store, not yet open.

    :raise StartError: if it is a database that we do not know.
    """
    if not options.url.startswith(_SQLITE):
        raise StartError(
            f"[store] url = {options.url} is no good: it should be the path of an SQLite file,"
            f" like {_SQLITE}chatd.db. Other databases are not supported yet."
        )
    path = Path(options.url.removeprefix(_SQLITE))
    return SQLStore(Database(path, options.durability, reactor))


@implementer(IStore)
class SQLStore:
    """Keeps everything in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = database.rows
        self._erased = False

    async def open(self) -> None:
        self._database.open()

    async def close(self) -> None:
        await self._database.close()

    # -- accounts

    async def find_account(self, name: str) -> Account | None:
        return self._account("WHERE fold = ?", fold(name))

    async def account(self, key: int) -> Account | None:
        return self._account("WHERE key = ?", key)

    async def accounts(self) -> Sequence[Account]:
        return [account_of(row) for row in self._rows(ACCOUNTS + "ORDER BY fold")]

    async def find_alike(self, skeleton: str) -> Account | None:
        return self._account("WHERE skeleton = ?", skeleton)

    async def add_account(
        self, name: str, rank: Rank, created: int, secrets: dict[str, str]
    ) -> Account:
        def add(run: Statements) -> int:
            added = run.rows(_ADD_ACCOUNT, name, fold(name), skeleton(name), rank, created)
            if not added:
                raise AccountExists(name)
            run.each(_ADD_PROOF, [(added[0][0], *secret) for secret in secrets.items()])
            return int(added[0][0])

        return Account(await self._database.write(add), name, rank, created)

    async def change_account(self, account: Account) -> None:
        await self._write(
            _CHANGE_ACCOUNT, account.name, account.rank, account.suspended, account.key
        )

    async def secrets(self, account: int, kind: str) -> Sequence[str]:
        return [secret for (secret,) in self._rows(_SECRETS, account, kind)]

    async def owner_of(self, kind: str, secret: str) -> Account | None:
        return self._account(_OWNER, kind, secret)

    async def keep_secret(
        self, account: int, kind: str, secret: str, instead_of: str | None
    ) -> None:
        def keep(run: Statements) -> None:
            if instead_of is None or run.rows(_DROP_PROOF, account, kind, instead_of):
                run.rows(_ADD_PROOF, account, kind, secret)

        await self._database.write(keep)

    async def drop_secrets(self, account: int, kind: str) -> None:
        await self._write("DELETE FROM secrets WHERE account = ? AND kind = ?", account, kind)

    async def seen(self, account: int) -> int:
        found = self._rows("SELECT seen FROM accounts WHERE key = ?", account)
        return int(found[0][0]) if found else 0

    async def see(self, until: Mapping[int, int]) -> None:
        rows = [(time, account) for account, time in until.items()]
        await self._database.write(lambda run: run.each(_SEE, rows))

    async def add_invitation(self, invitation: Invitation) -> None:
        i = invitation
        await self._write(_ADD_INVITATION, i.digest, i.by, i.expires, i.uses)

    async def use_invitation(self, digest: str, now: int) -> bool:
        return bool(await self._write(_USE_INVITATION, digest, now))

    # -- rooms

    async def rooms(self) -> Sequence[Room]:
        return [room_of(row) for row in self._rows(ROOMS + "WHERE NOT direct ORDER BY key")]

    async def find_direct(self, name: str) -> Room | None:
        found = self._rows(ROOMS + "WHERE direct AND fold = ?", name)
        return room_of(found[0]) if found else None

    async def add_room(self, room: Room, members: Iterable[tuple[int, Role]]) -> Room:
        def add(run: Statements) -> Room:
            added = run.rows(_ADD_ROOM, *room_row(room), fold_of(room))
            if not added:
                raise NameTaken(room.name)
            key = added[0][0]
            run.each(_ADD_MEMBER, [(key, *member) for member in members])
            return replace(room, key=key)

        return await self._database.write(add)

    async def drop_room(self, room: int) -> None:
        def drop_some(run: Statements) -> bool:
            more = len(run.rows(_DROP_SOME, room, AT_ONCE, room)) == AT_ONCE
            if not more:
                run.rows("DELETE FROM rooms WHERE key = ?", room)
            return more

        more = True
        while more:
            more = await self._database.write(drop_some)
            await self._database.next_turn()

    async def drop_passing_rooms(self) -> None:
        await self._write("DELETE FROM rooms WHERE NOT kept")

    async def rooms_of(self, account: int) -> Sequence[Member]:
        return [member_of(row) for row in self._rows(_ROOMS_OF, account)]

    async def member(self, room: int, account: int) -> Member | None:
        found = self._rows(_MEMBERS + "WHERE room = ? AND account = ?", room, account)
        return member_of(found[0]) if found else None

    async def members(self, room: int) -> Sequence[Member]:
        found = self._rows(_MEMBERS + "WHERE room = ? ORDER BY account", room)
        return [member_of(row) for row in found]

    async def masks(self, room: int) -> Sequence[Mask]:
        return [mask_of(row) for row in self._rows(_MASKS, room)]

    # -- logs

    async def append(self, entries: Sequence[Kept]) -> Sequence[int]:
        numbers = await self._database.write(partial(keeping.keep, entries))
        changes = (change for kept in entries for change in kept.changes)
        self._erased = self._erased or any(isinstance(change, Erase) for change in changes)
        if self._erased:
            await self._forget_erased()
        return numbers

    async def _forget_erased(self) -> None:
        """Leave nothing in the journal of what was erased. The entries are kept already, so
        if the disk will not do it now, it is tried again after the next."""
        with suppress(NotKept):
            await self._database.empty_journal()
            self._erased = False

    async def page(
        self, room: Room, after: int | None, before: int | None, limit: int, newest: bool
    ) -> Sequence[Entry]:
        between = (room.key, after or 0, _ALL if before is None else before, limit)
        order = "number > ? AND number < ? ORDER BY number " + ("DESC" if newest else "ASC")
        found = self._rows(ENTRIES + order + " LIMIT ?", *between)
        return [entry_of(room, row) for row in (reversed(found) if newest else found)]

    async def find(self, room: Room, number: int) -> Entry | None:
        found = self._rows(ENTRIES + "number = ?", room.key, number)
        return entry_of(room, found[0]) if found else None

    async def number_at(self, room: int, time: int) -> int:
        def time_of(number: int) -> int:
            found = self._rows("SELECT time FROM log WHERE room = ? AND number = ?", room, number)
            return int(found[0][0])

        numbers = range(1, await self.last(room) + 1)
        return bisect_left(numbers, time, key=time_of)

    async def last(self, room: int) -> int:
        found = self._rows("SELECT last FROM rooms WHERE key = ?", room)
        return int(found[0][0]) if found else 0

    async def mark(self, account: int, room: int, read: int) -> int:
        kept = await self._write(_MARK, account, read, room)
        return int(kept[0][0]) if kept else read

    async def marks(self, account: int) -> dict[int, int]:
        return dict(self._rows("SELECT room, read FROM marks WHERE account = ?", account))

    async def conversations(
        self, account: int, after: int, before: int, limit: int
    ) -> Sequence[Conversation]:
        own = await self.account(account)
        found = self._rows(_CONVERSATIONS, account, after, before, limit)
        return [_conversation(row, own.name) for row in found if own]

    # -- metadata

    async def metadata(self, subject: Subject, key: int) -> Mapping[str, str]:
        return dict(self._rows(_METADATA[subject], key))

    async def keep_metadata(self, subject: Subject, key: int, name: str, value: str | None) -> None:
        if value is None:
            await self._write(_DROP_METADATA[subject], key, name)
        else:
            await self._write(_KEEP_METADATA[subject], name, value, key)

    # -- operators

    async def server_bans(self) -> Sequence[ServerBan]:
        return [server_ban_of(row) for row in self._rows(SERVER_BANS + "ORDER BY at, kind, target")]

    async def keep_server_ban(self, ban: ServerBan) -> None:
        b = ban
        await self._write(_KEEP_SERVER_BAN, b.kind, b.target, b.by, b.at, b.expires, b.reason)

    async def drop_server_ban(self, ban: ServerBan) -> None:
        await self._write(_DROP_SERVER_BAN, ban.kind, ban.target)

    async def record(self, follow: Callable[[Sealed | None], Sealed]) -> Sealed:
        def add(run: Statements) -> Sealed:
            last = run.rows(RECORDS + "ORDER BY number DESC LIMIT 1")
            sealed = follow(sealed_of(last[0]) if last else None)
            run.rows(_RECORD, *record_row(sealed))
            return sealed

        return await self._database.write(add)

    async def records(self, after: int, limit: int) -> Sequence[Sealed]:
        found = self._rows(RECORDS + "WHERE number > ? ORDER BY number LIMIT ?", after, limit)
        return [sealed_of(row) for row in found]

    async def newest_records(self, limit: int, act: str, by: str) -> Sequence[Sealed]:
        found = self._rows(RECORDS + _NEWEST_RECORDS, act, act, by, by, limit)
        return [sealed_of(row) for row in reversed(found)]

    # -- files

    async def offers(self) -> Sequence[Offer]:
        return [offer_of(row) for row in self._rows(OFFERS)]

    def _account(self, which: str, *values: object) -> Account | None:
        found = self._rows(ACCOUNTS + which, *values)
        return account_of(found[0]) if found else None

    async def _write(self, sql: str, *values: object) -> list[Row]:
        return await self._database.write(lambda run: run.rows(sql, *values))


def _conversation(row: Row, own: str) -> Conversation:
    latest, other, *columns = row
    room = room_of(tuple(columns))
    if not room.direct:
        other = room.name
    return Conversation(room, other or direct_other(room.name, own), latest)
