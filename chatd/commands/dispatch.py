"""From a request to its command, from an error to its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.logger import Logger

from chatd.answers import Refused
from chatd.commands import Request
from chatd.core import Core
from chatd.errors import ChatError, InternalError, NotUnderstood
from chatd.interfaces import ICommand


class Dispatcher:
    """Runs commands. Here is the one place in the house where an error meets its answer."""

    log = Logger()

    def __init__(self, core: Core, commands: Iterable[ICommand], new_id: Callable[[], str]) -> None:
        self._core = core
        self._new_id = new_id
        self.commands = {command.verb: command for command in commands}

    async def run(self, request: Request) -> None:
        """Do what was asked. Never raises: what goes wrong is answered."""
        try:
            await self._find(request).run(self._core, request)
        except ChatError as error:
            request.reply(Refused(error))
        except Exception:
            incident = self._new_id()
            self.log.failure(
                "incident {incident}: {verb} failed", incident=incident, verb=request.verb[:32]
            )
            request.reply(Refused(InternalError(incident)))

    def _find(self, request: Request) -> ICommand:
        command = self.commands.get(request.verb)
        if command is None:
            raise NotUnderstood(request.verb)
        self._core.offices.check_ask(request.session, command)
        return command
