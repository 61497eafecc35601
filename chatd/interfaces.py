"""Every seam of the house, on a few screens.

What may wait is `async`. An ability is an interface: ask `IThing.providedBy(part)`.
A part that also provides Twisted's `IService` is started and stopped with the house.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.application.service import IService

    from chatd.answers import Answer
    from chatd.events import Batch, Entry, Kept
    from chatd.model import (
        Account,
        Conversation,
        Invitation,
        Mask,
        Member,
        Offer,
        Rank,
        Reloaded,
        Role,
        Room,
        Sealed,
        ServerBan,
        Subject,
        Taken,
    )


class ISession(Interface):
    """One connection. All that the core can do with it is deliver and close."""

    key = Attribute("str: unlike that of any other session, on any node")
    person = Attribute("Person: who is at the other end; the core sets it when that changes")
    rank = Attribute("Rank: what they may do on the server; the core sets it")
    office = Attribute("str: the account whose rank that is, if they have taken up its office")
    address = Attribute("str: where they come from; for limits and operators only")
    secure = Attribute("bool: nobody between them and us can read along")
    fingerprint = Attribute("str | None: SHA-256 of their TLS certificate, hexadecimal")
    since = Attribute("int: when they came, ms since 1970")
    active = Attribute("int: when they last did something, ms since 1970")

    def deliver(batch: Batch) -> None:
        """Show these events soon and in order; never block, never raise."""

    def answer(answer: Answer) -> None:
        """Show something that nobody asked for just now, but that is only for this session."""

    def close(reason: str) -> None:
        """Show why, and hang up."""


class IAccountStore(Interface):
    """Who may come back, and the secrets that prove it."""

    async def find_account(name: str) -> Account | None:
        """The account whose name folds like this."""

    async def account(key: int) -> Account | None:
        """The account with this key."""

    async def accounts() -> Sequence[Account]:
        """All of them, by name."""

    async def find_alike(skeleton: str) -> Account | None:
        """An account whose name looks like this skeleton."""

    async def add_account(name: str, rank: Rank, created: int, secrets: dict[str, str]) -> Account:
        """Keep a new account with its secrets, by kind.

        :raise AccountExists: if one has that fold or skeleton.
        """

    async def change_account(account: Account) -> None:
        """Keep another rank, spelling or suspension of the account with this key."""

    async def secrets(account: int, kind: str) -> Sequence[str]:
        """What an account's proofs of this kind are verified against."""

    async def owner_of(kind: str, secret: str) -> Account | None:
        """The account that has exactly this secret."""

    async def keep_secret(account: int, kind: str, secret: str, instead_of: str | None) -> None:
        """Keep a secret: beside those there are, or `instead_of` an old one.

        If somebody was faster and the old one is gone already, nothing changes.
        """

    async def drop_secrets(account: int, kind: str) -> None:
        """Forget all of an account's secrets of a kind."""

    async def seen(account: int) -> int:
        """Until when somebody of an account was here last; 0 if never."""

    async def see(until: Mapping[int, int]) -> None:
        """Keep until when somebody of these accounts (keys) was here."""

    async def add_invitation(invitation: Invitation) -> None:
        """Keep a code that lets people register."""

    async def use_invitation(digest: str, now: int) -> bool:
        """Use an invitation once; whether there was one that is still good."""


class IRoomStore(Interface):
    """The current state of rooms. It changes together with their logs: see ILogStore."""

    async def rooms() -> Sequence[Room]:
        """All rooms but the direct ones."""

    async def find_direct(name: str) -> Room | None:
        """The direct conversation with this name: see names.direct_name."""

    async def add_room(room: Room, members: Iterable[tuple[int, Role]]) -> Room:
        """Keep a new room with its first members (account keys); what comes back has its key.

        :raise NameTaken: if a room's name folds like this one's.
        """

    async def drop_room(room: int) -> None:
        """Forget a room, its log and all beside it."""

    async def drop_passing_rooms() -> None:
        """Forget the rooms that are not kept: they ended when the daemon stopped."""

    async def rooms_of(account: int) -> Sequence[Member]:
        """Where an account is a member, direct conversations left out."""

    async def member(room: int, account: int) -> Member | None:
        """An account's place in a room."""

    async def members(room: int) -> Sequence[Member]:
        """All members of a room."""

    async def masks(room: int) -> Sequence[Mask]:
        """The entries of all lists of a room, oldest first."""


class ILogStore(Interface):
    """The logs of all rooms, and how far each account has read in them."""

    async def append(entries: Sequence[Kept]) -> Sequence[int]:
        """Keep entries, and the changes that go with them, all or none.

        When it returns they survive a power cut. Each has the next number of its
        room, from 1 on without gaps, in the order given.

        :raise NotKept: if the disk, or the database, will not; then nothing has changed.
        :raise NoSuchRoom: if a room is gone; then nothing has changed either.
        """

    async def page(
        room: Room, after: int | None, before: int | None, limit: int, newest: bool
    ) -> Sequence[Entry]:
        """Entries with after < number < before, oldest first, `limit` at most.

        :param newest: if more fit, those with the highest numbers, else the lowest.
        """

    async def find(room: Room, number: int) -> Entry | None:
        """One entry."""

    async def number_at(room: int, time: int) -> int:
        """The highest number in the room with an entry before `time`; 0 if none.

        Times in a log do not go back; should the clock have done so, it is one close by.
        """

    async def last(room: int) -> int:
        """The highest number of a room; 0 if nothing happened yet."""

    async def mark(account: int, room: int, read: int) -> int:
        """Keep that an account has read up to a time; answers the latest time kept.

        Nothing is kept of a room that is gone.
        """

    async def marks(account: int) -> dict[int, int]:
        """How far an account has read, by room."""

    async def conversations(
        account: int, after: int, before: int, limit: int
    ) -> Sequence[Conversation]:
        """Rooms and direct conversations of an account whose latest message lies between two
        times, by that time, the earliest first."""


class IMetadataStore(Interface):
    """What is told of accounts and of rooms, as keys and values."""

    async def metadata(subject: Subject, key: int) -> Mapping[str, str]:
        """All that is told of an account, or of a room, with this key."""

    async def keep_metadata(subject: Subject, key: int, name: str, value: str | None) -> None:
        """Keep another value, or none. Nothing is kept of what is gone."""


class IServerBanStore(Interface):
    """Who may not come to the server."""

    async def server_bans() -> Sequence[ServerBan]:
        """All of them, oldest first; those too that have expired and were not dropped."""

    async def keep_server_ban(ban: ServerBan) -> None:
        """Keep a ban, instead of another of the same kind and target if there is one."""

    async def drop_server_ban(ban: ServerBan) -> None:
        """Forget the ban of this kind and target."""


class IAuditStore(Interface):
    """The audit log. Nothing that is in it is ever changed, or goes."""

    async def record(follow: Callable[[Sealed | None], Sealed]) -> Sealed:
        """Keep what `follow` makes of the last record; nothing gets between the two, also
        where the operator's command and the daemon record at once."""

    async def records(after: int, limit: int) -> Sequence[Sealed]:
        """Records with higher numbers than `after`, in order."""

    async def newest_records(limit: int, act: str, by: str) -> Sequence[Sealed]:
        """The last records whose act begins with this, by this one if not empty; in order."""


class IFileStore(Interface):
    """The offers that are not over; never contents. They change together with the logs."""

    async def offers() -> Sequence[Offer]:
        """All of them."""


class IStore(
    IAccountStore,
    IRoomStore,
    ILogStore,
    IMetadataStore,
    IServerBanStore,
    IAuditStore,
    IFileStore,
):
    """All that a house keeps, in one place, so that one transaction covers it.

    Whatever changes something raises NotKept, and changes nothing, if that cannot be kept.
    People's real names are not kept.
    """

    async def open() -> None:
        """Be ready for all the rest.

        :raise StartError: if that cannot be, with what to do.
        """

    async def close() -> None:
        """Finish what is being kept, and let go of the disk."""


class IBus(Interface):
    """Carries events to every process of the house."""

    async def publish(batch: Batch) -> None:
        """Let all subscribers hear; what one publisher says stays in order."""

    def subscribe(hear: Callable[[Batch], None]) -> None:
        """From now on call `hear` with each batch, in the order of subscription."""


class IPipe(Interface):
    """A connection that brings or takes the bytes of one file.

    Towards a receiver there is back-pressure both ways: by `follow`, or by `ready`.
    """

    gone = Attribute("bool: whether it has ended, or was hung up on")
    accepted = Attribute("bool: whether it was said from where on the bytes go")
    moved = Attribute("int: changes whenever something has moved")
    its_turn = Attribute("bool: whether the client has to do something before more can move")

    def accept(offset: int, size: int, digest: str) -> None:
        """Say from where on the bytes go, unless that was said before."""

    def listen(hear: Callable[[bytes], None] | None) -> None:
        """From now on call `hear` with what comes; with none, let it wait at the other end."""

    def hold(wait: bool) -> None:
        """Let the one who sends wait for a while, or go on."""

    def follow(source: Any) -> None:
        """From now on hold that pipe whenever this one takes no more; none for no pipe."""

    def write(chunk: bytes) -> None:
        """Send bytes of the file."""

    async def ready() -> None:
        """Wait until it takes more.

        :raise Cut: if it ends instead.
        """

    async def confirmed() -> str:
        """Wait until the receiver says which digest the file has that it got; "" if it cannot
        say that, but has everything.

        :raise Cut: if it ends instead.
        :raise WrongHash: if it says that something is wrong with it.
        """

    def when_gone(act: Callable[[], None]) -> None:
        """Call this when it ends, or at once if it has."""

    def finish(digest: str) -> None:
        """Say that all is well, and hang up."""

    def refuse(error: Exception) -> None:
        """Say what is wrong, if that can still be said, and hang up."""


class IFileRelay(Interface):
    """A way for the bytes of files from who sends them to who receives them."""

    keeps = Attribute("bool: whether they stay when both have gone, until they are forgotten")

    async def tidy(offers: Sequence[Offer]) -> None:
        """Be ready for these, and let go of all that belongs to no offer any more.

        :raise StartError: if that cannot be, the first time.
        :raise NotKept: if something cannot be removed.
        """

    def ready(offer: Offer) -> int | None:
        """From which offset it could take the bytes now; None if it could not."""

    def held(offer: Offer) -> tuple[int, int] | None:
        """From where to where it has, or is about to have, bytes of a file; None if none."""

    def room() -> int:
        """How many bytes more could be kept."""

    async def take(offer: Offer, pipe: IPipe, start: int, head: bytes) -> Taken:
        """Take the bytes that a sender brings from `start` on; `head` are the first of them.

        When it returns, the pipe can be listened to by somebody else.

        :raise TooMuch: if there are more than offered.
        :raise WrongHash: if they are not what was offered; then nothing of them is left.
        :raise ServerFull, NotKept: if they cannot be kept; what was kept stays.
        """

    async def give(offer: Offer, pipe: IPipe, start: int, end: int) -> str:
        """Give a receiver the bytes from `start` to `end`, as they come; if that is the end of
        the file, the digest of what it got.

        :raise Cut: if the receiver goes before all is said.
        :raise WrongHash: if it has got something else than was offered.
        :raise NoSuchFile: if they are forgotten before it has them all.
        """

    async def forget(offer: Offer) -> None:
        """Leave nothing of a file.

        :raise NotKept: if it cannot be removed.
        """


class IAuthenticator(Interface):
    """One way to prove who one is."""

    kind = Attribute("str: under which its secrets are kept")

    async def enrol(proof: str) -> str:
        """What to keep so that this proof can be verified later; never the proof itself."""

    async def verify(proof: str, secret: str) -> bool:
        """Whether the proof fits; takes the same time either way, and slow work off the reactor."""

    async def pretend(proof: str) -> None:
        """Take as long as `verify` does, for an account that does not exist."""

    def outdated(secret: str) -> bool:
        """Whether the secret should be made anew from the proof at the next log-in."""


class IQuestion(Interface):
    """A question that only somebody who knows the secret can answer."""

    text = Attribute("str: the question")

    def check(answer: str) -> str:
        """The proof that we know the secret too, if the answer is right.

        :raise LoginFailed: if it is not.
        """


class IChallenger(IAuthenticator):
    """An authenticator that asks, so that the password need not be sent. It enrols passwords."""

    mechanism = Attribute("str: what SASL calls it")

    def name_in(first: str) -> str:
        """Who a client's first message says it is.

        :raise LoginFailed: if it is no such message.
        """

    def question(first: str, secret: str | None, seed: bytes) -> IQuestion:
        """What to ask; of nobody (no secret) too, so that nobody learns who has an account.

        :param seed: a secret of the house, from which what has to stay the same can be made.
        """


class ICommand(Interface):
    """One thing that can be asked for, in whatever dialect."""

    verb = Attribute("str: in capitals")
    usage = Attribute("str: the verb and its parameters, made from the signature")
    help = Attribute("str: what it does")
    least = Attribute("int: how many parameters it needs")
    most = Attribute(
        "int: how many it takes; in a human dialect the last takes the rest of the line"
    )
    rank = Attribute("Rank: who may ask for it at all")
    privilege = Attribute("Privilege | None: what their rank has to have besides")

    async def run(core: Any, request: Any) -> None:
        """Do it. Answer with `request.reply`; raise `ChatError` to refuse."""


class IFrontend(Interface):
    """Turns bytes into requests and events into bytes, in one dialect."""

    def service(core: Any) -> IService:
        """The Twisted service that listens and serves."""


class IDaemon(Interface):
    """The process that a house is in, as far as an operator on line may touch it."""

    ini = Attribute("str: the name of the file that its settings are in")

    def reload() -> Reloaded:
        """Read the settings again, and take all of them; or nothing, if anything in them is
        wrong."""

    def end() -> None:
        """End as if told to by a signal."""


class IReloadable(Interface):
    """A part that can take new options while it runs."""

    def check(options: Any) -> None:
        """Refuse, by raising `ValueError` with a sentence, options that it could not take."""

    def reload(options: Any) -> Sequence[str]:
        """Take options that `check` let pass; nobody is disconnected. Answers with the names of
        those that stay as they were until a restart."""


class IDismissable(Interface):
    """A protocol with last words for its client."""

    def dismiss(reason: str) -> None:
        """Say why, and hang up."""


class IMaker(Interface):
    """How the ini's `type = name` becomes a part of the house."""

    makes = Attribute("Interface: what kind of part it makes")
    name = Attribute("str: its name in the ini")
    about = Attribute("str: one line for the operator")

    def options() -> type:
        """The dataclass of its settings."""

    def make(options: Any, reactor: Any) -> Any:
        """The part itself."""
