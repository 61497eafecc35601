"""What can be typed after a slash: one function each, shared by all views.

A function's parameters are the command's usage, its docstring is the help. The last parameter
takes the rest of the line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from clients.cli.looks import title
from clients.cli.sharing import NoFile, Sharing, is_for_us
from clients.lib.conversation import Conversation
from clients.lib.model import Kind, is_room
from clients.lib.rooms import Room


class View(Protocol):
    """What a command needs of the view that it was typed into."""

    @property
    def conversation(self) -> Conversation:
        """The conversation with the server."""

    @property
    def current(self) -> str:
        """The room that is shown; empty for none."""

    @property
    def sharing(self) -> Sharing:
        """The files that are offered and on their way."""

    def show(self, text: str) -> None:
        """Show a sentence."""

    def switch(self, name: str) -> None:
        """Show another room."""

    def close(self, reason: str) -> None:
        """End the program."""


class Misused(Exception):
    """What was typed cannot be done; the sentence says why."""


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command: its names, how it is used, and what it is for."""

    names: tuple[str, ...]
    function: Callable[..., None]

    @property
    def help(self) -> str:
        """What it is for."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def usage(self) -> str:
        """How it is used."""
        shown = [f"/{self.names[0]}"]
        for name, parameter in self._parameters().items():
            needed = parameter.default is parameter.empty
            shown.append(name.upper() if needed else f"[{name.upper()}]")
        return " ".join(shown)

    def run(self, view: View, argument: str) -> None:
        """Do it.

        :raise Misused: if something is missing or too much, or it cannot be done here.
        """
        parameters = list(self._parameters().values())
        words = argument.split(None, len(parameters) - 1) if parameters else []
        least = sum(p.default is p.empty for p in parameters)
        if len(words) < least or (argument and not parameters):
            raise Misused(f"Usage: {self.usage}")
        self.function(view, *words)

    def _parameters(self) -> dict[str, inspect.Parameter]:
        parameters = dict(inspect.signature(self.function).parameters)
        parameters.pop("view")
        return parameters


def obey(view: View, typed: str) -> None:
    """Do what was typed: a command after a slash, else something to say in the room.

    Two slashes say a line that begins with one.
    """
    try:
        if typed.startswith("/") and not typed.startswith("//"):
            name, _, argument = typed[1:].partition(" ")
            _find(name).run(view, argument.strip())
        elif typed.strip():
            _say(view, typed[1:] if typed.startswith("//") else typed)
    except (Misused, NoFile) as error:
        view.show(str(error))


def _find(name: str) -> SlashCommand:
    names = {known: command for command in COMMANDS for known in command.names}
    if name.lower() in names:
        return names[name.lower()]
    near = get_close_matches(name.lower(), names, 1)
    hint = f"Did you mean /{near[0]}?" if near else "/help lists the commands."
    raise Misused(f"There is no command /{name}. {hint}")


def _here(view: View) -> str:
    if not view.current:
        raise Misused("You are not in a room: /join #ROOM, or /w NAME TEXT.")
    return view.current


def _room(view: View) -> Room:
    room = view.conversation.rooms.find(_here(view))
    if room is None:
        raise Misused(f"You are not in {view.current}.")
    return room


def _say(view: View, text: str, kind: Kind = Kind.MESSAGE) -> None:
    view.conversation.say(_here(view), text, kind)


def whisper(view: View, name: str, text: str) -> None:
    """Say something to one person alone."""
    if is_room(name) and view.conversation.rooms.find(name) is None:
        raise Misused(f"You are not in {name}.")
    view.conversation.say(name, text)


def query(view: View, name: str) -> None:
    """Show the direct conversation with somebody."""
    if not is_room(name):
        view.conversation.open(name)
    view.switch(name)


def me(view: View, text: str) -> None:
    """Say what you do."""
    _say(view, text, Kind.ACTION)


def notice(view: View, name: str, text: str) -> None:
    """Send a notice, which nobody's program answers by itself."""
    view.conversation.say(name, text, Kind.NOTICE)


def join(view: View, room: str, key: str = "") -> None:
    """Go into a room; it is made if there is none."""
    name = room if is_room(room) else f"#{room}"
    if view.conversation.rooms.find(name) is None:
        view.conversation.request("JOIN", name, *([key] if key else []))
    view.switch(name)


def part(view: View, room: str = "", reason: str = "") -> None:
    """Leave a room for good, or forget a direct conversation."""
    view.conversation.leave(room or _here(view), reason)


def topic(view: View, text: str = "") -> None:
    """Read the topic of the room, or change it."""
    if text:
        view.conversation.request("TOPIC", _here(view), text)
    else:
        room = _room(view)
        view.show(f"The topic of {room.name} is: {room.topic}" if room.topic else "No topic.")


def away(view: View, reason: str = "") -> None:
    """Be away, for a reason; without one, be back."""
    view.conversation.request("AWAY", *([reason] if reason else []))


def who(view: View, name: str = "") -> None:
    """Who is in the room; or who somebody is."""
    if name and not is_room(name):
        view.conversation.request("WHOIS", name)
        return
    room = view.conversation.rooms.find(name) if name else _room(view)
    if room is None:
        view.conversation.request("WHO", name)
        return
    people = [f"{m.roles[:1]}{m.name}{' (away)' if m.away else ''}" for m in room.roster()]
    view.show(f"In {room.name}: {', '.join(people) or 'nobody'}.")


def rooms(view: View) -> None:
    """Your rooms with what is unread in them, then all rooms that you may see."""
    own = ", ".join(title(room) for room in view.conversation.rooms)
    view.show(f"You are in: {own or 'no room'}.")
    view.conversation.request("LIST")


def history(view: View, count: str = "50") -> None:
    """Read what was said before."""
    if not (count.isascii() and count.isdigit() and int(count[:9])):
        raise Misused("Usage: /history [COUNT], a number")
    view.conversation.older(_room(view), int(count[:9]))


def filew(view: View, name: str, path: str) -> None:
    """Offer a file to somebody; it is sent when they accept, or to wait for them if they are
    not here."""
    view.sharing.offer(name, path)


def file(view: View, room: str, path: str) -> None:
    """Offer a file to all in a room."""
    if view.conversation.rooms.find(room) is None:
        raise Misused(f"You are not in {room}.")
    view.sharing.offer(room, path)


def files(view: View) -> None:
    """List the files that are offered by you and to you."""
    view.sharing.show()


def accept(view: View, id: str = "", path: str = "") -> None:
    """Fetch a file that is offered, the latest if you name none, into your folder for downloads
    or to a path."""
    view.sharing.accept(view.sharing.pick(id, view.current, is_for_us), path)


def decline(view: View, id: str = "") -> None:
    """Refuse a file that is offered to you, the latest if you name none."""
    view.sharing.decline(view.sharing.pick(id, view.current, is_for_us))


def cancel(view: View, id: str = "") -> None:
    """Take back a file that you offer, or stop fetching one, the latest if you name none; what is
    offered to you alone is refused by that."""
    view.sharing.cancel(view.sharing.pick(id, view.current, view.sharing.may_cancel))


def invite(view: View, name: str, room: str = "") -> None:
    """Invite somebody into a room."""
    view.conversation.request("INVITE", name, room or _here(view))


def kick(view: View, name: str, reason: str = "") -> None:
    """Put somebody out of the room."""
    view.conversation.request("KICK", _here(view), name, *([reason] if reason else []))


def mode(view: View, change: str) -> None:
    """Change the modes of the room, or the roles of its members: +o bob."""
    view.conversation.request("MODE", _here(view), *change.split())


def nick(view: View, name: str) -> None:
    """Change your name, as a guest."""
    view.conversation.request("NICK", name)


def quote(view: View, line: str) -> None:
    """Send a line of the protocol as it is."""
    verb, *params = line.split(" ")
    middle, colon, last = " ".join(params).partition(":")
    view.conversation.request(verb.upper(), *middle.split(), *([last] if colon else []))


def show_help(view: View, command: str = "") -> None:
    """List the commands, or say more of one."""
    for each in [_find(command.lstrip("/"))] if command else COMMANDS:
        others = "".join(f", /{name}" for name in each.names[1:])
        view.show(f"{each.usage}{others}: {each.help}")


def leave(view: View, reason: str = "") -> None:
    """End the program, unless something is still to be sent. You stay a member of your rooms."""
    unsettled = len(view.conversation.unsettled())
    if unsettled:
        raise Misused(f"Lines that are not sent yet: {unsettled}. To end and lose them: /quit!")
    if moving := view.sharing.transfers.moving:
        names = ", ".join(transfer.offer.name for transfer in moving)
        raise Misused(f"On their way: {names}. To end, and go on another time: /quit!")
    view.close(reason)


def leave_now(view: View, reason: str = "") -> None:
    """End the program, whatever is still to be sent."""
    view.close(reason)


COMMANDS = (
    SlashCommand(("w", "msg"), whisper),
    SlashCommand(("query", "go"), query),
    SlashCommand(("me",), me),
    SlashCommand(("notice",), notice),
    SlashCommand(("join", "j"), join),
    SlashCommand(("part", "leave"), part),
    SlashCommand(("topic",), topic),
    SlashCommand(("away",), away),
    SlashCommand(("who", "whois", "names"), who),
    SlashCommand(("rooms", "list"), rooms),
    SlashCommand(("history",), history),
    SlashCommand(("filew",), filew),
    SlashCommand(("file",), file),
    SlashCommand(("files",), files),
    SlashCommand(("accept",), accept),
    SlashCommand(("decline",), decline),
    SlashCommand(("cancel",), cancel),
    SlashCommand(("invite",), invite),
    SlashCommand(("kick",), kick),
    SlashCommand(("mode",), mode),
    SlashCommand(("nick",), nick),
    SlashCommand(("quote",), quote),
    SlashCommand(("help",), show_help),
    SlashCommand(("quit", "exit"), leave),
    SlashCommand(("quit!",), leave_now),
)
