"""Those who have come but are not through with the TLS handshake: so many, and for so long.

They cost a socket and some memory, and somebody can make them by the thousand for nothing.
When there are too many the oldest go, of those networks that have the most of them. Whoever
means it is through within moments, and does not notice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from chatd.core.limits import network

PATIENCE = 10.0
"""Seconds that a handshake may take."""
AT_ONCE = 20
"""How many are given up before all others have their turn."""
SOME = 100
"""How many are looked at for those who are through."""
TELL_EVERY = 60.0
"""Seconds between two lines in the log about handshakes that were given up."""


@dataclass(frozen=True, slots=True)
class Comer:
    """Somebody who has come: from which network, and when (seconds)."""

    where: str
    at: float


class Halfway:
    """The connections of one endpoint that may still be in their handshake, oldest first.

    :param most: how many there may be just now.
    """

    log = Logger()

    def __init__(self, most: Callable[[], int], reactor: IReactorTime) -> None:
        self._most = most
        self._reactor = reactor
        self._comers: dict[Any, Comer] = {}
        self._look: IDelayedCall | None = None
        self._told_at = -TELL_EVERY

    def __len__(self) -> int:
        return len(self._comers)

    def came(self, connection: Any, host: str) -> None:
        """The handshake of a connection begins."""
        self._comers[connection] = Comer(network(host), self._reactor.seconds())
        if len(self._comers) > self._most():
            self._thin_out()
        if self._look is None:
            self._look = self._reactor.callLater(PATIENCE, self._look_again)

    def went(self, connection: Any) -> None:
        """A connection has ended."""
        self._comers.pop(connection, None)

    def stop(self) -> None:
        """Nobody comes any more."""
        if self._look is not None and self._look.active():
            self._look.cancel()
        self._look = None

    def _thin_out(self) -> None:
        """Forget some who are through, or else let some go: not one for each that comes."""
        first = self._worst_first()[:SOME]
        through = [connection for connection in first if is_through(connection)]
        for connection in through:
            del self._comers[connection]
        if not through:
            self._tell()
            for connection in first[:AT_ONCE]:
                self._cut(connection)

    def _worst_first(self) -> list[Any]:
        """All, in the order in which they have to go."""
        seen: Counter[str] = Counter()
        ranks: dict[Any, int] = {}
        for connection, comer in reversed(self._comers.items()):
            seen[comer.where] += 1
            ranks[connection] = seen[comer.where]
        return sorted(self._comers, key=ranks.__getitem__, reverse=True)

    def _look_again(self) -> None:
        """Forget those who are through by now, and let those go who are late."""
        late = self._reactor.seconds() - PATIENCE
        for connection, comer in list(self._comers.items())[:AT_ONCE]:
            if comer.at > late:
                break
            if is_through(connection):
                del self._comers[connection]
            else:
                self._cut(connection)
        self._look = None
        if self._comers:
            oldest = next(iter(self._comers.values()))
            self._look = self._reactor.callLater(max(0, oldest.at - late), self._look_again)

    def _cut(self, connection: Any) -> None:
        del self._comers[connection]
        connection.abortConnection()

    def _tell(self) -> None:
        now = self._reactor.seconds()
        if now - self._told_at >= TELL_EVERY:
            self._told_at = now
            self.log.warn(
                "{many} TLS handshakes are under way at once; the oldest are given up",
                many=len(self._comers),
            )


def is_through(connection: Any) -> bool:
    """Whether the client has finished its part of the handshake."""
    handle = connection.getHandle()
    return handle is None or handle.get_peer_finished() is not None
