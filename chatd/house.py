"""The daemon's life: how a house starts, takes a changed ini, and ends.

The order of the start is that of the promises: first what keeps messages, then who tells
them, and only then are clients let in. The end is the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import IO, Any

from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults, maybeDeferred
from twisted.logger import Logger
from zope.interface import implementer

from chatd import __version__, config, directory
from chatd.config import Config, ConfigError, Part
from chatd.core import Core
from chatd.errors import StartError
from chatd.frontends.listening import FAREWELL, wait_while
from chatd.garbage import Collector, collect_young
from chatd.interfaces import (
    IAuthenticator,
    IBus,
    IDaemon,
    IFileRelay,
    IFrontend,
    IReloadable,
    IStore,
)
from chatd.model import Rank, Reloaded
from chatd.plugins import build
from chatd.service import Parts, make_core
from chatd.watchdog import Watchdog


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


@implementer(IDaemon)
class House(Service):
    """A whole house, from an ini.

    :param clock: gives milliseconds since 1970.
    :param leave: called with an exit status when it is to end, or cannot go on.
    """

    log = Logger()

    def __init__(
        self,
        wanted: Config,
        reactor: Any,
        clock: Callable[[], int],
        leave: Callable[[int], None],
    ) -> None:
        self.config = wanted
        self.core: Core | None = None
        self.starting: Deferred[None] | None = None
        self._folder = wanted.data
        self._settings = wanted.settings
        self._reactor = reactor
        self._clock = clock
        self._leave = leave
        self._collector = Collector(reactor)
        self._watchdog = Watchdog(reactor, collect_young)
        self._running: list[Running] = []
        self._lock: IO[bytes] | None = None

    def startService(self) -> None:
        """Begin to start; clients are let in when all is ready."""
        super().startService()
        self.starting = ensureDeferred(self._start_or_leave())

    def stopService(self) -> Deferred[None]:
        """Tell the clients, let nobody in, and give what is kept back to the disk."""
        super().stopService()
        return ensureDeferred(self._stop())

    @property
    def ini(self) -> str:
        """The name of the file with the settings."""
        return self.config.path.name

    def reload(self) -> Reloaded:
        """Read the ini again and take all of it; or nothing, if anything of it is no good."""
        try:
            wanted = config.read(self.config.path)
            self._check(wanted)
        except ConfigError as error:
            self.log.error("nothing is changed: {error}", error=error)
            return Reloaded(faults=error.args)
        waiting = self._take(wanted)
        for sentence in waiting:
            self.log.warn("not all is in force: {sentence}", sentence=sentence)
        self._watchdog.tell()
        self.log.info("{path} is in force", path=str(wanted.path))
        return Reloaded(waiting=waiting)

    def end(self) -> None:
        """End as if told to by a signal."""
        self._leave(0)

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
        directory.prepare(self.config, self._clock() / 1000)
        self._lock = directory.hold(self.config)
        (store,), (bus,) = self._begin(IStore), self._begin(IBus)
        with _said_of(self.config.those(IStore)[0]):
            await store.open()
        authenticators = {thing.kind: thing for thing in self._begin(IAuthenticator)}
        self.core = make_core(
            Parts(
                store,
                bus,
                authenticators,
                self._settings,
                self._reactor,
                self._clock,
                lambda: token_hex(8),
                directory.secret(self.config),
                self,
                self._begin(IFileRelay),
            )
        )
        await self.core.rooms.load()
        await self.core.metadata.load()
        await self.core.server_bans.load()
        await self.core.files.load()
        await self.core.transfers.begin()
        self._begin(IFrontend)
        self._collector.startService()
        await self._announce(store)

    def _begin(self, makes: Any) -> list[Any]:
        """Make all parts of one sort, and start those that are, or lend, a service."""
        for part in self.config.those(makes):
            with _said_of(part):
                thing = build(makes, part.name, part.options, self._reactor)
                service = thing.service(self.core) if makes is IFrontend else IService(thing, None)
                self._running.append(Running(part, thing, service))
                if service is not None:
                    service.startService()
        return [running.thing for running in self._of(makes)]

    def _of(self, makes: Any) -> list[Running]:
        return [running for running in self._running if running.part.makes is makes]

    async def _announce(self, store: IStore) -> None:
        for running in self._of(IFrontend):
            self.log.info(
                "[{section}] listens on {address}",
                section=running.part.section,
                address=getattr(running.service, "address", "its own"),
            )
        for pair in directory.pairs(self.config):
            self.log.info(
                "{certificate} has the SHA-256 fingerprint {fingerprint}",
                certificate=str(pair.certificate),
                fingerprint=pair.fingerprint(),
            )
        if not any(account.rank is Rank.ADMIN for account in await store.accounts()):
            self.log.info(
                "no administrator yet: chatd account add NAME --rank admin --config {path}",
                path=str(self.config.path),
            )
        self._watchdog.startService()
        self.log.info("chatd {version} is ready", version=__version__)

    async def _stop(self) -> None:
        """What was begun last ends first; no part that fails keeps the others from ending."""
        if self.starting is not None:
            await self.starting
        await gatherResults([ensureDeferred(self._end(door)) for door in self._of(IFrontend)])
        await self._dismiss()
        for makes in (IFileRelay, IAuthenticator, IBus, IStore):
            for running in self._of(makes):
                await self._end(running)
        for running in self._of(IStore):
            await running.thing.close()
        if self._lock is not None:
            self._lock.close()
        self._collector.stopService()
        self._watchdog.stopService()
        self.log.info("chatd has ended")

    async def _end(self, running: Running) -> None:
        try:
            await maybeDeferred(running.service.stopService if running.service else lambda: None)
        except Exception:
            self.log.failure("[{section}] did not end well", section=running.part.section)

    async def _dismiss(self) -> None:
        """Tell all whom no front-end has told, and wait for a while until they have gone."""
        if self.core is None:
            return
        self.core.transfers.end()
        for here in self.core.sessions:
            for session in list(here.sessions.values()):
                session.close(FAREWELL)
        await wait_while(self._is_busy, self._reactor)

    def _is_busy(self) -> bool:
        """Whether somebody is still here, or something is still on its way to the disk."""
        core = self.core
        if core is None:
            return False
        parts = (core.log, core.rooms, core.conversations, core.missed, core.transfers)
        return len(core.sessions) > 0 or not all(part.idle() for part in parts)

    def _check(self, wanted: Config) -> None:
        """Ask each part whether it could take what the ini says now.

        :raise ConfigError: with what they say against it.
        """
        faults = []
        for running, part in self._pairs(wanted):
            for thing in running.reloadables():
                try:
                    thing.check(part.options)
                except ValueError as error:
                    faults.append(f"{wanted.path} [{part.section}] {error}")
        if faults:
            raise ConfigError(*faults)

    def _take(self, wanted: Config) -> tuple[str, ...]:
        """Have all parts take what the ini says now; what waits for a restart, in sentences."""
        settings = self._settings
        settings.server, settings.auth, settings.limits = wanted.server, wanted.auth, wanted.limits
        settings.operators = wanted.operators
        settings.files = wanted.files
        kept = []
        if wanted.data != self._folder:
            kept.append("[server] keeps its data until a restart.")
        for running, part in self._pairs(wanted):
            names = [name for each in running.reloadables() for name in each.reload(part.options)]
            if names:
                kept.append(f"[{part.section}] keeps its {', '.join(names)} until a restart.")
            if part.options == running.part.options or any(running.reloadables()):
                running.part = part
        self.config = wanted
        others = set(wanted.parts) ^ {running.part for running in self._running}
        sections = sorted({part.section for part in others})
        return (*kept, *(f"[{section}] stays as it is until a restart." for section in sections))

    def _pairs(self, wanted: Config) -> Iterator[tuple[Running, Part]]:
        """What runs, and what the ini says of it now."""
        parts = {(part.section, part.name): part for part in wanted.parts}
        for running in self._running:
            part = parts.get((running.part.section, running.part.name))
            if part is not None:
                yield running, part


@contextmanager
def _said_of(part: Part) -> Iterator[None]:
    """Have a refusal to start name the section of the ini that it is about."""
    try:
        yield
    except StartError as error:
        raise StartError(f"[{part.section}] {error}") from error
