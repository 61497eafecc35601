"""Runs the public conformance suite for IRC servers (progval/irctest) on chatd.

    make irctest IRCTEST=path/to/checkout

The suite is run as it is, in rounds (see ROUNDS). What fails there or is passed over is compared
with what is known to, of which everybody.txt and ergo.txt have a list, each line with its reason.
The exit status is 0 if nothing differs.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
TESTS = "irctest/server_tests"
EVERYBODY = "not implementation-specific and not deprecated and not strict"
ERGO = f"not deprecated and (Ergo or not implementation-specific) and not ({EVERYBODY})"
NOTHING_TO_RUN = 5
_KNOWN = re.compile(r"(?P<outcome>failed|skipped|xfailed) (?P<test>\S.*?)  # (?P<reason>.+)")


@dataclass(frozen=True)
class Round:
    """One run of the suite."""

    about: str
    controller: str
    marks: str
    known: str


ROUNDS = {
    "plain": Round("for every server", "chatd_controller", EVERYBODY, "everybody.txt"),
    "tls": Round("the same over TLS 1.3", "chatd_over_tls", EVERYBODY, "everybody.txt"),
    "ergo": Round("what only Ergo is asked for", "chatd_controller", ERGO, "ergo.txt"),
}


@dataclass(frozen=True)
class Result:
    """How a test ended: passed, failed, skipped, or xfailed; and what it said."""

    outcome: str
    said: str = ""


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; how many rounds went otherwise than is known."""
    asked = _parser().parse_args(arguments)
    if not (asked.checkout / TESTS).is_dir():
        _say(f"There is no {TESTS} in {asked.checkout}: it should be a checkout of the suite.")
        return 1
    return sum(not _as_known(name, asked) for name in asked.rounds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Run the public conformance suite for IRC servers on chatd.",
        epilog="Rounds: " + "; ".join(f"{name}: {one.about}" for name, one in ROUNDS.items()),
    )
    parser.add_argument(
        "checkout", type=Path, help="of progval/irctest; its requirements.txt has to be installed"
    )
    parser.add_argument(
        "--rounds", nargs="+", choices=ROUNDS, default=list(ROUNDS), help="which; by default all"
    )
    parser.add_argument("-n", type=int, default=2, metavar="N", help="tests at a time (2)")
    parser.add_argument(
        "-k", metavar="EXPRESSION", help="only these tests; shows what was said in those that fail"
    )
    return parser


def _as_known(name: str, asked: argparse.Namespace) -> bool:
    """Run one round, and tell what is not as known."""
    one = ROUNDS[name]
    _say(f"== {name}: {one.about}")
    results = _run(one, asked)
    if results is None:
        return False
    known = read_known((HERE / one.known).read_text())
    differences = list(compare(results, known, whole=not asked.k))
    _say(
        f"{name}: {summary(results)}; " + (f"not as in {one.known}:" if differences else "as known")
    )
    for difference in differences:
        _say(f"  {difference}")
    return not differences


def _run(one: Round, asked: argparse.Namespace) -> dict[str, Result] | None:
    with tempfile.TemporaryDirectory(prefix="chatd-irctest-") as folder:
        report = Path(folder) / "report.xml"
        chosen = ["-k", asked.k, "--tb=short"] if asked.k else ["--tb=no"]
        command = [sys.executable, "-m", "pytest", TESTS, "-m", one.marks, "-q", "-n", str(asked.n)]
        command += ["--controller", one.controller, "--junitxml", str(report), *chosen]
        path = {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
        command += ["-p", "no:cacheprovider"]
        status = subprocess.run(command, cwd=asked.checkout, env={**os.environ, **path}).returncode
        if status not in (0, 1, NOTHING_TO_RUN) or not report.exists():
            wanted = asked.checkout / "requirements.txt"
            _say(f"The suite did not run ({status}). Does it have what {wanted} lists?")
            return None
        return read_report(report.read_text(encoding="utf-8"))


def read_report(xml: str) -> dict[str, Result]:
    """What a report in the form of JUnit tells, by test."""
    results: dict[str, Result] = {}
    for case in ElementTree.fromstring(xml).iter("testcase"):
        module = case.get("classname", "").partition("server_tests.")[2]
        results[f"{module}.{case.get('name')}"] = _result(case)
    return results


def _result(case: ElementTree.Element) -> Result:
    for part in (*case.iter("failure"), *case.iter("error")):
        return Result("failed", _first_line(part))
    for part in case.iter("skipped"):
        expected = part.get("type") == "pytest.xfail"
        return Result("xfailed" if expected else "skipped", _first_line(part))
    return Result("passed")


def _first_line(part: ElementTree.Element) -> str:
    return (part.get("message") or "").partition("\n")[0]


def read_known(text: str) -> dict[str, str]:
    """The outcome of each test that is known not to pass."""
    known: dict[str, str] = {}
    for line in filter(None, text.splitlines()):
        if line.startswith("#"):
            continue
        entry = _KNOWN.fullmatch(line)
        if entry is None:
            raise ValueError(f"{line!r} should be `failed|skipped|xfailed TEST  # REASON`")
        known[entry["test"]] = entry["outcome"]
    return known


def compare(
    results: Mapping[str, Result], known: Mapping[str, str], *, whole: bool
) -> Iterator[str]:
    """A sentence for each test that went otherwise than is known.

    :param whole: whether all tests were run, so that one that is known and was not is told too.
    """
    for test, result in sorted(results.items()):
        expected = known.get(test, "passed")
        if result.outcome != expected:
            said = f": {result.said}" if result.said else ""
            yield f"{test} {result.outcome}, not {expected}{said}"
    if whole:
        yield from (f"{test} was not run" for test in sorted(known.keys() - results.keys()))


def summary(results: Mapping[str, Result]) -> str:
    """How many ended in which way."""
    counted = Counter(result.outcome for result in results.values())
    return ", ".join(_counted(counted.items())) or "nothing to run"


def _counted(pairs: Iterable[tuple[str, int]]) -> Iterator[str]:
    return (f"{number} {outcome}" for outcome, number in sorted(pairs, key=lambda pair: -pair[1]))


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
