"""CAP: which capabilities there are, and which a client has (IRCv3 capability negotiation)."""

from __future__ import annotations

from chatd.commands import Request, command
from chatd.core import Core
from chatd.core.accounts import CERTIFICATE, PASSWORD, SCRAM
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.client import Client
from chatd.frontends.irc.multiline import MOST_BYTES, MOST_LINES
from chatd.frontends.irc.sts import STS, policy
from chatd.wire.caps import NEEDS, Cap, listed
from chatd.wire.irc import LONGEST, Line
from chatd.wire.numerics import Numeric

MECHANISMS = {"PLAIN": PASSWORD, "EXTERNAL": CERTIFICATE, "SCRAM-SHA-256": SCRAM}
"""The mechanisms of SASL, and the kind of proof that each of them takes."""


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
    """The capabilities that one can ask for, with their values."""
    caps: dict[str, str] = dict.fromkeys(Cap, "")
    kinds = core.accounts.kinds()
    caps[Cap.SASL] = ",".join(name for name, kind in MECHANISMS.items() if kind in kinds)
    caps[Cap.MULTILINE] = f"max-bytes={MOST_BYTES},max-lines={MOST_LINES}"
    caps[Cap.METADATA] = _metadata(core)
    caps[Cap.ACCOUNT_REGISTRATION] = _registration(core)
    if core.settings.auth.registration == "closed":
        del caps[Cap.ACCOUNT_REGISTRATION]
    if not core.transfers.offered():
        del caps[Cap.FILES]
    return caps


def _metadata(core: Core) -> str:
    limits = core.settings.limits
    return (
        f"before-connect,max-subs={limits.metadata_subscriptions}"
        f",max-keys={limits.metadata_keys},max-value-bytes={limits.metadata_value}"
    )


def _registration(core: Core) -> str:
    auth = core.settings.auth
    flags = {
        "before-connect": auth.register_before_connect,
        "custom-account-name": auth.register_other_name,
        "email-required": auth.register_email,
    }
    return ",".join(flag for flag, is_so in flags.items() if is_so)


def _list_all(client: Client, version: str) -> None:
    if client.handshake is not None:
        client.handshake.negotiating = True
    if version.isascii() and version.isdigit() and len(version) < 6:
        client.cap_version = max(client.cap_version, int(version))
    if client.cap_version >= 302:
        client.profile = client.irc.profiles.of(client.caps | {Cap.CAP_NOTIFY})
    caps = offered(client.irc.core)
    if client.cap_version >= 302 and (told := policy(client)) is not None:
        caps[STS] = told
    _list(client, "LS", caps)


def _list(client: Client, what: str, caps: dict[str, str]) -> None:
    """Clients that know no version have to be told in one line: ratified names come first."""
    modern, name = client.cap_version >= 302, client.person.name
    if not modern:
        caps = dict(sorted(caps.items(), key=lambda item: "/" in item[0]))
    lines = listed(caps, values=modern, room=LONGEST - 100)
    *more, last = lines if modern else lines[:1]
    for line in more:
        client.send(Line("CAP", (name, what, "*", line), client.server.name))
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
