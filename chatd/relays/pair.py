"""Two connections glued: what the one brings goes out by the other, and nothing is kept.

Of what was sent last a little is remembered, for the case that the receiver goes before it
has come to it: then somebody else can take it from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from zope.interface import implementer

from chatd.errors import ChatError, Cut, NoSuchFile, TooMuch, WrongHash
from chatd.interfaces import IFileRelay, IPipe
from chatd.model import Offer, Taken

REMEMBERED = 1 << 17
"""Bytes of each transfer that are kept in memory after they were sent."""


@dataclass(frozen=True, slots=True)
class Options:
    """[relay pair]: hand files through while both sides are there"""


def make(options: Options, reactor: object) -> Pair:
    """The relay; it needs nothing."""
    return Pair()


@implementer(IFileRelay)
class Pair:
    """The receivers that are here, each perhaps with a sender."""

    keeps = False

    def __init__(self) -> None:
        self._meetings: dict[str, _Meeting] = {}

    async def tidy(self, offers: Sequence[Offer]) -> None:
        pass

    def ready(self, offer: Offer) -> int | None:
        meeting = self._meetings.get(offer.id)
        return None if meeting is None else meeting.position

    def held(self, offer: Offer) -> tuple[int, int] | None:
        return None

    def room(self) -> int:
        return 0

    async def take(self, offer: Offer, pipe: IPipe, start: int, head: bytes) -> Taken:
        meeting = self._meetings.get(offer.id)
        if meeting is None:
            raise NoSuchFile(offer.id)
        return await meeting.join(pipe, head)

    async def give(self, offer: Offer, pipe: IPipe, start: int, end: int) -> str:
        meeting = self._meetings[offer.id] = _Meeting(offer, pipe, start, end)
        whole, digest = end == offer.size, ""
        try:
            await meeting.complete()
            if whole:
                digest = await pipe.confirmed()
            if offer.digest and digest not in ("", offer.digest):
                raise WrongHash()
        except Cut:
            meeting.leave()
            raise
        except ChatError as error:
            meeting.break_off(error)
            raise
        finally:
            if self._meetings.get(offer.id) is meeting:
                del self._meetings[offer.id]
        meeting.end(Taken(end, whole=whole, digest=digest))
        return digest

    async def forget(self, offer: Offer) -> None:
        pass


class _Meeting:
    """A receiver, how far it is, and the sender if there is one."""

    def __init__(self, offer: Offer, receiver: IPipe, position: int, end: int) -> None:
        self.position = position
        self._end = end
        self._offer = offer
        self._receiver = receiver
        self._sender: IPipe | None = None
        self._latest: deque[bytes] = deque()
        self._remembered = 0
        self._over: Deferred[Taken] | None = None
        self._all: Deferred[None] = Deferred()
        receiver.when_gone(lambda: self._fail_receiver(Cut()))

    async def join(self, sender: IPipe, head: bytes) -> Taken:
        """Hand through what a sender brings, until one of the two goes or all is there."""
        over: Deferred[Taken] = Deferred()
        self._over, self._sender = over, sender
        self._receiver.accept(self.position, self._offer.size, self._offer.digest)
        sender.when_gone(lambda: self._sender_gone(sender))
        self._pass(head)
        if not over.called:
            sender.listen(self._pass)
            self._receiver.follow(sender)
        try:
            return await over
        finally:
            self._receiver.follow(None)
            sender.listen(None)

    async def complete(self) -> None:
        """Wait until the receiver was sent everything.

        :raise Cut: if it goes before.
        """
        await self._all

    def leave(self) -> None:
        """The receiver has gone."""
        left = b"".join(self._latest)
        self.end(Taken(self.position, left=left))

    def break_off(self, error: ChatError) -> None:
        """The bytes are not what they should be."""
        over, self._over = self._over, None
        if over is not None:
            over.errback(error)
        self._fail_receiver(error)

    def end(self, taken: Taken) -> None:
        """This is how far it came."""
        over, self._over = self._over, None
        if over is not None:
            over.callback(taken)

    def _sender_gone(self, sender: IPipe) -> None:
        """Another may come."""
        if self._sender is sender:
            self.end(Taken(self.position))

    def _fail_receiver(self, error: Exception) -> None:
        if not self._all.called:
            self._all.errback(error)

    def _pass(self, chunk: bytes) -> None:
        if self.position + len(chunk) > self._offer.size:
            self.break_off(TooMuch(self._offer.size))
            return
        if self._all.called:
            return  # what comes after the end is not wanted here
        chunk = chunk[: self._end - self.position]
        self.position += len(chunk)
        self._receiver.write(chunk)
        self._latest.append(chunk)
        self._remembered += len(chunk)
        while self._remembered - len(self._latest[0]) >= REMEMBERED:
            self._remembered -= len(self._latest.popleft())
        if self.position == self._end and not self._all.called:
            self._all.callback(None)
