"""REGISTER and VERIFY: making an account (IRCv3 draft/account-registration)."""

from __future__ import annotations

from chatd import errors
from chatd.commands import Command, Request, command
from chatd.commands import account as common
from chatd.core import Core
from chatd.errors import AlreadyLoggedIn, ChatError
from chatd.frontends.irc.asked import client_of

CODES = {
    errors.BadName: "BAD_ACCOUNT_NAME",
    errors.LockedDown: "TEMPORARILY_UNAVAILABLE",
    errors.NotKept: "TEMPORARILY_UNAVAILABLE",
    errors.NothingToVerify: "INVALID_CODE",
    errors.RegistrationClosed: "DISALLOWED",
    errors.TooFast: "TEMPORARILY_UNAVAILABLE",
    errors.TooManyAttempts: "TEMPORARILY_UNAVAILABLE",
}
"""What the specification calls some refusals."""


@command("REGISTER")
async def register(core: Core, request: Request, name: str, email: str, password: str) -> None:
    """Make an account; name * for the name you have, email * for none."""
    client = client_of(request)
    nick = client.person.name
    if nick == "*":
        nick = client.handshake.wanted
    if not nick:
        client.fail("REGISTER", "NEED_NICK", "*", "Choose a name first: NICK.")
    else:
        request.params = (nick if name == "*" else name, email, password)
        await _try(core, request, common.register)


@command("VERIFY")
async def verify(core: Core, request: Request, name: str, code: str) -> None:
    """Finish making an account, with the invitation code that you were given."""
    await _try(core, request, common.verify)


async def _try(core: Core, request: Request, step: Command) -> None:
    client = client_of(request)
    name = client.person.name if request.params[0] == "*" else request.params[0]
    try:
        if client.person.account is not None:
            raise AlreadyLoggedIn(client.person.account)
        await step.run(core, request)
    except ChatError as error:
        client.fail(request.verb, CODES.get(type(error), error.code), name, str(error))
