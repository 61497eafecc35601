"""The lines on a connection that carries a file."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.wire.relay import (
    BadLine,
    Done,
    Fail,
    Ok,
    Presented,
    Status,
    parse_request,
    parse_status,
)

DIGEST = "5a" * 32
WORDS = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789_-", min_size=1, max_size=128)
NUMBERS = st.integers(0, 10**18 - 1)
DIGESTS = st.sampled_from(["", DIGEST])
CODES = st.text("ABCXYZ_", min_size=1, max_size=64)
SENTENCES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@given(WORDS, NUMBERS)
def test_request(ticket: str, offset: int) -> None:
    """What a client presents is read as it was meant."""
    presented = Presented(ticket, offset)
    assert parse_request(presented.line().rstrip(b"\n")) == presented


@given(
    st.one_of(
        st.builds(Ok, NUMBERS, NUMBERS, DIGESTS),
        st.builds(Done, DIGESTS),
        st.builds(Fail, CODES, SENTENCES),
        st.just(Fail()),
    )
)
def test_status(status: Status) -> None:
    """What else is said is read as it was meant."""
    assert parse_status(status.line().rstrip(b"\n")) == status


@given(st.binary(max_size=300))
def test_any_bytes(line: bytes) -> None:
    """Any bytes are a line, or refused as one."""
    for parse in (parse_request, parse_status):
        with suppress(BadLine):
            parse(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"RELAY",
        b"RELAY abc",
        b"RELAY abc -1",
        b"RELAY abc 1e9",
        b"RELAY abc 0 0",
        b"RELAY  abc 0",
        b"RELAY ab\x00c 0",
        b"RELAY abc 0\n",
        b"relay abc 0",
        b"RELAY abc 9999999999999999999",
        "RELAY äbc 0".encode(),
        "RELAY abc ٣".encode(),
    ],
)
def test_no_request(line: bytes) -> None:
    """What is nearly right is refused."""
    with pytest.raises(BadLine):
        parse_request(line)
