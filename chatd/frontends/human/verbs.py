"""What is asked for otherwise than in other dialects, because a person is asked back."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from chatd.answers import Help, LoggedIn, Registered, Said
from chatd.commands import Request, account, command, rooms
from chatd.commands.help import first_sentence
from chatd.commands.login import arrive, enter, identity, log_in_as
from chatd.core import Core
from chatd.core.accounts import PASSWORD
from chatd.errors import (
    AlreadyLoggedIn,
    ChatError,
    InvalidParams,
    LoginFailed,
    NotInRoom,
    NotUnderstood,
    RegistrationClosed,
    ServerBanned,
)
from chatd.frontends.human.talk import Talk
from chatd.interfaces import ICommand
from chatd.model import Account, Person, Rank
from chatd.names import fold, is_room
from chatd.wire.human import ALIASES, spelled, usage

LEFT_OUT = frozenset({"TAGMSG", "VERIFY"})
"""Commands that only programs ask for, or that a question takes the place of."""

HERE = "Where a room is asked for, the one you are in is meant if you name none."
_PASSWORD = "Password:"  # noqa: S105 - a question


@command("LOGIN")
async def login(core: Core, request: Request, name: str) -> None:
    """Log in to your account; the password is asked for."""
    talk = _talk(request)
    _check_only_a_name("LOGIN", name)
    _check_not_logged_in(talk)
    password = await _proof(talk, _PASSWORD)
    found = await core.accounts.log_in(name, PASSWORD, password, talk.address)
    await _become(core, request, found)


@command("REGISTER")
async def register(core: Core, request: Request, name: str) -> None:
    """Make an account; the password is asked for, and the invitation code if one is needed."""
    talk = _talk(request)
    _check_only_a_name("REGISTER", name)
    _check_not_logged_in(talk)
    if core.settings.auth.registration == "closed":
        raise RegistrationClosed()
    core.accounts.check_name(name)
    account.check_may_register(core, talk, name)
    email = await talk.ask("E-mail address:") if core.settings.auth.register_email else ""
    password = await talk.ask(_PASSWORD, hidden=True)
    made = await account.make_account(core, talk, name, email, password)
    if made is None:
        code = await talk.ask("Invitation code:")
        made = await account.confirm_account(core, talk, name, code)
    request.reply(Registered(made.name))
    await _become(core, request, made)


@command("GUEST")
async def guest(core: Core, request: Request, name: str) -> None:
    """Come in without an account."""
    talk = _talk(request)
    if talk.on_line:
        raise AlreadyLoggedIn(talk.person.name)
    await _come_in(core, talk, replace(talk.nobody, name=name))


@command("PASSWORD", Rank.USER)
async def password(core: Core, request: Request) -> None:
    """Change your password; the old and the new one are asked for."""
    old = await _proof(_talk(request), "Old password:")
    new = await _talk(request).ask("New password:", hidden=True)
    await account.password.run(core, replace(request, params=(old, new)))


@command("OPER")
async def oper(core: Core, request: Request, name: str) -> None:
    """Take up your office on the server; the password is asked for."""
    password = await _proof(_talk(request), _PASSWORD)
    await account.oper.run(core, replace(request, params=(name, password)))


@command("JOIN")
async def join(core: Core, request: Request, room: str, key: str = "") -> None:
    """Come into a room, and talk there from now on; if there is none of that name, make it."""
    room = room if is_room(room) else f"#{room}"
    last = room.rpartition(",")[2]
    known = _own_room(core, _talk(request), last) is not None
    await rooms.join.run(core, replace(request, params=(room, key)))
    if _turn_to(core, _talk(request), last) and known:
        _say_where(request)


@command("ROOM")
async def room(core: Core, request: Request, room: str) -> None:
    """Talk in another of your rooms from now on."""
    name = room if is_room(room) else f"#{room}"
    if not _turn_to(core, _talk(request), name):
        raise NotInRoom(name)
    _say_where(request)


@command("HELP")
async def help_(core: Core, request: Request, verb: str = "") -> None:
    """See what you can ask for, or how one thing is asked for."""
    known = _talk(request).commands()
    if not verb:
        lines = [f"{usage(c)}: {first_sentence(c)}" for c in known]
        request.reply(Help("*", (*lines, HERE)))
        return
    word = verb.lower().removeprefix("/")
    wanted = ALIASES.get(word, word.upper())
    asked = next((c for c in known if c.verb == wanted), None)
    if asked is None:
        raise NotUnderstood(word.upper())
    request.reply(Help(asked.verb, (usage(asked), *asked.help.splitlines(), *_aliases(asked))))


@command("QUIT")
async def quit_(core: Core, request: Request, reason: str = "") -> None:
    """Leave."""
    request.session.close(reason[: core.settings.limits.reason] or "Goodbye.")


def _talk(request: Request) -> Talk:
    """Only people ask for these."""
    return cast(Talk, request.session)


async def _proof(talk: Talk, question: str) -> str:
    """The password that somebody has; an empty one is none."""
    password = await talk.ask(question, hidden=True)
    if not password:
        raise LoginFailed()
    return password


def _aliases(asked: ICommand) -> list[str]:
    known = [f"/{a}" for a, verb in ALIASES.items() if verb == asked.verb]
    others = [alias for alias in known if alias != spelled(asked.verb)]
    return [f"Also: {', '.join(others)}."] if others else []


def _check_only_a_name(verb: str, name: str) -> None:
    """Whoever puts the password behind the name does not want to see it again."""
    if " " in name:
        raise InvalidParams(verb, "more than a name", "the password is asked for by itself.")


def _check_not_logged_in(talk: Talk) -> None:
    if talk.person.account is not None:
        raise AlreadyLoggedIn(talk.person.account)


async def _become(core: Core, request: Request, found: Account) -> None:
    """The session is the account's from now on: it comes in, or a guest has logged in."""
    talk = _talk(request)
    if talk.on_line:
        await log_in_as(core, request, found)
        return
    person = identity(core, talk.nobody, found)
    talk.rank = Rank.USER
    await _come_in(core, talk, person, LoggedIn(found, person))


async def _come_in(core: Core, talk: Talk, person: Person, told: LoggedIn | None = None) -> None:
    talk.person = person
    try:
        first = await enter(core, talk)
    except ServerBanned as error:
        talk.close(str(error))
        return
    except ChatError:
        talk.person, talk.rank = talk.nobody, Rank.GUEST
        raise
    if talk.closed:
        core.sessions.leave(talk, "Connection closed")
        return
    talk.come_in()
    if told is not None:
        talk.answer(told)
    await arrive(core, talk, first)
    if first:
        await talk.show_missed()


def _turn_to(core: Core, talk: Talk, room: str) -> bool:
    """Talk in a room, if one is in it; whether one is."""
    name = _own_room(core, talk, room)
    if name is not None:
        talk.turn_to(name)
    return name is not None


def _own_room(core: Core, talk: Talk, room: str) -> str | None:
    """What a room is called that one is in."""
    names = (place.room.name for place in core.places.of(talk.person.name))
    return next((name for name in names if fold(name) == fold(room)), None)


def _say_where(request: Request) -> None:
    request.reply(Said(f"You talk in {_talk(request).room} now."))
