"""Runs the loads: server after server, round after round; disturbed runs are made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bench.generator import Generator, NotMeasured
from bench.loads import LOADS, Figures, Load, Pace
from bench.machine import Watch, disturbed
from bench.peers import PEERS
from bench.progress import Progress
from bench.servers import Chatd, Place, Server
from bench.targets import CHATD, Figure


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one load against one server, and who else used the machine, in cores."""

    load: str
    server: str
    figures: Figures
    others: float
    stolen: float

    @property
    def disturbed(self) -> bool:
        """Whether it should not count."""
        return disturbed(self.others, self.stolen)


@dataclass(slots=True)
class Results:
    """The samples that count, round by round, and what went wrong.

    :ivar interrupted: whether a Ctrl-C came before all was measured.
    """

    kept: list[Sample] = field(default_factory=list)
    thrown_away: list[Sample] = field(default_factory=list)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    interrupted: bool = False

    def values(self, figure: Figure) -> list[float]:
        """What was measured of a figure, in the order of the rounds."""
        return [
            sample.figures[figure.name]
            for sample in self.kept
            if (sample.load, sample.server) == (figure.load, figure.server)
            and figure.name in sample.figures
        ]


Take: TypeAlias = Callable[[str, str], Sample]
"""Makes one run: of which load, against which server."""


def run(
    plan: Mapping[str, Sequence[str]], rounds: int, again: int, take: Take, progress: Progress
) -> Results:
    """Make all runs of a plan, the servers of one load in turn, until a Ctrl-C.

    :param again: how often a disturbed run is made again; if all were disturbed, the one that
        was so least counts, and says so.
    """
    results = Results()
    turns = (
        (load, server, number + 1)
        for load, servers in plan.items()
        for number in range(rounds)
        for server in servers
    )
    try:
        for load, server, number in turns:
            progress.doing(f"{load}, {server}, round {number}")
            if (load, server) not in results.failures:
                _sample(results, load, server, again, take)
            progress.done()
    except KeyboardInterrupt:
        results.interrupted = True
    progress.end()
    return results


def _sample(results: Results, load: str, server: str, again: int, take: Take) -> None:
    samples: list[Sample] = []
    try:
        while len(samples) <= again and (not samples or samples[-1].disturbed):
            samples.append(take(load, server))
    except NotMeasured as error:
        results.failures[load, server] = str(error)
        return
    best = min(samples, key=lambda sample: (sample.disturbed, sample.others + sample.stolen))
    results.kept.append(best)
    results.thrown_away.extend(sample for sample in samples if sample is not best)


class Taker:
    """Makes runs for good: each against a server of its own, which is started for it."""

    def __init__(self, place: Place, generator: Generator, pace: Pace) -> None:
        self._place = place
        self._generator = generator
        self._pace = pace

    def __call__(self, load: str, server: str) -> Sample:
        """One run.

        :raise NotMeasured: if there are no figures, and why.
        """
        try:
            return self._take(load, server)
        except (AssertionError, OSError) as error:
            raise NotMeasured(f"{type(error).__name__}: {error}") from error

    def _take(self, load: str, server: str) -> Sample:
        with self._server(LOADS[load], server) as running, Watch(running.pid) as watch:
            figures = LOADS[load].act(running, self._generator, self._pace)
        return Sample(load, server, figures, watch.others, watch.stolen)

    def _server(self, load: Load, name: str) -> Server:
        if name == CHATD:
            return Chatd(self._place, load.settings, int(load.messages * self._pace.part))
        return PEERS[name](self._place)
