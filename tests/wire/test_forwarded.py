"""Where a request over HTTP comes from, as far as known proxies say so."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.wire.forwarded import Contradiction, origin

PROXIES = frozenset({"127.0.0.1", "10.0.0.1"})


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.66, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.0.0.1", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:DB8::7]:4711", "2001:db8::7"),
        ("192.0.2.7, unknown", "127.0.0.1"),
        ("192.0.2.7, unknown, 10.0.0.1", "10.0.0.1"),
        ("999.0.2.7", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_list(header: str, found: str) -> None:
    """The last address that is no proxy's counts; what a client made up before it does not."""
    assert origin({"x-forwarded-for": header}, "127.0.0.1", PROXIES) == found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("for=192.0.2.7", "192.0.2.7"),
        ('proto=https; For="[2001:db8::7]:4711";by=10.0.0.1', "2001:db8::7"),
        ("for=203.0.113.66, for=192.0.2.7;proto=http, for=10.0.0.1", "192.0.2.7"),
        ("for=192.0.2.7, for=_hidden", "127.0.0.1"),
        ("by=192.0.2.7", "127.0.0.1"),
        ("notfor=192.0.2.7", "127.0.0.1"),
    ],
)
def test_records(header: str, found: str) -> None:
    """The same of RFC 7239."""
    assert origin({"forwarded": header}, "127.0.0.1", PROXIES) == found


def test_of_strangers() -> None:
    """Nobody else is believed."""
    assert origin({"x-forwarded-for": "192.0.2.7"}, "192.0.2.66", PROXIES) == "192.0.2.66"


def test_contradiction() -> None:
    """A proxy that writes only one of the headers lets the client's other pass: that is noticed."""
    headers = {"x-forwarded-for": "192.0.2.7", "forwarded": "for=203.0.113.66"}
    with pytest.raises(Contradiction):
        origin(headers, "127.0.0.1", PROXIES)
    headers["forwarded"] = "for=192.0.2.7"
    assert origin(headers, "127.0.0.1", PROXIES) == "192.0.2.7"


@given(st.text(), st.text())
def test_anything(one: str, other: str) -> None:
    """Whatever stands there, it is an address or a contradiction."""
    with contextlib.suppress(Contradiction):
        assert origin({"x-forwarded-for": one, "forwarded": other}, "127.0.0.1", PROXIES)
