"""`chat HOST`: the full-screen client.

What happens comes in as messages to the app, so that it is shown from within the app's own
turn whoever calls; everything shown can be made again, from the conversation and from what
the program said itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.message import Message as Note
from textual.widgets import Input, OptionList, RichLog, Static
from textual.widgets.option_list import Option
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred

from clients.cli import looks
from clients.cli.bars import Bars
from clients.cli.commands import obey
from clients.cli.completion import Cycle
from clients.cli.emojis import with_emoji
from clients.cli.session import Failed, Session
from clients.lib.conversation import Conversation
from clients.lib.events import (
    Event,
    Message,
    OlderRead,
    Ready,
    RoomClosed,
    RoomEvent,
    RoomOpened,
    RosterChanged,
)
from clients.lib.model import fold, is_room
from clients.lib.offers import FileChanged, FileOffered, Offer

PAGE = 50
SENTENCES = 100
"""So many of our own sentences stay when the screen is drawn again."""


@dataclass
class Happened(Note):
    """Something happened in the conversation."""

    event: Event


class Said(RichLog):
    """What was said in a room. Lines are broken when they are written, so when there is more
    or less room for them they are written anew."""

    def __init__(self, rewrite: Callable[[], None]) -> None:
        super().__init__(id="said", wrap=True, min_width=1, max_lines=None)
        self._rewrite = rewrite

    def on_resize(self, event: Resize) -> None:
        """The window has another size, or is there for the first time."""
        self._rewrite()


class Travelling(Static):
    """A bar for each file that is on its way."""

    def __init__(self, bars: Bars) -> None:
        super().__init__(id="bars")
        self._bars = bars

    def on_mount(self) -> None:
        """Draw them four times a second, for as long as there is a place for them."""
        self.set_interval(0.25, self.draw)

    def draw(self) -> None:
        """Show how far they are now."""
        self.display = bool(self._bars)
        if self._bars:
            self.update(self._bars.renderable)


class Prompt(Input):
    """The line that one types in. Several pasted lines wait for Enter, and go one by one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "forget", "Forget pasted lines", show=False),
    ]

    @dataclass
    class Typed(Note):
        """Lines to obey."""

        lines: Sequence[str]

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(placeholder="Say something, or /help", id="prompt")
        self._conversation = conversation
        self._cycle = Cycle()
        self._pasted: list[str] = []
        self.room = ""

    async def _on_key(self, event: events.Key) -> None:
        """Do what these keys ask for before the next key is looked at: bindings are only tried
        when a key has come back from here, and what is typed ahead would join the line."""
        if event.key in ("enter", "tab"):
            event.stop()
            event.prevent_default()
            await self.run_action("submit" if event.key == "enter" else "complete")

    def _on_paste(self, event: events.Paste) -> None:
        lines = [line for line in event.text.splitlines() if line.strip()]
        if len(lines) > 1:
            self._pasted = lines
            self.border_title = f"{len(lines)} lines: Enter sends them, Escape forgets them"
            event.prevent_default()
        event.stop()

    def action_complete(self) -> None:
        """Put the next candidate in place of the word before the cursor."""
        place = self.cursor_position
        head = self._cycle.next(self._conversation, self.room, self.value[:place])
        self.value = head + self.value[place:]
        self.cursor_position = len(head)

    def action_forget(self) -> None:
        """Do not send what was pasted."""
        self._pasted = []
        self.border_title = ""

    async def action_submit(self) -> None:
        """Send what was pasted, else what was typed."""
        lines = self._pasted or [self.value]
        if not self._pasted:
            self.value = ""
        self.action_forget()
        self.post_message(self.Typed(lines))


@dataclass(slots=True)
class Sentence:
    """Something that the program said itself: in which room, behind which event."""

    text: str
    room: str
    after: RoomEvent | None


class ChatApp(App[None]):
    """Rooms on the left, what is said in the middle, who is there on the right."""

    TITLE = "chat"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #rooms { width: 22; border: none; }
    #people { width: 20; padding: 0 1; overflow-y: auto; }
    #topic { height: 1; background: $panel; padding: 0 1; }
    #said { height: 1fr; }
    #bars { height: auto; max-height: 5; padding: 0 1; display: none; }
    #prompt { border: round $primary; height: 3; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n,alt+down", "turn(1)", "Next room", priority=True),
        Binding("ctrl+p,alt+up", "turn(-1)", "Previous room", priority=True),
        Binding("pageup", "page(-1)", "Back", priority=True),
        Binding("pagedown", "page(1)", "Forward", priority=True),
        Binding("f1", "commands", "Help"),
        Binding("ctrl+q,ctrl+c", "leave", "Quit", priority=True),
    ]

    def __init__(self, session: Session, room: str = "") -> None:
        super().__init__()
        self._session = session
        self._wanted = room
        self._newest: RoomEvent | None = None
        self.failure: Failed | None = None
        self.conversation: Conversation = session.conversation
        self.sharing = session.sharing
        self.current = ""
        self._sentences: deque[Sentence] = deque(maxlen=SENTENCES)

    def compose(self) -> ComposeResult:
        """The parts of the screen."""
        with Horizontal():
            yield OptionList(id="rooms")
            with Vertical():
                yield Static(id="topic", markup=False)
                yield Said(self._draw_said)
                yield Travelling(self._session.bars)
                yield Prompt(self.conversation)
            yield Static(id="people", markup=False)

    def on_mount(self) -> None:
        """Begin with the keyboard in the prompt."""
        self.query_one("#rooms").can_focus = False
        self.query_one("#said").can_focus = False
        self.query_one(Prompt).focus()
        self._draw()

    # -- what commands need of a view

    def show(self, text: str) -> None:
        """Show a sentence."""
        self._sentences.append(Sentence(text, self.current, self._newest))
        self._said.write(dim(text))

    def switch(self, name: str) -> None:
        """Show another room, now or as soon as we are in it."""
        room = self.conversation.rooms.find(name)
        self._wanted = name if room is None else ""
        if room is not None:
            self.current = room.name
            self._draw()

    def close(self, reason: str) -> None:
        """End the program."""
        self._session.close(reason)
        self.exit()

    # -- what happens

    def on_happened(self, message: Happened) -> None:
        """Show an event."""
        match message.event:
            case RoomOpened(room=room):
                self._opened(room)
            case RoomClosed(room=room) if self._is_current(room):
                self._left(str(message.event))
            case OlderRead(room=room, found=found) if self._is_current(room):
                self._read_back(found)
            case RosterChanged(room=room) if self._is_current(room):
                self._draw_people()
            case RoomEvent() as event:
                self._hear(event)
            case Ready():
                self._go_to_first()
            case event:
                self._tell(event)
        self._draw_rooms()

    def _opened(self, room: str) -> None:
        wanted = self._wanted
        if not self.current or fold(room) == fold(wanted):
            self.switch(room)
        if fold(room) != fold(wanted):
            self._wanted = wanted

    def _left(self, sentence: str) -> None:
        self.current = next((room.name for room in self.conversation.rooms), "")
        self._draw()
        self.show(sentence)

    def _go_to_first(self) -> None:
        name, self._wanted = self._wanted, ""
        if name:
            obey(self, f"/join {name}" if is_room(name) else f"/query {name}")

    def _hear(self, event: RoomEvent) -> None:
        if self._is_current(event.room):
            self._draw_new()
            self.conversation.read(event.room)
        elif isinstance(event, Message) and fold(self.conversation.name) in fold(event.text):
            self.bell()
        elif isinstance(event, FileOffered) and self._is_open(event.offer):
            if not event.offer.mine:
                self.bell()
            self.show(str(event))
        elif isinstance(event, FileChanged) and event.mine:
            self.show(str(event))

    def _is_open(self, offer: Offer) -> bool:
        """Whether a file is still offered; what was said before may tell of others."""
        return self.conversation.files.find(offer.id) is not None

    def _tell(self, event: Event) -> None:
        for sentence in str(event).splitlines():
            self.show(sentence)

    def _read_back(self, found: Sequence[RoomEvent]) -> None:
        before = self._said.virtual_size.height
        self._draw_said()
        self._said.write(dim("That is all." if not found else ""))
        self.call_after_refresh(self._keep_place, before)

    def _keep_place(self, before: int) -> None:
        self._said.scroll_to(y=max(0, self._said.virtual_size.height - before), animate=False)

    # -- what the user does

    @on(Prompt.Typed)
    def obey_lines(self, typed: Prompt.Typed) -> None:
        """Do what was typed, or pasted."""
        for line in typed.lines:
            obey(self, with_emoji(line))

    @on(OptionList.OptionSelected, "#rooms")
    def choose(self, chosen: OptionList.OptionSelected) -> None:
        """Show the room that was clicked."""
        self.switch(chosen.option.id or "")
        self.query_one(Prompt).focus()

    def action_turn(self, by: int) -> None:
        """Show the next room, or the one before."""
        names = [room.name for room in self.conversation.rooms]
        if names:
            place = names.index(self.current) if self.current in names else 0
            self.switch(names[(place + by) % len(names)])

    def action_page(self, by: int) -> None:
        """Scroll by a page; at the top, read what was said before."""
        room = self.conversation.rooms.find(self.current)
        if by < 0 and room is not None and self._said.scroll_y <= 0:
            self.conversation.older(room, PAGE)
        elif by < 0:
            self._said.scroll_page_up(animate=False)
        else:
            self._said.scroll_page_down(animate=False)

    def action_commands(self) -> None:
        """Say what can be typed."""
        obey(self, "/help")

    def action_leave(self) -> None:
        """End the program, unless something is still to be sent."""
        obey(self, "/quit")

    # -- drawing

    @property
    def _said(self) -> RichLog:
        return self.query_one("#said", RichLog)

    def _is_current(self, room: str) -> bool:
        return fold(room) == fold(self.current)

    def _draw(self) -> None:
        self.query_one(Prompt).room = self.current
        self.conversation.read(self.current)
        self._draw_said()
        self._draw_people()
        self._draw_rooms()

    def _draw_said(self) -> None:
        """Show the log from its beginning, with our own sentences where they were."""
        self._said.clear()
        self._newest = None
        self._draw_sentences(None)
        self._draw_new(again=True)

    def _draw_sentences(self, after: RoomEvent | None) -> None:
        """Show those that stand behind an event, or at the beginning."""
        for sentence in self._sentences:
            if sentence.room == self.current and sentence.after is after:
                self._said.write(dim(sentence.text))

    def _draw_new(self, again: bool = False) -> None:
        """Show what has come to the log since the last time; the events may be behind it."""
        room = self.conversation.rooms.find(self.current)
        entries = room.log.entries if room else []
        new = list(takewhile(lambda event: event is not self._newest, reversed(entries)))
        for event in reversed(new):
            self._said.write(rendered(event))
            if again:
                self._draw_sentences(event)
        self._newest = entries[-1] if entries else None

    def _draw_people(self) -> None:
        room = self.conversation.rooms.find(self.current)
        people, topic = Text(), ""
        for member in room.roster() if room else ():
            style = Style(dim=True) if member.away else Style()
            people.append(f"{member.roles[:1] or ' '}{looks.clean(member.name)}\n", style)
        if room is not None:
            topic = f"{room.name}  {room.topic}"
            if room.direct and room.present is not None:
                topic += "here" if room.present else "not here now"
        self.query_one("#people", Static).update(people)
        self.query_one("#topic", Static).update(looks.clean(topic))

    def _draw_rooms(self) -> None:
        rooms = self.query_one("#rooms", OptionList)
        rooms.clear_options()
        for place, room in enumerate(self.conversation.rooms):
            style = Style(bold=bool(room.unread), reverse=self._is_current(room.name))
            rooms.add_option(Option(Text(looks.title(room), style), id=room.name))
            if self._is_current(room.name):
                rooms.highlighted = place


def rendered(event: RoomEvent) -> Text:
    """An event of a room as a line of the screen."""
    line = Text(f"{looks.local_time(event.time):5} ", Style(dim=True))
    if not isinstance(event, Message):
        return line.append(looks.clean(str(event)), Style(dim=True))
    said, name = looks.clean(str(event)), looks.clean(event.who)
    head, found, tail = said.partition(name)
    line.append(head, Style(dim=False))
    line.append(found, Style(color=looks.colour_of(event.who), bold=True, dim=False))
    return line.append(tail, Style(dim=False))


def dim(text: str) -> Text:
    """A sentence of the program itself."""
    return Text(f"      {looks.clean(text)}", Style(dim=True))


async def run_app(session: Session, room: str) -> None:
    """Be full-screen until the user, or the server, ends it.

    :raise Failed: if there is no connection any more.
    """
    early = await _first_events(session)
    if early is None:
        return
    app = ChatApp(session, room)
    for event in early:
        app.post_message(Happened(event))
    feeding = ensureDeferred(_feed(session, app))
    await Deferred.fromFuture(asyncio.ensure_future(app.run_async()))
    feeding.cancel()
    if app.failure is not None:
        raise app.failure


async def _first_events(session: Session) -> list[Event] | None:
    """What happens until we are in; the screen is not taken before."""
    early = []
    while (event := await session.next()) is not None:
        early.append(event)
        if isinstance(event, Ready):
            return early
    return None


async def _feed(session: Session, app: ChatApp) -> None:
    try:
        while (event := await session.next()) is not None:
            app.post_message(Happened(event))
    except Failed as error:
        app.failure = error
    except CancelledError:
        return
    app.exit()
