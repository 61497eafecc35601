"""Texts in pieces that fit lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatd.frontends.irc.pieces import pieces


def test_joints() -> None:
    """A line is broken where its sender broke it, and where it has to be."""
    assert list(pieces("one\n\ntwo three", (9,), 9)) == [
        ("one", False),
        ("", False),
        ("two ", False),
        ("three", True),
    ]
    assert list(pieces("äöü", (), 4)) == [("äö", False), ("ü", True)]
    assert list(pieces("", (), 4)) == [("", False)]


@given(st.text(max_size=99), st.lists(st.integers(0, 99)), st.integers(4, 30))
def test_whole(text: str, joints: list[int], room: int) -> None:
    """All pieces together are the text, wherever it is said to be joined, and each fits."""
    found = list(pieces(text, sorted(set(joints)), room))
    whole = "".join(piece if goes_on else f"\n{piece}" for piece, goes_on in found)
    assert whole[1:] == text.replace("\r", "\n")
    assert all(len(piece.encode()) <= room for piece, _ in found)
