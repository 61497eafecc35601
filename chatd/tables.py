"""The tables of docs/protocol.md, made from what they are about.

What a table says in words is here; what there is to be said something of is in the code. A
mode or a token without its words is a KeyError, and `make docs` does not go through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from chatd import errors
from chatd.commands import commands_in
from chatd.core.permissions import Act, called, least_role
from chatd.core.rooms import NEW
from chatd.core.settings import Server, Settings
from chatd.errors import ChatError
from chatd.frontends.irc import VERBS
from chatd.frontends.irc.refusals import NUMBERS
from chatd.frontends.irc.roles import LISTINGS, MODES, ROLES, SIGNS
from chatd.frontends.irc.tokens import tokens
from chatd.model import Mode, Role, Room
from chatd.wire.caps import ABOUT, Cap
from chatd.wire.human import ALIASES, spelled
from chatd.wire.numerics import Numeric

_COLUMNS = 4
_MODES = {
    "C": "requests to the clients of members (CTCP) are refused, but for /me",
    "i": "only those who were invited, or are on the list `I`, may come in",
    "k": "whoever comes in has to give this key",
    "l": "no more than so many people at once",
    "m": "only voiced members and above may speak",
    "n": "only members may speak",
    "r": "only people with an account may come in, or speak below voice",
    "s": "outsiders do not see that it exists, nor who is in it",
    "t": "only ops and above may change the topic",
}
_LISTS = {
    "b": "whom these masks mean may not come in, nor speak below voice",
    "e": "whom these mean are not banned all the same",
    "I": "whom these mean need no invitation",
}
_TOKENS = {
    "ACCOUNTEXTBAN": "the letter of extended masks that mean an account",
    "AWAYLEN": "characters of an away message",
    "BOT": "the mode of one's own that says that one is a bot",
    "CASEMAPPING": "how names are compared; names beyond ASCII: RFC 8265, UsernameCaseMapped",
    "CHANLIMIT": "rooms that one may be in",
    "CHANMODES": "the modes of rooms: lists, with a value, with a value to set, switches",
    "CHANNELLEN": "characters of a room's name",
    "CHANTYPES": "what rooms' names start with",
    "CHATHISTORY": "messages in one answer of CHATHISTORY",
    "ELIST": "conditions that LIST knows",
    "EXCEPTS": "the letter of the list of exceptions",
    "EXTBAN": "what extended masks begin with, and the letters of their kinds",
    "HOSTLEN": "characters of a host",
    "INVEX": "the letter of the list of those who need no invitation",
    "KICKLEN": "characters of a reason for KICK",
    "MAXLIST": "entries of each list of a room",
    "MAXTARGETS": "targets of one message",
    "MODES": "changes in one MODE",
    "MONITOR": "names on one's watch list",
    "MSGREFTYPES": "ways to name a place in the history",
    "NETWORK": "what people call the place",
    "NICKLEN": "characters of a name",
    "PREFIX": "the roles, highest first: letters and signs",
    "STATUSMSG": "signs that may stand before a room's name, to speak to those members only",
    "TARGMAX": "targets of each verb; nothing behind the colon: any number",
    "TOPICLEN": "characters of a topic",
    "USERLEN": "characters of a user name",
    "UTF8ONLY": "anything but UTF-8 is refused",
    "WHOX": "WHO takes `%` and fields",
    "draft/ICON": "the address of a picture of the place, if the ini has one",
}


def tables() -> dict[str, str]:
    """Each table by its name."""
    return {
        "capabilities": _table(("capability", "about"), sorted(_capabilities())),
        "verbs": _table(("on IRC", "what for"), sorted(_verbs())),
        "tokens": _table(("token", "by default", "what it says"), sorted(_tokens())),
        "refusals": _table(("code", "sentence", "on IRC"), sorted(_refusals())),
        "replies": _replies(),
        "modes": _table(("letter", "by name", "what it does", "in a new room"), _modes()),
        "roles": _table(("letter", "sign", "role"), _roles()),
        "acts": _table(("to …", "one has to be"), _acts()),
        "aliases": _table(("typed", "the same as"), sorted(_aliases())),
    }


def filled(page: str) -> str:
    """A page with its tables as they are now; those that it has no place for come at its end."""
    for name, table in tables().items():
        page = _with_table(page, name, table)
    return page


def _with_table(page: str, name: str, table: str) -> str:
    block = f"<!-- table {name}: `make docs` -->\n\n{table}\n\n<!-- end of {name} -->"
    place = re.compile(rf"<!-- table {name}: .*?<!-- end of {name} -->", re.DOTALL)
    if place.search(page):
        return place.sub(lambda _: block, page)
    return f"{page}\n{block}\n"


def _capabilities() -> Iterator[tuple[str, ...]]:
    return ((f"`{cap}`", ABOUT[cap]) for cap in Cap)


def _verbs() -> Iterator[tuple[str, ...]]:
    """What only IRC has, or has in a form of its own; a module may show what another has made."""
    for command in {command.verb: command for command in commands_in(*VERBS)}.values():
        yield f"`{command.usage}`", command.help.partition("\n")[0]


def _tokens() -> Iterator[tuple[str, ...]]:
    every = Settings(Server(icon="https://…"))
    for token, value in tokens(every).items():
        yield f"`{token}`", f"`{value}`" if value else "", _TOKENS[token]


def _refusals() -> Iterator[tuple[str, ...]]:
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, ChatError) and error is not ChatError:
            number = NUMBERS.get(error)
            shown = f"{number[0]} {number[0].name}" if number else "`FAIL`"
            yield f"`{error.code}`", re.sub(r"{\d}", "…", error.text), shown


def _replies() -> str:
    refusals = {numeric for numeric, _ in NUMBERS.values()}
    words = [f"{one} {one.name}" for one in Numeric if one not in refusals]
    width = 2 + max(map(len, words))
    rows = [words[n : n + _COLUMNS] for n in range(0, len(words), _COLUMNS)]
    lines = ["".join(word.ljust(width) for word in row).rstrip() for row in rows]
    return "\n".join(["```", *lines, "```"])


def _modes() -> Iterator[tuple[str, ...]]:
    for letter, mode in MODES.items():
        yield f"`{letter}`", f"`{mode}`", _MODES[letter], "yes" if mode in NEW else ""
    for letter, listing in LISTINGS.items():
        yield f"`{letter}`", f"list `{listing}`", _LISTS[letter], ""


def _roles() -> Iterator[tuple[str, ...]]:
    return ((f"`{letter}`", f"`{SIGNS[role]}`", called(role)) for letter, role in ROLES.items())


def _acts() -> Iterator[tuple[str, ...]]:
    """What each act needs in a room without modes, and which mode makes a difference."""
    for act in Act:
        usual = _least(act)
        others = [f"with `{mode}`: {_least(act, mode)}" for mode in Mode]
        differing = [other for other in others if not other.endswith(f": {usual}")]
        yield act, "; ".join([usual, *differing])


def _least(act: Act, *modes: Mode) -> str:
    role = least_role(act, Room(0, "#tea", True, 0, modes=frozenset(modes)))
    return "anybody" if role is None else _or_above(role)


def _or_above(role: Role) -> str:
    return called(role) if role is Role.OWNER else f"{called(role)} or above"


def _aliases() -> Iterator[tuple[str, ...]]:
    for alias, verb in ALIASES.items():
        if f"/{alias}" != spelled(verb):
            yield f"`/{alias}`", f"`{spelled(verb)}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [" | ".join(row) for row in [head, ("---",) * len(head), *rows]]
    return "\n".join(f"| {line} |" for line in lines)
