"""Files on their way, beside the chat: as many at once as one likes, each with patience.

What is cut goes on from where it was, after any number of lost connections, and after the end of
the daemon or of this program.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.threads import deferToThread

from chatd.wire.relay import Done, Fail, Ok, Status
from clients.lib.backoff import Backoff
from clients.lib.carrier import Broken, Carrier, Unreadable, opened
from clients.lib.events import Event
from clients.lib.files import FileRefused, Files, Offline, Want
from clients.lib.offers import (
    FileChanged,
    Interrupted,
    Moved,
    NotCarried,
    Offer,
    Saved,
    Sent,
    Stage,
    Stopped,
)
from clients.lib.saving import NotSaved, Part, safe_name
from clients.lib.trust import CertificateRefused

_HOPELESS = frozenset(
    {
        "MEDIA_TYPE_REFUSED",
        "NOT_ACCEPTED",
        "NO_FILES",
        "NO_SUCH_FILE",
        "TOO_MUCH",
        "WRONG_HASH",
    }
)
"""Codes of refusals after which trying again would not help."""
_NOT_NOW = frozenset({"GONE", "NO_STORAGE", "REPLACED"})
"""Codes after which the one who sends waits until it is asked again."""
_NOT_FOR_US = frozenset({"NO_STORAGE", "REPLACED"})
"""Codes after which the one who fetches need not try again."""
_CODES: dict[type[Exception], str] = {
    CertificateRefused: "CERTIFICATE",
    NotSaved: "NOT_SAVED",
    Unreadable: "UNREADABLE",
}
LOCAL = frozenset({*_CODES.values(), "WRONG_HASH"})
"""Codes of what has gone wrong here, and not at the server."""
_TYPE = "application/octet-stream"


class Dial(Protocol):
    """Connects to the server; calls `moved` with each number of bytes that went by."""

    async def __call__(self, moved: Callable[[int], None]) -> Carrier: ...


@dataclass(slots=True, eq=False)
class Transfer:
    """One file on its way: how far it is, and what is under way for it just now."""

    offer: Offer
    path: Path
    done: int = 0
    running: bool = False
    stopped: bool = False
    wanted: bool = False
    arrived: bool = False
    ticket: str = ""
    carrier: Carrier | None = None
    part: Part | None = None
    pause: Deferred[None] | None = None

    def wake(self) -> None:
        """Wait no more."""
        pause, self.pause = self.pause, None
        if pause is not None and not pause.called:
            pause.callback(None)

    def stop(self) -> None:
        """Make an end of it; nothing of it is left here."""
        self.stopped = True
        self.wake()
        if self.carrier is not None:
            self.carrier.abort()
        if self.part is not None:
            self.part.drop()


class Transfers:
    """All that are on their way by this program.

    :param tell: takes what the view should know.
    """

    def __init__(
        self,
        reactor: Any,
        files: Files,
        dial: Dial,
        tell: Callable[[Event], None],
        backoff: Callable[[], Backoff],
    ) -> None:
        self._reactor = reactor
        self._files = files
        self._dial = dial
        self._tell = tell
        self._backoff = backoff
        self._sending: dict[str, Transfer] = {}
        self._receiving: dict[str, Transfer] = {}
        self._early: set[str] = set()
        files.also(self._heard)

    @property
    def moving(self) -> list[Transfer]:
        """Those that are not done, and not only waiting for somebody's answer."""
        every = (*self._sending.values(), *self._receiving.values())
        return [transfer for transfer in every if transfer.running]

    # -- what the user wants

    async def offer(self, to: str, path: Path) -> Offer:
        """Offer a file; it is sent as soon as somebody wants it, as long as this program runs.

        One that was offered before, and is not sent yet, is gone on with.

        :raise NotSaved: if it cannot be read.
        :raise FileRefused, Offline: if it cannot be offered.
        """
        try:
            size, digest = await deferToThread(_measured, path)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise NotSaved(f"{path} cannot be read: {reason}.") from error
        open_ = await self._files.listed()
        offer = next((o for o in open_ if _is(o, to, size, digest)), None)
        if offer is None:
            kind = mimetypes.guess_type(path.name)[0] or _TYPE
            offer = await self._files.offer(to, path.name, size, kind, digest)
        sending = self._sending.setdefault(offer.id, Transfer(offer, path))
        if offer.id in self._early or _is_awaited(offer):
            self._early.discard(offer.id)
            self._bring(sending)
        return offer

    def bring(self, offer: Offer) -> None:
        """Send an offered file to the server now, whether or not somebody wants it yet."""
        self._bring(self._sending[offer.id])

    async def accept(self, offer: Offer, path: Path) -> None:
        """Take a file, and fetch it.

        :param path: the folder to save it in, or the name to save it as.
        :raise FileRefused, Offline: if that cannot be.
        """
        if offer.id in self._receiving:
            return
        receiving = self._receiving[offer.id] = Transfer(offer, path, running=True)
        try:
            receiving.ticket = await self._files.accept(offer.id)
        except (FileRefused, Offline):
            del self._receiving[offer.id]
            raise
        self._run(receiving, self._fetch)

    def fetches(self, id_: str) -> bool:
        """Whether this file is being fetched."""
        return id_ in self._receiving

    def stop(self, id_: str) -> bool:
        """Fetch this file no more; whether it was being fetched."""
        receiving = self._receiving.pop(id_, None)
        if receiving is not None:
            receiving.stop()
            self._tell(Stopped(file=id_, name=receiving.offer.name))
        return receiving is not None

    # -- what the server wants

    async def resume(self) -> tuple[Offer, ...]:
        """We are on line (again): go on with all that is not done. The open offers."""
        for transfer in (*self._sending.values(), *self._receiving.values()):
            transfer.wake()
        offers = await self._files.listed()
        for offer in offers:
            sending = self._sending.get(offer.id)
            if sending is not None and _is_awaited(offer):
                self._bring(sending)
        return offers

    def _heard(self, what: Want | FileChanged) -> None:
        if isinstance(what, Want):
            sending = self._sending.get(what.file)
            if sending is None:
                self._early.add(what.file)
            else:
                self._bring(sending)
        elif what.stage.over:
            self._early.discard(what.file)
            for transfers in (self._sending, self._receiving):
                if (transfer := transfers.pop(what.file, None)) is not None:
                    transfer.stop()
        elif what.stage in (Stage.DONE, Stage.STORED) and what.file in self._sending:
            self._sending[what.file].arrived = True

    # -- one after the other, until it is done

    def _bring(self, sending: Transfer) -> None:
        sending.wanted = True
        if sending.running:
            sending.wake()
        else:
            self._run(sending, self._send)

    def _run(self, transfer: Transfer, attempt: Callable[[Transfer], Awaitable[None]]) -> None:
        transfer.running = True
        done = ensureDeferred(self._persist(transfer, attempt))
        done.addErrback(lambda failure: self._give_up(transfer, "BUG", repr(failure.value)))

    async def _persist(
        self, transfer: Transfer, attempt: Callable[[Transfer], Awaitable[None]]
    ) -> None:
        backoff = self._backoff()
        try:
            while not transfer.stopped:
                before = transfer.done
                why = await self._try(transfer, attempt)
                if why is None or transfer.stopped:
                    return
                if transfer.done > before:
                    backoff.reset()
                self._tell(why)
                await self._pause(transfer, backoff.next())
        finally:
            transfer.running = False
            transfer.carrier = None

    async def _try(
        self, transfer: Transfer, attempt: Callable[[Transfer], Awaitable[None]]
    ) -> Interrupted | None:
        """Once; why it has to be tried again, if so."""
        about = {"file": transfer.offer.id, "name": transfer.offer.name}
        try:
            await attempt(transfer)
        except FileRefused as error:
            sending = transfer.offer.id in self._sending
            if sending and error.code in _NOT_NOW and not transfer.wanted:
                self._tell(Interrupted(**about, code=error.code, reason=str(error)))
                return None
            if error.code not in (_HOPELESS if sending else _HOPELESS | _NOT_FOR_US):
                return Interrupted(**about, code=error.code, reason=str(error))
            if error.code == "NO_SUCH_FILE" and transfer.arrived:
                self._tell(Sent(**about))  # all that was missing was the word that it is
            else:
                self._give_up(transfer, error.code, str(error))
        except (Broken, Offline) as error:
            return Interrupted(**about, code="BROKEN", reason=str(error))
        except (CertificateRefused, NotSaved, Unreadable) as error:
            self._give_up(transfer, _CODES[type(error)], str(error))
        return None

    def _give_up(self, transfer: Transfer, code: str, reason: str) -> None:
        offer = transfer.offer
        self._receiving.pop(offer.id, None)
        if code == "UNREADABLE" and self._sending.pop(offer.id, None) is not None:
            ensureDeferred(self._withdraw(offer, reason))
        if code in _HOPELESS and transfer.part is not None:
            transfer.part.drop()
        if not transfer.stopped:
            self._tell(NotCarried(file=offer.id, name=offer.name, code=code, reason=reason))

    async def _withdraw(self, offer: Offer, reason: str) -> None:
        with suppress(FileRefused, Offline):
            await self._files.cancel(offer.id, reason)

    async def _pause(self, transfer: Transfer, seconds: float) -> None:
        transfer.pause = Deferred()
        timer = self._reactor.callLater(seconds, transfer.wake)
        await transfer.pause
        if timer.active():
            timer.cancel()

    async def _open(self, transfer: Transfer, side: str, offset: int) -> tuple[Carrier, Ok]:
        """A connection on which the bytes are about to go."""
        ticket, transfer.ticket = transfer.ticket, ""
        ticket = ticket or await self._files.ticket(transfer.offer.id, side)
        carrier = await self._dial(lambda count: self._moved(transfer, count))
        transfer.carrier = carrier
        if transfer.stopped:
            carrier.abort()
            raise Broken("It was stopped.")
        carrier.present(ticket, offset, self._reactor)
        return carrier, _ok(await carrier.status())

    def _moved(self, transfer: Transfer, count: int) -> None:
        transfer.done += count
        offer = transfer.offer
        if not transfer.stopped:
            self._tell(Moved(file=offer.id, name=offer.name, done=transfer.done, size=offer.size))

    # -- sending

    async def _send(self, sending: Transfer) -> None:
        offer, sending.wanted = sending.offer, False
        file = opened(sending.path, offer.size)
        try:
            carrier, ok = await self._open(sending, "SEND", 0)
            sending.done = ok.offset
            try:
                await carrier.bring(file, ok.offset, offer.size)
                _done(await carrier.status())
            finally:
                carrier.abort()
        finally:
            os.close(file)
        self._tell(Sent(file=offer.id, name=offer.name))

    # -- fetching

    async def _fetch(self, receiving: Transfer) -> None:
        offer, path = receiving.offer, receiving.path
        folder, name = (path, safe_name(offer.name)) if path.is_dir() else (path.parent, path.name)
        part = Part(folder, offer.id)
        receiving.part = part
        await deferToThread(part.open, offer.size)
        try:
            receiving.done = part.length
            verified = await self._take(receiving, part)
            place = await deferToThread(part.finish, name)
        finally:
            if receiving.stopped:
                part.drop()
            part.close()
        self._receiving.pop(offer.id, None)
        saved = Saved(file=offer.id, name=offer.name, path=place, verified=verified)
        self._tell(saved)

    async def _take(self, receiving: Transfer, part: Part) -> bool:
        """Have all bytes come; whether it is known that they are right."""
        offer = receiving.offer
        carrier, ok = await self._open(receiving, "RECEIVE", part.length)
        try:
            if ok.offset != part.length or ok.size != offer.size:
                raise FileRefused("NO_SUCH_FILE", "The server has another file than was offered.")
            if part.length < ok.size:
                await carrier.take(ok.size - part.length, part.write)
            wanted = offer.digest or ok.digest
            if wanted and part.digest != wanted:
                part.drop()
                carrier.say(Fail())
                raise FileRefused("WRONG_HASH", "What has arrived is not what was offered.")
            carrier.say(Done(part.digest))
            carrier.close()
        except BaseException as error:
            _hang_up(carrier, error)
            raise
        return bool(wanted)


def _hang_up(carrier: Carrier, error: BaseException) -> None:
    if isinstance(error, FileRefused):
        carrier.close()
    else:
        carrier.abort()


def _ok(status: Status) -> Ok:
    if isinstance(status, Ok):
        return status
    _done(status)
    raise Broken("The server says what cannot be understood.")


def _done(status: Status) -> None:
    if isinstance(status, Fail):
        raise FileRefused(status.code, status.text)


def _is(offer: Offer, to: str, size: int, digest: str) -> bool:
    """Whether this is the offer of a file that was begun and is not all there."""
    same = offer.mine and offer.room.lower() == to.lower() and offer.size == size
    return same and offer.digest == digest and offer.stage is not Stage.STORED


def _is_awaited(offer: Offer) -> bool:
    """Whether somebody wants the bytes of an offer of ours, or some of them went already."""
    begun = offer.held > 0 or offer.room.startswith("#")
    return offer.stage is Stage.ACCEPTED or (offer.stage is Stage.OFFERED and begun)


def _measured(path: Path) -> tuple[int, str]:
    """How many bytes a file has, and their digest.

    :raise OSError: if it cannot be read, or is something else than a file.
    """
    if path.exists() and not path.is_dir() and not path.is_file():
        raise OSError("only plain files can be sent")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest
