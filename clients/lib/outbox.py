"""Lines on their way out: each is sent once, however often the connection breaks.

A post waits until its room's log is current, and only one post per room is on the wire at a
time, so their order holds. What settles it is the echo, which the server gives only when the
message is durable, or a refusal. Both are known by the post's label.

If the connection breaks between the two, the post is in doubt: the server may have kept it or
not. It stays so until the log is current again. The missing part of the log begins after the
last entry that was heard, and the echo would have been an entry, so a post that was kept must
be in that part. There it is known by being ours and carrying the post's key in the tag
`+chatd/post`, which the server keeps with the message; where a server drops the tag, by being
ours and having the same text. If it is found it was kept; if not, it is sent (again).

What this cannot see is a line that still travels on the old connection while the new one reads
the history: the network has lost sight of us but not of it. The daemon reads its connections
in turn and reads them until they end, so such a line must be under way for longer than a whole
new handshake takes. And if the history cannot be had at all, the post is refused with the code
UNKNOWN: better to ask the one who wrote it than to say it twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import count

from chatd.wire.irc import Line
from clients.lib.events import Event, Message, PostKept, PostRefused, Slowed
from clients.lib.model import Kind, MessageId, Post, State, fold
from clients.lib.rooms import Room

POST_TAG = "+chatd/post"
WAIT = 2.0
"""Seconds until we try again when the server says that we are too fast."""
LONGEST_TEXT = 400
"""Bytes of text in one line; longer lines are sent as several."""

Ask = Callable[[Line, Callable[[list[Line]], None]], None]


class Outbox:
    """What was said and is not settled yet, in order, for each room.

    :param ask: sends a line; gives the lines of the answer back.
    :param later: calls something after so many seconds.
    :param seed: makes our posts' keys unlike those of our other clients.
    """

    def __init__(
        self,
        ask: Ask,
        tell: Callable[[Event], None],
        later: Callable[[float, Callable[[], object]], object],
        seed: str,
    ) -> None:
        self._ask = ask
        self._tell = tell
        self._later = later
        self._keys = (f"{seed}.{number}" for number in count(1))
        self._waiting: dict[str, deque[Post]] = {}

    def put(self, to: str, text: str, kind: Kind) -> Post:
        """Take a line to be sent as soon as that can be done exactly once."""
        post = Post(next(self._keys), to, text, kind)
        self._waiting.setdefault(fold(to), deque()).append(post)
        return post

    def unsettled(self) -> list[Post]:
        """Everything of which it is not known yet that the server kept or refused it."""
        return [post for posts in self._waiting.values() for post in posts]

    def flush(self, room: Room) -> None:
        """Send the next post, if it is its turn."""
        posts = self._waiting.get(fold(room.name))
        here = (room.joined or room.direct) and room.log.current
        if posts and here and posts[0].state is State.WAITING:
            post = posts[0]
            post.state = State.SENT
            self._ask(_line(post), lambda lines: self._answered(room, post, lines))

    def cut(self) -> None:
        """The connection is gone."""
        for post in self.unsettled():
            if post.state is State.SENT:
                post.state = State.DOUBTFUL

    def found(self, room: Room, message: Message) -> None:
        """One of our messages was in the missing part of a log, and its echo had not come."""
        for post in self._waiting.get(fold(room.name), ()):
            if post.state is State.DOUBTFUL and _same(post, message):
                self._settle(room, post, State.KEPT)
                self._tell(PostKept(post=post, id=message.id))
                return

    def settle(self, room: Room, whole: bool) -> None:
        """The log is current: what was in doubt and not in it was not kept."""
        for post in list(self._waiting.get(fold(room.name), ())):
            if post.state is State.DOUBTFUL and whole:
                post.state = State.WAITING
            elif post.state is State.DOUBTFUL:
                self._refuse(room, post, "UNKNOWN", "nobody can tell whether the server has it")
        self.flush(room)

    def close(self, room: Room, reason: str) -> None:
        """Nothing can be sent to this room any more."""
        for post in list(self._waiting.get(fold(room.name), ())):
            code = "UNKNOWN" if post.state is State.DOUBTFUL else "NOT_IN_ROOM"
            self._refuse(room, post, code, reason)

    def _answered(self, room: Room, post: Post, lines: list[Line]) -> None:
        if post.state is not State.SENT:
            return
        echo = next((line for line in lines if line.verb in ("PRIVMSG", "NOTICE")), None)
        if echo is not None:
            self._settle(room, post, State.KEPT)
            self._tell(PostKept(post=post, id=MessageId.read(echo.tags.get("msgid", ""))))
            self.flush(room)
            return
        code, reason = refusal(lines)
        if code == "RATE_LIMITED":
            post.state = State.WAITING
            self._tell(Slowed(reason=reason))
            self._later(WAIT, lambda: self.flush(room))
            return
        self._refuse(room, post, code, reason)
        self.flush(room)

    def _refuse(self, room: Room, post: Post, code: str, reason: str) -> None:
        self._settle(room, post, State.REFUSED)
        self._tell(PostRefused(post=post, code=code, reason=reason))

    def _settle(self, room: Room, post: Post, state: State) -> None:
        post.state = state
        self._waiting[fold(room.name)].remove(post)


def pieces(text: str, longest: int = LONGEST_TEXT) -> Iterator[str]:
    """The lines of a text, each cut into pieces of so many bytes at most, at spaces if possible."""
    for line in text.splitlines():
        while len(line.encode()) > longest:
            head = line.encode()[:longest].decode(errors="ignore")
            head = head[: head.rfind(" ")] if " " in head.lstrip(" ") else head
            yield head
            line = line[len(head) :].lstrip(" ")
        if line.strip():
            yield line


def refused(line: Line) -> bool:
    """Whether a line of an answer says no."""
    return line.verb == "FAIL" or (line.verb.isdigit() and "400" <= line.verb <= "599")


def refusal(lines: list[Line]) -> tuple[str, str]:
    for line in lines:
        if refused(line) and line.params:
            code = line.verb
            if line.verb == "FAIL":
                code = line.params[1] if len(line.params) > 1 else "FAIL"
            return code, line.params[-1]
    return "NO_ECHO", "the server gave no receipt"


def _line(post: Post) -> Line:
    text = f"\x01ACTION {post.text}\x01" if post.kind is Kind.ACTION else post.text
    verb = "NOTICE" if post.kind is Kind.NOTICE else "PRIVMSG"
    return Line(verb, (post.to, text), tags={POST_TAG: post.key})


def _same(post: Post, message: Message) -> bool:
    if message.post:
        return message.post == post.key
    return message.mine and message.text == post.text and message.kind is post.kind
