"""Results for people and for programs: each figure beside its target, then all that was run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.figures import Spread, ratios, short, spread
from bench.loads import FIGURES, LOADS
from bench.rounds import Results, Sample
from bench.targets import TARGETS, Clause, Figure, Side

HEADINGS = ("target", "load", "figure", "chatd", "against", "ratio", "asked", "")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A clause of a target with what was measured; without that, why it was not."""

    target: str
    clause: Clause
    ours: Spread | None = None
    theirs: Spread | None = None
    ratio: Spread | None = None
    met: bool = False
    better: bool = False
    because: str = ""
    disturbed: bool = False

    @property
    def verdict(self) -> str:
        """Pass or not, in a few words."""
        if self.ours is None:
            return "not measured: " + self.because.splitlines()[0]
        words = "pass" if self.met else "fall short"
        if self.better:
            words += ", and better"
        return words + (" (disturbed)" if self.disturbed else "")


def judge(results: Results, names: Sequence[str], commit_ms: float) -> list[Judgement]:
    """Every clause of some targets."""
    return [
        _judgement(results, name, clause, commit_ms) for name in names for clause in TARGETS[name]
    ]


def _judgement(results: Results, name: str, clause: Clause, commit_ms: float) -> Judgement:
    needed = [figure for figure in (clause.figure, clause.than) if figure is not None]
    for figure in needed:
        if not results.values(figure):
            return Judgement(name, clause, because=_reason(results, figure))
    ours = results.values(clause.figure)
    theirs = results.values(clause.than) if clause.than else [1.0] * len(ours)
    rounds = min(len(ours), len(theirs))  # one of them may have stopped in the middle
    ours, theirs = ours[:rounds], theirs[:rounds]
    added = clause.commits * commit_ms
    return Judgement(
        name,
        clause,
        spread(ours),
        spread(theirs) if clause.than else None,
        spread(ratios(ours, theirs)) if clause.than else None,
        met=_met(clause.side, ours, theirs, clause.factor, added),
        better=clause.stretch is not None
        and _met(clause.side, ours, theirs, clause.stretch, added),
        disturbed=any(_disturbed(results, figure) for figure in needed),
    )


def _met(
    side: Side, ours: Sequence[float], theirs: Sequence[float], factor: float, added: float
) -> bool:
    """Whether the median of the rounds is on the right side of the bounds of its round."""
    middle = spread(ratios(ours, [factor * their + added for their in theirs])).median
    return middle >= 1 if side is Side.AT_LEAST else middle <= 1


def _reason(results: Results, figure: Figure) -> str:
    return results.failures.get((figure.load, figure.server), "there was no run")


def _disturbed(results: Results, figure: Figure) -> bool:
    of = (figure.load, figure.server)
    return any(s.disturbed for s in results.kept if (s.load, s.server) == of)


def text(judgements: Sequence[Judgement], results: Results, head: Mapping[str, str]) -> str:
    """All of it, for a terminal."""
    rows = _columns([HEADINGS, *map(_row, judgements)]) if judgements else []
    runs = [("load", "server", "runs", "disturbed", "figures"), *_runs(results)]
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\n".join([*lines, "", *rows, "", *_columns(runs), *_failures(results)])


def page(judgements: Sequence[Judgement], head: Mapping[str, str]) -> str:
    """The judgements as a table of Markdown."""
    about = "; ".join(f"{name}: {value}" for name, value in head.items())
    rows = ["| " + " | ".join(_row(j)) + " |" for j in judgements]
    return "\n".join([about, "", "| " + " | ".join(HEADINGS) + " |", "|---" * 8 + "|", *rows])


def record(
    judgements: Sequence[Judgement], results: Results, head: Mapping[str, str]
) -> dict[str, Any]:
    """The same for programs: to be written as JSON."""
    return {
        "about": dict(head),
        "interrupted": results.interrupted,
        "targets": [_judged(judgement) for judgement in judgements],
        "kept": [_sampled(sample) for sample in results.kept],
        "thrown_away": [_sampled(sample) for sample in results.thrown_away],
        "failures": [
            {"load": load, "server": server, "reason": reason}
            for (load, server), reason in results.failures.items()
        ],
    }


def _judged(judgement: Judgement) -> dict[str, Any]:
    of = judgement.clause
    spreads = {"chatd": judgement.ours, "against": judgement.theirs, "ratio": judgement.ratio}
    return {
        "target": judgement.target,
        "load": of.figure.load,
        "figure": of.figure.name,
        "server": of.than.server if of.than else None,
        **{name: asdict(value) if value else None for name, value in spreads.items()},
        "asked": of.asked(),
        "met": judgement.met,
        "better": judgement.better,
        "verdict": judgement.verdict,
        "disturbed": judgement.disturbed,
    }


def _sampled(sample: Sample) -> dict[str, Any]:
    return {**asdict(sample), "disturbed": sample.disturbed}


def _row(judgement: Judgement) -> tuple[str, ...]:
    clause = judgement.clause
    against = ""
    if clause.than and judgement.theirs:
        against = f"{clause.than.server} {judgement.theirs}"
    return (
        judgement.target,
        LOADS[clause.figure.load].about,
        FIGURES[clause.figure.name],
        str(judgement.ours or "–"),
        against,
        str(judgement.ratio or ""),
        clause.asked(),
        judgement.verdict,
    )


def _runs(results: Results) -> list[tuple[str, ...]]:
    kinds = dict.fromkeys((sample.load, sample.server) for sample in results.kept)
    return [_kind(results, load, server) for load, server in kinds]


def _kind(results: Results, load: str, server: str) -> tuple[str, ...]:
    mine = [s for s in results.kept if (s.load, s.server) == (load, server)]
    thrown = [s for s in results.thrown_away if (s.load, s.server) == (load, server)]
    bad = sum(sample.disturbed for sample in mine)
    figures = (
        f"{FIGURES[name]} {spread(results.values(Figure(load, name, server)))}"
        for name in mine[0].figures
    )
    most = max(sample.others + sample.stolen for sample in mine)
    told = f"{bad} kept, {len(thrown)} thrown away; others {short(most)}"
    return (load, server, str(len(mine)), told, "; ".join(figures))


def _failures(results: Results) -> list[str]:
    return [f"{load}, {server}: {why}" for (load, server), why in results.failures.items()]


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
