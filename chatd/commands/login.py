"""What follows when somebody is known: shared by all ways to come in and to log in."""

from __future__ import annotations

import hmac
from base64 import b32encode
from dataclasses import replace
from hashlib import sha256

from chatd.answers import LoggedIn
from chatd.commands import Request
from chatd.commands.admin import lockdown_is
from chatd.core import Core
from chatd.core.limits import network
from chatd.errors import AccountRequired, ChatError
from chatd.events import Batch, PersonChanged
from chatd.interfaces import ISession
from chatd.model import Account, Person, Rank


async def enter(core: Core, session: ISession) -> bool:
    """A session comes on line under its person's name; whether it is that person's first.

    When its front-end has greeted it, `arrive` puts it into its rooms.

    :raise AccountRequired, BadName, NameReserved, NameTaken, ServerBanned, LockedDown: if it
        may not.
    """
    if session.person.account is None:
        if not core.settings.auth.guests:
            raise AccountRequired()
        core.server_bans.check_newcomer()
        await core.accounts.check_guest_name(session.person.name)
    await core.metadata.expect(session.person)
    core.server_bans.check(session, session.person)
    first = core.sessions.enter(session)
    if first:
        core.presence.came(session.person)
        await core.markers.learn(session)
    return first


async def arrive(core: Core, session: ISession, first: bool) -> None:
    """Put a session that was greeted into its rooms; those with an office hear of a lockdown."""
    await core.members.arrive(session, first)
    if core.server_bans.lockdown is None or session.person.account is None:
        return
    account = await core.accounts.find(session.person.account)
    if account is not None and account.rank >= Rank.MODERATOR:
        session.answer(lockdown_is(core))


async def log_in_as(core: Core, request: Request, account: Account) -> None:
    """The session is the account's from now on; if it is on line already, its name changes.

    :raise ServerBanned: if a ban means the account, or the name that the session takes by it.
    """
    session = request.session
    person = identity(core, session.person, account)
    if not is_on_line(core, session):
        session.person, session.rank = person, Rank.USER
        request.reply(LoggedIn(account, person))
    elif session.person.key == account.key:
        request.reply(LoggedIn(account, session.person))
    else:
        await _become(core, request, account, person)


async def _become(core: Core, request: Request, account: Account, person: Person) -> None:
    """A session on line becomes somebody else, and goes with them to the rooms it is in."""
    session = request.session
    before = session.person
    rooms = [place.room.name for place in core.places.of(before.name)]
    await core.metadata.expect(person)
    core.server_bans.check(session, person)
    first = await core.sessions.hand_over(session, person)
    session.rank, session.office = Rank.USER, ""
    request.reply(LoggedIn(account, session.person))
    changed = PersonChanged(by=before, at=core.log.now(), now=session.person)
    session.deliver(Batch((changed,)))
    if first:
        core.presence.changed(before, session.person)
        await core.markers.learn(session)
    await arrive(core, session, first)
    for room in rooms:
        try:
            entered = await core.members.join(session, room)
        except ChatError as error:
            request.refuse(error)
        else:
            if entered is not None:
                request.reply(entered)


def identity(core: Core, person: Person, account: Account) -> Person:
    """Who somebody is once they are logged in.

    :raise ServerBanned: if the account is banned.
    """
    core.server_bans.check_account(account)
    fixed = core.settings.auth.fixed_names or person.name in ("", "*")
    name = account.name if fixed else person.name
    return replace(person, name=name, account=account.name, key=account.key)


def is_on_line(core: Core, session: ISession) -> bool:
    """Whether a session has come in already."""
    return session in core.sessions


def host_for(core: Core, address: str) -> str:
    """What others see as the network address of somebody: a made-up host, the same for the
    same network (an IPv4 address, an IPv6 /64), from which the address cannot be guessed."""
    if not core.settings.auth.cloak:
        return address.replace(":", "-") if ":" in address else address or "local"
    mark = hmac.new(core.secret, network(address).encode(), sha256).digest()
    return b32encode(mark[:8]).decode().rstrip("=").lower() + ".chat"
