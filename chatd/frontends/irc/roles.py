"""Roles and modes as IRC writes them: letters and signs, in one table each."""

from __future__ import annotations

from functools import cache

from chatd.core.masks import ACCOUNT, KINDS, PREFIX
from chatd.model import Listing, Mode, Role

SIGNS = {Role.OWNER: "~", Role.ADMIN: "&", Role.OP: "@", Role.VOICE: "+"}
ROLES = {"q": Role.OWNER, "a": Role.ADMIN, "o": Role.OP, "v": Role.VOICE}
LISTINGS = {"b": Listing.BAN, "e": Listing.EXCEPT, "I": Listing.INVITE}
MODES: dict[str, Mode | str] = {
    "C": Mode.NO_CTCP,
    "i": Mode.INVITE_ONLY,
    "k": "password",
    "l": "limit",
    "m": Mode.MODERATED,
    "n": Mode.MEMBERS_ONLY,
    "r": Mode.REGISTERED_ONLY,
    "s": Mode.SECRET,
    "t": Mode.TOPIC_LOCK,
}
LETTERS = {mode: letter for letter, mode in MODES.items()}
ROLE_LETTERS = {role: letter for letter, role in ROLES.items()}
LISTING_LETTERS = {listing: letter for letter, listing in LISTINGS.items()}
WITH_VALUE = frozenset("kl")
BOT_MODE = "B"
INVISIBLE = "i"
USER_MODES = "Biow"


@cache
def signs(role: Role, every: bool = True) -> str:
    """The signs before a member's name, highest first; only the highest unless `every`."""
    found = "".join(sign for one, sign in SIGNS.items() if role & one)
    return found if every else found[:1]


def isupport() -> dict[str, str]:
    """What 005 says about them."""
    lists, switches = "".join(LISTINGS), "".join(sorted(set(MODES) - WITH_VALUE))
    return {
        "ACCOUNTEXTBAN": ACCOUNT,
        "CHANMODES": f"{lists},k,l,{switches}",
        "EXCEPTS": "e",
        "EXTBAN": f"{PREFIX},{''.join(KINDS)}",
        "INVEX": "I",
        "PREFIX": f"({''.join(ROLES)}){''.join(SIGNS.values())}",
        "STATUSMSG": "".join(SIGNS.values()),
    }
