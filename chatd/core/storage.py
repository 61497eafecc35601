"""Room for files: how much is kept here, and whether one more would fit."""

from __future__ import annotations

from chatd.core.files import Files
from chatd.core.settings import Settings
from chatd.errors import NotKeptHere, ServerFull, StorageFull
from chatd.interfaces import IFileRelay
from chatd.model import Offer


class Storage:
    """What the relay that keeps files has of them; there may be none."""

    def __init__(self, files: Files, kept: IFileRelay | None, settings: Settings) -> None:
        self._files = files
        self._kept = kept
        self._settings = settings

    def held(self, offer: Offer) -> int:
        """How many bytes of a file are here."""
        span = None if self._kept is None else self._kept.held(offer)
        return 0 if span is None else span[1] - span[0]

    def check(self, offer: Offer) -> None:
        """See that an offer can be kept.

        :raise NotKeptHere, StorageFull, ServerFull: if not.
        """
        kept, limits = self._kept, self._settings.files
        if kept is None:
            raise NotKeptHere()
        others = [o for o in self._files if o.id != offer.id and kept.held(o) is not None]
        own = sum(other.size for other in others if other.sender == offer.sender)
        if own + offer.size > limits.account_storage:
            raise StorageFull(int(limits.account_storage))
        if sum(other.size for other in others) + offer.size > limits.total_storage:
            raise ServerFull()
        coming = sum(one.size - self.held(one) for one in (offer, *others))
        if kept.room() - coming < limits.free:
            raise ServerFull()
