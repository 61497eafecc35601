"""Until we know who it is: NICK, USER, PASS, and whatever else comes before the welcome."""

from __future__ import annotations

import hmac
from dataclasses import replace
from weakref import ref

from twisted.internet.interfaces import IDelayedCall

from chatd.commands import Request, command
from chatd.commands.login import arrive, enter, host_for
from chatd.core import Core
from chatd.core.accounts import PASSWORD
from chatd.errors import (
    AccountRequired,
    BadName,
    ChatError,
    LockedDown,
    NameFixed,
    NameReserved,
    NameTaken,
    NeedMoreParams,
    ServerBanned,
)
from chatd.events import Cause
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.away import arrive_away
from chatd.frontends.irc.client import Client
from chatd.frontends.irc.heartbeat import Heartbeat
from chatd.frontends.irc.metadata import keep_early
from chatd.frontends.irc.missed import show_missed
from chatd.frontends.irc.sasl import abort, adopt
from chatd.frontends.irc.welcome import welcome
from chatd.names import fold
from chatd.wire.irc import Line
from chatd.wire.numerics import Numeric


class Handshake:
    """What a client has told of itself so far; complete when all is there."""

    def __init__(self, client: Client, seconds: float) -> None:
        self.negotiating = False
        self.user = ""
        self.password = ""
        self.wanted = ""
        self.away: str | None = None
        self.metadata: dict[str, str] = {}
        self._held_by = ref(client)
        self._entering = False
        self._timer: IDelayedCall | None = client.irc.reactor.callLater(
            seconds, client.close, "You took too long to register."
        )

    @property
    def _client(self) -> Client:
        """Whose it is; it is not held, as it holds this."""
        client = self._held_by()
        assert client is not None  # noqa: S101 - whoever calls this has it
        return client

    @property
    def may_log_in(self) -> bool:
        """Whether the client may still turn out to be the account that its name belongs to."""
        return self.negotiating or bool(self.password)

    def end(self) -> None:
        """It is over, well or not."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    async def complete(self) -> None:
        """Let the client in, if all is known; say why if it may not come in."""
        client = self._client
        if self.negotiating or self._entering or not self.user or client.person.name == "*":
            return
        self._entering = True
        try:
            await self._enter()
        finally:
            self._entering = False

    async def _enter(self) -> None:
        client = self._client
        core = client.irc.core
        if not self._knows_password():
            client.numeric(Numeric.PASSWDMISMATCH, "Say the password of this server: PASS.")
            client.close("This server has a password")
            return
        try:
            await self._log_in_by_password(core)
            client.person = replace(client.person, host=host_for(core, client.address))
            first = await enter(core, client)
        except (NameTaken, NameReserved, BadName) as error:
            self._ask_for_another_name(error)
            return
        except AccountRequired:
            client.fail("*", "ACCOUNT_REQUIRED", "You need an account to come in.")
            client.close("You need an account here: log in with SASL, or REGISTER one")
            return
        except (ServerBanned, LockedDown) as error:
            client.turn_away(error)
            return
        except ChatError as error:
            client.numeric(Numeric.PASSWDMISMATCH, str(error))
            client.close(str(error))
            return
        if client.closed:
            core.sessions.leave(client, "gone before the welcome")
            return
        await self._welcome(core, first)

    async def _welcome(self, core: Core, first: bool) -> None:
        client = self._client
        self.end()
        client.handshake = None
        abort(client)
        await keep_early(client, self.metadata)
        if client.closed:
            return
        client.heartbeat = Heartbeat(client, client.irc.options.idle)
        welcome(client)
        if self.away is not None or not first:
            await arrive_away(client, self.away or "", first)
        await arrive(core, client, first)
        if first:
            await show_missed(client)

    def _knows_password(self) -> bool:
        """Whether the client has said the password of this door, if that has one."""
        wanted = self._client.irc.options.password
        if not wanted:
            return True
        said, self.password = self.password, ""
        return hmac.compare_digest(said.encode(), wanted.encode())

    async def _log_in_by_password(self, core: Core) -> None:
        """`PASS name:password`, or the password of the account that is called as the client."""
        client = self._client
        if not self.password or client.person.account is not None:
            return
        name, colon, password = self.password.partition(":")
        if not colon:
            name, password = client.person.name, self.password
        self.password = ""
        account = await core.accounts.log_in(name, PASSWORD, password, client.address)
        adopt(client, account)

    def _ask_for_another_name(self, error: ChatError) -> None:
        client = self._client
        name = self.wanted = client.person.name
        client.person = replace(client.person, name="*")
        number = Numeric.ERRONEUSNICKNAME if isinstance(error, BadName) else Numeric.NICKNAMEINUSE
        client.numeric(number, name, str(error))


@command("NICK")
async def nick(core: Core, request: Request, name: str = "") -> None:
    """Be called something else."""
    client = client_of(request)
    if not name:
        client.numeric(Numeric.NONICKNAMEGIVEN, "Which name?")
        return
    core.accounts.check_name(name)
    if client.handshake is None:
        await _rename(core, client, name, request.cause)
        return
    if client.person.account is not None and core.settings.auth.fixed_names:
        name = client.person.account
    now = replace(client.person, name=name)
    if not client.handshake.may_log_in and not core.sessions.may_enter(now):
        client.handshake.wanted = name
        raise NameTaken(name)
    client.person = now
    await client.handshake.complete()


async def _rename(core: Core, client: Client, name: str, cause: Cause) -> None:
    here = core.sessions.find(client.person.name)
    if name == here.person.name:
        return
    same = fold(name) == fold(here.person.name)
    await _check_name(core, client, name, same=same)
    now = replace(here.person, name=name)
    core.server_bans.check(client, now)
    await core.sessions.change(here, now, cause)


async def _check_name(core: Core, client: Client, name: str, *, same: bool) -> None:
    account = client.person.account
    if same or (account is not None and fold(account) == fold(name)):
        return
    if account is not None and core.settings.auth.fixed_names:
        raise NameFixed(client.person.name)
    if core.sessions.get(name) is not None:
        raise NameTaken(name)
    await core.accounts.check_guest_name(name)


@command("USER")
async def user(core: Core, request: Request, name: str, mode: str, unused: str, real: str) -> None:
    """Tell your user name and your real name."""
    client = client_of(request)
    if client.handshake is None or client.handshake.user:
        client.numeric(Numeric.ALREADYREGISTERED, "You have told that already.")
        return
    if not real:
        raise NeedMoreParams("USER", user.usage)
    kept = "".join(c for c in name if c.isalnum() or c in "-_.")[:12] or "u"
    client.handshake.user = kept
    real = real[: core.settings.limits.reason]
    client.person = replace(client.person, user=f"~{kept}", real=real or kept)
    await client.handshake.complete()


@command("PASS")
async def pass_(core: Core, request: Request, password: str) -> None:
    """Log in to an account without SASL: PASS name:password before anything else."""
    client = client_of(request)
    if client.handshake is None:
        client.numeric(Numeric.ALREADYREGISTERED, "You are on line already.")
    else:
        client.handshake.password = password


@command("QUIT")
async def quit_(core: Core, request: Request, reason: str = "") -> None:
    """Go off line."""
    client = client_of(request)
    said = f"Quit: {reason[: core.settings.limits.reason]}" if reason else "Quit"
    client.close(said)


@command("PING")
async def ping(core: Core, request: Request, token: str) -> None:
    """See whether the server is there."""
    client = client_of(request)
    client.send(Line("PONG", (client.server.name, token), client.server.name))


@command("PONG")
async def pong(core: Core, request: Request, token: str = "") -> None:
    """Show that you are there."""


@command("ERROR")
async def error(core: Core, request: Request, text: str = "") -> None:
    """Servers say this to each other; from clients it means nothing."""
