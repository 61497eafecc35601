"""The text of a message in pieces that fit lines: broken where its sender did, and had to be.

What other front-ends, and multiline messages, let people say may be longer than a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise


def pieces(text: str, joints: Sequence[int], room: int) -> Iterator[tuple[str, bool]]:
    """Pieces of at most `room` bytes, each with whether it goes on with the line before it."""
    start = 0
    for line in text.replace("\r", "\n").split("\n"):
        end = start + len(line)
        inside = [start, *(joint for joint in joints if start < joint < end), end]
        goes_on = False
        for one, other in pairwise(inside):
            for piece in _fitting(text[one:other], room):
                yield piece, goes_on
                goes_on = True
        start = end + 1


def _fitting(text: str, room: int) -> Iterator[str]:
    rest = text.encode()
    while len(rest) > room:
        end = room
        while rest[end] & 0xC0 == 0x80:  # not in the middle of a character
            end -= 1
        yield rest[:end].decode()
        rest = rest[end:]
    yield rest.decode()
