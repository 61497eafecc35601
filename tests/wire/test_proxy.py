"""The header of the PROXY protocol: what it says, and that nothing at all can break it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.wire.proxy import (
    LONGEST_BLOCK,
    LONGEST_LINE,
    SIGNATURE,
    WORD,
    BadHeader,
    Header,
    begins,
    is_header,
    read,
)

PORTS = st.integers(0, 65535)
REST = st.binary(max_size=40)


def block(command: int, kind: int, body: bytes, version: int = 2, length: int = -1) -> bytes:
    """A header of version 2."""
    size = len(body) if length < 0 else length
    return SIGNATURE + bytes([version << 4 | command, kind]) + size.to_bytes(2, "big") + body


def of_block(address: str, port: int) -> bytes:
    """A header of version 2 that says who comes."""
    packed = ip_address(address).packed
    body = packed + bytes(len(packed)) + port.to_bytes(2, "big") + b"\x1a\x0b"
    return block(1, 0x11 if len(packed) == 4 else 0x21, body)


@given(st.ip_addresses(), PORTS, PORTS, REST)
def test_line(address: object, port: int, other: int, rest: bytes) -> None:
    """A line says the address and the port, and what follows is not part of it."""
    text = str(address)
    kind = "TCP6" if ":" in text else "TCP4"
    line = f"PROXY {kind} {text} {text} {port} {other}\r\n".encode()
    assert read(line + rest) == Header(text, port, len(line))


@given(st.ip_addresses(), PORTS, st.binary(max_size=60), REST)
def test_block(address: object, port: int, more: bytes, rest: bytes) -> None:
    """A block says the same; records that it has besides are passed over."""
    whole = of_block(str(address), port)
    body = whole[16:] + more
    whole = block(1, whole[13], body)
    assert read(whole + rest) == Header(str(address), port, len(whole))


@given(st.ip_addresses(), PORTS, st.data())
def test_half(address: object, port: int, data: st.DataObject) -> None:
    """As long as some of it is missing there is none, and no fault either."""
    whole = of_block(str(address), port)
    if data.draw(st.booleans()):
        kind = "TCP6" if ":" in str(address) else "TCP4"
        whole = f"PROXY {kind} {address} {address} {port} {port}\r\n".encode()
    assert read(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


@given(
    st.one_of(st.binary(), st.builds(lambda a, b: a + b, st.sampled_from([WORD, SIGNATURE]), REST))
)
def test_anything(data: bytes) -> None:
    """Any bytes are a header, part of one, or none; and a header lies within them."""
    try:
        header = read(data)
    except BadHeader:
        return
    assert header is None or header.size <= len(data)
    assert begins(data)


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 70000 1\r\n",
        b"PROXY TCP4 192.0.2.07 192.0.2.1 1 1\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 1\r\n",
        b"PROXY TCP6 192.0.2.7 192.0.2.1 1 1\r\n",
        b"PROXY TCP6 fe80::1%eth0 fe80::2 1 1\r\n",
        b"PROXY TCP4  192.0.2.7 192.0.2.1 1 1\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.1 ١ 1\r\n".encode(),
        b"PROXY TCP5 192.0.2.7 192.0.2.1 1 1\r\n",
        b"PROXY UNKNOWNS\r\n",
        b"PROXY " + b"1" * (LONGEST_LINE - 6),
        b"PROXY UNKNOWN " + b"1" * LONGEST_LINE + b"\r\n",
        block(1, 0x11, bytes(12), version=1),
        block(1, 0x11, bytes(12), version=3),
        block(2, 0x11, bytes(12)),
        block(1, 0x12, bytes(12)),
        block(1, 0x41, bytes(12)),
        block(1, 0x11, bytes(11)),
        block(1, 0x21, bytes(35)),
        block(1, 0x31, bytes(215)),
        block(1, 0x11, b"", length=LONGEST_BLOCK + 1),
        b"CAP LS 302\r\n",
        b"PROXIED",
    ],
)
def test_no_good(line: bytes) -> None:
    """Wrong versions, addresses, ports and lengths are refused, as soon as they can be told."""
    with pytest.raises(BadHeader):
        read(line)


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN whatever it likes\r\n",
        block(0, 0x00, b""),
        block(0, 0x11, bytes(12)),
        block(1, 0x00, b"1234"),
        block(1, 0x31, bytes(216)),
    ],
)
def test_for_itself(header: bytes) -> None:
    """A proxy may speak for itself, or for somebody who has no address."""
    assert read(header + b"NICK ada\r\n") == Header(None, 0, len(header))


def test_beginning() -> None:
    """The first bytes of a header may be one; those of IRC and of TLS never are."""
    for start in (WORD, SIGNATURE):
        assert all(begins(start[:size]) for size in range(len(start) + 1))
        assert is_header(start) and not is_header(start[:-1])
    assert not any(begins(data) for data in (b"PASS x", b"\x16\x03\x01", b"\r\n\r\nNICK"))
