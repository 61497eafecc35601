"""Where clients come in: what all front-ends that listen have in common.

A front-end's Options extend `Listening`, and its service is a `Listener`:

    def service(self, core: Core) -> IService:
        return Listener(self.options, Factory.forProtocol(…), core.gate, self.reactor)
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.tcp import Port
from twisted.logger import Logger
from twisted.protocols.policies import WrappingFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.core.limits import Gate
from chatd.errors import StartError
from chatd.frontends.halfway import Halfway
from chatd.frontends.proxies import Porch, Proxies, host_of
from chatd.frontends.tls import Credentials, Pair
from chatd.frontends.transports import EagerServer, EagerTLS
from chatd.interfaces import IDismissable, IReloadable
from chatd.model import Endpoint

LOOK_EVERY = 20  # seconds between looks whether a certificate has been renewed
FAREWELL = "The server is shutting down."
PATIENCE = 5.0
"""How many seconds clients have to take what was still meant for them."""
MOMENT = 0.05
QUEUE = 1024
"""How many may have connected without having been let in."""
ACCEPTS = 12
"""How many are let in before all others have their turn."""

_LOCAL = re.compile(
    r"unix:.*|tcp6?:.*:interface=(127(\.[0-9]{1,3}){3}|localhost|\\:\\:1)(:.*)?", re.DOTALL
)


@dataclass(frozen=True)
class Listening:
    """Settings of every front-end that listens

    endpoint: where to listen: tcp:PORT, tcp:PORT:interface=ADDRESS, unix:PATH,
        systemd:domain=INET:name=NAME, or any other server endpoint of Twisted
    tls: whether to speak TLS
    certificate: the certificate with its chain, in PEM; noticed within a minute when it is renewed
    key: its key, in PEM
    insecure: whether others may come in without TLS than those on this very machine
    proxies: addresses and networks (or unix) that may say whom they speak for, by a header of
        the PROXY protocol and by whatever else a front-end knows
    """

    endpoint: Endpoint = Endpoint("tcp:6697")
    tls: bool = True
    certificate: Path = Path("certificate.pem")
    key: Path = Path("key.pem")
    insecure: bool = False
    proxies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            Proxies(self.proxies)
        except ValueError as error:
            raise ValueError(
                f"proxies = {', '.join(self.proxies)!r} is no good: {error};"
                " it should be like 127.0.0.1, 10.0.0.0/8."
            ) from error
        if not (self.tls or self.insecure or _LOCAL.fullmatch(self.endpoint)):
            raise ValueError(
                f"tls = no would let others read along on {self.endpoint}: write tls = yes,"
                " an endpoint like tcp:6667:interface=127.0.0.1, or insecure = yes."
            )

    @property
    def pair(self) -> Pair:
        """The two files."""
        return Pair(self.certificate, self.key)


@implementer(IReloadable)
class Listener(Service):
    """Lets clients in, to protocols that a factory makes."""

    log = Logger()

    def __init__(
        self, options: Listening, factory: IProtocolFactory, gate: Gate, reactor: Any
    ) -> None:
        self.options = options
        self._gate = gate
        self._proxies = Proxies(options.proxies)
        self._factory = factory
        self._reactor = reactor
        self._door: _Door | None = None
        self._port: IListeningPort | None = None
        self._credentials: Credentials | None = None
        self._checked: Credentials | None = None
        self._looks: LoopingCall | None = None

    def startService(self) -> None:
        """Listen.

        :raise StartError: if that is not possible, with the remedy.
        """
        door: _Door = self._secured() if self.options.tls else PlainDoor(self._factory)
        door.gate, door.proxies = self._gate, self._proxies
        self._door = door
        self._port = self._listen(
            Porch(door, self._proxies, self._reactor) if self._proxies else door
        )
        if type(self._port) is Port:  # that of a Unix socket has transports of its own
            self._port.transport = EagerServer
        if isinstance(self._port, Port):
            _let_in_few(self._port)
        if isinstance(handle := getattr(self._port, "socket", None), socket.socket):
            _prepare(handle)
        super().startService()

    def stopService(self) -> Deferred[object]:
        """Let nobody in any more, and dismiss who is in.

        What this gives fires when they have gone, or have had a while for it.
        """
        super().stopService()
        if self._looks is not None:
            self._looks.stop()
        if self._port is None or self._door is None:
            return succeed(None)
        return ensureDeferred(self._shut(self._port, self._door))

    async def _shut(self, port: IListeningPort, door: _Door) -> None:
        door.shut = True
        await maybeDeferred(port.stopListening)
        for protocol in list(door.protocols):
            if IDismissable.providedBy(protocol.wrappedProtocol):
                protocol.wrappedProtocol.dismiss(FAREWELL)
            else:
                protocol.loseConnection()
        await wait_while(lambda: bool(door.protocols), self._reactor)
        if isinstance(door, SecureDoor):
            door.halfway.stop()

    @property
    def address(self) -> str:
        """Where it listens, for people."""
        host: Any = self._port.getHost() if self._port is not None else None
        if hasattr(host, "port"):
            return f"{host.host} port {host.port}"
        return str(getattr(host, "name", self.options.endpoint))

    def check(self, options: Listening) -> None:
        """Refuse a certificate that is no good; one that is good is kept for `reload`."""
        self._checked = Credentials(options.pair) if options.tls else None

    def reload(self, options: Listening) -> list[str]:
        """Take another certificate; what else is changed has to wait for a restart."""
        self.options = replace(self.options, certificate=options.certificate, key=options.key)
        if self._credentials is not None and self._checked is not None:
            self._credentials.use(self._checked)
        return _differences(options, self.options)

    def _secured(self) -> SecureDoor:
        try:
            self._credentials = Credentials(self.options.pair)
        except ValueError as error:
            raise StartError(str(error)) from error
        self._looks = LoopingCall(self._credentials.look_again)
        self._looks.clock = self._reactor
        self._looks.start(LOOK_EVERY, now=False)
        door = SecureDoor(self._credentials, False, self._factory, self._reactor)
        door.protocol = EagerTLS  # front-ends join their writes themselves
        door.halfway = Halfway(self._gate.most_handshakes, self._reactor)
        return door

    def _listen(self, factory: IProtocolFactory) -> IListeningPort:
        """All of Twisted's endpoints answer at once."""
        answers: list[IListeningPort | Failure] = []
        try:
            endpoint = serverFromString(self._reactor, self.options.endpoint)
            endpoint.listen(factory).addBoth(answers.append)
        except LookupError as error:
            raise StartError(f"systemd has handed over no {self.options.endpoint}.") from error
        if not answers:
            raise StartError(f"{self.options.endpoint} does not answer at once, as it should.")
        if isinstance(answers[0], Failure):
            raise StartError(self._refusal(answers[0].value))
        return answers[0]

    def _refusal(self, error: BaseException | None) -> str:
        cause = error.socketError if isinstance(error, CannotListenError) else error
        endpoint = self.options.endpoint
        match getattr(cause, "errno", None):
            case errno.EADDRINUSE:
                return f"{endpoint} is in use: stop what uses it, or write another endpoint."
            case errno.EACCES:
                return (
                    f"{endpoint} is not allowed to this user: write a port from 1024 on,"
                    " or let systemd open it."
                )
            case errno.EADDRNOTAVAIL:
                return f"{endpoint} has an address that this machine does not have."
        return f"{endpoint} cannot be listened on: {cause}."


class _Door(WrappingFactory):
    """Lets in as many as the gate admits; whom it does not is hung up on, unheard."""

    noisy = False
    gate: Gate
    proxies = Proxies()
    shut = False

    def buildProtocol(self, addr: Any) -> Any:
        """Somebody comes. A proxy speaks for many, so those are what is counted."""
        host = host_of(addr)
        if self.shut or (host not in self.proxies and not self.gate.admits(host)):
            return None
        return super().buildProtocol(addr)

    def registerProtocol(self, p: Any) -> None:
        """Somebody is in. TLS says so twice, and that they have gone once."""
        known = p in self.protocols
        super().registerProtocol(p)
        if not known and (host := host_of(p.transport.getPeer())) not in self.proxies:
            self.gate.came(host)

    def unregisterProtocol(self, p: Any) -> None:
        """Somebody has gone."""
        super().unregisterProtocol(p)
        if (host := host_of(p.transport.getPeer())) not in self.proxies:
            self.gate.went(host)


class PlainDoor(_Door):
    """Without TLS."""


class SecureDoor(_Door, TLSMemoryBIOFactory):
    """Over TLS; the gate comes before the handshake, which is what costs."""

    halfway: Halfway

    def registerProtocol(self, p: Any) -> None:
        """Somebody is in, and begins the handshake."""
        super().registerProtocol(p)
        self.halfway.came(p, host_of(p.transport.getPeer()))

    def unregisterProtocol(self, p: Any) -> None:
        """Somebody has gone."""
        super().unregisterProtocol(p)
        self.halfway.went(p)


async def wait_while(busy: Callable[[], bool], reactor: Any) -> None:
    """Wait until something is over, but not for long."""
    deadline = reactor.seconds() + PATIENCE
    while busy() and reactor.seconds() < deadline:
        await deferLater(reactor, MOMENT)


def _differences(one: Listening, other: Listening) -> list[str]:
    """The names of the settings that are not the same."""
    names = (field.name for field in fields(one))
    return [name for name in names if getattr(one, name) != getattr(other, name)]


def _let_in_few(port: Any) -> None:
    """Have a port let in some at once; Twisted's let in more and more while many come."""
    let_in = port.doRead

    def let_in_some() -> None:
        port.numberAccepts = ACCEPTS
        let_in()

    port.doRead = let_in_some


def _prepare(handle: socket.socket) -> None:
    """What is written goes out at once, and dead peers are found out in the end. Accepted
    sockets inherit this from the listening one. Many may wait until they are let in: whom the
    system turns away tries again only after a second."""
    handle.listen(QUEUE)
    if handle.family in (socket.AF_INET, socket.AF_INET6):
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
