"""What every store must do for operators: bans of the whole server, and the audit log."""

from __future__ import annotations

from dataclasses import replace

from chatd.interfaces import IStore
from chatd.model import Barred, Deed, Sealed, ServerBan

BAN = ServerBan(Barred.NETWORK, "192.0.2.0/24", "Ada", 50, 90, "noise")
DEED = Deed(7, "Ada", "192.0.2.1", "kill", "eve!~e@x", "noïse")


def sealed(last: Sealed | None, act: str = "kill", by: str = "Ada") -> Sealed:
    """A record with the next number, and a seal that is none."""
    number = last.number + 1 if last else 1
    return Sealed(number, replace(DEED, act=act, by=by), f"seal {number}")


class OperatorsContract:
    """The tests; for a TestCase to mix in."""

    store: IStore

    async def test_server_bans(self) -> None:
        """Bans come back as they were kept, the oldest first, each until it is dropped."""
        account = ServerBan(Barred.ACCOUNT, "eve", "Ada", 40)
        for ban in (BAN, account):
            await self.store.keep_server_ban(ban)
        self.assertEqual(await self.store.server_bans(), [account, BAN])
        await self.store.drop_server_ban(account)
        await self.store.drop_server_ban(replace(BAN, kind=Barred.MASK))
        self.assertEqual(await self.store.server_bans(), [BAN])

    async def test_server_ban_instead_of_another(self) -> None:
        """There is one ban for each target of a kind: the one that was kept last."""
        again = replace(BAN, by="Bob", at=60, expires=None, reason="more noise")
        mask = replace(BAN, kind=Barred.MASK)
        for ban in (BAN, mask, again):
            await self.store.keep_server_ban(ban)
        self.assertEqual(await self.store.server_bans(), [mask, again])

    async def test_records(self) -> None:
        """Records come back as they were made of the last one, in order, page by page."""
        made = [await self.store.record(sealed) for _ in range(3)]
        self.assertEqual([record.number for record in made], [1, 2, 3])
        self.assertEqual(made[0], Sealed(1, DEED, "seal 1"))
        self.assertEqual(await self.store.records(0, 2), made[:2])
        self.assertEqual(await self.store.records(2, 2), made[2:])
        self.assertEqual(await self.store.records(3, 2), [])

    async def test_newest_records(self) -> None:
        """The newest records are found by the beginning of the act, and by who it was."""
        for act, by in (("uban add", "Ada"), ("kill", "Bob"), ("uban del", "Bob"), ("die", "Ada")):
            await self.store.record(lambda last, act=act, by=by: sealed(last, act, by))
        for limit, act, by, expected in [
            (9, "", "", [1, 2, 3, 4]),
            (2, "", "", [3, 4]),
            (9, "uban", "", [1, 3]),
            (9, "", "bob", [2, 3]),
            (1, "uban", "Ada", [1]),
            (9, "u%", "", []),
        ]:
            found = await self.store.newest_records(limit, act, by)
            self.assertEqual([record.number for record in found], expected)

    async def test_record_that_cannot_be_made(self) -> None:
        """If no record can be made of the last one, none is kept."""

        def fail(last: Sealed | None) -> Sealed:
            raise ValueError("no")

        with self.assertRaises(ValueError):
            await self.store.record(fail)
        self.assertEqual(await self.store.records(0, 9), [])
