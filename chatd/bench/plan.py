"""What a load test is to do, and what its figures have to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """Who talks, where, how much and for how long.

    rate: posts a second, of all clients together
    churn: clients a second who change rooms, leave and come back, or are cut off and come back
    mixed: whether there are large and small rooms, instead of rooms of one size
    arrivals: clients a second who connect, at most; 0 for as fast as they are let in
    patience: how long after it was sent a post may arrive until it is lost
    """

    clients: int = 100
    rooms: int = 10
    rate: float = 50.0
    seconds: float = 30.0
    churn: float = 0.0
    mixed: bool = False
    size: int = 64
    arrivals: float = 0.0
    patience: float = 10.0


@dataclass(frozen=True, slots=True)
class Host:
    """A server that is there already, and how to know that it is the one.

    fingerprint: the SHA-256 that its certificate must have, hexadecimal
    authorities: a file of those who must vouch for it, instead of the system's
    """

    name: str
    port: int
    fingerprint: str | None = None
    authorities: Path | None = None
    accounts: tuple[tuple[str, str], ...] = ()
