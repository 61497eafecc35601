"""Clients with the same capabilities see the same bytes: made once, written to each."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakValueDictionary

from chatd.events import Addressed, Announced, Batch, Event, Invited, Posted, Renamed, Watched
from chatd.frontends.irc.modelines import joined
from chatd.frontends.irc.render import Caps, render


@dataclass(slots=True, eq=False)
class Shown:
    """A batch as clients with the same capabilities see it.

    `parts` are its events, each with its bytes, which are empty where such clients are not
    told; `block` is all of them, and part n starts at `starts[n]` of it. `own` says which
    parts somebody's own session has made. One that is `personal` is not the same for all.
    What is `said` and no more makes no metadata known.
    """

    batch: Batch
    parts: list[tuple[Event, bytes]]
    block: bytes
    starts: list[int]
    own: dict[str, list[int]]
    personal: bool
    said: bool


class Profile:
    """A set of capabilities, and the batch that was last shown with them."""

    __slots__ = ("__weakref__", "_shown", "caps")

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self._shown = self._make(Batch(()))

    def shown(self, batch: Batch) -> Shown:
        """A batch as bytes. Each reader is given the very same object."""
        if self._shown.batch is not batch:
            self._shown = self._make(batch)
        return self._shown

    def _make(self, batch: Batch) -> Shown:
        parts, starts, size = [], [], 0
        own: dict[str, list[int]] = {}
        for place, event in enumerate(joined(batch.events)):
            shown = b"".join([line.encode() for line in render(event, self.caps)])
            parts.append((event, shown))
            starts.append(size)
            size += len(shown)
            if event.cause is not None:
                own.setdefault(event.cause.session, []).append(place)
        block = b"".join([shown for _, shown in parts])
        personal = any(map(_is_personal, batch.events[:1]))
        said = all(isinstance(event, Posted) for event in batch.events)
        return Shown(batch, parts, block, starts, own, personal, said)


_PERSONAL = (Announced, Invited, Watched, Renamed)


def _is_personal(event: Event) -> bool:
    """Whether each reader has to be looked at; events that are told together are all alike."""
    return isinstance(event, _PERSONAL) or (isinstance(event, Addressed) and event.room.direct)


class Profiles:
    """One profile for each set of capabilities in use."""

    def __init__(self) -> None:
        self._profiles: WeakValueDictionary[Caps, Profile] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._profiles)

    def of(self, caps: Caps) -> Profile:
        """The profile of all clients with these capabilities; it lives as long as one has it."""
        profile = self._profiles.get(caps)
        if profile is None:
            profile = self._profiles[caps] = Profile(caps)
        return profile
