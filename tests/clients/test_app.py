"""The full-screen client, driven by keys; with a scripted server and no network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import OptionList, RichLog, Static

from clients.cli.app import ChatApp, Happened, Prompt, Travelling
from clients.cli.bars import Bars
from clients.lib.events import Event
from clients.lib.offers import Moved, Sent
from tests.clients.scripted import Scripted, Wire, hear, sharing


class Desk:
    """An app, a scripted server, and the wire between them; it stands in for the session."""

    def __init__(self, server: Scripted | None = None, room: str = "") -> None:
        self.wire = Wire(server or Scripted())
        self.conversation = self.wire.client
        self.sharing = sharing(self.wire)
        self.bars = Bars()
        self.closed = False
        self.wire.start()
        self.app = ChatApp(self, room)  # type: ignore[arg-type]
        self.pilot: Pilot[None]

    def close(self, reason: str) -> None:
        """Hang up."""
        self.closed = True

    async def settle(self) -> None:
        """Let everything travel, and the screen show it."""
        for _ in range(3):
            self.wire.travel()
            heard, self.wire.heard[:] = self.wire.heard[:], []
            for event in heard:
                self.app.post_message(Happened(event))
            await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a line, and Enter."""
        self.app.query_one(Prompt).value = text
        await self.pilot.press("enter")
        await self.settle()

    def said(self) -> list[str]:
        """The lines in the middle, without their times."""
        return [line.text[6:].rstrip() for line in self.app.query_one("#said", RichLog).lines]

    def rooms(self) -> list[str]:
        """The list on the left."""
        options = self.app.query_one("#rooms", OptionList).options
        return [str(option.prompt) for option in options]

    def text(self, name: str) -> str:
        """What a part of the screen shows."""
        return str(self.app.query_one(name, Static).content)


def drive(play: Callable[[Desk], Awaitable[None]], desk: Desk) -> None:
    """Run the app, and do something with it."""

    async def run() -> None:
        async with desk.app.run_test(size=(90, 24)) as pilot:
            desk.pilot = pilot
            await desk.settle()
            await play(desk)

    asyncio.run(run())


def test_files_are_prompted_for() -> None:
    """A file that is offered is told of whichever room is shown, one that is not offered any more
    is not; what becomes of one's own is told as well."""
    offered = ":bob!u@h FILE OFFERED ada {} 2500000 2026 :{}.mp4"

    async def play(desk: Desk) -> None:
        hear(desk.wire, offered.format("k3", "holiday"), offered.format("k4", "gone"))
        hear(desk.wire, ":bob!u@h FILE CANCELLED ada k4 :no")
        await desk.settle()
        shown = " ".join(desk.said()).split()
        assert "holiday.mp4" in shown
        assert "gone.mp4" not in shown
        hear(desk.wire, ":ada!u@h FILE OFFERED bob m7 9 2026 :own.txt")
        await desk.settle()
        hear(desk.wire, ":bob!u@h FILE DECLINED ada m7 :no")
        await desk.settle()
        said = " ".join(desk.said())
        assert "You offer own.txt (9 B) to bob; it is" in said
        assert "bob declines own.txt (no)." in said

    drive(play, Desk())


def test_own_sentences_stay() -> None:
    """What the program said itself stays where it was when the screen is drawn again."""
    server = Scripted()
    server.post("bob", "#tea", "milk first?")

    async def play(desk: Desk) -> None:
        await desk.type("/nonsense")
        await desk.type("no")
        for width in (90, 100):
            await desk.pilot.resize_terminal(width, 30)
            await desk.settle()
            said = " ".join(desk.said())
            assert said.startswith("bob: milk first? There is no command /nonsense.")
            assert said.endswith("ada: no")

    drive(play, Desk(server))


def test_shows_the_first_room_with_its_people() -> None:
    """The first room is shown, with its past and who is there."""
    server = Scripted()
    server.post("bob", "#tea", "milk first?")

    async def play(desk: Desk) -> None:
        assert desk.rooms() == ["#tea"]
        assert desk.said() == ["bob: milk first?"]
        assert desk.text("#people").split() == ["ada", "bob"]

    drive(play, Desk(server))


def test_long_lines_are_broken_anew() -> None:
    """Nothing of a long line is cut off, also after the window has become narrower."""
    words = [f"word{number}" for number in range(40)]
    server = Scripted()
    server.post("bob", "#tea", " ".join(words))

    async def play(desk: Desk) -> None:
        for width in (120, 80):
            await desk.pilot.resize_terminal(width, 24)
            await desk.settle()
            said = desk.app.query_one("#said", RichLog)
            assert max(line.cell_length for line in said.lines) <= said.size.width
            shown = " ".join(line.text for line in said.lines).split()
            assert [word for word in shown if word.startswith("word")] == words

    drive(play, Desk(server))


def test_what_is_typed_is_said() -> None:
    """A line goes to the room that is shown, with its emoji."""

    async def play(desk: Desk) -> None:
        await desk.type("hello :tea:")
        assert desk.wire.server.texts() == ["hello 🍵"]
        assert desk.said() == ["ada: hello 🍵"]

    drive(play, Desk())


def test_unread_messages_are_counted_and_read() -> None:
    """Messages elsewhere are counted in the list until one looks."""

    async def play(desk: Desk) -> None:
        desk.wire.server.say("bob", "ada", "psst")
        await desk.settle()
        assert desk.rooms() == ["#tea", "bob (1!)"]
        await desk.pilot.press("ctrl+n")
        await desk.settle()
        assert desk.rooms() == ["#tea", "bob"]
        assert desk.said() == ["bob: psst"]

    drive(play, Desk())


def test_join_shows_the_new_room() -> None:
    """/join goes to the room as soon as it is open; /part leaves it."""

    async def play(desk: Desk) -> None:
        await desk.type("/join #new")
        assert desk.app.current == "#new"
        await desk.type("/part")
        assert desk.app.current == "#tea"
        assert desk.rooms() == ["#tea"]

    server = Scripted()
    drive(play, Desk(server))


def test_page_up_reads_back_from_the_server() -> None:
    """At the top, PageUp reads older messages and puts them before the others."""
    server = Scripted()
    for n in range(6):
        server.post("bob", "#tea", str(n))

    async def play(desk: Desk) -> None:
        assert desk.said() == ["bob: 4", "bob: 5"]
        for _ in range(3):
            await desk.pilot.press("pageup")
            await desk.settle()
        assert desk.said()[:6] == [f"bob: {n}" for n in range(6)]
        assert "That is all." in desk.said()

    drive(play, Desk(server))


def test_tab_completes_commands_names_and_emoji() -> None:
    """Tab completes what stands before the cursor, and goes on to the next candidate."""

    async def play(desk: Desk) -> None:
        prompt = desk.app.query_one(Prompt)
        for typed, wanted in [
            ("/jo", "/join "),
            ("bo", "bob: "),
            ("hi bo", "hi bob "),
            ("go to #t", "go to #tea "),
            (":smil", ":smile: "),
            ("xyz", "xyz"),
        ]:
            prompt.value = typed
            prompt.cursor_position = len(typed)
            await desk.pilot.press("tab")
            assert prompt.value == wanted
        prompt.value = "/w"
        prompt.cursor_position = 2
        await desk.pilot.press("tab", "tab")
        assert prompt.value == "/who "

    drive(play, Desk())


def test_pasted_lines_wait_for_enter() -> None:
    """Several pasted lines are sent one by one after Enter, and none after Escape."""

    async def play(desk: Desk) -> None:
        prompt = desk.app.query_one(Prompt)
        prompt.post_message(Paste("no\nno"))
        await desk.settle()
        assert "2 lines" in str(prompt.border_title)
        await desk.pilot.press("escape")
        await desk.type("")
        prompt.post_message(Paste("one\n\ntwo\nthree"))
        await desk.settle()
        assert desk.wire.server.texts() == []
        await desk.pilot.press("enter")
        await desk.settle()
        assert desk.wire.server.texts() == ["one", "two", "three"]

    drive(play, Desk())


def test_one_pasted_line_is_edited_first() -> None:
    """A single pasted line goes into the prompt like typing."""

    async def play(desk: Desk) -> None:
        prompt = desk.app.query_one(Prompt)
        prompt.post_message(Paste("just one"))
        await desk.settle()
        assert prompt.value == "just one"

    drive(play, Desk())


def test_quit_keeps_what_is_not_sent() -> None:
    """/quit does not lose lines that still wait; /quit! does."""

    async def play(desk: Desk) -> None:
        desk.wire.cut()
        await desk.type("later")
        await desk.type("/quit")
        assert not desk.closed
        assert any(line.startswith("Lines that are not sent yet: 1.") for line in desk.said())
        await desk.type("/quit!")
        assert desk.closed

    drive(play, Desk())


def test_what_others_write_does_nothing_to_the_terminal() -> None:
    """Escape sequences in names, topics and texts are shown, not obeyed."""

    async def play(desk: Desk) -> None:
        desk.wire.server.say("bob", "#tea", "\x1b]0;gotcha\x07 [red]x[/red]")
        await desk.settle()
        assert desk.said() == ["bob: \ufffd]0;gotcha\ufffd [red]x[/red]"]

    drive(play, Desk())


def test_named_room_is_joined() -> None:
    """A room on the command line is joined and shown, or a person's conversation opened."""

    async def play(desk: Desk) -> None:
        await desk.settle()
        assert desk.app.current in ("#den", "bob")

    for room in ("#den", "bob"):
        drive(play, Desk(room=room))


def test_every_event_can_be_shown() -> None:
    """Whatever happens, the screen stays up."""

    def made(kind: Any) -> Event:
        values: dict[str, Any] = {}
        for name, field in kind.__dataclass_fields__.items():
            known = {"bool": True, "float": 1.0, "tuple[RoomEvent, ...]": ()}
            values[name] = known.get(field.type, "#tea" if name == "room" else "x")
        return kind(**values)  # type: ignore[no-any-return]

    async def play(desk: Desk) -> None:
        from clients.lib import events

        kinds = [k for k in vars(events).values() if isinstance(k, type) and issubclass(k, Event)]
        assert len(kinds) > 15
        for kind in kinds:
            if "post" not in kind.__dataclass_fields__ and "id" not in kind.__dataclass_fields__:
                desk.app.post_message(Happened(made(kind)))
        await desk.settle()
        assert desk.app.is_running

    drive(play, Desk())


def test_bars_are_shown_while_files_move() -> None:
    """Above the prompt is a bar for each file that moves, and nothing otherwise."""

    async def play(desk: Desk) -> None:
        bars = desk.app.query_one(Travelling)
        desk.bars.hear(Moved(file="k3", name="film.mp4", done=1, size=4))
        bars.draw()
        assert bars.display
        desk.bars.hear(Sent(file="k3", name="film.mp4"))
        bars.draw()
        assert not bars.display

    drive(play, Desk())


def test_bars_end_with_the_screen() -> None:
    """Nothing looks for the bars any more when the screen is being taken down."""

    async def play(desk: Desk) -> None:
        await desk.app.query_one("#bars").remove()
        await desk.pilot.pause(0.6)
        assert desk.app.is_running

    drive(play, Desk())
