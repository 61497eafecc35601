"""How many people of which kind are on line. Everybody who comes in is told that, and counting
a crowd takes its time: what was counted is then good for a moment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from chatd.core import Core
from chatd.core.sessions import Here
from chatd.frontends.irc.roles import INVISIBLE
from chatd.model import Rank

CROWD = 200
"""So many people are not counted again each time."""
MOMENT = 1000
"""For how many milliseconds their number is good."""


def is_invisible(here: Here) -> bool:
    """Whether somebody has the mode `i` in all of their sessions."""
    return all(INVISIBLE in getattr(session, "modes", "") for session in here.sessions.values())


def is_operator(here: Here) -> bool:
    """Whether somebody has taken up an office of the server."""
    return any(session.rank >= Rank.MODERATOR for session in here.sessions.values())


class Connected(Protocol):
    """A client that may not be on line yet."""

    handshake: object


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are invisible, hold an office of the server, or are connected and not on line."""

    invisible: int = 0
    operators: int = 0
    strangers: int = 0


class Census:
    """The latest counts."""

    def __init__(self) -> None:
        self._counts = Counts()
        self._until = 0

    def counts(self, core: Core, connected: Collection[Connected]) -> Counts:
        """How many there are now, or of a crowd a moment ago."""
        now = core.log.now()
        if len(connected) < CROWD or now >= self._until:
            self._until = now + MOMENT
            self._counts = Counts(
                invisible=sum(map(is_invisible, core.sessions)),
                operators=sum(map(is_operator, core.sessions)),
                strangers=sum(one.handshake is not None for one in connected),
            )
        return self._counts
