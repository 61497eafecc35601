"""Clients with the same capabilities see the same bytes: made once, written to each."""

from __future__ import annotations

from chatd.events import Batch, Event
from chatd.frontends.irc.modelines import joined
from chatd.frontends.irc.render import Caps, render


class Profile:
    """A set of capabilities, and the bytes of the batch that was last shown with them."""

    __slots__ = ("_batch", "_block", "_parts", "caps")

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self._batch: Batch | None = None
        self._parts: list[tuple[Event, bytes]] = []
        self._block = b""

    def block(self, batch: Batch) -> bytes:
        """A batch as bytes. Each reader is given the very same object."""
        if batch is not self._batch:
            self._make(batch)
        return self._block

    def parts(self, batch: Batch) -> list[tuple[Event, bytes]]:
        """A batch event by event, each as bytes; empty where clients like this are not told."""
        if batch is not self._batch:
            self._make(batch)
        return self._parts

    def _make(self, batch: Batch) -> None:
        self._parts = [
            (event, b"".join([line.encode() for line in render(event, self.caps)]))
            for event in joined(batch.events)
        ]
        self._block = b"".join([shown for _, shown in self._parts])
        self._batch = batch


class Profiles:
    """One profile for each set of capabilities in use."""

    def __init__(self) -> None:
        self._profiles: dict[Caps, Profile] = {}

    def of(self, caps: Caps) -> Profile:
        """The profile of all clients with these capabilities."""
        if caps not in self._profiles:
            self._profiles[caps] = Profile(caps)
        return self._profiles[caps]
