"""AUTHENTICATE: logging in by SASL (IRCv3 sasl-3.1 and sasl-3.2, RFC 4616, RFC 4422)."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chatd.answers import LoggedIn
from chatd.commands import Request, command
from chatd.commands.login import identity, is_on_line, log_in_as
from chatd.core import Core
from chatd.core.accounts import CERTIFICATE, PASSWORD, Asked
from chatd.errors import ChatError, LoginFailed
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.capabilities import offered
from chatd.frontends.irc.client import Client
from chatd.model import Account, Rank
from chatd.names import fold
from chatd.wire.caps import Cap
from chatd.wire.irc import Line
from chatd.wire.numerics import Numeric

CHUNK = 400
MOST = 8 * CHUNK


@dataclass(slots=True)
class Exchange:
    """A log-in that has begun: by which mechanism, and what has come of the answer."""

    mechanism: str
    received: str = ""
    asked: Asked | None = None
    account: Account | None = None


@command("AUTHENTICATE")
async def authenticate(core: Core, request: Request, data: str) -> None:
    """Log in by SASL. Who says this knows what it is, with the capability or without."""
    client = client_of(request)
    if data == "*":
        client.sasl = None
        client.numeric(Numeric.SASLABORTED, "You have given up logging in.")
    elif client.sasl is None:
        _begin(client, data.upper())
    elif len(data) > CHUNK:
        client.sasl = None
        client.numeric(Numeric.SASLTOOLONG, f"One part may have {CHUNK} characters at most.")
    elif len(client.sasl.received) + len(data) > MOST:
        _failed(client, "That was too long.")
    else:
        client.sasl.received += "" if data == "+" else data
        if len(data) < CHUNK:
            exchange, client.sasl = client.sasl, None
            await _finish(core, request, client, exchange)


def _begin(client: Client, mechanism: str) -> None:
    mechanisms = offered(client.irc.core)[Cap.SASL]
    if mechanism not in mechanisms.split(","):
        client.numeric(Numeric.SASLMECHS, mechanisms, "are the mechanisms that there are.")
        _failed(client, "There is no such mechanism.")
        return
    client.sasl = Exchange(mechanism)
    client.send(Line("AUTHENTICATE", ("+",)))


async def _finish(core: Core, request: Request, client: Client, exchange: Exchange) -> None:
    try:
        response = b64decode(exchange.received, validate=True).decode()
        account = await _STEPS[exchange.mechanism](core, client, exchange, response)
        if account is not None:
            core.server_bans.check_account(account)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        _failed(client, "That was not base64 of UTF-8.")
    except ChatError as error:
        _failed(client, str(error))
    else:
        if account is not None:
            await _succeeded(core, request, client, account)


async def _plain(core: Core, client: Client, exchange: Exchange, response: str) -> Account:
    """`authzid NUL authcid NUL password`."""
    parts = response.split("\0")
    if len(parts) != 3:
        raise LoginFailed()
    as_, name, password = parts
    if as_ and fold(as_) != fold(name):
        raise LoginFailed()
    return await core.accounts.log_in(name, PASSWORD, password, client.address)


async def _external(core: Core, client: Client, exchange: Exchange, response: str) -> Account:
    """The certificate of the connection; the account's name may be left out."""
    if client.fingerprint is None:
        raise LoginFailed()
    name = response
    if not name:
        owner = await core.accounts.owner_of_certificate(client.fingerprint)
        name = owner.name if owner is not None else "*"
    return await core.accounts.log_in(name, CERTIFICATE, client.fingerprint, client.address)


async def _scram(core: Core, client: Client, exchange: Exchange, response: str) -> Account | None:
    """First the name, then the answer to our question, then nothing, as we are known too."""
    if exchange.account is not None:
        if response:
            raise LoginFailed()
        return exchange.account
    if exchange.asked is None:
        exchange.asked = await core.accounts.ask(response)
        said = exchange.asked.question.text
    else:
        account, said = await core.accounts.hear(exchange.asked, response, client.address)
        exchange.account = account
    exchange.received = ""
    client.sasl = exchange
    _say(client, said)
    return None


_STEPS: dict[str, Callable[[Core, Client, Exchange, str], Awaitable[Account | None]]] = {
    "PLAIN": _plain,
    "EXTERNAL": _external,
    "SCRAM-SHA-256": _scram,
}


def _say(client: Client, text: str) -> None:
    """Say something in base64, in as many parts as it needs."""
    data = b64encode(text.encode()).decode()
    parts = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    for part in parts if len(parts[-1]) < CHUNK else [*parts, "+"]:
        client.send(Line("AUTHENTICATE", (part,)))


def abort(client: Client) -> None:
    """Give up a log-in that is not finished, as the client has come on line without it."""
    if client.sasl is not None:
        client.sasl = None
        client.numeric(Numeric.SASLABORTED, "You are on line; the log-in is given up.")


async def _succeeded(core: Core, request: Request, client: Client, account: Account) -> None:
    if is_on_line(core, client):
        if client.person.key != account.key:
            await log_in_as(core, request, account)
        else:
            request.reply(LoggedIn(account, client.person))
    else:
        adopt(client, account)
        request.reply(LoggedIn(account, client.person))
    client.numeric(Numeric.SASLSUCCESS, "You are logged in.")


def adopt(client: Client, account: Account) -> None:
    """A client that is not on line yet is this account's, whatever it was to be called."""
    client.person = identity(client.irc.core, client.person, account)
    client.rank = Rank.USER


def _failed(client: Client, text: str) -> None:
    client.sasl = None
    client.numeric(Numeric.SASLFAIL, f"Log-in failed: {text}")
