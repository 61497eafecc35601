"""What there is to ask for. Every line of it is made from the commands themselves."""

from __future__ import annotations

from chatd.answers import Help
from chatd.commands import Command, Request, command, find_commands
from chatd.core import Core
from chatd.errors import NotUnderstood
from chatd.interfaces import ICommand


@command("HELP")
async def help_(core: Core, request: Request, verb: str = "") -> None:
    """See what you can ask for, or how one thing is asked for."""
    known = {c.verb: c for c in find_commands() if core.offices.may_ask(request.session, c)}
    if not verb:
        lines = [f"{c.usage}: {first_sentence(c)}" for _, c in sorted(known.items())]
        request.reply(Help("*", tuple(lines)))
        return
    asked = known.get(verb.upper().lstrip("/"))
    if asked is None:
        raise NotUnderstood(verb)
    request.reply(Help(asked.verb, (asked.usage, *asked.help.splitlines())))


def first_sentence(asked: ICommand | Command) -> str:
    """The beginning of a command's help, on one line."""
    return " ".join(str(asked.help).split()).partition(". ")[0].rstrip(".") + "."
