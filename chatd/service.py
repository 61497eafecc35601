"""Puts the house together: the only module that knows every part.

`make_core` is used by the daemon and by the tests alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from chatd.core import Core
from chatd.core.accounts import Accounts
from chatd.core.audit import Audit
from chatd.core.conversations import Conversations
from chatd.core.delivery import Delivery
from chatd.core.files import Files
from chatd.core.history import History
from chatd.core.limits import Gate
from chatd.core.log import Log
from chatd.core.markers import Markers
from chatd.core.members import Members
from chatd.core.messages import Messages
from chatd.core.metadata import Metadata
from chatd.core.missed import Missed
from chatd.core.offices import Offices
from chatd.core.places import Places
from chatd.core.presence import Presence
from chatd.core.rooms import Rooms
from chatd.core.server_bans import ServerBans
from chatd.core.sessions import Sessions
from chatd.core.settings import Settings
from chatd.core.transfers import Transfers
from chatd.interfaces import IAuthenticator, IBus, IDaemon, IFileRelay, IStore
from chatd.media import media_type


@dataclass(frozen=True, slots=True)
class Parts:
    """What a core is made of.

    `clock` gives milliseconds since 1970, `new_id` a short text, never the same twice;
    `secret` is this house's own: made-up hosts and salts are derived from it.
    """

    store: IStore
    bus: IBus
    authenticators: Mapping[str, IAuthenticator]
    settings: Settings
    reactor: IReactorTime
    clock: Callable[[], int]
    new_id: Callable[[], str]
    secret: bytes
    daemon: IDaemon
    relays: Sequence[IFileRelay] = ()


def make_core(parts: Parts) -> Core:
    """Make the services and tie them together."""
    store, settings, reactor, clock = parts.store, parts.settings, parts.reactor, parts.clock
    seconds, new_id = reactor.seconds, parts.new_id
    audit = Audit(store, clock)
    offices = Offices(audit, settings)
    log = Log(store, parts.bus, reactor, clock)
    sessions = Sessions(log)
    places = Places(sessions)
    rooms = Rooms(store, log, sessions, places, offices, settings)
    server_bans = ServerBans(store, audit, sessions, clock)
    conversations = Conversations(store, store, log, sessions)
    files = _files(parts, log, sessions, places, conversations, offices)
    core = Core(
        settings=settings,
        accounts=Accounts(store, parts.authenticators, settings, reactor, clock, parts.secret),
        sessions=sessions,
        places=places,
        rooms=rooms,
        members=Members(store, log, sessions, places, rooms, offices, settings),
        messages=Messages(store, log, places, conversations, offices, settings, seconds, new_id),
        conversations=conversations,
        history=History(store, log, places, conversations, settings),
        markers=Markers(store, log, sessions, places, conversations),
        missed=Missed(store, store, log, settings),
        presence=Presence(log, sessions, places, settings),
        metadata=Metadata(store, log, sessions, places, offices, settings),
        files=files,
        transfers=_transfers(parts, files, sessions, server_bans, log),
        log=log,
        gate=Gate(settings, seconds, server_bans.bars),
        audit=audit,
        offices=offices,
        server_bans=server_bans,
        daemon=parts.daemon,
        secret=parts.secret,
        new_id=new_id,
        started=clock(),
    )
    return _connected(core, parts.bus)


def _files(
    parts: Parts,
    log: Log,
    sessions: Sessions,
    places: Places,
    conversations: Conversations,
    offices: Offices,
) -> Files:
    store, settings, seconds = parts.store, parts.settings, parts.reactor.seconds
    return Files(
        store, store, log, sessions, places, conversations, offices, settings, seconds, parts.new_id
    )


def _transfers(
    parts: Parts, files: Files, sessions: Sessions, bans: ServerBans, log: Log
) -> Transfers:
    settings, reactor, new_id = parts.settings, parts.reactor, parts.new_id
    return Transfers(
        files, parts.relays, sessions, bans, log, settings, reactor, new_id, media_type
    )


def _connected(core: Core, bus: IBus) -> Core:
    """The core, with everybody hearing of what has been told, in this order."""
    delivery = Delivery(core.sessions, core.places)
    bus.subscribe(delivery.hear)
    for service in (
        core.rooms,
        core.presence,
        core.metadata,
        core.conversations,
        core.missed,
        core.transfers,
    ):
        delivery.also(service.heard)
    core.sessions.also(core.conversations.given_up)
    return core
