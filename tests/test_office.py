"""What the operator does to accounts, without the command line around it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from chatd import config
from chatd.core.accounts import digest
from chatd.errors import AccountExists, BadName, ChatError, NoSuchAccount, WeakPassword
from chatd.model import Rank
from chatd.office import Office

INI = "[store]\ntype = memory\n[authenticator password]\nmemory = 8k\npasses = 1\n"
NOW = 1_700_000_000_000


class OfficeTest(TestCase):
    """An office over the memory store."""

    async def opened(self) -> Office:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        ini = Path(folder.name, "chatd.ini")
        ini.write_text(INI)
        office = Office(config.read(ini), reactor, lambda: NOW, "root")
        await office.open()
        self.addCleanup(office.close)
        return office

    async def fits(self, office: Office, name: str, password: str) -> bool:
        try:
            await office._accounts.log_in(name, "password", password, "here")
        except ChatError:
            return False
        return True

    async def test_add(self) -> None:
        """An account that was added can log in, and is what it was made."""
        office = await self.opened()
        await office.add("ada", "milk first", Rank.ADMIN)
        self.assertTrue(await self.fits(office, "ada", "milk first"))
        (account,) = await office.all()
        self.assertEqual((account.name, account.rank, account.created), ("ada", Rank.ADMIN, NOW))

    async def test_what_will_not_do(self) -> None:
        """Names and passwords obey the same rules as when people register themselves."""
        office = await self.opened()
        await office.add("Ian", "milk first", Rank.USER)
        for name, password, error in (
            ("ian", "milk first", AccountExists),
            ("lan", "milk first", AccountExists),
            ("x", "milk first", BadName),
            ("bob", "short", WeakPassword),
        ):
            with self.assertRaises(error):
                await office.add(name, password, Rank.USER)
        self.assertEqual([account.name for account in await office.all()], ["Ian"])

    async def test_set_password(self) -> None:
        """The new password counts, and the old one does no more."""
        office = await self.opened()
        await office.add("ada", "milk first", Rank.USER)
        await office.set_password("ada", "tea first")
        self.assertTrue(await self.fits(office, "ada", "tea first"))
        self.assertFalse(await self.fits(office, "ada", "milk first"))
        with self.assertRaises(WeakPassword):
            await office.set_password("ada", "short")

    async def test_set_rank(self) -> None:
        """An account can be made an administrator's, and a user's again."""
        office = await self.opened()
        await office.add("ada", "milk first", Rank.USER)
        for rank in (Rank.ADMIN, Rank.USER):
            await office.set_rank("ada", rank)
            self.assertEqual([account.rank for account in await office.all()], [rank])

    async def test_nobody(self) -> None:
        """There is a sentence for names that nobody has."""
        office = await self.opened()
        with self.assertRaises(NoSuchAccount):
            await office.set_password("eve", "milk first")
        with self.assertRaises(NoSuchAccount):
            await office.set_rank("eve", Rank.ADMIN)

    async def test_invite(self) -> None:
        """A code is good as often and as long as was said, and no two are the same."""
        office = await self.opened()
        code, other = await office.invite(2, 60), await office.invite(1, 60)
        self.assertNotEqual(code, other)
        self.assertGreaterEqual(len(code), 16)
        store = office._store
        used = [await store.use_invitation(digest(code), NOW + 59_000) for _ in range(3)]
        self.assertEqual(used, [True, True, False])
        self.assertFalse(await store.use_invitation(digest(other), NOW + 60_000))
