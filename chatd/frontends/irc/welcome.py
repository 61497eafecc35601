"""The first things a client is told: numbers 001 to 005, who is there, the message of the day."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from chatd import __version__
from chatd.commands import Request, command
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.client import Client
from chatd.frontends.irc.isupport import show_tokens
from chatd.frontends.irc.metadata import welcome_by_metadata
from chatd.frontends.irc.roles import LISTINGS, MODES, ROLES, USER_MODES, WITH_VALUE
from chatd.wire.caps import Cap
from chatd.wire.irc import LONGEST
from chatd.wire.numerics import Numeric

SOFTWARE = f"chatd-{__version__}"
_LETTERS = "".join(sorted({*MODES, *ROLES, *LISTINGS}))
_VALUES = "".join(sorted({*WITH_VALUE, *ROLES, *LISTINGS}))


def welcome(client: Client) -> None:
    """Greet a client that has just come on line."""
    core, server, name = client.irc.core, client.server, client.person.name
    client.numeric(Numeric.WELCOME, f"Welcome to {server.network}, {name}")
    client.numeric(Numeric.YOURHOST, f"Your host is {server.name}, running {SOFTWARE}")
    client.numeric(Numeric.CREATED, f"This server was started {_date(core.started)}")
    client.numeric(Numeric.MYINFO, server.name, SOFTWARE, USER_MODES, _LETTERS, _VALUES)
    show_tokens(client)
    _users(core, client)
    if Cap.METADATA in client.caps:
        welcome_by_metadata(client)
    _motd(core, client)
    if client.modes:
        client.numeric(Numeric.UMODEIS, "+" + "".join(sorted(client.modes)))


@command("LUSERS")
async def lusers(core: Core, request: Request, mask: str = "", server: str = "") -> None:
    """See how many people and rooms there are."""
    _users(core, client_of(request))


def _users(core: Core, client: Client) -> None:
    here = len(core.sessions)
    counts = client.irc.census.counts(core, client.irc.clients.values())
    hidden = min(here, counts.invisible)
    text = f"There are {here - hidden} users and {hidden} invisible on 1 servers"
    client.numeric(Numeric.LUSERCLIENT, text)
    client.numeric(Numeric.LUSEROP, str(counts.operators), "operators are on line")
    client.numeric(Numeric.LUSERUNKNOWN, str(counts.strangers), "connections are not known yet")
    client.numeric(Numeric.LUSERCHANNELS, str(len(core.places)), "rooms there are")
    client.numeric(Numeric.LUSERME, f"I have {here} clients and 0 servers")
    most = core.sessions.most
    for numeric in (Numeric.LOCALUSERS, Numeric.GLOBALUSERS):
        text = f"Current users {here}, most ever {most}"
        client.numeric(numeric, str(here), str(most), text)


@command("MOTD")
async def motd(core: Core, request: Request, server: str = "") -> None:
    """See the message of the day."""
    _motd(core, client_of(request))


def _motd(core: Core, client: Client) -> None:
    if not client.server.motd:
        client.numeric(Numeric.NOMOTD, "There is no message of the day.")
        return
    client.numeric(Numeric.MOTDSTART, f"- {client.server.name} message of the day -")
    for line in client.server.motd.splitlines():
        client.numeric(Numeric.MOTD, f"- {line[: LONGEST - 100]}")
    client.numeric(Numeric.ENDOFMOTD, "End of /MOTD.")


@command("VERSION")
async def version(core: Core, request: Request, server: str = "") -> None:
    """See which program this is, and what it supports."""
    client = client_of(request)
    client.numeric(Numeric.VERSION, SOFTWARE, client.server.name, client.server.description)
    show_tokens(client)


@command("INFO")
async def info(core: Core, request: Request, server: str = "") -> None:
    """See what this server is."""
    client = client_of(request)
    for line in (
        f"{SOFTWARE}: one process, one ini file, every client.",
        "What the server has acknowledged is on disk.",
        "Rooms here are TLS rooms: nobody can read along on the way; the server can.",
        f"On line since {_date(core.started)}.",
    ):
        client.numeric(Numeric.INFO, line)
    client.numeric(Numeric.ENDOFINFO, "End of /INFO.")


@command("TIME")
async def time(core: Core, request: Request, server: str = "") -> None:
    """See what time it is here."""
    client = client_of(request)
    client.numeric(Numeric.TIME, client.server.name, _date(core.log.now()))


@lru_cache(maxsize=8)
def _date(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%A %d %B %Y, %H:%M:%S UTC")
