"""What a client may ask for before it is on line."""

from __future__ import annotations

from collections.abc import Container

from chatd.wire.caps import Cap

EARLY = frozenset(
    {
        "AUTHENTICATE",
        "CAP",
        "ERROR",
        "NICK",
        "NICKSERV",
        "NS",
        "PASS",
        "PING",
        "PONG",
        "QUIT",
        "REGISTER",
        "USER",
        "VERIFY",
        "WEBIRC",
    }
)
"""What any client may ask for by then."""
EARLY_WITH = {
    "AWAY": Cap.PRE_AWAY,
    "ISUPPORT": Cap.EXTENDED_ISUPPORT,
    "METADATA": Cap.METADATA,
}
"""What it may ask for by then with a capability."""


def may_be_early(verb: str, caps: Container[Cap | str]) -> bool:
    """Whether a client with these capabilities may ask for something by then."""
    return verb in EARLY or (verb in EARLY_WITH and EARLY_WITH[verb] in caps)
