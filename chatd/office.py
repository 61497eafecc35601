"""What an operator does without being a client: `chatd account …`, `chatd invite`, `chatd audit …`.

It works on the store itself, whether the daemon runs or not; a daemon that runs sees it
at the account's next log-in. What changes an account is in the audit log before it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from secrets import token_urlsafe
from typing import Any

from twisted.application.service import IService

from chatd.answers import moment
from chatd.config import Config
from chatd.core.accounts import Accounts, digest
from chatd.core.audit import Audit
from chatd.errors import AccountExists, NoSuchAccount
from chatd.interfaces import IAuthenticator, IStore
from chatd.model import Account, Deed, Invitation, Rank
from chatd.names import skeleton
from chatd.plugins import build

HERE = "the command line"
"""Where those come from who work here."""


class Office:
    """The accounts of a house, and those who keep and check them.

    :param user: who works here, as the system knows them.
    """

    def __init__(self, config: Config, reactor: Any, clock: Callable[[], int], user: str) -> None:
        self._clock = clock
        self._user = user
        (part,) = config.those(IStore)
        self._store = build(IStore, part.name, part.options, reactor)
        self.audit = Audit(self._store, clock)
        made = [
            build(IAuthenticator, part.name, part.options, reactor)
            for part in config.those(IAuthenticator)
        ]
        self._authenticators = {one.kind: one for one in made}
        self._accounts = Accounts(
            self._store, self._authenticators, config.settings, reactor, clock
        )

    async def open(self) -> None:
        """Open the store, and let those work who check."""
        await self._store.open()
        for service in self._services():
            service.startService()

    async def close(self) -> None:
        """The end of `open`."""
        for service in self._services():
            service.stopService()
        await self._store.close()

    async def add(self, name: str, password: str, rank: Rank) -> None:
        """Make an account.

        :raise ChatError: if the name or the password will not do.
        """
        self._accounts.check_name(name)
        self._accounts.check_password(password)
        if await self._store.find_alike(skeleton(name)):
            raise AccountExists(name)
        secrets = await self._accounts.enrolled(password)
        await self._record("account add", name, rank.name.lower())
        await self._store.add_account(name, rank, self._clock(), secrets)

    async def set_password(self, name: str, password: str) -> None:
        """Give an account another password.

        :raise ChatError: if there is no such account, or the password will not do.
        """
        account = await self._find(name)
        self._accounts.check_password(password)
        await self._record("account password", account.name)
        await self._accounts.set_password(account, password)

    async def set_rank(self, name: str, rank: Rank) -> None:
        """Say what an account may do on the whole server.

        :raise NoSuchAccount: if there is none.
        """
        account = await self._find(name)
        change = f"{account.rank.name.lower()} to {rank.name.lower()}"
        await self._record("account role", account.name, change)
        await self._store.change_account(replace(account, rank=rank))

    async def all(self) -> list[Account]:
        """All accounts, by name."""
        return list(await self._store.accounts())

    async def invite(self, uses: int, seconds: float) -> str:
        """Make a code that lets somebody register, so often and for so long."""
        code = token_urlsafe(12)
        expires = self._clock() + int(seconds * 1000)
        await self._record("invite", "", f"good for {uses}, until {moment(expires)}")
        await self._store.add_invitation(Invitation(digest(code), "the operator", expires, uses))
        return code

    async def _record(self, act: str, target: str, note: str = "") -> None:
        await self.audit.keep(Deed(self._clock(), self._user, HERE, act, target, note))

    async def _find(self, name: str) -> Account:
        account: Account | None = await self._store.find_account(name)
        if account is None:
            raise NoSuchAccount(name)
        return account

    def _services(self) -> list[IService]:
        parts = [*self._authenticators.values()]
        return [part for part in parts if IService.providedBy(part)]
