"""Masks: whom an entry of a room's lists means.

A mask is `name!user@host` with `*` and `?`, or an extended one: `$`, a letter, and mostly a
colon and a pattern. To add a kind of those, add a row.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import translate
from functools import lru_cache
from re import IGNORECASE, Pattern
from re import compile as pattern

from chatd.errors import InvalidParams
from chatd.model import Person

PREFIX = "$"
MUTE = "m"
ACCOUNT = "a"


def _has_account(wanted: str, person: Person) -> bool:
    return person.account is not None and _matches(wanted, person.account)


def _has_no_account(wanted: str, person: Person) -> bool:
    return person.account is None


def _is_really(wanted: str, person: Person) -> bool:
    return _matches(wanted, person.real)


def _is_kept_out(wanted: str, person: Person) -> bool:
    """Whom a mute means may come in all the same: see `quiets`."""
    return False


KINDS: dict[str, Callable[[str, Person], bool]] = {
    ACCOUNT: _has_account,
    MUTE: _is_kept_out,
    "r": _is_really,
    "u": _has_no_account,
}


def fits(mask: str, person: Person) -> bool:
    """Whether a mask means somebody."""
    if not mask.startswith(PREFIX):
        return _matches(mask, person.mask)
    kind, _, wanted = mask[1:].partition(":")
    return kind in KINDS and KINDS[kind](wanted, person)


def quiets(mask: str, person: Person) -> bool:
    """Whether a mask means somebody who wants to speak: `$m:` and any mask is for that alone."""
    return fits(mask.removeprefix(f"{PREFIX}{MUTE}:"), person)


def full_mask(mask: str) -> str:
    """A mask as people write it, made whole: `ada` is `ada!*@*`, `@host` is `*!*@host`.

    :raise InvalidParams: if it is an extended one of a kind that there is not.
    """
    if mask.startswith(PREFIX):
        return _full_extended(mask)
    name, at, host = mask.rpartition("@")
    if not at:
        name, host = mask, "*"
    name, _, user = name.partition("!")
    return f"{name or '*'}!{user or '*'}@{host or '*'}"


def _full_extended(mask: str) -> str:
    letter, colon, wanted = mask[1:].partition(":")
    kind = letter.lower()
    if kind not in KINDS or (kind == MUTE and not wanted):
        known = ", ".join(f"{PREFIX}{kind}" for kind in KINDS)
        raise InvalidParams("mask", mask, f"the extended ones are {known}.")
    return f"{PREFIX}{kind}{colon}{full_mask(wanted) if kind == MUTE else wanted}"


def _matches(wanted: str, text: str) -> bool:
    return bool(_compiled(wanted).match(text))


@lru_cache(4096)
def _compiled(mask: str) -> Pattern[str]:
    return pattern(translate(mask.replace("[", "[[]")), IGNORECASE)
