"""Medians, ratios and what is made of them: a target is met or not, and both tables say so."""

from __future__ import annotations

import io
import json

import pytest

from bench import table
from bench.__main__ import BEGIN, END, filled, main
from bench.counted import average
from bench.figures import ratios, short, spread
from bench.loads import FIGURES, LOADS, growth
from bench.progress import Progress
from bench.rounds import Results, Sample
from bench.targets import CHATD, TARGETS, figures_of, plan

HEAD = {"processor": "an abacus"}


def results(**rates: list[float]) -> Results:
    """Samples of the load of P1, round by round."""
    found = Results()
    for server, values in rates.items():
        for rate in values:
            found.kept.append(Sample("w10-100", server, {"rate": rate}, 0.01, 0.0))
    return found


def test_spread() -> None:
    """Several measurements are their median, the least and the greatest."""
    assert str(spread([3.0, 1.0, 2.0])) == "2.00 [1.00–3.00]"
    assert str(spread([4.0])) == "4.00"
    with pytest.raises(ValueError, match="nothing"):
        spread([])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.123, "0.12"),
        (12.34, "12.3"),
        (999.4, "999"),
        (9876, "9876"),
        (12_345, "12.3 k"),
        (1_234_567, "1.23 M"),
    ],
)
def test_short(value: float, shown: str) -> None:
    """Numbers are shown with the digits that count."""
    assert short(value) == shown


def test_ratios_are_of_one_round() -> None:
    """A machine that gets slower changes both, and not the ratio."""
    assert ratios([400, 200], [100, 50]) == [4, 4]
    assert ratios([1], [0]) == [float("inf")]


def test_growth() -> None:
    """1 is linear, 2 is quadratic."""
    assert growth(500, 1, 2000, 4) == pytest.approx(1)
    assert growth(500, 1, 2000, 16) == pytest.approx(2)


def test_average_batch() -> None:
    """The store's notes give the average size of its transactions."""
    assert average("1\n2\n6\n") == 3
    assert average("") == 0


@pytest.mark.parametrize(
    ("chatd", "verdict"),
    [
        ([390, 390, 390], "fall short"),
        ([400, 400, 100], "pass"),
        ([560, 550, 100], "pass, and better"),
    ],
)
def test_at_least(chatd: list[float], verdict: str) -> None:
    """The median of the rounds' ratios is held against the factor."""
    (judgement,) = table.judge(results(chatd=chatd, words=[100, 100, 100]), ["P1"], 1)
    assert judgement.verdict == verdict


@pytest.mark.parametrize(("p50", "met"), [(3.4, True), (3.6, False)])
def test_at_most_with_a_commit(p50: float, met: bool) -> None:
    """What a commit takes on this disk is added to the bound."""
    found = Results()
    for server, value in ((CHATD, p50), ("floor", 1.0)):
        found.kept.append(Sample("w1-100", server, {"p50_ms": value}, 0, 0))
    first, second = table.judge(found, ["P4"], 1.0)
    assert first.met is met
    assert second.verdict == "not measured: there was no run"


def test_failures_and_disturbances_are_told() -> None:
    """A target that was not measured is not met; a disturbed one is marked."""
    found = results(chatd=[500])
    found.failures["w10-100", "words"] = "it does not start:\nlong story"
    (judgement,) = table.judge(found, ["P1"], 1)
    assert not judgement.met
    assert judgement.verdict == "not measured: it does not start:"
    found = results(chatd=[500], words=[100])
    found.kept.append(Sample("w10-100", CHATD, {"rate": 500}, 1.5, 0))
    found.kept.append(Sample("w10-100", "words", {"rate": 100}, 0, 0))
    (judgement,) = table.judge(found, ["P1"], 1)
    assert judgement.verdict == "pass (disturbed)"
    assert "1 kept, 0 thrown away" in table.text([judgement], found, HEAD)


def test_a_round_that_is_not_whole() -> None:
    """Where one of two stopped in the middle, the rounds that both have are compared."""
    found = results(chatd=[400, 500, 900], words=[100, 100])
    (judgement,) = table.judge(found, ["P1"], 1)
    assert str(judgement.ratio) == "4.50 [4.00–5.00]"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--rounds 0", "'0' is no whole number from 1 to 1000"),
        ("--rounds 1.5", "'1.5' is no whole number"),
        ("--seconds -1", "'-1' is no number from 0.1 to 60"),
        ("--seconds nan", "'nan' is no number from 0.1 to 60"),
        ("--again -1", "'-1' is no whole number from 0 to 1000"),
        ("P13", "there is no target P13"),
        ("P1 --load w1-100", "name targets, or loads with --load, and not both"),
        ("--page /nowhere/page.md", "/nowhere/page.md cannot be read (No such file"),
        ("--page README.md", "README.md is no good: the page has no <!-- figures -->"),
        ("--json /nowhere/figures.json", "there is no folder for /nowhere/figures.json"),
        ("--folder README.md", "README.md cannot be a folder (File exists)"),
        ("--server words", "--server is for --load"),
    ],
)
def test_no_good(line: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What makes no sense is refused with a sentence before anything is run, and status 2."""
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == 2
    assert why in capsys.readouterr().err


def test_text() -> None:
    """The table for people has each figure beside its target, in columns."""
    found = results(chatd=[400, 500], words=[100, 100])
    shown = table.text(table.judge(found, ["P1"], 1), found, HEAD)
    heading, row = (line for line in shown.splitlines() if line.startswith(("target", "P1")))
    assert shown.startswith("processor: an abacus\n")
    assert row.index("words 100") == heading.index("against")
    assert row.split("  ")[0] == "P1"
    assert "4.50 [4.00–5.00]" in row
    assert row.endswith("pass")


def test_json() -> None:
    """The same for programs: judgements, and all samples, those that do not count as well."""
    found = results(chatd=[400], words=[100])
    found.thrown_away.append(Sample("w10-100", CHATD, {"rate": 1}, 2.0, 0))
    judgements = table.judge(found, ["P1"], 1)
    read = json.loads(json.dumps(table.record(judgements, found, HEAD)))
    assert read["targets"][0]["ratio"]["median"] == 4
    assert read["targets"][0]["met"] is True
    assert [sample["figures"]["rate"] for sample in read["kept"]] == [400, 100]
    assert read["thrown_away"][0]["disturbed"] is True


def test_page() -> None:
    """A page has its figures between two comments, and nothing else of it is changed."""
    shown = table.page(table.judge(results(chatd=[400], words=[100]), ["P1"], 1), HEAD)
    page = filled(f"a\n{BEGIN}\nold\n{END}\nz\n", shown)
    assert page.startswith(f"a\n{BEGIN}\n")
    assert page.endswith(f"{END}\nz\n")
    assert "old" not in page
    assert "| P1 | w10, 100 clients |" in page
    with pytest.raises(ValueError, match="no"):
        filled("a", shown)


def test_targets_are_of_loads_and_figures_that_there_are() -> None:
    """What is asked can be measured, and has words."""
    for clauses in TARGETS.values():
        for figure in figures_of(clauses):
            assert figure.load in LOADS
            assert figure.name in FIGURES


def test_plan() -> None:
    """Each load is run once for all targets, against chatd first."""
    assert plan(["P2", "P8"]) == {
        "w10-1000": ["chatd", "inspircd", "words"],
        "connect": ["chatd", "words"],
        "resume": ["chatd"],
    }
    assert {f"P{n}" for n in range(1, 13)} < set(TARGETS)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress() -> None:
    """A bar where there is a terminal, and nothing where there is none."""
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        progress = Progress(2, stream)
        progress.doing("the first")
        progress.done()
        progress.doing("the second")
        progress.end()
    assert "1/2 the second" in terminal.getvalue()
    assert pipe.getvalue() == ""
