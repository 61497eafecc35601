"""Files on the daemon's disk, until their offers are over.

Each is a file of its own with a random name; which offer it is of stands in it. All work on
them is done in threads. Whoever fetches a file that is still coming waits for the rest.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from chatd.errors import Cut, NoSuchFile, NotKept, ServerFull, StartError, TooMuch, WrongHash
from chatd.interfaces import IFileRelay, IPipe
from chatd.model import Offer, Taken
from chatd.relays.part import Head, NoPart, Part, found

WAITING = 1 << 17
"""Bytes from one sender that may wait for the disk before the sender has to."""
THREADS = 4
_OURS = re.compile("[0-9a-f]{32}")
"""What files are called here."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

T = TypeVar("T")


class Run(Protocol):
    """Has a function run where it may wait for the disk."""

    def __call__(self, act: Callable[..., T], *values: Any) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Options:
    """[relay disk]: keep files for those who are not there, and for rooms

    folder: the folder that they are kept in
    """

    folder: Path = Path("files")


def make(options: Options, reactor: Any) -> Disk:
    """The relay, with threads of its own."""
    return ThreadedDisk(options.folder, reactor)


@dataclass(slots=True, eq=False)
class _Kept:
    """A part, and who waits for more of it; `dropped` when it is forgotten."""

    part: Part
    waiting: list[Deferred[None]]
    dropped: bool = False

    def grew(self) -> None:
        """There is more of it, or there will never be."""
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            if not one.called:
                one.callback(None)


@implementer(IFileRelay)
class Disk:
    """The parts that are on disk, by the ids of their offers.

    :param run: calls a function in another thread.
    """

    log = Logger()
    keeps = True

    def __init__(self, folder: Path, run: Run) -> None:
        self._folder = folder
        self._run = run
        self._kept: dict[str, _Kept] = {}
        self._open = False

    async def tidy(self, offers: Sequence[Offer]) -> None:
        if not self._open:
            self._begin()
        for id_ in self._kept.keys() - {offer.id for offer in offers}:
            await self._drop(id_)

    def ready(self, offer: Offer) -> int | None:
        kept = self._kept.get(offer.id)
        return 0 if kept is None else kept.part.head.end

    def held(self, offer: Offer) -> tuple[int, int] | None:
        kept = self._kept.get(offer.id)
        return None if kept is None else (kept.part.head.start, kept.part.written)

    def room(self) -> int:
        status = os.statvfs(self._folder)
        return status.f_bavail * status.f_frsize

    async def take(self, offer: Offer, pipe: IPipe, start: int, head: bytes) -> Taken:
        kept = self._kept.get(offer.id) or self._new(offer, start)
        inbox = _Inbox(pipe, offer.size - kept.part.head.end, head)
        try:
            digest = await self._write(offer, kept, inbox)
        except TooMuch:
            await self._run(_leave, kept)
            raise
        except OSError as error:
            await self._run(_leave, kept)
            raise _refusal(error) from error
        finally:
            inbox.close()
        if digest is None:
            return Taken(kept.part.written)
        if kept.dropped:
            await self._run(kept.part.remove)
            raise NoSuchFile(offer.id)
        if digest and offer.digest and digest != offer.digest:
            await self._drop(offer.id)
            raise WrongHash()
        kept.grew()
        return Taken(offer.size, whole=True, digest=digest)

    async def give(self, offer: Offer, pipe: IPipe, start: int, end: int) -> str:
        at, reader, kept = start, -1, None
        pipe.when_gone(lambda: self._wake(offer.id))
        try:
            while at < end:
                kept = await self._more(offer, pipe, at)
                if reader < 0:
                    reader = await self._run(kept.part.reader)
                    pipe.accept(start, offer.size, offer.digest or kept.part.head.digest)
                chunk = (await self._run(kept.part.read, reader, at))[: end - at]
                pipe.write(chunk)
                at += len(chunk)
                await pipe.ready()
        except OSError as error:
            raise _refusal(error) from error
        finally:
            if reader >= 0:
                os.close(reader)
        pipe.accept(start, offer.size, offer.digest)
        return await self._confirmed(offer, pipe, kept) if end == offer.size else ""

    async def forget(self, offer: Offer) -> None:
        await self._drop(offer.id)

    async def _confirmed(self, offer: Offer, pipe: IPipe, kept: _Kept | None) -> str:
        """What the receiver has, unless it is something else than is here."""
        digest = await pipe.confirmed()
        promised = offer.digest or (kept.part.head.digest if kept is not None else "")
        if digest and promised and digest != promised:
            raise WrongHash()
        return digest

    def _begin(self) -> None:
        """Find what is there. Nobody is here yet who would have to wait for the disk."""
        try:
            parts = _parts_in(self._folder)
        except OSError as error:
            raise StartError(
                f"{self._folder} cannot be used ({error.strerror}): let the daemon's user write"
                " there, or write another [relay disk] folder."
            ) from error
        self._kept = {part.head.offer: _Kept(part, []) for part in parts}
        self._open = True

    def _new(self, offer: Offer, start: int) -> _Kept:
        part = Part(self._folder / token_hex(16), Head(offer.id, start, start))
        kept = self._kept[offer.id] = _Kept(part, [])
        return kept

    async def _write(self, offer: Offer, kept: _Kept, inbox: _Inbox) -> str | None:
        """Put away what comes; the digest of the file, or None if not everything came."""
        await self._run(kept.part.open)
        if not await self._fill(offer, kept, inbox):
            await self._run(_pause, kept)
            return None
        digest = await self._run(kept.part.finish)
        inbox.check()
        return digest

    async def _fill(self, offer: Offer, kept: _Kept, inbox: _Inbox) -> bool:
        """Write what comes; whether everything came."""
        while kept.part.written < offer.size:
            chunk = await inbox.next()
            if kept.dropped:
                await self._run(kept.part.remove)
                raise NoSuchFile(offer.id)
            if not chunk:
                return False
            await self._run(kept.part.write, chunk)
            kept.grew()
        return True

    async def _more(self, offer: Offer, pipe: IPipe, at: int) -> _Kept:
        """Wait until there are bytes beyond an offset."""
        while True:
            kept = self._kept.get(offer.id)
            if pipe.gone:
                raise Cut
            if kept is not None and kept.part.written > at:
                return kept
            await self._growth(offer, pipe)

    async def _growth(self, offer: Offer, pipe: IPipe) -> None:
        kept = self._kept.get(offer.id) or self._new(offer, 0)
        waiting: Deferred[None] = Deferred()
        kept.waiting.append(waiting)
        await waiting
        if kept.dropped:
            raise NoSuchFile(offer.id)

    def _wake(self, id_: str) -> None:
        """Let those look again who wait for more of a file."""
        kept = self._kept.get(id_)
        if kept is not None:
            kept.grew()

    async def _drop(self, id_: str) -> None:
        kept = self._kept.pop(id_, None)
        if kept is not None:
            kept.dropped = True
            kept.grew()
            try:
                await self._run(kept.part.path.unlink, True)
            except OSError as error:
                raise _refusal(error) from error


class ThreadedDisk(Service, Disk):
    """One whose threads live as long as the house."""

    def __init__(self, folder: Path, reactor: Any) -> None:
        Disk.__init__(self, folder, self._in_thread)
        self._reactor = reactor
        self._pool = ThreadPool(0, THREADS, "files")

    def startService(self) -> None:
        """Begin."""
        super().startService()
        self._pool.start()

    def stopService(self) -> None:
        """End what is being written."""
        super().stopService()
        self._pool.stop()

    def _in_thread(self, act: Callable[..., T], *values: Any) -> Deferred[T]:
        return deferToThreadPool(self._reactor, self._pool, act, *values)


class _Inbox:
    """What has come from a sender and is not written yet; the sender waits when it is much.

    :param most: how many bytes may come at all.
    """

    def __init__(self, pipe: IPipe, most: int, head: bytes) -> None:
        self._pipe = pipe
        self._left = most
        self._chunks: list[bytes] = []
        self._size = 0
        self._over = self._too_much = False
        self._waiting: Deferred[None] | None = None
        self._most = most
        self._hear(head)
        pipe.when_gone(self._wake)
        if not pipe.gone:
            pipe.listen(self._hear)

    async def next(self) -> bytes:
        """All that has come; nothing when the sender has gone.

        :raise TooMuch: if more came than may.
        """
        while not self._chunks and not self._pipe.gone:
            self.check()
            self._waiting = Deferred()
            await self._waiting
        self.check()
        chunks, self._chunks, self._size = self._chunks, [], 0
        self._pipe.hold(False)
        return b"".join(chunks)

    def check(self) -> None:
        """See that not more came than may.

        :raise TooMuch: if it did.
        """
        if self._too_much:
            raise TooMuch(self._most)

    def close(self) -> None:
        """Listen no more."""
        self._pipe.listen(None)

    def _hear(self, chunk: bytes) -> None:
        if not chunk:
            return
        self._left -= len(chunk)
        self._too_much = self._too_much or self._left < 0
        if not self._too_much:
            self._chunks.append(chunk)
            self._size += len(chunk)
        if self._size >= WAITING or self._too_much:
            self._pipe.hold(True)
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)


def _parts_in(folder: Path) -> list[Part]:
    """All parts in a folder, which is made if need be; damaged ones are removed, and what was
    never ours is left alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts: dict[str, Part] = {}
    for path in sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name)):
        try:
            part = found(path)
        except NoPart:
            path.unlink()
        else:
            other = parts.setdefault(part.head.offer, part)
            if other is not part:
                path.unlink()
    return list(parts.values())


def _pause(kept: _Kept) -> None:
    """The sender has gone: make durable what came."""
    if not kept.dropped:
        kept.part.sync()
    _leave(kept)


def _leave(kept: _Kept) -> None:
    """Write no more for now, or never again if it is forgotten."""
    if kept.dropped:
        kept.part.remove()
    else:
        kept.part.close()


def _refusal(error: OSError) -> ServerFull | NotKept:
    if error.errno in _FULL:
        return ServerFull()
    return NotKept(f"{(error.strerror or str(error)).lower()}.")
