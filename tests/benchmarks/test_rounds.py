"""Runs take turns, and disturbed ones are made again."""

from __future__ import annotations

import io
import os

import pytest

from bench import machine
from bench.generator import NotMeasured, measured
from bench.machine import TICK, Use, Watch, disturbed, pinned, seconds_of, use_of
from bench.progress import Progress
from bench.rounds import Results, Sample, run

LINE = (
    '{"ops_per_s":500,"lat_us":{"p50":1500.0,"p99":2500.0,"max":9000.0},"secs":1.0,"sent":5,'
    '"lost":%d,"died":0,"errors":0,"srv_cpu":0.5,"srv_us_per_op":3.1,"gen_cpu":0.2,"rss_kb":2048}'
)
STAT = "cpu  100 20 30 4000 50 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n"
PROCESS = "12 (a) b) S 1 1 1 0 -1 4194560 1 0 0 0 300 200 9 9 20 0 1 0 7 8 9"


CTRL_C = float("inf")


class Machine:
    """Gives samples in turn: each server's uses of the machine by others, run by run."""

    def __init__(self, **others: list[float]) -> None:
        self._others = others
        self.runs: list[str] = []

    def take(self, load: str, server: str) -> Sample:
        self.runs.append(server)
        others = self._others[server].pop(0)
        if others == CTRL_C:
            raise KeyboardInterrupt
        if others < 0:
            raise NotMeasured("it broke")
        return Sample(load, server, {"rate": float(len(self.runs))}, others, 0.0)

    def run(self, rounds: int, again: int) -> Results:
        plan = {"w1-100": list(self._others)}
        return run(plan, rounds, again, self.take, Progress(1, io.StringIO()))


def test_in_turn() -> None:
    """A B A B, so that a machine that gets slower is slower for both."""
    machine = Machine(a=[0, 0], b=[0, 0])
    machine.run(2, 3)
    assert machine.runs == ["a", "b", "a", "b"]


def test_disturbed_is_made_again() -> None:
    """A disturbed run does not count if a quiet one can be had."""
    machine = Machine(a=[1.5, 0.5, 0.0], b=[0.0])
    results = machine.run(1, 3)
    assert machine.runs == ["a", "a", "a", "b"]
    assert [sample.others for sample in results.kept] == [0.0, 0.0]
    assert len(results.thrown_away) == 2


def test_least_disturbed_counts() -> None:
    """Where it never gets quiet, the run that was disturbed least counts, and says so."""
    results = Machine(a=[1.5, 0.5, 0.9]).run(1, 2)
    (kept,) = results.kept
    assert kept.others == 0.5
    assert kept.disturbed


def test_failure_is_not_repeated() -> None:
    """What cannot be run is said once, and the others go on."""
    machine = Machine(a=[-1], b=[0, 0])
    results = machine.run(2, 3)
    assert machine.runs == ["a", "b", "b"]
    assert results.failures == {("w1-100", "a"): "it broke"}


def test_interrupted() -> None:
    """A Ctrl-C ends it, and what was measured until then is kept."""
    machine = Machine(a=[0, 0], b=[0, CTRL_C])
    results = machine.run(3, 3)
    assert results.interrupted
    assert [sample.server for sample in results.kept] == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("others", "stolen", "bad"), [(0.05, 0, False), (0.2, 0, True), (0, 0.05, True)]
)
def test_disturbed(others: float, stolen: float, bad: bool) -> None:
    """Other programs disturb, and so do other machines on the same hardware."""
    assert disturbed(others, stolen) is bad


def test_use_of_the_machine() -> None:
    """What is idle, waits for the disk, or is stolen, is not used here."""
    use = use_of(STAT)
    assert use.busy == pytest.approx((100 + 20 + 30 + 6 + 7) * TICK)
    assert use.stolen == pytest.approx(8 * TICK)
    assert seconds_of(PROCESS) == pytest.approx(500 * TICK)


@pytest.mark.parametrize(("more", "bad"), [(0.0, False), (5.0, True)])
def test_own_work_is_no_disturbance(
    monkeypatch: pytest.MonkeyPatch, more: float, bad: bool
) -> None:
    """What this process uses belongs to the run; what the machine has used besides does not."""
    used = iter([0.0, more])
    monkeypatch.setattr(machine, "_machine", lambda: Use(sum(os.times()[:4]) + next(used), 0.0))
    began = os.times().user
    with Watch() as watch:
        while os.times().user - began < 0.2:
            pass
    assert disturbed(watch.others, watch.stolen) is bad


def test_pinned() -> None:
    """What is started in the block stays on one core."""
    before = os.sched_getaffinity(0)
    with pinned(min(before)):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before


def test_generator_line() -> None:
    """What the generator prints is read; a run that lost something is none."""
    found = measured(LINE % 0)
    assert (found.rate, found.p50_ms, found.memory_mib) == (500, 1.5, 2)
    with pytest.raises(NotMeasured, match="3 messages"):
        measured(LINE % 3)
    with pytest.raises(NotMeasured, match="nothing happened"):
        measured((LINE % 0).replace('"ops_per_s":500', '"ops_per_s":0'))
    with pytest.raises(NotMeasured, match="oops"):
        measured("oops")
