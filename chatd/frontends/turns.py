"""What one client asks for, done in turn.

Lines are done one after another, except that messages do not wait for the disk one by one:
a bounded number may be on their way to it together, in order, and anything else waits for
them. A client that is ahead of its limits is slowed down, never cut off: its further lines
wait here, and beyond a few of them so does its machine. Whoever sends many lines at once gets
only some of them done before the other clients have their turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from chatd.errors import ChatError

WAITING = 64
"""Lines that may wait before the client's machine has to."""
AT_ONCE = 32
"""Lines of one client that are done before all others have had their turn."""

Line = TypeVar("Line")
Asked = TypeVar("Asked", contravariant=True)


class Client(Protocol[Asked]):
    """Whose lines these are, and what a line is."""

    async def do(self, line: Asked) -> None:
        """Do what a line asks for."""

    def posts(self, line: Asked) -> bool:
        """Whether a line only says something."""

    def most_posts(self) -> int:
        """How many messages may be on their way to the disk."""

    def ahead(self) -> float:
        """The seconds that the client has to wait before its next request."""


class Turns(Generic[Line]):
    """The lines of one client that are not done yet.

    :param hold: called with true when no more should be read from the client for now, and
        with false when it may go on.
    """

    log = Logger()

    __slots__ = (
        "_answer",
        "_begun",
        "_busy",
        "_client",
        "_hold",
        "_holding",
        "_lines",
        "_over",
        "_pause",
        "_posts",
        "_reactor",
        "_working",
    )

    def __init__(
        self, client: Client[Line], reactor: IReactorTime, hold: Callable[[bool], None]
    ) -> None:
        self._client = client
        self._reactor = reactor
        self._hold = hold
        self._holding = False
        self._lines: deque[Line] = deque()
        self._answer: Deferred[Line] | None = None
        self._busy = False
        self._posts = self._begun = 0
        self._pause: IDelayedCall | None = None
        self._over = self._working = False

    def add(self, line: Line) -> None:
        """A line came in."""
        if self._over:
            return
        self._lines.append(line)
        self._work()
        if len(self._lines) >= WAITING and not self._holding and not self._over:
            self._holding = True
            self._hold(True)

    @property
    def asking(self) -> bool:
        """Whether the next line is an answer."""
        return self._answer is not None

    def next(self) -> Deferred[Line]:
        """The next line, as the answer to what was asked of the client just now.

        It fails with a ChatError if the client goes instead.
        """
        answer: Deferred[Line] = Deferred()
        self._answer = answer
        if self._over:
            self.stop()
        return answer

    def stop(self) -> None:
        """The client is gone; nothing is done for it any more, so it need not be held."""
        if not self._over:
            self._over = True
            del self._client
        self._lines.clear()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.errback(ChatError())

    def _work(self) -> None:
        """Do what can be done now. What is done at once brings us here again, from within."""
        if self._working:
            return
        self._working = True
        while self._lines and self._pause is None and self._take_turn():
            self._begun += 1
            if self._begun >= AT_ONCE and not self._over:
                self._pause = self._reactor.callLater(0, self._go_on)
        self._working = False
        if self._holding and len(self._lines) < WAITING // 2:
            self._holding = False
            self._hold(False)

    def _take_turn(self) -> bool:
        """Whether the next line could be used."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.callback(self._lines.popleft())
        else:
            posts = self._client.posts(self._lines[0])
            if not self._may_start(posts):
                return False
            self._start(self._lines.popleft(), posts)
        return True

    def _may_start(self, posts: bool) -> bool:
        most = self._client.most_posts() if posts else 1
        if self._busy or self._posts >= most:
            return False
        wait = self._client.ahead()
        if wait:
            self._pause = self._reactor.callLater(wait, self._go_on)
        return not wait

    def _go_on(self) -> None:
        self._pause = None
        self._begun = 0
        self._work()

    def _start(self, line: Line, posts: bool) -> None:
        self._posts += posts
        self._busy = not posts
        asked = ensureDeferred(self._client.do(line))
        asked.addErrback(lambda failure: self.log.failure("a line was not answered", failure))
        asked.addCallback(self._posted if posts else self._done)

    def _posted(self, _: None) -> None:
        self._posts -= 1
        self._work()

    def _done(self, _: None) -> None:
        self._busy = False
        self._work()
