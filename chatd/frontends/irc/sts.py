"""STS: clients are told to come over TLS from now on (IRCv3 sts)."""

from __future__ import annotations

from chatd.frontends.irc.client import Client

STS = "sts"
"""Told among the capabilities, and none: nobody can ask for it, or have it."""


def policy(client: Client) -> str | None:
    """The value of the capability for a client; nothing where the ini says nothing of it.

    Without TLS it says where to come instead, over TLS for how many seconds that holds; 0
    seconds take back what was said before.
    """
    options = client.irc.options
    if options.sts is None:
        return None
    if options.tls:
        return f"duration={int(options.sts)}"
    return f"port={options.sts_port}" if options.sts else None
