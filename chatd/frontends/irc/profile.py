"""Clients with the same capabilities see the same bytes: made once, written to each."""

from __future__ import annotations

from chatd.events import Batch, Event
from chatd.frontends.irc.render import Caps, render


class Profile:
    """A set of capabilities, and the bytes of the batch that was last shown with them."""

    __slots__ = ("_batch", "_block", "caps")

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self._batch: Batch | None = None
        self._block = b""

    def block(self, batch: Batch) -> bytes:
        """A batch as bytes. Each reader is given the very same object."""
        if batch is not self._batch:
            self._block = b"".join(self.bytes_of(event) for event in batch.events)
            self._batch = batch
        return self._block

    def bytes_of(self, event: Event) -> bytes:
        """One event as bytes; empty if clients like this are not told."""
        return b"".join([line.encode() for line in render(event, self.caps)])


class Profiles:
    """One profile for each set of capabilities in use."""

    def __init__(self) -> None:
        self._profiles: dict[Caps, Profile] = {}

    def of(self, caps: Caps) -> Profile:
        """The profile of all clients with these capabilities."""
        if caps not in self._profiles:
            self._profiles[caps] = Profile(caps)
        return self._profiles[caps]
