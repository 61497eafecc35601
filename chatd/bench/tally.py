"""Who should have heard what, and who has: lost, duplicated and reordered posts, and the times.

It knows nothing of a network. Every post has a number, higher than that of any before it; the
number and its sender are in its text. A post is due to those who are in the room for certain:
who have seen themselves join before it is sent, and have not asked to leave before they have it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from chatd.bench.figures import Times


@dataclass(slots=True, eq=False)
class Post:
    """A message on its way, and the clients who have yet to hear it."""

    number: int
    sender: int
    room: Room
    sent: float
    awaited: set[int]
    last: float | None = None


@dataclass(slots=True, eq=False)
class Room:
    """The clients who are in it for certain, and the posts that not all of them have."""

    members: set[int] = field(default_factory=set)
    posts: dict[int, Post] = field(default_factory=dict)


class Tally:
    """The book of one load test. Clients are numbers.

    :param clock: seconds; where they start does not matter.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun = clock()
        self._rooms: dict[str, Room] = {}
        self._where: dict[int, str] = {}
        self._under_way: dict[int, Post] = {}
        self._given_up: set[int] = set()
        self._newest: dict[int, dict[int, int]] = {}
        self.posts = self.due = self.heard = 0
        self.lost = self.unanswered = self.duplicated = self.reordered = 0
        self.disconnected = 0
        self.refused: Counter[str] = Counter()
        self.everybody = Times()
        self.echo = Times()
        self.lateness = Times()

    @property
    def waiting(self) -> int:
        """How many posts are on their way."""
        return len(self._under_way)

    @property
    def untaken(self) -> int:
        """How many posts are on their way that not even their senders have back."""
        return sum(post.sender in post.awaited for post in self._under_way.values())

    def has_posted(self, client: int) -> bool:
        """Whether a post of this client is on its way."""
        room = self._rooms.get(self._where.get(client, ""))
        return room is not None and any(post.sender == client for post in room.posts.values())

    def begin(self) -> None:
        """From now on the minutes count."""
        self._begun = self._clock()

    # -- who is where

    def join(self, client: int, room: str) -> None:
        """A client has seen itself come into a room; it is in one at a time."""
        self._where[client] = room
        self._newest[client] = {}
        self._rooms.setdefault(room, Room()).members.add(client)

    def leave(self, client: int) -> None:
        """A client is about to leave its room: what it has not heard may pass it by."""
        name = self._where.pop(client, None)
        if name is None:
            return
        room = self._rooms[name]
        room.members.discard(client)
        for post in [post for post in room.posts.values() if client in post.awaited]:
            post.awaited.remove(client)
            self.due -= 1
            self._finish(post)

    def drop(self, client: int) -> None:
        """A client has lost its connection: what it has not heard stays due."""
        self._rooms[self._where.pop(client)].members.discard(client)
        self.disconnected += 1

    # -- who says what, and who hears it

    def send(self, sender: int, late: float = 0.0) -> int:
        """A client posts to its room, so many seconds later than it was to; the post's number."""
        room, now = self._rooms[self._where[sender]], self._clock()
        post = Post(self.posts, sender, room, now, set(room.members))
        self.posts += 1
        self.due += len(post.awaited)
        self._under_way[post.number] = room.posts[post.number] = post
        self.lateness.add(now - self._begun, late)
        return post.number

    def hear(self, client: int, sender: int, number: int) -> None:
        """A client has heard a post."""
        newest = self._newest.setdefault(client, {})
        before = newest.get(sender, -1)
        post = self._under_way.get(number)
        if post is not None and client in post.awaited:
            self._arrive(post, client)
            self.reordered += number < before
        elif number not in self._given_up:
            self.duplicated += number <= before
        newest[sender] = max(before, number)

    def give_up(self, patience: float) -> None:
        """What was sent so many seconds ago or more, and is not there, is lost."""
        until = self._clock() - patience
        while self._under_way:
            post = next(iter(self._under_way.values()))
            if post.sent > until:
                return
            self._lose(post)

    def _arrive(self, post: Post, client: int) -> None:
        post.awaited.remove(client)
        post.last = self._clock()
        self.heard += 1
        if client == post.sender:
            self.echo.add(post.sent - self._begun, post.last - post.sent)
        self._finish(post)

    def _finish(self, post: Post) -> None:
        if post.awaited:
            return
        self._remove(post)
        if post.last is not None:
            self.everybody.add(post.sent - self._begun, post.last - post.sent)

    def _lose(self, post: Post) -> None:
        self.lost += len(post.awaited)
        self.unanswered += post.last is None
        self._given_up.add(post.number)
        self._remove(post)

    def _remove(self, post: Post) -> None:
        del self._under_way[post.number], post.room.posts[post.number]
