"""Accounts: make one, log in, change its secrets."""

from __future__ import annotations

import re

from twisted.logger import Logger

from chatd.answers import LoggedIn, Registered, Said
from chatd.commands import Request, command
from chatd.commands.admin import lockdown_is
from chatd.commands.login import log_in_as
from chatd.core import Core
from chatd.core.accounts import CERTIFICATE, PASSWORD
from chatd.errors import (
    AccountExists,
    AccountRequired,
    AlreadyLoggedIn,
    BadEmail,
    ConnectFirst,
    InvalidParams,
    LoginFailed,
    NameMustBeYours,
)
from chatd.interfaces import ISession
from chatd.model import Account, Rank
from chatd.names import fold

log = Logger()
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,63}")


@command("REGISTER")
async def register(core: Core, request: Request, name: str, email: str, password: str) -> None:
    """Make an account; name * for the name you have, email * for none."""
    session = request.session
    if session.person.account is not None:
        raise AlreadyLoggedIn(session.person.account)
    name = session.person.name if name == "*" else name
    account = await make_account(core, session, name, email, password)
    request.reply(Registered(name, pending=account is None))
    if account is not None:
        await log_in_as(core, request, account)


async def make_account(
    core: Core, session: ISession, name: str, email: str, password: str
) -> Account | None:
    """Make an account, if this house wants it so; None if an invitation code is still wanted."""
    core.server_bans.check_newcomer()
    check_may_register(core, session, name)
    wanted = core.settings.auth.register_email
    if wanted and not (email.isprintable() and _EMAIL.fullmatch(email)):
        raise BadEmail()
    account = await core.accounts.register(session.key, name, password, session.address)
    if wanted:
        log.info("{email} has registered {account}", email=email, account=name)
    return account


async def confirm_account(core: Core, session: ISession, name: str, code: str) -> Account:
    """Finish making an account, if its name is still free."""
    core.server_bans.check_newcomer()
    _check_not_in_use(core, session, name)
    return await core.accounts.confirm(session.key, name, code, session.address)


def check_may_register(core: Core, session: ISession, name: str) -> None:
    """Refuse what this house does not want, and a name that somebody else is using just now."""
    auth = core.settings.auth
    if not auth.register_before_connect and session not in core.sessions:
        raise ConnectFirst()
    own = session.person.name
    if not auth.register_other_name and own not in ("", "*") and fold(own) != fold(name):
        raise NameMustBeYours(name)
    _check_not_in_use(core, session, name)


def _check_not_in_use(core: Core, session: ISession, name: str) -> None:
    here = core.sessions.get(name)
    if here is not None and session.key not in here.sessions:
        raise AccountExists(name)


@command("VERIFY")
async def verify(core: Core, request: Request, name: str, code: str) -> None:
    """Finish making an account, with the invitation code that you were given."""
    session = request.session
    account = await confirm_account(core, session, name, code)
    request.reply(Registered(account.name))
    await log_in_as(core, request, account)


@command("LOGIN")
async def login(core: Core, request: Request, name: str, password: str) -> None:
    """Log in to an account."""
    account = await core.accounts.log_in(name, PASSWORD, password, request.session.address)
    await log_in_as(core, request, account)


@command("PASSWORD", Rank.USER)
async def password(core: Core, request: Request, old: str, new: str) -> None:
    """Change your password."""
    account = await _own(core, request)
    await core.accounts.change_password(account, old, new, request.session.address)
    request.reply(Said("Your password is changed.", "PASSWORD_CHANGED"))


@command("CERT", Rank.USER)
async def cert(core: Core, request: Request, what: str) -> None:
    """CERT ADD: let the TLS certificate of this connection log in to your account."""
    if what.upper() != "ADD":
        raise InvalidParams("CERT", what, "it should be ADD.")
    fingerprint = request.session.fingerprint
    if fingerprint is None:
        raise InvalidParams("CERT", what, "this connection has no client certificate.")
    if CERTIFICATE not in core.accounts.kinds():
        raise InvalidParams("CERT", what, "this server does not take certificates.")
    await core.accounts.add_certificate(await _own(core, request), fingerprint)
    request.reply(Said(f"The certificate {fingerprint} may log in from now on.", "CERT_ADDED"))


@command("OPER")
async def oper(core: Core, request: Request, name: str, password: str) -> None:
    """Take up your office on the server: that of a moderator or administrator."""
    session = request.session
    account = await core.accounts.log_in(name, PASSWORD, password, session.address)
    if account.rank < Rank.MODERATOR:
        raise LoginFailed()
    core.server_bans.check_account(account)
    session.rank, session.office = account.rank, account.name
    request.reply(LoggedIn(account, session.person))
    if core.server_bans.lockdown is not None:
        request.reply(lockdown_is(core))


async def _own(core: Core, request: Request) -> Account:
    account = await core.accounts.find(request.session.person.account or "")
    if account is None:
        raise AccountRequired()
    return account
