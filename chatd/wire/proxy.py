"""The PROXY protocol, versions 1 and 2: how a proxy says where a connection really comes from.

Its header is the very first thing on a connection, before TLS:

    PROXY TCP4 192.0.2.7 198.51.100.1 56324 6697

`read` gives a Header or raises BadHeader, for any bytes at all; any other exception is a
bug. The specification: haproxy.org/download/2.9/doc/proxy-protocol.txt
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

WORD = b"PROXY "
"""How a header of version 1 begins."""
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
"""How a header of version 2 begins."""
LONGEST_LINE = 107
"""Bytes of the longest header of version 1."""
LONGEST_BLOCK = 2048
"""Bytes that may follow the fixed part of a header of version 2, addresses counted."""

_FIXED = 16
_LINE = re.compile(r"PROXY (TCP[46]) (\S+) (\S+) ([0-9]{1,5}) ([0-9]{1,5})")
_LOCAL, _PROXY = 0, 1
_UNSPECIFIED, _INET, _INET6, _UNIX = range(4)
_STREAM = 1
_SIZES = {_INET: 12, _INET6: 36, _UNIX: 216}


class BadHeader(ValueError):
    """It begins like a header, and is none."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where a connection comes from; no address where the proxy speaks for itself alone.

    :param size: how many bytes the header had.
    """

    address: str | None
    port: int
    size: int


def begins(data: bytes) -> bool:
    """Whether a connection with these first bytes has a header, as far as one can tell yet."""
    return any(start.startswith(data[: len(start)]) for start in (WORD, SIGNATURE))


def is_header(data: bytes) -> bool:
    """Whether a connection with these first bytes has a header, for sure."""
    return data.startswith((WORD, SIGNATURE))


def read(data: bytes) -> Header | None:
    """Read the header that a connection begins with; nothing as long as bytes are missing.

    :raise BadHeader: if it is none.
    """
    if not begins(data):
        raise BadHeader("no header")
    if data.startswith(SIGNATURE):
        return _read_block(data)
    if data.startswith(WORD):
        return _read_line(data)
    return None


def _read_line(data: bytes) -> Header | None:
    line, end, _ = data[:LONGEST_LINE].partition(b"\r\n")
    if not end:
        if len(data) >= LONGEST_LINE:
            raise BadHeader("too long")
        return None
    size = len(line) + len(end)
    text = line.decode("latin-1")
    if text == "PROXY UNKNOWN" or text.startswith("PROXY UNKNOWN "):
        return Header(None, 0, size)
    match = _LINE.fullmatch(text)
    if match is None:
        raise BadHeader("no such line")
    kind, *addresses, port, other = match.groups()
    if int(port) > 65535 or int(other) > 65535:
        raise BadHeader("no such port")
    address, _ = [_address(kind, each) for each in addresses]
    return Header(address, int(port), size)


def _address(kind: str, text: str) -> str:
    try:
        if kind == "TCP4":
            return str(IPv4Address(text))
        if "%" not in text:
            return str(IPv6Address(text))
    except AddressValueError:
        pass
    raise BadHeader("no such address")


def _read_block(data: bytes) -> Header | None:
    if len(data) < _FIXED:
        return None
    version, command = divmod(data[12], 16)
    family, transport = divmod(data[13], 16)
    length = int.from_bytes(data[14:16], "big")
    if version != 2 or command not in (_LOCAL, _PROXY):
        raise BadHeader("no such version or command")
    if length > LONGEST_BLOCK:
        raise BadHeader("too long")
    if len(data) < _FIXED + length:
        return None
    block, size = data[_FIXED : _FIXED + length], _FIXED + length
    if command == _LOCAL or family == _UNSPECIFIED:
        return Header(None, 0, size)
    if transport != _STREAM or length < _SIZES.get(family, length + 1):
        raise BadHeader("no such addresses")
    return _from_block(family, block, size)


def _from_block(family: int, block: bytes, size: int) -> Header:
    if family == _INET:
        return Header(str(IPv4Address(block[:4])), int.from_bytes(block[8:10], "big"), size)
    if family == _INET6:
        return Header(str(IPv6Address(block[:16])), int.from_bytes(block[32:34], "big"), size)
    return Header(None, 0, size)
