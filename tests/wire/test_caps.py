"""Capabilities and numbers as they are written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatd.wire.caps import ABOUT, NEEDS, Cap, listed
from chatd.wire.numerics import Numeric

words = st.from_regex(r"[a-z/-]{1,20}", fullmatch=True)


def test_each_is_explained() -> None:
    """There is a sentence about each capability, and none about another."""
    assert set(ABOUT) == set(Cap)
    assert {*NEEDS, *NEEDS.values()} <= set(Cap)


def test_values_only_if_asked() -> None:
    """Values are only for clients that know of them."""
    caps = {"sasl": "PLAIN", "batch": ""}
    assert listed(caps, values=True, room=100) == ["sasl=PLAIN batch"]
    assert listed(caps, values=False, room=100) == ["sasl batch"]


def test_nothing() -> None:
    """Of nothing there is one empty line."""
    assert listed({}, values=True, room=100) == [""]


@given(st.dictionaries(words, words | st.just(""), max_size=30), st.integers(50, 200))
def test_lines_fit(caps: dict[str, str], room: int) -> None:
    """All of them, in lines that are not too long."""
    lines = listed(caps, values=True, room=room)
    assert all(len(line) <= room for line in lines)
    assert " ".join(lines).split() == [f"{k}={v}" if v else k for k, v in caps.items()]


def test_numbers() -> None:
    """A numbered reply has three digits, and its own."""
    assert all(len(number) == 3 and number.isdigit() for number in Numeric)
    assert len(set(map(str, Numeric))) == len(Numeric.__members__)
