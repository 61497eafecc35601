"""NickServ: accounts for clients that know neither SASL nor REGISTER.

`/msg NickServ HELP`, or the verbs NICKSERV and NS. What is said to it goes to no room and
no log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chatd.answers import Answer, Entered, LoggedIn
from chatd.commands import Request, account, command
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.client import SERVICE as NAME
from chatd.frontends.irc.client import Client
from chatd.names import fold
from chatd.wire.irc import Line

HELP = (
    "REGISTER <password>: make an account of the name you have",
    "VERIFY <code>: finish that with an invitation code, where one is needed",
    "IDENTIFY [name] <password>: log in",
    "SET PASSWORD <old> <new>: change your password",
    "CERT ADD: let your TLS certificate log in",
)
Service = Callable[[Core, Request, list[str]], Awaitable[None]]


@command("NICKSERV")
async def nickserv(core: Core, request: Request, text: str, *more: str) -> None:
    """Accounts in plain text: NICKSERV HELP."""
    client = client_of(request)
    words = " ".join((text, *more)).split()
    service = _SERVICES.get(words[0].upper() if words else "")
    if service is None:
        for line in HELP:
            say(client, line)
        return
    request.reply = lambda answer: _answer(client, answer)
    await service(core, request, words[1:])


@command("NS")
async def ns(core: Core, request: Request, text: str, *more: str) -> None:
    """The same as NICKSERV."""
    await nickserv.run(
        core,
        Request(
            request.session, "NICKSERV", (text, *more), request.reply, request.tags, request.label
        ),
    )


async def _register(core: Core, request: Request, words: list[str]) -> None:
    request.params = ("*", "*", " ".join(words[:1]))
    await account.register.run(core, request)


async def _verify(core: Core, request: Request, words: list[str]) -> None:
    request.params = (request.session.person.name, *words[-1:])
    await account.verify.run(core, request)


async def _identify(core: Core, request: Request, words: list[str]) -> None:
    name = words[0] if len(words) > 1 else request.session.person.name
    request.params = (name, *words[-1:])
    await account.login.run(core, request)


async def _set(core: Core, request: Request, words: list[str]) -> None:
    request.params = tuple(words[1:])
    await account.password.run(core, request)


async def _cert(core: Core, request: Request, words: list[str]) -> None:
    request.params = tuple(words[:1])
    await account.cert.run(core, request)


_SERVICES: dict[str, Service] = {
    "REGISTER": _register,
    "VERIFY": _verify,
    "IDENTIFY": _identify,
    "LOGIN": _identify,
    "SET": _set,
    "CERT": _cert,
}


def _answer(client: Client, answer: Answer) -> None:
    if isinstance(answer, LoggedIn | Entered):
        client.show(answer, NAME)
    else:
        say(client, str(answer))


def say(client: Client, text: str) -> None:
    """NickServ says something."""
    for line in text.splitlines():
        source = f"{NAME}!{NAME}@{client.server.name}"
        client.send(Line("NOTICE", (client.person.name, line), source))


def is_service(target: str) -> bool:
    """Whether something is said to NickServ and not to a person."""
    return fold(target) == fold(NAME)
