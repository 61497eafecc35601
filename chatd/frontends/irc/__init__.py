"""The TLS line protocol: IRC as modern clients speak it, IRCv3.

A client's bytes become lines (protocol.py), lines become requests (client.py), and what
happens becomes lines again (render.py for news, replies.py for answers). What only IRC
can ask for is in a module for each group of verbs; everything else is in chatd.commands.
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
from chatd.frontends.irc import (
    away,
    capabilities,
    chathistory,
    files,
    handshake,
    invitations,
    isupport,
    listing,
    markers,
    metadata,
    modes,
    multiline,
    names,
    people,
    redaction,
    registration,
    rename,
    sasl,
    server,
    services,
    talk,
    webirc,
    welcome,
)
from chatd.frontends.irc.client import Irc
from chatd.frontends.irc.profile import Profiles
from chatd.frontends.irc.protocol import IRCFactory
from chatd.frontends.listening import Listener, Listening
from chatd.frontends.outbox import Mailman
from chatd.frontends.portions import Portions
from chatd.frontends.proxies import Proxies
from chatd.interfaces import IFrontend
from chatd.model import Seconds, Secret

VERBS = (
    away,
    capabilities,
    chathistory,
    files,
    handshake,
    invitations,
    isupport,
    listing,
    markers,
    metadata,
    modes,
    multiline,
    names,
    people,
    redaction,
    registration,
    rename,
    sasl,
    server,
    services,
    talk,
    webirc,
    welcome,
)


@dataclass(frozen=True)
class Options(Listening):
    """[listen NAME] type = irc

    handshake: how long a client may take until it is on line
    invisible: whether who comes by this door has the mode i until they take it off: they are
        found by masks, and WHOIS shows their rooms, only to those who are in a room with them
    idle: how long a client may be silent until it is asked whether it is there; after as long
        again without an answer it is let go
    password: what everybody has to say in PASS to come in by this door; nothing lets all come
    sts: how long clients are to come over TLS only, as is told to all who ask what there is here;
        0 takes that back, and nothing says nothing
    sts_port: where they are to come over TLS; told to those who have come without it
    webirc: what web gateways among the proxies say in WEBIRC; without it there is no WEBIRC
    """

    handshake: Seconds = Seconds(60)
    invisible: bool = False
    idle: Seconds = Seconds(180)
    sts: Seconds | None = None
    sts_port: int = 6697
    webirc: Secret = Secret("")
    password: Secret = Secret("")


def make(options: Options, reactor: Any) -> IRCFrontend:
    """An IRC front-end."""
    return IRCFrontend(options, reactor)


@implementer(IFrontend)
class IRCFrontend:
    """IRC, on one endpoint."""

    def __init__(self, options: Options, reactor: Any) -> None:
        self._options = options
        self._reactor = reactor

    def service(self, core: Core) -> IService:
        """What listens for IRC clients."""
        factory = IRCFactory(make_irc(core, self._options, self._reactor))
        return Listener(self._options, factory, core.gate, self._reactor)


def make_irc(core: Core, options: Options, reactor: Any) -> Irc:
    """What all clients of one front-end share."""
    commands = [*find_commands(), *commands_in(*VERBS)]
    mailman = Mailman(reactor, lambda: core.log.telling)
    core.log.afterwards(mailman.empty)
    return Irc(
        core=core,
        dispatcher=Dispatcher(core, commands, core.new_id),
        options=options,
        reactor=reactor,
        profiles=Profiles(),
        mailman=mailman,
        portions=Portions(reactor),
        buckets=Buckets(reactor.seconds),
        proxies=Proxies(options.proxies),
    )
