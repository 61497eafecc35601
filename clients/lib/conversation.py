"""One account's talk with one server, over as many connections as it takes. No network here.

Lines go in by `hear`, lines come out by the `send` that `connected` was given, and what the
view should know comes out by `tell` as events. What was heard and what is still to be sent
outlives the connection; see `log.py` and `outbox.py` for how nothing is lost or doubled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count

from chatd.wire.irc import Line
from clients.lib.batches import Batch, Batches
from clients.lib.catchup import CatchUp
from clients.lib.events import (
    Event,
    LoginFailed,
    Message,
    ModeChanged,
    Ready,
    Refused,
    Registered,
    RoomEvent,
    RoomOpened,
    Told,
    Welcome,
)
from clients.lib.files import CAPABILITY, Files
from clients.lib.handshake import Handshake
from clients.lib.model import Kind, Login, MessageId, Post, fold, is_room
from clients.lib.outbox import POST_TAG, Outbox, pieces, refused
from clients.lib.rooms import Room, Rooms
from clients.lib.roster import SIGNS, Roster, nick
from clients.lib.sentences import sentence

Answer = Callable[[list[Line]], None]
_NO_SUCH_CONNECTION = "You are not connected; try again when the connection is back."


def _everywhere(name: str) -> bool:
    return True


class Conversation:
    """What a client knows and does; the same for every view.

    :param later: calls something after so many seconds.
    :param seed: unlike that of any other client; letters and digits.
    :param first_page: how many messages of a room to read when it is met.
    :param follow: whether to read a room's history, and keep up with it, at all.
    """

    def __init__(
        self,
        login: Login,
        tell: Callable[[Event], None],
        later: Callable[[float, Callable[[], object]], object],
        seed: str,
        first_page: int = 50,
        follow: Callable[[str], bool] = _everywhere,
    ) -> None:
        self.login = login
        self.rooms = Rooms()
        self.over = False
        self.ready = False
        self.last_words = ""
        self.about_server: dict[str, str] = {}
        self._tell = tell
        self._follow = follow
        self._send: Callable[[Line], None] | None = None
        self._labels = (f"q{number}" for number in count(1))
        self._asked: dict[str, Answer] = {}
        self._batches = Batches()
        self._handshake: Handshake | None = None
        self._outbox = Outbox(self._post, tell, later, seed)
        self._catchup = CatchUp(self.ask, tell, self.message, self._show, self._outbox, first_page)
        self._roster = Roster(self.rooms, tell, self._happened, self._entered)
        self.files = Files(self.ask, self._offered, lambda: self.name)

    @property
    def name(self) -> str:
        """What we are called."""
        return self._roster.me or self.login.name

    @property
    def online(self) -> bool:
        """Whether a line sent now would be understood."""
        return self._send is not None and self._handshake is not None and self._handshake.done

    @property
    def welcomed(self) -> bool:
        """Whether the server has let us in, on this connection or the last."""
        return self._handshake is not None and self._handshake.done and not self.over

    @property
    def page_limit(self) -> int:
        """How many messages of history the server gives at a time, at most."""
        return self._catchup.limit

    # -- the transport's side

    def connected(self, send: Callable[[Line], None]) -> None:
        """There is a connection: begin."""
        self._send = send
        self.last_words = ""
        self._batches = Batches()
        self._handshake = Handshake(self.login, send, self._shaken)
        self._handshake.start()

    def disconnected(self) -> None:
        """The connection is gone."""
        self._send = None
        self.ready = False
        self._asked.clear()
        self.files.cut()
        self._catchup.cut()
        self._outbox.cut()
        for room in self.rooms:
            room.joined = room.log.current = False
            room.present = None

    def hear(self, line: Line) -> None:
        """Take a line from the server, whatever it is."""
        if line.verb == "PING":
            self._emit(Line("PONG", line.params[:1]))
        elif self._handshake is not None and not self._handshake.done:
            self._handshake.hear(line)
        else:
            self._take(line)

    # -- the view's side

    def say(self, to: str, text: str, kind: Kind = Kind.MESSAGE) -> list[Post]:
        """Send a text, line by line; each is kept until the server has it, and sent once."""
        room = self.rooms.find(to) if is_room(to) else self.open(to)
        posts = [self._outbox.put(to, piece, kind) for piece in pieces(text)]
        if room is None:
            self._outbox.close(Room(to), f"you are not in {to}")
        elif self.online:
            self._outbox.flush(room)
        return posts

    def unsettled(self) -> list[Post]:
        """What was said, and is neither kept nor refused yet."""
        return self._outbox.unsettled()

    def open(self, name: str) -> Room:
        """The direct conversation with somebody, begun if need be."""
        room = self.rooms.find(name)
        if room is None:
            room = self.rooms.add(name)
            self._tell(RoomOpened(room=name))
            if self.ready:
                self._resume(room)
        return room

    def leave(self, name: str, reason: str = "") -> None:
        """Leave a room, or forget a direct conversation."""
        room = self.rooms.find(name)
        if is_room(name):
            self.request("PART", name, *([reason] if reason else []))
        elif room is not None:
            self._roster.close(room, reason)

    def older(self, room: Room, count: int = 50) -> None:
        """Read what was said before; `OlderRead` will tell."""
        if self.online:
            self._catchup.older(room, count)

    def read(self, name: str) -> None:
        """Everything in this room has been read."""
        room = self.rooms.find(name)
        if room is not None:
            room.unread = room.mentions = 0

    def request(self, verb: str, *params: str) -> None:
        """Ask for something whose answer is for the view as it comes."""
        if self.online:
            self._emit(Line(verb, params))
        else:
            self._tell(Refused(code="OFFLINE", text=_NO_SUCH_CONNECTION))

    def ask(self, line: Line, then: Answer) -> None:
        """Ask for something, and get the lines of the answer."""
        self._label(next(self._labels), line, then)

    # -- requests and answers

    def _label(self, label: str, line: Line, then: Answer) -> None:
        self._asked[label] = then
        self._emit(Line(line.verb, line.params, tags={"label": label, **line.tags}))

    def _post(self, line: Line, then: Answer) -> None:
        def answered(lines: list[Line]) -> None:
            for line in lines:
                if not refused(line):
                    self._hear(line)
            then(lines)

        self._label(line.tags[POST_TAG], line, answered)

    def _emit(self, line: Line) -> None:
        if self._send is not None:
            self._send(line)

    def _take(self, line: Line) -> None:
        taken = self._batches.take(line)
        if isinstance(taken, Batch):
            self._answered(taken.label, list(taken.lines()))
        elif taken is not None:
            self._answered(taken.tags.get("label"), [taken])

    def _answered(self, label: str | None, lines: list[Line]) -> None:
        then = self._asked.pop(label or "", None)
        if then is not None:
            then(lines)
            return
        for line in lines:
            self._hear(line)

    # -- what the server says

    def _shaken(self, event: Event) -> None:
        if isinstance(event, Welcome):
            self._roster.me = event.name
        self.over = isinstance(event, LoginFailed | Registered)
        self._tell(event)

    def _hear(self, line: Line) -> None:
        match line.verb:
            case "PRIVMSG" | "NOTICE":
                self._hear_message(line)
            case "FILE":
                self.files.hear(line)
            case "005":
                self._learn(line.params[1:-1])
            case "376" | "422" if not self.ready:
                self._catchup.conversations(self._all_known)
            case "ERROR":
                self.last_words = line.params[-1] if line.params else ""
            case "INVITE" if len(line.params) > 1:
                self._tell(Told(text=f"{nick(line)} invites {line.params[0]} to {line.params[1]}."))
            case _:
                event = None if self._roster.hear(line) else sentence(line)
                if event is not None:
                    self._tell(event)

    def _learn(self, tokens: Sequence[str]) -> None:
        for token in tokens:
            key, _, value = token.partition("=")
            self.about_server[key] = value
        limit = self.about_server.get("CHATHISTORY", "")
        if limit.isascii() and limit.isdigit() and int(limit[:6]) > 0:
            self._catchup.limit = int(limit[:6])

    def _all_known(self, names: list[str]) -> None:
        self.ready = True
        self.files.here = self._handshake is not None and self._handshake.has(CAPABILITY)
        for name in names:
            if not is_room(name) and self._follow(name):
                self.open(name)
        for room in self.rooms:
            if room.direct:
                self._resume(room)
            elif not room.joined and self.login.password is None:
                self.request("JOIN", room.name)
            elif not room.joined:
                self._outbox.close(room, "you are not in this room any more")
                self._roster.close(room, "while you were away")
        self._tell(Ready())

    def _entered(self, room: Room) -> None:
        if self._follow(room.name):
            self._look_around(room)
            self._catchup.begin(room)

    def _resume(self, room: Room) -> None:
        if self._follow(room.name):
            self.request("MONITOR", "+", room.name)
            self._catchup.begin(room)

    def _look_around(self, room: Room) -> None:
        self.ask(Line("WHO", (room.name,)), self._looked)

    def _looked(self, lines: list[Line]) -> None:
        for line in lines:
            self._roster.presence(line)

    # -- logs

    def _hear_message(self, line: Line) -> None:
        message = self.message(line)
        if message is None:
            self._tell(Told(text=line.params[-1] if line.params else ""))
            return
        if not self._follow(message.room):
            return
        if is_room(message.room):
            room = self.rooms.find(message.room)
        else:
            room = self.open(message.room)
        if room is not None:
            self._log(room, message)

    def message(self, line: Line) -> Message | None:
        """The message in a line; None if it is not one that people said."""
        who = nick(line)
        if line.verb not in ("PRIVMSG", "NOTICE") or len(line.params) < 2:
            return None
        to, text = line.params[0].lstrip(SIGNS), line.params[1]
        mine = fold(who) == fold(self.name)
        room = to if is_room(to) or mine else who
        if not room or "!" not in (line.source or ""):
            return None
        kind = Kind.NOTICE if line.verb == "NOTICE" else Kind.MESSAGE
        if text.startswith("\x01ACTION "):
            kind, text = Kind.ACTION, text[8:].rstrip("\x01")
        return Message(
            room=room,
            who=who,
            time=line.tags.get("time", ""),
            id=MessageId.read(line.tags.get("msgid", "")),
            text=text,
            kind=kind,
            account=line.tags.get("account"),
            mine=mine,
            post=line.tags.get(POST_TAG, ""),
        )

    def _happened(self, event: RoomEvent) -> None:
        room = self.rooms.find(event.room)
        if room is None or not self._follow(room.name):
            return
        self._log(room, event)
        if isinstance(event, ModeChanged):
            self._look_around(room)

    def _offered(self, event: RoomEvent) -> None:
        """Something about a file; it may be the first that is heard of somebody."""
        if not self._follow(event.room):
            self._tell(event)
            return
        if not is_room(event.room):
            self.open(event.room)
        self._happened(event)

    def _log(self, room: Room, event: RoomEvent) -> None:
        self._show(room, room.log.add(event), True)
        if not room.log.current:
            self._catchup.begin(room)

    def _show(self, room: Room, events: Sequence[RoomEvent], unread: bool) -> None:
        for event in events:
            if unread and isinstance(event, Message) and not event.mine:
                room.unread += 1
                room.mentions += room.direct or _names(event.text, self.name)
            self._tell(event)


def _names(text: str, name: str) -> bool:
    """Whether a text names somebody."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
