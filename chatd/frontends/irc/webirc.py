"""WEBIRC: a web gateway says whom it speaks for, before anything else (IRCv3 webirc)."""

from __future__ import annotations

import hmac
import re
from ipaddress import ip_address

from chatd.commands import Request, command
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.client import Client

_FINGERPRINT = re.compile("[0-9a-f]{64}")


@command("WEBIRC")
async def webirc(
    core: Core,
    request: Request,
    password: str,
    gateway: str,
    host: str,
    address: str,
    more: str = "",
) -> None:
    """Say whom you speak for; for web gateways that the ini lists."""
    client = client_of(request)
    refusal = _refusal(client, password) or _misplaced(client)
    if refusal:
        client.log.warn("WEBIRC from {peer}: {why}", peer=client.address, why=refusal)
        client.close(refusal)
        return
    try:
        found = str(ip_address(address))
    except ValueError:
        client.close("Invalid WebIRC address")
        return
    _tell(client, dict(_option(word) for word in more.split()))
    client.comes_from(found)


def _refusal(client: Client, password: str) -> str:
    options = client.irc.options
    if not options.webirc or client.address not in client.irc.proxies:
        return "WebIRC is not for you"
    if not hmac.compare_digest(options.webirc.encode(), password.encode()):
        return "Invalid WebIRC password"
    return ""


def _misplaced(client: Client) -> str:
    """It has to be the very first thing."""
    told = client.handshake
    if told is None or told.negotiating or told.user or client.person.name != "*":
        return "WebIRC comes too late"
    return "WebIRC a second time" if client.moved else ""


def _tell(client: Client, options: dict[str, str]) -> None:
    """What the gateway knows of the way between its user and itself. Its own certificate proves
    nothing about its users."""
    fingerprint = options.get("certfp-sha-256", "").lower()
    known = client.secure and _FINGERPRINT.fullmatch(fingerprint)
    client.fingerprint = fingerprint if known else None
    client.secure = client.secure and "secure" in options


def _option(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value
