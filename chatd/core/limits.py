"""How much of everything: token buckets on a clock, so many at once, then one more every so
often; failed attempts; and connections by network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from chatd.core.settings import Settings
from chatd.errors import TooFast

MOST_FAILURES = 100_000
"""How many are remembered at all; beyond that, those who failed longest ago go."""

TOLD, TOLD_EVERY = 10, 0.2
"""How many banned people are told so at once, and the seconds until one more is."""


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """What counts as one address: an IPv4 address, or the IPv6 /64 that one household has."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return str(ip)


@dataclass(slots=True)
class Bucket:
    """How much is left of a burst, and when that was so (seconds)."""

    left: float
    at: float


class Buckets:
    """One bucket for each of many; those that are full again are forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[Hashable, Bucket] = {}
        self._sweep_at = 1024

    def wait(self, who: Hashable, burst: int, every: float) -> float:
        """Take one, and say how many seconds too early that was; 0 if it was there.

        A bucket never owes more than one: whoever waits that long is served.

        :param burst: how many there are at most.
        :param every: the seconds after which there is one more.
        """
        if every <= 0:
            return 0.0
        now = self._clock()
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = Bucket(burst, now)
            self._sweep(now, burst, every)
        left = min(burst, bucket.left + (now - bucket.at) / every)
        bucket.at = now
        if left < 1:
            bucket.left = left
            return (1 - left) * every
        bucket.left = left - 1
        return 0.0

    def take(self, who: Hashable, burst: int, every: float) -> None:
        """Take one.

        :raise TooFast: if there is none, with the whole seconds to wait.
        """
        seconds = self.wait(who, burst, every)
        if seconds:
            raise TooFast(int(seconds) + 1)

    def _sweep(self, now: float, burst: int, every: float) -> None:
        if len(self._buckets) < self._sweep_at:
            return
        full = [w for w, b in self._buckets.items() if b.left + (now - b.at) / every >= burst]
        for who in full:
            del self._buckets[who]
        self._sweep_at = max(1024, 2 * len(self._buckets))


@dataclass(slots=True)
class Failures:
    """How often something failed of late, and when last (seconds)."""

    count: int = 0
    at: float = 0.0


class Attempts:
    """Failed attempts of accounts and addresses: first they are delayed, then refused."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[Hashable, Failures] = OrderedDict()

    def failed(self, *who: Hashable, forget_after: float) -> None:
        """Remember a failure of each of these."""
        now = self._clock()
        for one in who:
            failures = self._failures.setdefault(one, Failures())
            if now - failures.at > forget_after:
                failures.count = 0
            failures.count += 1
            failures.at = now
            self._failures.move_to_end(one)
        self._forget(now, forget_after)

    def succeeded(self, *who: Hashable) -> None:
        """Forget the failures of these."""
        for one in who:
            self._failures.pop(one, None)

    def count(self, *who: Hashable, forget_after: float) -> tuple[int, float]:
        """The most failures that any of these had of late, and the seconds until forgotten."""
        now = self._clock()
        worst = (0, 0.0)
        for one in who:
            failures = self._failures.get(one)
            if failures is not None and now - failures.at <= forget_after:
                worst = max(worst, (failures.count, forget_after - (now - failures.at)))
        return worst

    def _forget(self, now: float, forget_after: float) -> None:
        while True:
            who, oldest = next(iter(self._failures.items()))
            if now - oldest.at <= forget_after and len(self._failures) <= MOST_FAILURES:
                return
            del self._failures[who]


class Gate:
    """How many connections come from each network. Those within the machine itself are not
    counted.

    :param bars: whether an address is banned. They are let in to be told so, but only some of
        them each second, as a handshake costs more than a connection.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float],
        bars: Callable[[str], bool] = lambda address: False,
    ) -> None:
        self._settings = settings
        self._bars = bars
        self._buckets = Buckets(clock)
        self._told = Buckets(clock)
        self._open: dict[str, int] = {}

    def admits(self, address: str) -> bool:
        """Whether one more connection may come from an address now."""
        limits = self._settings.limits
        if not address:
            return True
        where = network(address)
        if self._open.get(where, 0) >= limits.connections:
            return False
        if self._bars(address) and self._told.wait("banned", TOLD, TOLD_EVERY):
            return False
        return not self._buckets.wait(where, limits.connects, limits.connects_every)

    def most_handshakes(self) -> int:
        """How many TLS handshakes may be under way at one endpoint."""
        return self._settings.limits.handshakes

    def came(self, address: str) -> None:
        """A connection was made."""
        where = network(address)
        self._open[where] = self._open.get(where, 0) + 1

    def went(self, address: str) -> None:
        """A connection has ended."""
        where = network(address)
        left = self._open.get(where, 0) - 1
        if left > 0:
            self._open[where] = left
        else:
            self._open.pop(where, None)
