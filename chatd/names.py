"""Which names are allowed, and when two are the same.

Two names are the same when their **folds** are: PRECIS UsernameCaseMapped (RFC 8265).
Two names look the same when their **skeletons** are (Unicode TS #39); an account whose
name looks like another's is refused.

Names are ASCII unless the ini says `names = unicode`; the table of look-alikes of all
scripts takes 16 MB of memory, so it is loaded only then.
"""

from __future__ import annotations

import re

from precis_i18n import get_profile

from chatd.errors import BadName, BadRoomName

SHORTEST = 2
SIGNS = "~&@%+"  # before a name they mean a role, so no name starts with one

_ASCII_NAME = re.compile(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]*")
_NEVER = re.compile(r"[\x00-\x20\x7f,*?!@#:$%&~+]")
_ROOM_NEVER = re.compile("[\x00-\x20\x7f,\u00a0]")
_LOOKS = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "`": "'"})

_profile = get_profile("UsernameCaseMapped")


def fold(name: str) -> str:
    """The form by which names are compared. Any text has one, allowed as a name or not."""
    if name.isascii():
        return name.lower()
    try:
        return str(_profile.enforce(name))
    except UnicodeEncodeError:
        return name.casefold()


def skeleton(name: str) -> str:
    """What is left of a name when look-alikes are made alike."""
    folded = fold(name)
    if not folded.isascii():
        folded = "".join(_prototype(c) for c in folded)
    return folded.translate(_LOOKS).replace("rn", "m")


def check_name(name: str, longest: int, *, unicode: bool = False) -> str:
    """Give back a name that a guest or an account may have.

    :param longest: in characters.
    :raise BadName: if it may not be one, with the reason.
    """
    if not SHORTEST <= len(name) <= longest:
        raise BadName(name, f"it should have {SHORTEST} to {longest} characters.")
    if name.isascii() or not unicode:
        if not _ASCII_NAME.fullmatch(name):
            raise BadName(name, "it may have letters, digits and _-[]{}\\`|^, a digit not first.")
        return name
    return _check_unicode(name)


def _check_unicode(name: str) -> str:
    if _NEVER.search(name) or name[0].isdigit() or name[0] == "-":
        raise BadName(name, "it has a character that no name may have.")
    try:
        _profile.enforce(name)
    except UnicodeEncodeError as error:
        raise BadName(name, f"PRECIS (RFC 8265) does not allow it ({error.reason}).") from None
    if _mixed(name):
        raise BadName(name, "it mixes scripts whose letters look alike.")
    return name


def check_room_name(name: str, longest: int) -> str:
    """Give back a name that a room may have: `#` and then almost anything.

    :param longest: in characters.
    :raise BadRoomName: if it may not be one, with the reason.
    """
    if not name.startswith("#") or len(name) < 2:
        raise BadRoomName(name, "it should start with # and go on.")
    if len(name) > longest:
        raise BadRoomName(name, f"it should have {longest} characters at most.")
    if _ROOM_NEVER.search(name) or not name.isprintable():
        raise BadRoomName(name, "it may have no spaces, commas or control characters.")
    return name


def is_room(name: str) -> bool:
    """Whether this is meant as a room's name and not a person's."""
    return name.startswith("#")


def direct_name(one: str, other: str) -> str:
    """The name of the direct conversation of two people."""
    return " ".join(sorted((fold(one), fold(other))))


def direct_other(direct: str, own: str) -> str:
    """Whom the direct conversation with this name is with, as a fold; perhaps oneself."""
    one, other = direct.split(" ")
    return other if one == fold(own) else one


def _prototype(char: str) -> str:
    """The ASCII letter that a character looks like, else the character."""
    from confusable_homoglyphs import confusables

    for found in confusables.is_confusable(char, greedy=True, preferred_aliases=[]) or ():
        for alike in found["homoglyphs"]:
            if alike["c"].isascii() and len(alike["c"]) == 1:
                return str(alike["c"].lower())
    return char


def _mixed(name: str) -> bool:
    from confusable_homoglyphs import confusables

    return bool(confusables.is_dangerous(name))
