"""What follows when somebody has proved who they are: shared by all ways to log in."""

from __future__ import annotations

from dataclasses import replace

from chatd.answers import LoggedIn
from chatd.commands import Request
from chatd.core import Core
from chatd.interfaces import ISession
from chatd.model import Account, Person, Rank


async def log_in_as(core: Core, request: Request, account: Account) -> None:
    """The session is the account's from now on; if it is on line already, its name changes."""
    session = request.session
    person = identity(core, session.person, account)
    if session.key not in on_line(core, session):
        session.person = person
        session.rank = Rank.USER
        request.reply(LoggedIn(account, person))
        return
    rooms = [place.room.name for place in core.places.of(session.person.name)]
    session.rank = Rank.USER
    first = core.sessions.hand_over(session, person)
    request.reply(LoggedIn(account, session.person))
    if first:
        core.presence.came(session.person)
    await core.members.arrive(session, first)
    for room in rooms:
        entered = await core.members.join(session, room)
        if entered is not None:
            request.reply(entered)


def identity(core: Core, person: Person, account: Account) -> Person:
    """Who somebody is once they are logged in."""
    fixed = core.settings.auth.fixed_names or person.name in ("", "*")
    return replace(
        person,
        name=account.name if fixed else person.name,
        account=account.name,
        key=account.key,
    )


def on_line(core: Core, session: ISession) -> set[str]:
    """The keys of all sessions under the session's name."""
    here = core.sessions.get(session.person.name)
    return set() if here is None else set(here.sessions)
