"""Accounts: make one, prove that it is one's own, change its secrets.

Failed log-ins are counted by account and by address; after a few each answer is delayed,
after more all are refused for a time. Each failure is logged with the address in one
fixed form, which etc/fail2ban knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from chatd.core.limits import Attempts, Buckets, network
from chatd.core.settings import Settings
from chatd.errors import (
    AccountExists,
    BadInvitation,
    CertificateTaken,
    ChatError,
    LoginFailed,
    NameReserved,
    NothingToVerify,
    RegistrationClosed,
    TooManyAttempts,
    WeakPassword,
)
from chatd.interfaces import IAccountStore, IAuthenticator, IChallenger, IQuestion
from chatd.locks import Lock
from chatd.model import Account, Rank
from chatd.names import check_name, fold, skeleton

Proven = TypeVar("Proven")

PASSWORD = "password"  # noqa: S105 - the kind of secret
CERTIFICATE = "certificate"
SCRAM = "scram"
LONGEST_PASSWORD = 1024
LONGEST_DELAY = 8.0
PENDING = 1000
"""How many registrations may wait for their invitation code."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A registration that waits for its invitation code."""

    name: str
    secrets: dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A log-in that waits for the answer to a question."""

    name: str
    account: Account | None
    question: IQuestion


class Accounts:
    """Who may come back, and how they prove it."""

    log = Logger()

    def __init__(
        self,
        store: IAccountStore,
        authenticators: Mapping[str, IAuthenticator],
        settings: Settings,
        reactor: IReactorTime,
        now: Callable[[], int],
        seed: bytes = b"",
    ) -> None:
        self._store = store
        self._authenticators = authenticators
        self._settings = settings
        self._reactor = reactor
        self._now = now
        self._seed = seed
        self._attempts = Attempts(reactor.seconds)
        self._buckets = Buckets(reactor.seconds)
        self._locks: dict[str, Lock] = {}
        self._pending: dict[str, Pending] = {}
        self._unspent: Counter[str] = Counter()

    # -- names

    async def find(self, name: str) -> Account | None:
        """The account of this name."""
        return await self._store.find_account(name)

    def check_name(self, name: str) -> str:
        """Give back a name that one may have here.

        :raise BadName: if it may not be one.
        """
        unicode = self._settings.auth.names == "unicode"
        return check_name(name, self._settings.limits.name, unicode=unicode)

    async def check_guest_name(self, name: str) -> None:
        """Refuse a name that belongs to an account, or looks like one that does.

        :raise BadName, NameReserved: if a guest may not have it.
        """
        self.check_name(name)
        if await self._is_taken(name):
            raise NameReserved(name)

    async def _is_taken(self, name: str) -> bool:
        """Whether an account has the name, or one that looks like it."""
        found = await self._store.find_account(name)
        return (found or await self._store.find_alike(skeleton(name))) is not None

    # -- making one

    async def register(
        self, session: str, name: str, password: str, address: str
    ) -> Account | None:
        """Make an account; None if its invitation code is still wanted: see `confirm`.

        :param session: the key of the session that asks.
        :raise RegistrationClosed, BadName, WeakPassword, AccountExists, TooFast: if not.
        """
        if self._settings.auth.registration == "closed" or PASSWORD not in self._authenticators:
            raise RegistrationClosed()
        await self._check_new(name, password)
        limits = self._settings.limits
        self._buckets.take(network(address), limits.registrations, limits.registrations_every)
        secrets = await self.enrolled(password)
        if self._settings.auth.registration == "invite":
            self._wait_for_code(session, Pending(name, secrets))
            return None
        return await self._add(name, secrets)

    async def enrolled(self, password: str) -> dict[str, str]:
        """What to keep of a password, by kind."""
        kinds = (PASSWORD, SCRAM) if SCRAM in self._authenticators else (PASSWORD,)
        return {kind: await self._authenticators[kind].enrol(password) for kind in kinds}

    async def confirm(self, session: str, name: str, code: str, address: str) -> Account:
        """Finish a registration with an invitation code.

        :raise NothingToVerify, AccountExists, BadInvitation, TooManyAttempts, NotKept: if not;
            the code counts as before then.
        """
        pending = self._pending.get(session)
        if pending is None or fold(pending.name) != fold(name):
            raise NothingToVerify(name)
        await self._check_free(pending.name)
        await self._slow_down(("address", network(address)))
        if not await self._use_invitation(digest(code)):
            self._failed(name, address, ("address", network(address)))
            raise BadInvitation()
        try:
            account = await self._add(pending.name, pending.secrets)
        except ChatError:
            self._unspent[digest(code)] += 1
            raise
        self._pending.pop(session, None)
        return account

    async def _use_invitation(self, code: str) -> bool:
        """Use a code once; a use that no account was made with is used before another."""
        if self._unspent[code]:
            self._unspent[code] -= 1
            return True
        return await self._store.use_invitation(code, self._now())

    def forget(self, session: str) -> None:
        """A session is over, and with it what it had begun."""
        self._pending.pop(session, None)

    async def _check_new(self, name: str, password: str) -> None:
        self.check_name(name)
        self.check_password(password)
        await self._check_free(name)

    async def _check_free(self, name: str) -> None:
        if await self._is_taken(name):
            raise AccountExists(name)

    def _wait_for_code(self, session: str, pending: Pending) -> None:
        if len(self._pending) >= PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[session] = pending

    async def _add(self, name: str, secrets: dict[str, str]) -> Account:
        account = await self._store.add_account(name, Rank.USER, self._now(), secrets)
        self.log.info("the account {account} was made", account=account.name)
        return account

    def check_password(self, password: str) -> None:
        """Refuse what is no good as a password.

        :raise WeakPassword: with the reason.
        """
        shortest = self._settings.auth.shortest_password
        if len(password) < shortest:
            raise WeakPassword(f"it should have {shortest} characters or more.")
        if len(password.encode()) > LONGEST_PASSWORD:
            raise WeakPassword(f"it should have {LONGEST_PASSWORD} bytes at most.")
        if "\0" in password:
            raise WeakPassword("it may have no zero byte.")

    # -- proving

    async def log_in(self, name: str, kind: str, proof: str, address: str) -> Account:
        """The account of this name, if the proof is right.

        :param kind: of the proof: password or certificate.
        :raise LoginFailed: if the name or the proof is wrong; nobody learns which.
        :raise TooManyAttempts: if there were too many failures of late.
        """
        return await self._attempt(name, address, lambda: self._prove(name, kind, proof))

    async def ask(self, first: str) -> Asked:
        """Begin a log-in by question and answer; `first` is what the client begins with.

        :raise LoginFailed: if that is nothing that one can begin with.
        """
        challenger = self._authenticators.get(SCRAM)
        if not IChallenger.providedBy(challenger):
            raise LoginFailed()
        name = challenger.name_in(first)
        account = await self._store.find_account(name)
        known = account is not None and not account.suspended
        secrets = await self._store.secrets(account.key, SCRAM) if account and known else ()
        question = challenger.question(first, secrets[0] if secrets else None, self._seed)
        return Asked(name, account if secrets else None, question)

    async def hear(self, asked: Asked, answer: str, address: str) -> tuple[Account, str]:
        """The account, and the proof that we know it, if the answer is right.

        :raise LoginFailed: if it is not.
        :raise TooManyAttempts: if there were too many failures of late.
        """

        async def prove() -> tuple[Account, str]:
            proof = asked.question.check(answer)
            if asked.account is None:
                raise LoginFailed()
            return asked.account, proof

        return await self._attempt(asked.name, address, prove)

    async def _attempt(
        self, name: str, address: str, prove: Callable[[], Awaitable[Proven]]
    ) -> Proven:
        """Let somebody prove who they are, one after another, and count the failures."""
        who = (("account", fold(name)), ("address", network(address)))
        lock = self._locks.setdefault(fold(name), Lock())
        try:
            async with lock:
                await self._slow_down(*who)
                try:
                    proven = await prove()
                except LoginFailed:
                    self._failed(name, address, *who)
                    raise
                self._attempts.succeeded(who[0])
                return proven
        finally:
            if not lock.locked and not lock.waiting:
                self._locks.pop(fold(name), None)

    async def owner_of_certificate(self, fingerprint: str) -> Account | None:
        """The account that a certificate was added to."""
        return await self._store.owner_of(CERTIFICATE, fingerprint)

    async def _prove(self, name: str, kind: str, proof: str) -> Account:
        authenticator = self._authenticators.get(kind)
        if authenticator is None:
            raise LoginFailed()
        account = await self._store.find_account(name)
        if account is None or account.suspended:
            await authenticator.pretend(proof)
            raise LoginFailed()
        for secret in await self._store.secrets(account.key, kind):
            if await authenticator.verify(proof, secret):
                try:
                    await self._renew(account, kind, proof, secret)
                except ChatError as error:
                    self.log.warn(
                        "a secret of {account} could not be made anew: {error}",
                        account=account.name,
                        error=error,
                    )
                return account
        raise LoginFailed()

    async def _renew(self, account: Account, kind: str, proof: str, secret: str) -> None:
        """Keep what is made of a right proof today, if that is not yet so."""
        authenticator = self._authenticators[kind]
        if authenticator.outdated(secret):
            fresh = await authenticator.enrol(proof)
            await self._store.keep_secret(account.key, kind, fresh, secret)
        if kind == PASSWORD:
            await self._keep_verifier(account, proof)

    async def _keep_verifier(self, account: Account, password: str) -> None:
        """Keep what SCRAM needs of a password that is right, if that is wanted and not yet so."""
        scram = self._authenticators.get(SCRAM)
        if scram is not None and not await self._store.secrets(account.key, SCRAM):
            fresh = await scram.enrol(password)
            await self._store.keep_secret(account.key, SCRAM, fresh, None)

    async def _slow_down(self, *who: tuple[str, str]) -> None:
        auth = self._settings.auth
        count, seconds = self._attempts.count(*who, forget_after=auth.forget_after)
        if count >= auth.refuse_after:
            raise TooManyAttempts(int(seconds) + 1)
        if count >= auth.attempts:
            delay: Deferred[None] = Deferred()
            wait = min(LONGEST_DELAY, 2.0 ** (count - auth.attempts))
            self._reactor.callLater(wait, delay.callback, None)
            await delay

    def _failed(self, name: str, address: str, *who: tuple[str, str]) -> None:
        self._attempts.failed(*who, forget_after=self._settings.auth.forget_after)
        self.log.warn(
            "log-in failed from {address} for {account!r}", address=address, account=name[:64]
        )

    # -- changing

    async def change_password(self, account: Account, old: str, new: str, address: str) -> None:
        """Change an account's password, the old one at hand.

        :raise LoginFailed, WeakPassword, TooManyAttempts: if not.
        """
        await self.log_in(account.name, PASSWORD, old, address)
        self.check_password(new)
        await self.set_password(account, new)

    async def set_password(self, account: Account, password: str) -> None:
        """Let an account have another password; nothing made of the old one counts any more."""
        fresh = await self.enrolled(password)
        await self._store.drop_secrets(account.key, SCRAM)
        for kind, secret in fresh.items():
            old = await self._store.secrets(account.key, kind)
            await self._store.keep_secret(account.key, kind, secret, old[0] if old else None)

    async def add_certificate(self, account: Account, fingerprint: str) -> None:
        """From now on this TLS certificate logs in to the account.

        :raise CertificateTaken: if it is another account's already.
        """
        owner = await self.owner_of_certificate(fingerprint)
        if owner is not None and owner.key != account.key:
            raise CertificateTaken()
        if owner is None:
            secret = await self._authenticators[CERTIFICATE].enrol(fingerprint)
            await self._store.keep_secret(account.key, CERTIFICATE, secret, None)

    def kinds(self) -> frozenset[str]:
        """The kinds of proof that count here."""
        return frozenset(self._authenticators)


def digest(code: str) -> str:
    """What is kept of an invitation code."""
    return sha256(code.strip().encode()).hexdigest()
