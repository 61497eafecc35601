"""CAP: which capabilities there are, and which a client has (IRCv3 capability negotiation)."""

from __future__ import annotations

from chatd.commands import Request, command
from chatd.core import Core
from chatd.core.accounts import CERTIFICATE, PASSWORD
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.client import Client
from chatd.wire.caps import NEEDS, Cap, listed
from chatd.wire.irc import LONGEST, Line
from chatd.wire.numerics import Numeric


@command("CAP")
async def cap(core: Core, request: Request, what: str, which: str = "") -> None:
    """Ask which capabilities there are, or for some of them: LS, LIST, REQ or END."""
    client = client_of(request)
    match what.upper():
        case "LS":
            _list_all(client, which)
        case "LIST":
            _list(client, "LIST", dict.fromkeys(sorted(client.caps), ""))
        case "REQ":
            _request(client, which.split())
        case "END":
            await _end(client)
        case _:
            client.numeric(Numeric.INVALIDCAPCMD, what, "There is no such CAP subcommand.")


def offered(core: Core) -> dict[str, str]:
    """The capabilities that there are, with their values."""
    caps: dict[str, str] = dict.fromkeys(Cap, "")
    kinds = core.accounts.kinds()
    mechanisms = [m for m, k in (("PLAIN", PASSWORD), ("EXTERNAL", CERTIFICATE)) if k in kinds]
    caps[Cap.SASL] = ",".join(mechanisms)
    caps[Cap.ACCOUNT_REGISTRATION] = "before-connect,custom-account-name"
    if core.settings.auth.registration == "closed":
        del caps[Cap.ACCOUNT_REGISTRATION]
    return caps


def _list_all(client: Client, version: str) -> None:
    if client.handshake is not None:
        client.handshake.negotiating = True
    if version.isascii() and version.isdigit() and len(version) < 6:
        client.cap_version = max(client.cap_version, int(version))
    if client.cap_version >= 302:
        client.profile = client.irc.profiles.of(client.caps | {Cap.CAP_NOTIFY})
    _list(client, "LS", offered(client.irc.core))


def _list(client: Client, what: str, caps: dict[str, str]) -> None:
    modern = client.cap_version >= 302
    *more, last = listed(caps, values=modern, room=LONGEST - 100)
    name = client.person.name
    for line in more:
        params = (name, what, "*", line) if modern else (name, what, line)
        client.send(Line("CAP", params, client.server.name))
    client.send(Line("CAP", (name, what, last), client.server.name))


def _request(client: Client, words: list[str]) -> None:
    """All or nothing."""
    if client.handshake is not None:
        client.handshake.negotiating = True
    caps = set(client.caps)
    there = offered(client.irc.core)
    for word in words:
        if word.startswith("-"):
            caps.discard(word[1:])
        else:
            caps.add(word)
    known = all(word.removeprefix("-") in there for word in words)
    fine = known and not (Cap.CAP_NOTIFY not in caps and client.cap_version >= 302)
    if fine:
        caps -= {cap for cap, needed in NEEDS.items() if needed not in caps}
        client.profile = client.irc.profiles.of(frozenset(caps))
    params = (client.person.name, "ACK" if fine else "NAK", " ".join(words))
    client.send(Line("CAP", params, client.server.name))


async def _end(client: Client) -> None:
    if client.handshake is not None:
        client.handshake.negotiating = False
        await client.handshake.complete()
