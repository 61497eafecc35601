"""What the ini says to the core: one record for each section.

A reload swaps the records in the one `Settings` that all services look into, so that a
change is seen everywhere at once and nobody keeps an old copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from chatd.model import Bytes, Privilege, Rank, Seconds


@dataclass(frozen=True, slots=True)
class Server:
    """[server]: who this server is

    name: what the server is called on the wire; no spaces
    network: what people call the place
    description: one sentence about it, shown to those who ask
    lobby: the room that everybody is in to begin with; nothing for none
    motd: the message of the day: a text, or file:PATH
    icon: the address of a picture of the place, https://…, which clients may show
    founders: what people become in a room that they make: owner, or op
    """

    name: str = "chat.localhost"
    network: str = "chatd"
    description: str = "A chatd server"
    lobby: str = "#lobby"
    motd: str = ""
    icon: str = ""
    founders: Literal["owner", "op"] = "owner"


@dataclass(frozen=True, slots=True)
class Auth:
    """[auth]: who may come in

    guests: whether people without an account may come in
    registration: who may make an account: anybody (open), those with a code (invite), or only
        the administrator (closed)
    register_before_connect: whether an account can be made before one is on line
    register_other_name: whether an account can be called otherwise than its maker is just now
    register_email: whether an e-mail address has to be given; it goes to the daemon's log
    names: which characters names may have
    fixed_names: whether somebody who is logged in is always called as the account is
    shortest_password: the fewest characters that a password may have
    attempts: failed log-ins of one account, or from one address, before answers are delayed
    refuse_after: failed log-ins before all further ones are refused for a time
    forget_after: how long after the last failure the count starts again
    cloak: whether people see a made-up host instead of each other's network address
    """

    guests: bool = False
    registration: Literal["open", "invite", "closed"] = "open"
    register_before_connect: bool = True
    register_other_name: bool = True
    register_email: bool = False
    names: Literal["ascii", "unicode"] = "ascii"
    fixed_names: bool = True
    shortest_password: int = 8
    attempts: int = 3
    refuse_after: int = 10
    forget_after: Seconds = Seconds(600)
    cloak: bool = True


@dataclass(frozen=True, slots=True)
class Operators:
    """[operators]: what those may do who have an office on the whole server

    moderators: what moderators may do: hang up on people (kill), ban them from the server (uban),
        let nobody new in (lockdown), speak to all operators (wallops), and put right any room
        (rooms)
    admins: what administrators may do; besides the same, have the daemon read its settings again
        (rehash), and end it (die)
    """

    moderators: tuple[Privilege, ...] = (
        Privilege.KILL,
        Privilege.UBAN,
        Privilege.LOCKDOWN,
        Privilege.WALLOPS,
        Privilege.ROOMS,
    )
    admins: tuple[Privilege, ...] = tuple(Privilege)

    def of(self, rank: Rank) -> tuple[Privilege, ...]:
        """What somebody of a rank may do; below a moderator that is nothing."""
        if rank is Rank.ADMIN:
            return self.admins
        return self.moderators if rank is Rank.MODERATOR else ()


@dataclass(frozen=True, slots=True)
class Limits:
    """[limits]: how much of everything

    name: characters of a name
    room_name: characters of a room's name
    topic: characters of a topic
    reason: characters of a reason, for going, removing or being away
    rooms_per_person: rooms that one may be in at once
    rooms_per_account: rooms that one account may own
    masks: entries of each list of a room
    watched: names on one's watch list
    metadata_keys: keys of metadata of somebody, or of a room
    metadata_value: bytes of each of their values
    metadata_subscriptions: keys of metadata that a session can be told about
    history: messages in one answer from the history
    posts_waiting: messages of one session that may wait for the disk before it is paused
    messages: requests a session may make in a burst
    messages_every: the time after which it may make one more
    account_messages: the same for all sessions of an account or, for guests, of an address;
        here as below, all addresses of an IPv6 /64 count as one
    account_messages_every: the time after which they may make one more
    connections: connections from one address at once
    connects: connections from one address in a burst
    connects_every: the time after which one more may be made
    handshakes: TLS handshakes that may be under way at one endpoint at once; of more, the oldest
        are given up, of those addresses that have the most
    registrations: accounts that may be made from one address in a burst
    registrations_every: the time after which one more may be made
    """

    name: int = 32
    room_name: int = 64
    topic: int = 390
    reason: int = 300
    rooms_per_person: int = 100
    rooms_per_account: int = 100
    masks: int = 100
    watched: int = 100
    metadata_keys: int = 30
    metadata_value: int = 300
    metadata_subscriptions: int = 50
    history: int = 100
    posts_waiting: int = 32
    messages: int = 40
    messages_every: Seconds = Seconds(0.5)
    account_messages: int = 100
    account_messages_every: Seconds = Seconds(0.2)
    connections: int = 200
    connects: int = 100
    connects_every: Seconds = Seconds(0.05)
    handshakes: int = 1000
    registrations: int = 5
    registrations_every: Seconds = Seconds(300)


@dataclass(frozen=True, slots=True)
class Files:
    """[files]: the files that people offer to each other

    size: the largest file, in bytes; 0 for any
    account_storage: what is kept for one account, in bytes
    total_storage: what is kept for all together, in bytes
    free: what has to be left free on the disk, in bytes, by files that are to be kept
    open: offers of one account that are not over
    offers: offers of one account in a burst
    offers_every: the time after which it may make one more
    transfers: connections of one account that carry files at once
    life: how long an offer stands, and what is stored of it is kept
    ticket: how long a ticket is good
    meeting: how long a sender waits for a receiver that has accepted, before the server stores
        the file instead of handing it through
    patience: how long a connection that carries a file may stand still
    allowed: the media types that are taken, like image/*; nothing for all. What a file is, is
        found out from its beginning, which needs puremagic: pip install 'chatd[media-types]'
    refused: the media types that are not taken
    door: where people without a client for files are told to connect to, as host:port; nothing
        for the server's name and port 6697
    """

    size: Bytes = Bytes(100 << 20)
    account_storage: Bytes = Bytes(2 << 30)
    total_storage: Bytes = Bytes(20 << 30)
    free: Bytes = Bytes(1 << 30)
    open: int = 100
    offers: int = 20
    offers_every: Seconds = Seconds(6)
    transfers: int = 20
    life: Seconds = Seconds(7 * 86400)
    ticket: Seconds = Seconds(300)
    meeting: Seconds = Seconds(10)
    patience: Seconds = Seconds(120)
    allowed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    door: str = ""


@dataclass(slots=True)
class Settings:
    """The settings as they are now."""

    server: Server = field(default_factory=Server)
    auth: Auth = field(default_factory=Auth)
    limits: Limits = field(default_factory=Limits)
    operators: Operators = field(default_factory=Operators)
    files: Files = field(default_factory=Files)
