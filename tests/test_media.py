"""What kind of file begins with these bytes."""

from __future__ import annotations

import pytest

from chatd.media import UNKNOWN, media_type


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(100), "image/png"),
        (b"%PDF-1.7\n" + b"x" * 100, "application/pdf"),
        (b"milk first, then tea", "text/plain"),
        ("grün und süß".encode()[:-1], "text/plain"),
        (b"\x00\x07\x09" * 50, UNKNOWN),
        (b"\xff\xfe\xfa\xfb" * 5 + b"abc" * 9, None),
    ],
)
def test_media_type(head: bytes, found: str | None) -> None:
    """It is told from the bytes alone; something is always told."""
    assert media_type(head) == found if found is not None else "/" in media_type(head)
