"""`chat send`, `tail`, `history`, `put`, `get` and `register`: for scripts and pipes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from chatd.wire.irc import Line
from clients.cli import looks
from clients.cli.session import Exit, Failed, Session
from clients.lib.events import CaughtUp, Message, PostKept, PostRefused, Registered
from clients.lib.model import MessageId, Post, fold
from clients.lib.offers import FileChanged, Interrupted, NotCarried, Offer, Saved, Sent
from clients.lib.outbox import refused
from clients.lib.rooms import Room
from clients.lib.transfers import LOCAL

PAGE = 100
"""Messages asked for at a time; the server may want fewer."""

FULL = frozenset({"SERVER_FULL", "STORAGE_FULL"})
"""Codes for which a person would wait, and a script does not."""
FileEvent = FileChanged | Interrupted | NotCarried | Saved | Sent

Show = Callable[[Message], None]


async def send(session: Session, room: str, lines: AsyncIterator[str]) -> None:
    """Say each line, and wait until the server has stored it before the next.

    :raise Failed: at the first line that is refused, or if there is no connection any more.
    """
    await session.enter(room)
    number = 0
    async for line in lines:
        number += 1
        for post in session.conversation.say(room, line):
            await _settled(session, post, number)


async def _settled(session: Session, post: Post, number: int) -> None:
    event = await session.wait(
        lambda event: isinstance(event, PostKept | PostRefused) and event.post is post
    )
    if isinstance(event, PostRefused):
        raise Failed(Exit.REFUSED, f"Line {number} was not sent: {event.reason} ({event.code})")


async def tail(session: Session, name: str, count: int, show: Show) -> None:
    """Show the last messages, and then each as it comes, over any number of connections.

    :raise Failed: if there is no connection any more.
    """
    room = await session.enter(name)
    while not room.log.current:
        await session.wait(lambda event: isinstance(event, CaughtUp))
    messages = await _read_back(session, room, count)
    for message in messages[-count:] if count else []:
        show(message)
    last = messages[-1].id if messages else None
    while (event := await session.next()) is not None:
        session.note(event)
        if isinstance(event, Message) and _is_new(event, name, last):
            show(event)


def _is_new(message: Message, name: str, last: MessageId | None) -> bool:
    """Whether a message of a room was not yet in what was read back."""
    known = message.id is not None and last is not None and not message.id.follows(last)
    return fold(message.room) == fold(name) and not known


async def _read_back(session: Session, room: Room, count: int) -> list[Message]:
    """What is known of a room, and as much before it as is wanted."""
    known = [event for event in room.log.entries if isinstance(event, Message)]
    first = room.log.first
    if len(known) >= count or first is None:
        return known
    older = await _pages(session, room.name, f"msgid={first}", count - len(known))
    return [*older, *known]


async def history(session: Session, name: str, before: str | None, limit: int, show: Show) -> None:
    """Show so many messages, the latest or those before a message or a time, oldest first.

    :raise Failed: if the server does not give them.
    """
    await session.ready()
    for message in await _pages(session, name, before, limit):
        show(message)


async def _pages(session: Session, name: str, before: str | None, limit: int) -> list[Message]:
    found: list[Message] = []
    most = min(PAGE, session.conversation.page_limit)
    while len(found) < limit:
        how, place = ("BEFORE", before) if before else ("LATEST", "*")
        count = str(min(most, limit - len(found)))
        answer = await session.ask(Line("CHATHISTORY", (how, name, place, count)))
        if no := next(filter(refused, answer), None):
            raise Failed(Exit.REFUSED, no.params[-1] if no.params else "The server refused.")
        page = [m for line in answer if (m := session.conversation.message(line)) is not None]
        if not page or page[0].id is None:
            break
        found[:0] = page
        before = f"msgid={page[0].id}"
    return found


async def put(session: Session, to: str, path: Path) -> str:
    """Offer a file, and send it; its id. With an end in the middle, the same again goes on.

    :raise Failed: if it cannot be read, or the server does not take it.
    """
    await session.ready()
    offer = await session.insist(lambda: session.sharing.transfers.offer(to, path))
    session.sharing.transfers.bring(offer)
    await _carried(session, offer)
    return offer.id


async def get(session: Session, id_: str, place: Path) -> Path:
    """Fetch a file; where it is. With an end in the middle, the same again goes on.

    :raise Failed: if it is not to be had, or cannot be saved.
    """
    await session.ready()
    await session.insist(session.sharing.files.listed)
    offer = session.sharing.files.find(id_)
    if offer is None:
        raise Failed(Exit.REFUSED, f"There is no file {id_} for you.")
    await session.insist(lambda: session.sharing.transfers.accept(offer, place))
    return await _carried(session, offer)


async def _carried(session: Session, offer: Offer) -> Path:
    """Wait until a file is where it should be; where that is.

    :raise Failed: if it does not come there.
    """
    while True:
        match await session.wait(lambda event: isinstance(event, FileEvent)):
            case Sent(file=file) if file == offer.id:
                return Path()
            case Saved(file=file, path=path) if file == offer.id:
                return path
            case NotCarried(file=file, code=code) as event if file == offer.id:
                raise Failed(Exit.FILE if code in LOCAL else Exit.REFUSED, str(event))
            case Interrupted(file=file, code=code) as event if file == offer.id and code in FULL:
                raise Failed(Exit.REFUSED, str(event))
            case FileChanged(file=file, stage=stage) as event if file == offer.id and stage.over:
                raise Failed(Exit.REFUSED, str(event))


async def register(session: Session) -> str:
    """Make an account; the sentence that the server has for it.

    :raise Failed: if the server does not want to, or wants an invitation code.
    """
    event = await session.wait(lambda event: isinstance(event, Registered))
    if isinstance(event, Registered) and event.pending:
        raise Failed(Exit.REFUSED, f"{event.text}\nGive the code: --invitation CODE")
    return str(event)


def reference(text: str) -> str:
    """A message id or a time, as the protocol writes it.

    :raise ValueError: if it is neither.
    """
    try:
        when = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        if MessageId.read(text) is None:
            raise
        return f"msgid={text}"
    return f"timestamp={when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"


def writer(as_json: bool, colours: bool) -> Show:
    """Writes messages, one a line, as JSON or for people."""

    def show(message: Message) -> None:
        text = looks.record(message) if as_json else looks.line(message, colours)
        print(text, flush=True)

    return show
