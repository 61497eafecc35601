"""The daemon's life: how a house starts, takes a changed ini, and ends.

The order of the start is that of the promises: first what keeps messages, then who tells
them, and only then are clients let in. The end is the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from chatd import config, directory
from chatd.config import Config, ConfigError, Part
from chatd.core import Core
from chatd.errors import StartError
from chatd.interfaces import IAuthenticator, IBus, IFrontend, IReloadable, IStore
from chatd.model import Rank
from chatd.plugins import build
from chatd.service import make_core

FAREWELL = "The server is shutting down."
PATIENCE = 5.0
"""How many seconds clients have to take what was still meant for them."""
MOMENT = 0.05


@dataclass
class Running:
    """A part of the house: what the ini says of it, the thing, and the service that it lends."""

    part: Part
    thing: Any
    service: IService | None

    def reloadables(self) -> Iterator[Any]:
        """What of it can take new options."""
        things = dict.fromkeys([self.thing, self.service])
        return (thing for thing in things if IReloadable.providedBy(thing))


class House(Service):
    """A whole house, from an ini.

    :param leave: called with an exit status when there is no use in going on.
    """

    log = Logger()

    def __init__(self, wanted: Config, reactor: Any, leave: Callable[[int], None]) -> None:
        self.config = wanted
        self.core: Core | None = None
        self.starting: Deferred[None] | None = None
        self._settings = wanted.settings
        self._reactor = reactor
        self._leave = leave
        self._running: list[Running] = []

    def startService(self) -> None:
        """Begin to start; clients are let in when all is ready."""
        super().startService()
        self.starting = ensureDeferred(self._start_or_leave())

    def stopService(self) -> Deferred[None]:
        """Tell the clients, let nobody in, and give what is kept back to the disk."""
        super().stopService()
        return ensureDeferred(self._stop())

    def reload(self) -> None:
        """Read the ini again and take all of it, or nothing if any of it is no good."""
        try:
            wanted = config.read(self.config.path)
            self._check(wanted)
        except ConfigError as error:
            self.log.error("nothing is changed: {error}", error=error)
            return
        self._take(wanted)
        self.log.info("{path} is in force", path=str(wanted.path))

    async def _start_or_leave(self) -> None:
        try:
            await self._start()
        except StartError as error:
            self.log.critical("chatd: {path} {error}", path=str(self.config.path), error=error)
            self._leave(1)
        except Exception:
            self.log.failure("chatd could not start")
            self._leave(1)

    async def _start(self) -> None:
        directory.prepare(self.config, self._reactor.seconds())
        store, bus = self._build(IStore)[0].thing, self._build(IBus)[0].thing
        await store.open()
        authenticators = {running.thing.kind: running.thing for running in self._build(IAuthenticator)}
        self.core = await make_core(
            self._settings, store, bus, authenticators, directory.secret(self.config), self._reactor
        )
        for running in self._build(IFrontend):
            running.service = running.thing.service(self.core)
            self._begin(running)
        await self._announce(store)

    def _build(self, makes: Any) -> list[Running]:
        """Make all parts of one sort, and start those that are services."""
        built = []
        for part in self.config.those(makes):
            with _said_of(part):
                thing = build(part.makes, part.name, part.options, self._reactor)
            running = Running(part, thing, thing if IService.providedBy(thing) else None)
            self._running.append(running)
            built.append(running)
            self._begin(running)
        return built

    def _begin(self, running: Running) -> None:
        if running.service is not None and not running.service.running:
            with _said_of(running.part):
                running.service.startService()
