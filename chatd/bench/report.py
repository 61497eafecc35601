"""What a load test has found, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from chatd.bench.figures import HOUR, Spread, slope
from chatd.bench.goals import LONG_ENOUGH
from chatd.bench.plan import Plan
from chatd.bench.tally import Tally

WARMING = 0.2
"""The share of a run that does not count for growth: caches fill, and the allocator settles."""
_NEARLY = 0.95
_TOO_LATE = 0.01
_FEW = 10.0


@dataclass(slots=True)
class Memory:
    """The resident memory of the daemon, in bytes, where the daemon is ours.

    samples: seconds since the posting began, and the memory then
    """

    alone: int
    connected: int
    samples: list[tuple[float, int]] = field(default_factory=list)

    def per_client(self, clients: int) -> float:
        """What one client has added, while nobody spoke."""
        return (self.connected - self.alone) / clients

    @property
    def growth(self) -> float | None:
        """Bytes an hour, after the run has warmed up; None where it was too short to say."""
        length = self.samples[-1][0] if self.samples else 0.0
        if length < _NEARLY * LONG_ENOUGH:  # the last look was somewhat before the end
            return None
        rise = slope([one for one in self.samples if one[0] >= WARMING * length])
        return None if rise is None else rise * HOUR


@dataclass(slots=True)
class Report:
    """All that was found.

    waiting: posts that the server had not taken in when the time was up
    seconds: how long was posted
    errors: errors in the log of a daemon of ours
    interrupted: whether it was stopped before its time
    """

    plan: Plan
    target: str
    tally: Tally
    seconds: float
    waiting: int = 0
    memory: Memory | None = None
    errors: list[str] | None = None
    interrupted: bool = False

    def figures(self) -> dict[str, float | None]:
        """Every figure that can be judged, by name; times in seconds, memory in bytes."""
        tally = self.tally
        counts: dict[str, float | None] = {
            "lost": tally.lost,
            "duplicated": tally.duplicated,
            "reordered": tally.reordered,
            "disconnected": tally.disconnected,
            "refused": tally.refused.total(),
        }
        ours: dict[str, float | None] = {}
        if self.memory is not None:
            ours["memory"] = self.memory.per_client(self.plan.clients)
            ours["growth"] = self.memory.growth
        if self.errors is not None:
            ours["errors"] = len(self.errors)
        times = _named("", tally.everybody.spread()) | _named("echo-", tally.echo.spread())
        return {**times, **counts, **ours}

    def json(self, missed: list[str]) -> str:
        """Everything as one JSON object; times in milliseconds, memory in bytes."""
        tally = self.tally
        found = {
            "target": self.target,
            "plan": asdict(self.plan),
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "posts": tally.posts,
            "deliveries": tally.due,
            "everybody_ms": _milliseconds(tally.everybody.spread()),
            "echo_ms": _milliseconds(tally.echo.spread()),
            "lateness_ms": _milliseconds(tally.lateness.spread()),
            "minutes_ms": [_milliseconds(one) for one in tally.everybody.by_minute()],
            "lost": tally.lost,
            "unanswered": tally.unanswered,
            "duplicated": tally.duplicated,
            "reordered": tally.reordered,
            "disconnected": tally.disconnected,
            "refused": dict(tally.refused),
            "waiting": self.waiting,
            "memory": self._memory(),
            "errors": self.errors,
            "missed": missed,
        }
        return json.dumps(found)

    def text(self) -> str:
        """Everything as a table, and what there is to say about it."""
        return "\n".join([*self._table(), *self._minutes(), *self._remarks()])

    def _memory(self) -> dict[str, float | None] | None:
        if self.memory is None:
            return None
        return {
            "alone": self.memory.alone,
            "connected": self.memory.connected,
            "per_client": round(self.memory.per_client(self.plan.clients)),
            "growth_per_hour": self.memory.growth,
        }

    def _table(self) -> Iterator[str]:
        plan, tally = self.plan, self.tally
        yield (
            f"{plan.clients:,} clients in {plan.rooms:,} rooms, {plan.rate:g} posts a second"
            f" for {self.seconds:.0f} s, at {self.target}\n"
        )
        yield f"{'':22}{'p50':>11}{'p99':>11}{'max':>11}"
        yield _row("until everybody has it", tally.everybody.spread())
        yield _row("until its own echo", tally.echo.spread())
        yield ""
        yield f"{'posts':16}{tally.posts:>10,}   to be delivered {tally.due:,} times"
        yield f"{'lost':16}{tally.lost:>10,}{_share(tally.lost, tally.due)}"
        for name in ("duplicated", "reordered", "disconnected"):
            yield f"{name:16}{getattr(tally, name):>10,}"
        codes = ", ".join(f"{code} × {count}" for code, count in tally.refused.most_common())
        yield f"{'refused':16}{tally.refused.total():>10,}   {codes}".rstrip()
        yield from self._table_of_ours()

    def _table_of_ours(self) -> Iterator[str]:
        memory = self.memory
        if self.errors is not None:
            yield f"{'errors logged':16}{len(self.errors):>10,}"
        if memory is not None:
            each = memory.per_client(self.plan.clients) / 1024
            yield (
                f"{'memory':16}{_megabytes(memory.alone):>10}   alone;"
                f" {_megabytes(memory.connected)} with all clients, {each:.1f} KiB each"
            )
        if memory is not None and memory.growth is not None:
            yield f"{'memory growth':16}{_megabytes(memory.growth):>10}   an hour"

    def _minutes(self) -> Iterator[str]:
        minutes = self.tally.everybody.by_minute()
        if len(minutes) < 2:
            return
        yield "\np99 until everybody has it, minute by minute"
        for start in range(0, len(minutes), 10):
            cells = [_shown(one.p99 if one else None) for one in minutes[start : start + 10]]
            yield f"{start + 1:>4}" + "".join(f"{cell:>9}" for cell in cells)

    def _remarks(self) -> Iterator[str]:
        tally = self.tally
        if self.interrupted:
            yield f"\nInterrupted: {self.plan.seconds:g} s were planned."
        if tally.unanswered:
            yield f"\nOf {tally.unanswered:,} posts nobody heard anything, not even their senders."
        if self.waiting > max(_FEW, self.plan.rate / 2):
            yield (
                f"\n{self.waiting:,} posts had not come back to their senders when the time was"
                " up: the server slows\nthe clients down ([limits] has how much one session,"
                " account or address may say), or\nthis is more than it can do."
            )
        late = tally.lateness.spread()
        if late is not None and late.p99 > _TOO_LATE:
            yield (
                f"\nThe load test itself was late with 1 % of its posts by {_shown(late.p99)} or"
                " more: this machine is\ntoo busy, and the times are longer than the server's."
            )
        for line in (self.errors or [])[:3]:
            yield f"\n{line}"


def _named(prefix: str, spread: Spread | None) -> dict[str, float | None]:
    names = ("p50", "p99", "max")
    return {f"{prefix}{name}": getattr(spread, name, None) for name in names}


def _milliseconds(spread: Spread | None) -> dict[str, float] | None:
    if spread is None:
        return None
    return {name: round(seconds * 1000, 3) for name, seconds in asdict(spread).items()}


def _row(name: str, spread: Spread | None) -> str:
    cells = [_shown(value) for value in _named("", spread).values()]
    return f"{name:22}" + "".join(f"{cell:>11}" for cell in cells)


def _shown(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"


def _share(part: int, whole: int) -> str:
    return f"   {part / whole:.2%}" if part and whole else ""


def _megabytes(size: float) -> str:
    return f"{size / 1024**2:.1f} MiB"
