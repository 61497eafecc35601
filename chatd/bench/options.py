"""The command line of `chatd bench`. It is known before the load test itself is imported."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from chatd.bench.goals import LONG_ENOUGH, OURS, UNASKED, Goal, goals
from chatd.bench.plan import Host, Plan
from chatd.values import SECONDS
from clients.lib.places import address

SOAK = Plan(clients=1000, rooms=50, rate=500, seconds=1800, churn=10, mixed=True)
LARGEST = 400
"""Bytes of a text that fit into a line with all that stands around it."""

ABOUT = """\
Let clients talk through TLS and IRC as real ones do, and count what becomes of it: how long a
post takes until everybody in the room has it and until its sender has its echo; what is lost,
comes twice or out of order; and what a client costs in memory.

Without HOST it starts a daemon of its own, with an empty store and a certificate of its own in
a temporary folder, full durability, and no limits on how fast clients may talk; that daemon and
the folder are gone when it ends. TMPDIR says where that is: each message waits for the disk
there. With HOST it loads a server that is there: only do that to one that is yours. It makes
rooms called #bench-…, and guests called b…, who leave when it ends.
"""

MORE = """\
what the figures mean:
  A time begins when a post is sent, and ends when the last of those who are in the room has
  it, its sender among them. The clients run in one process, so their own work is in the
  times; if they cannot keep up themselves, that is said. A post is due to all who are in the
  room for certain while it is on its way. What does not arrive within --patience is lost.

goals:
  --slo takes a list of NAME=MOST. If one is missed the exit status is 3. The names:
    p50, p99, max                  until everybody has it, a time such as 50ms
    echo-p50, echo-p99, echo-max   until the sender has its echo
    lost, duplicated, reordered    deliveries
    disconnected                   clients that were cut off, or did not get in again
    refused                        answers that say no
    errors, memory, growth         of a daemon of our own: lines in its log; bytes for each
                                   client, such as 64k, which means little with less than a
                                   hundred clients, as they share what is taken once; bytes an
                                   hour after the first fifth of a run of five minutes or more
  Without --slo nothing may be lost, duplicated, reordered or disconnected.

another host:
  Its certificate is accepted as `chat` does it: it has the --fingerprint; or somebody in
  --cafile, or one of the system's authorities, vouches for it; or it is remembered when it is
  met first, and has to stay the same. Clients come as guests, for whom it needs guests = yes
  in [auth], or with --accounts. A server that slows clients down shows in the figures, and it
  is said: see [limits] in its chatd.ini for what one session, one account and one address may
  do (messages, account_messages, connections, connects), or lower --rate and --arrivals.

exit status:
  0    all goals were reached
  1    it could not be done (a sentence says why)
  2    a command line without sense
  3    a goal was missed
  130  interrupted; what was measured until then is shown

examples:
  chatd bench
  chatd bench --clients 1000 --rooms 50 --rate 500 --duration 1m --slo p99=50ms,lost=0
  chatd bench --soak --json
  chatd bench --rate 4 --fingerprint AB:CD:… chat.example
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Make this parser that of `chatd bench`."""
    parser.description, parser.epilog = ABOUT, MORE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "host", metavar="HOST[:PORT]", nargs="?", type=_said(address), help="a server (our own)"
    )
    _add_plan(parser)
    _add_host(parser)
    parser.add_argument("--slo", metavar="GOALS", type=_said(goals), help="what it has to reach")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")


def _add_plan(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("load")
    plan = Plan()
    numbers: tuple[tuple[str, str, Callable[[str], Any], str], ...] = (
        ("--clients", "COUNT", count(1, 100_000), f"how many clients ({plan.clients})"),
        ("--rooms", "COUNT", count(1, 10_000), f"how many rooms they are in ({plan.rooms})"),
        ("--rate", "NUMBER", _rate, f"posts a second, of all clients ({plan.rate:g})"),
        ("--churn", "NUMBER", _rate, "clients a second who move, or go and come back (none)"),
        ("--size", "BYTES", count(1, LARGEST), f"bytes of a text, at least ({plan.size})"),
        ("--arrivals", "NUMBER", _rate, "clients a second who connect, at most (no bound)"),
    )
    for name, metavar, kind, about in numbers:
        group.add_argument(name, metavar=metavar, type=kind, help=about)
    group.add_argument(
        "--duration", metavar="TIME", dest="seconds", type=_seconds, help="how long to post (30s)"
    )
    group.add_argument(
        "--patience", metavar="TIME", type=_seconds, help="after which a post is lost (10s)"
    )
    group.add_argument(
        "--mixed", action="store_true", default=None, help="some rooms large, most of them small"
    )
    group.add_argument(
        "--soak",
        action="store_true",
        help=f"a long run, unless said otherwise: {SOAK.clients} clients, {SOAK.rooms} mixed rooms,"
        f" {SOAK.rate:g} posts a second, churn {SOAK.churn:g}, for {SOAK.seconds / 60:.0f}m",
    )


def _add_host(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("another host")
    group.add_argument(
        "--fingerprint",
        metavar="AB:CD:…",
        type=_fingerprint,
        help="SHA-256 its certificate must have",
    )
    group.add_argument(
        "--cafile",
        metavar="FILE",
        type=_authorities,
        help="authorities, one of whom must vouch for it",
    )
    group.add_argument(
        "--accounts",
        metavar="FILE",
        type=_accounts,
        help="log in: a line is NAME PASSWORD; as many lines as clients",
    )


def plan(options: argparse.Namespace) -> Plan:
    """The load that is asked for.

    :raise ValueError: with a sentence, if it has no sense.
    """
    given = {
        name: value
        for name in Plan.__dataclass_fields__
        if (value := getattr(options, name)) is not None
    }
    wanted = replace(SOAK if options.soak else Plan(), **given)
    if wanted.rooms > wanted.clients:
        raise ValueError(f"{wanted.rooms} rooms for {wanted.clients} clients: some would be empty.")
    return wanted


def host(options: argparse.Namespace, wanted: Plan) -> Host | None:
    """The server that is asked for; None for a daemon of our own.

    :raise ValueError: with a sentence, if it has no sense.
    """
    if options.host is None:
        for name in ("fingerprint", "cafile", "accounts"):
            if getattr(options, name) is not None:
                raise ValueError(f"--{name} is for another host: name it.")
        folder = os.environ.get("TMPDIR")
        if folder and os.path.abspath(folder) != os.path.abspath(gettempdir()):
            raise ValueError(f"TMPDIR is {folder}, where nothing can be written.")
        return None
    accounts = options.accounts or ()
    if accounts and len(accounts) < wanted.clients:
        raise ValueError(
            f"there are {len(accounts)} accounts for {wanted.clients} clients:"
            " each needs one of its own."
        )
    name, _, port = options.host.rpartition(":")
    return Host(name.lower(), int(port), options.fingerprint, options.cafile, accounts)


def wanted_goals(options: argparse.Namespace, wanted: Plan) -> tuple[Goal, ...]:
    """What has to be reached.

    :raise ValueError: with a sentence, if it cannot be judged.
    """
    asked: tuple[Goal, ...] = options.slo or goals(UNASKED)
    for goal in asked:
        if options.host is not None and goal.name in OURS:
            raise ValueError(f"{goal.written} can be judged of a daemon of our own only.")
        if goal.name == "growth" and wanted.seconds < LONG_ENOUGH:
            raise ValueError(
                f"{goal.written} can be judged after five minutes: --duration 5m, or longer."
            )
    return asked


# -- from text to values


def _said(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def count(least: int, most: int) -> Callable[[str], int]:
    """What reads a whole number within bounds, for argparse."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")

    return read


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.001 <= rate <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of times a second, like 50 or 0.5")
    return rate


def _seconds(text: str) -> float:
    try:
        seconds = float(SECONDS.parse(text))
    except ValueError:
        seconds = 0.0
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is no good: it should be {SECONDS.like}")
    return seconds


def _fingerprint(text: str) -> str:
    from clients.lib.trust import digest

    return str(_said(digest)(text))


def _authorities(text: str) -> Path:
    from cryptography import x509

    try:
        x509.load_pem_x509_certificates(_bytes(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} has no certificates in PEM") from None
    return Path(text)


def _accounts(text: str) -> tuple[tuple[str, str], ...]:
    lines = _bytes(text).decode(errors="replace").splitlines()
    pairs = [line.split(None, 1) for line in lines if line.strip()]
    wrong = [number for number, pair in enumerate(pairs, 1) if len(pair) != 2]
    if wrong or not pairs:
        raise argparse.ArgumentTypeError(f"{text} is not of lines like NAME PASSWORD")
    return tuple((name, password) for name, password in pairs)


def _bytes(text: str) -> bytes:
    try:
        return Path(text).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be read ({error.strerror})") from None
