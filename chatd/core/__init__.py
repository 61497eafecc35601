"""The core: a handful of services, each with its own state and given what it needs.

The services themselves are made in chatd.service, and know nothing of this record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chatd.core.accounts import Accounts
from chatd.core.audit import Audit
from chatd.core.conversations import Conversations
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
from chatd.interfaces import IDaemon


@dataclass(frozen=True, slots=True)
class Core:
    """All that a command or a front-end can ask for."""

    settings: Settings
    accounts: Accounts
    sessions: Sessions
    places: Places
    rooms: Rooms
    members: Members
    messages: Messages
    conversations: Conversations
    history: History
    markers: Markers
    missed: Missed
    presence: Presence
    metadata: Metadata
    files: Files
    transfers: Transfers
    log: Log
    gate: Gate
    audit: Audit
    offices: Offices
    server_bans: ServerBans
    daemon: IDaemon
    secret: bytes
    new_id: Callable[[], str]
    started: int
