"""Where a request over HTTP really comes from: what proxies write into its header.

`X-Forwarded-For` is a list of addresses, `Forwarded` (RFC 7239) one of records. Each proxy
adds to the end the address that it was asked from, so one believes from the end on, and only
as far as one knows the proxies.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from ipaddress import ip_address

_FOR = re.compile(r'(?:^|[;\s])for\s*=\s*("[^"]*"|[^;\s]*)', re.IGNORECASE)
_NODE = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?|([0-9.]+)(?::[0-9]+)?|([0-9A-Fa-f:.]+)")


class Contradiction(ValueError):
    """Two headers name different addresses: at least one of them was not written by a proxy."""


def origin(headers: Mapping[str, str], peer: str, proxies: Container[str]) -> str:
    """The address that is farthest away of those that can be believed.

    :param headers: by their names in small letters.
    :param peer: who has connected; what it says counts only if it is one of the proxies.
    :raise Contradiction: if the headers disagree.
    """
    if peer not in proxies:
        return peer
    chains = []
    if "x-forwarded-for" in headers:
        chains.append(headers["x-forwarded-for"].split(","))
    if "forwarded" in headers:
        chains.append([_for(record) for record in headers["forwarded"].split(",")])
    found = {_farthest(chain, peer, proxies) for chain in chains} or {peer}
    if len(found) > 1:
        raise Contradiction
    return found.pop()


def _for(record: str) -> str:
    match = _FOR.search(record)
    return match[1].strip('"') if match else ""


def _farthest(chain: list[str], peer: str, proxies: Container[str]) -> str:
    for node in reversed(chain):
        address = _address(node.strip())
        if address is None:
            break
        peer = address
        if peer not in proxies:
            break
    return peer


def _address(node: str) -> str | None:
    match = _NODE.fullmatch(node)
    try:
        return str(ip_address(match[1] or match[2] or match[3])) if match else None
    except ValueError:
        return None
