"""Emoji by their short names: `:smile:`."""

from __future__ import annotations

from functools import cache

import emoji


def with_emoji(text: str) -> str:
    """The text with the emoji that its short names stand for."""
    return emoji.emojize(text, language="alias") if text.count(":") > 1 else text


@cache
def short_names() -> tuple[str, ...]:
    """All short names, colons included, in order."""
    found = set()
    for entry in emoji.EMOJI_DATA.values():
        found.update([entry["en"], *entry.get("alias", ())])
    return tuple(sorted(found, key=lambda name: (len(name), name)))
