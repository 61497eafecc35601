"""The machine: whose cores are whose, what else runs on it, how fast its disk commits.

A run is disturbed if anything but the server, the generator and this program used the
machine meanwhile: its processes (from /proc/stat, less what those three used), or another
machine on the same hardware (the time stolen from this one).
"""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

MOST_OTHERS = 0.10
"""Cores that anything else may use during a run that counts."""
MOST_STOLEN = 0.02
"""Cores that may be stolen during a run that counts."""
TICK = 1 / os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Use:
    """CPU seconds of a whole machine since it was started: used by it, and stolen from it."""

    busy: float
    stolen: float


def use_of(stat: str) -> Use:
    """What the first line of /proc/stat says; waiting for the disk is not use."""
    user, nice, system, _, _, hard, soft, stolen = map(int, stat.split("\n", 1)[0].split()[1:9])
    return Use((user + nice + system + hard + soft) * TICK, stolen * TICK)


def seconds_of(stat: str) -> float:
    """What a process has used, of its /proc/PID/stat; its name may hold anything."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def memory_mib(pid: int, which: str = "VmRSS") -> float:
    """Resident memory of a process."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(f"{which}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"process {pid} has ended")


def forget_peak(pid: int) -> None:
    """The most memory that a process has had is from now on the most since now."""
    (PROC / str(pid) / "clear_refs").write_text("5")


def peak_mib(pid: int) -> float:
    """The most resident memory that a process has had."""
    return memory_mib(pid, "VmHWM")


def process_seconds(pid: int) -> float:
    """CPU seconds that a process has used, with all its threads."""
    return seconds_of((PROC / str(pid) / "stat").read_text())


def wait_until_idle(pid: int, patience: float = 20.0) -> None:
    """Wait until a process has done what it had to do."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = process_seconds(pid)
        time.sleep(0.2)
        if process_seconds(pid) - before <= TICK:
            return


class Watch:
    """Watches who uses the machine while a block runs: `others` and `stolen`, in cores.

    :param pids: the processes that belong to the run, besides this one and its children.
    """

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self.others = 0.0
        self.stolen = 0.0

    def __enter__(self) -> Watch:
        self._began = time.monotonic()
        self._use, self._ours = _machine(), self._used()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if error is not None:
            return
        use, ours, seconds = _machine(), self._used(), time.monotonic() - self._began
        self.others = max(0.0, (use.busy - self._use.busy - (ours - self._ours)) / seconds)
        self.stolen = (use.stolen - self._use.stolen) / seconds

    def _used(self) -> float:
        own = os.times()
        mine = own.user + own.system + own.children_user + own.children_system
        return mine + sum(process_seconds(pid) for pid in self._pids)


def disturbed(others: float, stolen: float) -> bool:
    """Whether a run should be thrown away."""
    return others > MOST_OTHERS or stolen > MOST_STOLEN


def _machine() -> Use:
    return use_of((PROC / "stat").read_text())


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """What is started in the block stays on this core; on a machine with only one, None."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cores() -> tuple[int | None, int | None]:
    """A core for the server, and another for the generator, where there are two."""
    ours = sorted(os.sched_getaffinity(0))
    return (ours[0], ours[1]) if len(ours) > 1 else (None, None)


def commit_ms(folder: Path, times: int = 100) -> float:
    """How long SQLite needs to put one row on this disk for good; the median."""
    path = folder / "commit.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE IF NOT EXISTS rows (text)")
        taken = [_timed(database) for _ in range(times)]
    return statistics.median(taken) * 1000


def _timed(database: sqlite3.Connection) -> float:
    began = time.perf_counter()
    database.execute("INSERT INTO rows VALUES (?)", ["x" * 100])
    return time.perf_counter() - began


def description() -> dict[str, str]:
    """What the figures were measured on."""
    models = [
        line.partition(":")[2].strip()
        for line in (PROC / "cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
