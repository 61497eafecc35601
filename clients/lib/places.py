"""How people write where a server is."""

from __future__ import annotations

import re

from twisted.internet.abstract import isIPv6Address

PORT = 6697


def address(text: str) -> str:
    """`host` or `host:port` or `[address]:port` as `host:port`, always with a port.

    :raise ValueError: with a sentence, if it is no such thing.
    """
    found = re.fullmatch(r"\[([0-9a-fA-F:.]+)\](?::(\d{1,5}))?|([^:\s/]+)(?::(\d{1,5}))?", text)
    if found is None:
        if isIPv6Address(text):
            return f"{text}:{PORT}"
        raise ValueError(f"{text!r} is no HOST or HOST:PORT")
    host, port = found[1] or found[3], int(found[2] or found[4] or PORT)
    if not 0 < port < 65536:
        raise ValueError(f"there is no port {port}")
    return f"{host}:{port}"
