"""For a person with nothing but openssl, ncat or telnet.

Bytes become lines (telnet.py, terminal.py, and lines.py or editor.py), lines become requests
(talk.py), and what happens becomes sentences (render.py). What is asked for otherwise than
in other dialects is in verbs.py; everything else is in chatd.commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twisted.application.service import IService
from zope.interface import implementer

from chatd.commands import commands_in, find_commands
from chatd.commands.dispatch import Dispatcher
from chatd.core import Core
from chatd.core.limits import Buckets
from chatd.frontends.human import verbs
from chatd.frontends.human.stream import HumanFactory
from chatd.frontends.human.talk import Human
from chatd.frontends.listening import Listener, Listening
from chatd.frontends.outbox import Mailman
from chatd.interfaces import IFrontend
from chatd.model import Endpoint, Seconds


@dataclass(frozen=True)
class Options(Listening):
    """[listen NAME] type = human

    handshake: how long somebody may take until we know who it is
    negotiate: whether to greet with telnet's negotiation, for a port that only telnet comes
        to; otherwise it begins when a client has begun, as openssl and ncat never do
    """

    endpoint: Endpoint = Endpoint("tcp:6623")
    handshake: Seconds = Seconds(60)
    negotiate: bool = False


def make(options: Options, reactor: Any) -> HumanFrontend:
    """A front-end for people."""
    return HumanFrontend(options, reactor)


@implementer(IFrontend)
class HumanFrontend:
    """The human dialect, on one endpoint."""

    def __init__(self, options: Options, reactor: Any) -> None:
        self._options = options
        self._reactor = reactor

    def service(self, core: Core) -> IService:
        """What listens for people."""
        factory = HumanFactory(make_human(core, self._options, self._reactor))
        return Listener(self._options, factory, core.gate, self._reactor)


def make_human(core: Core, options: Options, reactor: Any) -> Human:
    """What all clients of one front-end share."""
    shared = [c for c in find_commands() if c.verb not in verbs.LEFT_OUT]
    mailman = Mailman(reactor, lambda: core.log.telling)
    core.log.afterwards(mailman.empty)
    return Human(
        core=core,
        dispatcher=Dispatcher(core, [*shared, *commands_in(verbs)], core.new_id),
        buckets=Buckets(reactor.seconds),
        mailman=mailman,
        reactor=reactor,
        handshake=options.handshake,
        negotiate=options.negotiate,
    )
