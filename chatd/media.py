"""What kind of file begins with these bytes: the one place that asks a library."""

from __future__ import annotations

from importlib.util import find_spec

UNKNOWN = "application/octet-stream"
EXTRA = "chatd[media-types]"


def can_tell() -> bool:
    """Whether the library is there."""
    return find_spec("puremagic") is not None


def media_type(head: bytes) -> str:
    """The media type of a file that begins like this, whatever its name says."""
    import puremagic

    try:
        found: str = puremagic.from_string(head, mime=True)
    except (puremagic.PureError, ValueError):
        found = ""
    return found or _text(head)


def _text(head: bytes) -> str:
    """Text has no marks of its own; the last character may be cut in two."""
    if b"\x00" in head:
        return UNKNOWN
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return UNKNOWN
    return "text/plain"
