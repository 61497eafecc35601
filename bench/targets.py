"""What is asked of chatd: each target is a load, and figures that are to be reached in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

CHATD = "chatd"


class Side(Enum):
    """On which side of its bound a figure has to be."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one load, of one server."""

    load: str
    name: str
    server: str = CHATD


@dataclass(frozen=True, slots=True)
class Clause:
    """A figure of chatd's, and its bound: `factor`, or `factor` times another figure.

    :ivar commits: so many times what a commit takes on this disk is added to the bound.
    :ivar stretch: a factor that would be better still.
    """

    figure: Figure
    side: Side
    factor: float
    than: Figure | None = None
    commits: int = 0
    stretch: float | None = None

    def asked(self) -> str:
        """The bound, for people."""
        text = f"{self.side.value} {self.factor:g}"
        if self.than is not None:
            text += f" × {self.than.server}"
            if self.than.server == CHATD:
                text += f", {self.than.load}"
        if self.commits:
            text += " + a commit"
        return text + (f" (better: {self.stretch:g})" if self.stretch else "")


def _faster(
    load: str, factor: float, than: str, stretch: float | None = None, name: str = "rate"
) -> Clause:
    than_figure = Figure(load, name, than)
    return Clause(Figure(load, name), Side.AT_LEAST, factor, than_figure, 0, stretch)


def _sooner(load: str, name: str, factor: float, than: str) -> Clause:
    return Clause(Figure(load, name), Side.AT_MOST, factor, Figure(load, name, than), commits=1)


def _at_most(load: str, name: str, bound: float) -> Clause:
    return Clause(Figure(load, name), Side.AT_MOST, bound)


def _at_least(load: str, name: str, bound: float) -> Clause:
    return Clause(Figure(load, name), Side.AT_LEAST, bound)


TARGETS: dict[str, tuple[Clause, ...]] = {
    "P1": (_faster("w10-100", 4, "words", 5.5),),
    "P2": (_faster("w10-1000", 1.5, "inspircd", 2.5), _faster("w10-1000", 5, "words")),
    "P3": (_faster("w100-100", 0.5, "inspircd", 1),),
    "P4": (_sooner("w1-100", "p50_ms", 2.5, "floor"), _sooner("w1-1000", "p50_ms", 2.5, "floor")),
    "P5": (
        _sooner("lat-1000", "p50_ms", 1.5, "inspircd"),
        _sooner("lat-1000", "p99_ms", 2, "inspircd"),
    ),
    "P6": (_faster("rooms", 1, "inspircd"), _faster("rooms", 1.5, "words")),
    "P7": (_faster("pairs", 1, "words"),),
    "P8": (
        _faster("connect", 0.7, "words"),
        Clause(Figure("resume", "rate"), Side.AT_LEAST, 1.5, Figure("connect", "rate")),
    ),
    "P9": (
        _at_most("idle", "memory_mib", 64),
        _at_most("idle", "further_kib", 36),
        _at_most("crowd", "crowd_ratio", 3),
    ),
    "P10": (_at_least("receipts", "rate", 8000), _at_least("receipts", "batch", 20)),
    "P11": (
        _at_most("joins", "joined_s", 3),
        _at_most("joins", "growth", 2.1),
        _at_most("joins", "quiet_growth", 1.3),
    ),
    "P12": (_at_most("history", "latest_p50_ms", 3), _at_most("history", "after_p50_ms", 3)),
    "FILES1": (
        _faster("file", 3, "wormhole", name="mb_per_s"),
        _faster("file", 0.6, "socat", name="mb_per_s"),
    ),
    "FILES2": (_at_most("files-20", "files_mib", 8),),
    "FILES3": (_at_most("files-10", "files_ratio", 3),),
    "START": (_at_most("start-100k", "started_s", 2), _at_most("start-1m", "started_s", 5)),
}
"""By their names on the command line.

A join is told to all who are in already, so the work of P11 grows with the square of their
number by the protocol itself; without the lists of names, what is left of that should be so
little that it grows nearly as the number does.
"""


def figures_of(clauses: tuple[Clause, ...]) -> list[Figure]:
    """All figures that are needed to judge, each once."""
    needed = [f for clause in clauses for f in (clause.figure, clause.than) if f is not None]
    return list(dict.fromkeys(needed))


def plan(names: list[str]) -> dict[str, list[str]]:
    """The loads that targets need, and the servers for each, chatd first."""
    servers: dict[str, list[str]] = {}
    for name in names:
        for figure in figures_of(TARGETS[name]):
            known = servers.setdefault(figure.load, [])
            if figure.server not in known:
                known.append(figure.server)
    return {load: sorted(known, key=lambda s: s != CHATD) for load, known in servers.items()}
