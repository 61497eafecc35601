"""`python -m bench`: chatd beside its peers, each target with its figure."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import generator, machine, servers, table
from bench.loads import FIGURES, LOADS, QUICK, Pace
from bench.peers import PEERS
from bench.progress import Progress
from bench.rounds import Results, Taker, run
from bench.targets import CHATD, TARGETS, plan
from chatd.bench.options import count

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
INTERRUPTED = 130

ABOUT_QUICK = (
    "one short run each, fewer clients in P9 and P11, a tenth of the messages in P12 and START"
)
ABOUT = """\
Measures chatd beside other chat servers on this machine, and prints each figure beside the
target that it should reach.

Each run starts a server on the loopback interface, with an empty store on disk, and sets the
load generator on it: TLS 1.3, messages of 100 bytes. chatd has everything on, and stores each
message before it tells it. Where there are two cores or more, the server has the first and the
generator the second. The servers of one load take turns, A B A B, round after round; a ratio is
made of the two runs of the same round, and its median is what counts.
"""

MORE = """\
targets (default: all):
{targets}
loads, for --load:
{loads}
servers: chatd, twisted.words (words), the floor (a server in C that does no more than it must),
the same joining what is pending (floor+batch), and InspIRCd and ngIRCd where they are
installed (Debian: apt install inspircd ngircd). Files also go through magic-wormhole's relay
(wormhole) and socat. What needs one that is not there, is not measured.

disturbed runs: a run during which other programs used more than {others:g} of a core, or more
than {stolen:g} of one was stolen by other machines on the same hardware, is made again, --again
times at most. If all were disturbed, the one that was so least counts, and is marked.

exit status: 0 all targets are reached; 1 some fall short, or could not be measured; 2 the
command line is no good; 3 the generator cannot be built; 130 interrupted: what was measured
until then is shown, and --page is left as it is.

examples:
  python -m bench                      all targets, five rounds: about half an hour
  python -m bench --quick              a first look, in less than two minutes
  python -m bench P1 P5 --json p.json  two targets, and the figures for programs as well
  python -m bench --load w10-100 --server chatd --server ngircd
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=ABOUT,
        epilog=MORE.format(
            targets="".join(_asked(name) for name in TARGETS),
            loads=_listed({name: load.about for name, load in LOADS.items()}),
            others=machine.MOST_OTHERS,
            stolen=machine.MOST_STOLEN,
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_choices(parser)
    _add_measures(parser)
    _add_places(parser)
    return parser


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="P1 … P12, FILES1 … FILES3, START (all); what each asks stands below",
    )
    parser.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="LOAD",
        choices=LOADS,
        help="a load, of those below; may be given again; no target is judged then",
    )
    parser.add_argument(
        "--server",
        action="append",
        default=[],
        metavar="SERVER",
        choices=(CHATD, *PEERS),
        help="for --load: against which server (chatd); may be given again",
    )


def _add_measures(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--quick", action="store_true", help=f"a first look: {ABOUT_QUICK}")
    add(
        "--rounds",
        type=count(1, 1000),
        metavar="N",
        help="how often each run is made (5; quick: 1)",
    )
    add("--seconds", type=_seconds, metavar="S", help="how long each is measured (5; quick: 0.7)")
    add(
        "--again",
        type=count(0, 1000),
        metavar="N",
        help="runs instead of a disturbed one (3; quick: 0)",
    )


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json",
        type=_writable,
        metavar="FILE",
        help="write all figures there as well, every run; - for standard output",
    )
    parser.add_argument(
        "--page",
        type=_page,
        metavar="FILE",
        help="put the table into this page of Markdown, between its two comments",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("var"),
        metavar="DIR",
        help="where the servers keep their data, on a real disk (var)",
    )


def _asked(name: str) -> str:
    lines = [f"{c.figure.load}: {FIGURES[c.figure.name]} {c.asked()}" for c in TARGETS[name]]
    return "".join(
        f"  {first:<6} {line}\n" for first, line in zip_longest([name], lines, fillvalue="")
    )


def _listed(lines: dict[str, str]) -> str:
    return "".join(f"  {name:<11} {about}\n" for name, about in lines.items())


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0.1 <= (seconds := float(text)) <= 60:
            return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 0.1 to 60")


def _writable(text: str) -> Path:
    """A file that can be written when all is measured; - for standard output."""
    if text != "-" and not Path(text).absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder for {text}")
    return Path(text)


def _page(text: str) -> Path:
    try:
        filled(Path(text).read_text(), "")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no good: {error}") from None
    return Path(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status says whether all is as it should be."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.targets if name not in TARGETS]
    if unknown:
        parser.error(f"there is no target {unknown[0]}: it should be one of {', '.join(TARGETS)}")
    if asked.targets and asked.load:
        parser.error("name targets, or loads with --load, and not both")
    if asked.server and not asked.load:
        parser.error("--server is for --load")
    try:
        asked.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"{asked.folder} cannot be a folder ({error.strerror})")
    try:
        generator.build()
        with TemporaryDirectory(dir=asked.folder.resolve(), prefix="bench-") as folder:
            return _measure(asked, Path(folder))
    except generator.NotMeasured as error:
        print(f"bench: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("bench: interrupted before anything was measured.", file=sys.stderr)
        return INTERRUPTED


def _measure(asked: argparse.Namespace, folder: Path) -> int:
    names = [] if asked.load else asked.targets or list(TARGETS)
    commit = machine.commit_ms(folder)
    head = {**machine.description(), "a commit": f"{commit:.2f} ms"}
    if asked.quick:
        head["a first look"] = ABOUT_QUICK
    results = _run(asked, folder, names)
    judgements = table.judge(results, names, commit)
    if asked.json != Path("-"):
        print(table.text(judgements, results, head))
    _write(asked, judgements, results, head)
    if results.interrupted:
        print("bench: interrupted; this is what was measured until then.", file=sys.stderr)
        return INTERRUPTED
    return 0 if all(judgement.met for judgement in judgements) and not results.failures else 1


def _run(asked: argparse.Namespace, folder: Path, names: list[str]) -> Results:
    first, second = machine.cores()
    pace = _pace(asked)
    take = Taker(servers.place(folder, first), generator.Generator(second), pace)
    wanted = plan(names) or {load: asked.server or [CHATD] for load in asked.load}
    rounds = asked.rounds or (1 if asked.quick else 5)
    again = (0 if asked.quick else 3) if asked.again is None else asked.again
    steps = rounds * sum(map(len, wanted.values()))
    return run(wanted, rounds, again, take, Progress(steps, sys.stderr))


def _pace(asked: argparse.Namespace) -> Pace:
    pace = QUICK if asked.quick else Pace()
    return replace(pace, seconds=asked.seconds) if asked.seconds else pace


def _write(
    asked: argparse.Namespace,
    judgements: Sequence[table.Judgement],
    results: Results,
    head: dict[str, str],
) -> None:
    if asked.json:
        content = json.dumps(table.record(judgements, results, head), indent=1) + "\n"
        if asked.json == Path("-"):
            sys.stdout.write(content)
        else:
            asked.json.write_text(content)
    if asked.page and not results.interrupted:
        asked.page.write_text(filled(asked.page.read_text(), table.page(judgements, head)))


def filled(page: str, figures: str) -> str:
    """A page with other figures between its two comments.

    :raise ValueError: if it does not have them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no {BEGIN} with {END} behind it")
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, signal.default_int_handler)
    sys.exit(main())
