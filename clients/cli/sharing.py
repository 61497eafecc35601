"""What people do with files, from whichever view: offer, list, accept, decline, cancel."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from twisted.internet.defer import ensureDeferred

from clients.lib.events import Event, Told
from clients.lib.files import FileRefused, Files, Offline
from clients.lib.model import fold, is_room
from clients.lib.offers import FilesListed, Offer, Stage
from clients.lib.saving import NotSaved
from clients.lib.transfers import Transfers


class NoFile(Exception):
    """None of the offers is meant; the sentence says why."""


class Sharing:
    """The files of one session. What comes of a wish is told as an event.

    :param folder: where files are saved if nothing else is said.
    """

    def __init__(
        self, files: Files, transfers: Transfers, folder: Path, tell: Callable[[Event], None]
    ) -> None:
        self.transfers = transfers
        self.files = files
        self.folder = folder
        self._tell = tell

    def offer(self, to: str, path: str) -> None:
        """Offer a file."""
        self._start(self.transfers.offer(to, _path(path)))

    def show(self) -> None:
        """Show what is offered."""
        self._start(self._show())

    def accept(self, offer: Offer, path: str) -> None:
        """Fetch a file, into a folder or as a name if one is given.

        :raise NoFile: if there is no folder for it, and none can be made.
        """
        place = _path(path) if path else self.folder
        try:
            (place.parent if path else place).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NoFile(f"{place} cannot be made: {error.strerror}.") from error
        self._start(self.transfers.accept(offer, place))

    def decline(self, offer: Offer) -> None:
        """Refuse a file; what was offered to a room is just not fetched."""
        self._start(self._decline(offer))

    def cancel(self, offer: Offer) -> None:
        """Take an own offer back; refuse what is offered to us alone, however far it is; of what
        is offered to a room, fetch no more."""
        if not offer.mine and not is_room(offer.room):
            self.decline(offer)
        elif offer.mine or not self.transfers.stop(offer.id):
            self._start(self.files.cancel(offer.id))

    def may_cancel(self, offer: Offer) -> bool:
        """Whether we offer it, or are fetching it."""
        return offer.mine or self.transfers.fetches(offer.id)

    def pick(self, id_: str, here: str, fits: Callable[[Offer], bool]) -> Offer:
        """The offer with an id, or the latest that fits, of this conversation if there is one.

        :raise NoFile: if there is none.
        """
        if id_:
            offer = self.files.find(id_)
            if offer is None:
                raise NoFile(f"There is no file {id_}: /files lists those that there are.")
            return offer
        fitting = sorted(filter(fits, self.files), key=lambda o: fold(o.room) == fold(here))
        if not fitting:
            raise NoFile("There is no such file: /files lists those that there are.")
        return fitting[-1]

    async def remind(self) -> tuple[Offer, ...]:
        """We are on line (again): go on with what is not done. The open offers."""
        with suppress(FileRefused, Offline):
            return await self.transfers.resume()
        return ()

    async def _show(self) -> None:
        self._tell(FilesListed(offers=await self.files.listed()))

    async def _decline(self, offer: Offer) -> None:
        self.transfers.stop(offer.id)
        await self.files.decline(offer.id)

    def _start(self, wish: Awaitable[object]) -> None:
        ensureDeferred(self._fulfil(wish))

    async def _fulfil(self, wish: Awaitable[object]) -> None:
        try:
            await wish
        except (FileRefused, NotSaved, Offline) as error:
            self._tell(Told(text=str(error)))


def is_for_us(offer: Offer) -> bool:
    """Whether it is offered to us, and not answered yet."""
    return not offer.mine and offer.stage is not Stage.ACCEPTED


def _path(text: str) -> Path:
    """A path as it was typed; if there is none, quotes and backslashes are taken as a shell's."""
    path = Path(text).expanduser()
    if not path.exists():
        with suppress(ValueError):
            words = shlex.split(text)
            return Path(words[0]).expanduser() if len(words) == 1 else path
    return path
