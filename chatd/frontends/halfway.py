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
        """Let some go at once, so that this need not be done for each that comes."""
        self._forget_those_through()
        if len(self._comers) <= self._most():
            return
        seen: Counter[str] = Counter()
        ranks: list[tuple[int, Any]] = []
        for connection, comer in reversed(self._comers.items()):
            seen[comer.where] += 1
            ranks.append((seen[comer.where], connection))
        ranks.sort(key=lambda rank: -rank[0])
        surplus = len(self._comers) - self._most() * 9 // 10
        self._tell(surplus)
        for _, connection in ranks[:surplus]:
            self._cut(connection)

    def _look_again(self) -> None:
        """Forget those who are through, and let those go who are late."""
        self._look = None
        self._forget_those_through()
        late = self._reactor.seconds() - PATIENCE
        for connection in [c for c, comer in self._comers.items() if comer.at <= late]:
            self._cut(connection)
        if self._comers:
            oldest = next(iter(self._comers.values()))
            self._look = self._reactor.callLater(oldest.at - late, self._look_again)

    def _forget_those_through(self) -> None:
        self._comers = {c: comer for c, comer in self._comers.items() if not is_through(c)}

    def _cut(self, connection: Any) -> None:
        del self._comers[connection]
        connection.abortConnection()

    def _tell(self, surplus: int) -> None:
        now = self._reactor.seconds()
        if now - self._told_at >= TELL_EVERY:
            self._told_at = now
            self.log.warn(
                "{many} TLS handshakes are under way at once; {surplus} are given up",
                many=len(self._comers),
                surplus=surplus,
            )


def is_through(connection: Any) -> bool:
    """Whether the client has finished its part of the handshake."""
    handle = connection.getHandle()
    return handle is None or handle.get_peer_finished() is not None
