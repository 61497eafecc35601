"""What one can ask for: one function each, written once for all dialects.

    @command("TOPIC")
    async def topic(core: Core, request: Request, room: str, text: str | None = None) -> None:
        '''Read the topic of a room, or change it.'''

The signature is the usage, the docstring is the help. Parameters without a default are
needed; in a human dialect the last one takes the rest of the line. Annotate with `str` or
`int`, `| None` where there is a default.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from twisted.plugin import IPlugin
from zope.interface import implementer

from chatd.answers import Answer, Refused
from chatd.core import Core
from chatd.dropins import providing
from chatd.errors import ChatError, InvalidParams, NeedMoreParams
from chatd.events import Cause
from chatd.interfaces import ICommand, ISession
from chatd.model import Privilege, Rank


@dataclass(slots=True)
class Request:
    """What somebody asks for: who, what, with what, and where the answer goes."""

    session: ISession
    verb: str
    params: tuple[str, ...]
    reply: Callable[[Answer], None]
    tags: Mapping[str, str] = field(default_factory=dict)
    label: str | None = None

    @property
    def cause(self) -> Cause:
        """What to write on the events that come of it."""
        return Cause(self.session.key, self.label)

    def refuse(self, error: ChatError) -> None:
        """Say that a part of the request did not work; the rest goes on."""
        self.reply(Refused(error))


MANY = 1000
"""How many parameters a command takes that takes any number."""

Function = Callable[..., Awaitable[None]]


@implementer(ICommand, IPlugin)
class Command:
    """A function that can be asked for by its verb."""

    def __init__(
        self, verb: str, function: Function, rank: Rank, privilege: Privilege | None = None
    ) -> None:
        parameters = list(inspect.signature(function).parameters.values())[2:]
        self.verb = verb
        self.rank = rank
        self.privilege = privilege
        self.help = inspect.cleandoc(function.__doc__ or "")
        self.usage = " ".join([verb, *(_usage(p) for p in parameters)])
        self.least = sum(
            p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in parameters
        )
        many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.most = MANY if many else len(parameters)
        self._function = function
        self._numbers = tuple("int" in str(p.annotation) for p in parameters)

    async def run(self, core: Core, request: Request) -> None:
        """Check what was given against the signature, and call the function.

        :raise NeedMoreParams: if something is missing.
        :raise InvalidParams: if a number is none.
        """
        given = request.params[: self.most]
        if len(given) < self.least or "" in given[: self.least - 1]:
            raise NeedMoreParams(self.verb, self.usage)
        if True in self._numbers:
            given = tuple(map(self._converted, given, self._numbers))
        await self._function(core, request, *given)

    def _converted(self, text: str, number: bool) -> Any:
        if not number:
            return text
        try:
            return int(text)
        except ValueError:
            raise InvalidParams(self.verb, text, "it should be a number.") from None


def command(
    verb: str, rank: Rank = Rank.GUEST, privilege: Privilege | None = None
) -> Callable[[Function], Command]:
    """Make a command of a function; `rank` is the least that one must have to use it, and
    `privilege` what the ini has to grant to that rank."""

    def decorate(function: Function) -> Command:
        return Command(verb, function, rank, privilege)

    return decorate


def commands_in(*modules: Any) -> Iterator[Command]:
    """All commands in the given modules."""
    for module in modules:
        yield from (v for v in vars(module).values() if isinstance(v, Command))


def find_commands() -> Iterable[ICommand]:
    """All commands that come with chatd, then those dropped into twisted/plugins."""
    for info in pkgutil.iter_modules(__path__):
        yield from commands_in(import_module(f"{__name__}.{info.name}"))
    yield from providing(ICommand)


def _usage(parameter: inspect.Parameter) -> str:
    name = parameter.name.rstrip("_")
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"[{name}...]"
    return f"<{name}>" if parameter.default is parameter.empty else f"[{name}]"
