"""The loads: what is done to a server, and which figures come of it.

*w1*, *w10*, *w100*: so many messages of 100 bytes are under way in a room at any time, which
shows how much a server can do. *lat*: ten messages a second, come what may, which shows how
long one takes, from when it should have been sent until a client has it.
"""

from __future__ import annotations

import math
import os
import random
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from bench.counted import average
from bench.filling import ROOM
from bench.generator import Generator, Measured
from bench.machine import forget_peak, memory_mib, peak_mib, process_seconds, wait_until_idle
from bench.reader import Reader
from bench.relay.carriage import MB, Carriage, Carried
from bench.servers import ACCOUNT, DROPINS, SECRET, Chatd, Server

ENDLESS = 10**12
"""Bytes of a file that does not arrive as long as a run lasts."""

Figures = dict[str, float]
"""What was measured, by the names of FIGURES."""

FIGURES = {
    "rate": "a second",
    "p50_ms": "p50, ms",
    "p99_ms": "p99, ms",
    "server_us": "µs of CPU each",
    "generator_cpu": "the generator's share of its core",
    "memory_mib": "MiB with 100 clients",
    "further_kib": "KiB for each further client",
    "alone_p99_ms": "p99 without the crowd, ms",
    "crowd_p99_ms": "p99 with the crowd, ms",
    "crowd_ratio": "p99 with the crowd / without",
    "batch": "messages in a transaction",
    "joined_s": "seconds until 1,000 are in",
    "growth": "growth with the number of clients, as its power",
    "quiet_growth": "the same without NAMES",
    "latest_p50_ms": "LATEST, p50, ms",
    "after_p50_ms": "AFTER, p50, ms",
    "started_s": "seconds until it is ready",
    "mb_per_s": "MB a second",
    "server_ms_per_mb": "ms of CPU for each MB",
    "files_mib": "MiB more than without files",
    "quiet_p99_ms": "p99 without files, ms",
    "files_p99_ms": "p99 beside files, ms",
    "files_ratio": "p99 beside files / without",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how large runs are."""

    seconds: float = 5.0
    warmup: float = 1.0
    settle: float = 0.5
    crowd: int = 10_000
    further: int = 4_900
    joining: tuple[int, int, int] = (500, 1000, 2000)
    pages: int = 300
    part: float = 1.0
    """The part of the messages that are in the store, of what a load asks for."""
    file_mb: int = 500


QUICK = Pace(0.7, 0.2, 0.1, 1_000, 900, (200, 400, 800), 50, 0.1, 100)
"""For a first look; the joins are then measured with less than half of the clients."""

Act = Callable[[Any, Generator, Pace], Figures]


@dataclass(frozen=True, slots=True)
class Load:
    """One load.

    :ivar act: does it to a server that runs.
    :ivar settings: of chatd's ini, for this load.
    :ivar messages: in chatd's store before it starts.
    """

    about: str
    act: Act
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    messages: int = 0


def _generated(mode: str, *arguments: object) -> Act:
    def act(server: Server, generator: Generator, pace: Pace) -> Figures:
        return _figures(_run(server, generator, pace, mode, *arguments))

    return act


def _run(
    server: Server, generator: Generator, pace: Pace, mode: str, *arguments: object
) -> Measured:
    times = ("--secs", pace.seconds, "--warmup", pace.warmup, "--settle", pace.settle)
    return generator.run(mode, *_whom(server), *times, *arguments)


def _whom(server: Server) -> tuple[object, ...]:
    return ("--port", server.port, "--pid", server.pid, *server.arguments)


def _figures(measured: Measured) -> Figures:
    return {
        "rate": measured.rate,
        "p50_ms": measured.p50_ms,
        "p99_ms": measured.p99_ms,
        "server_us": measured.server_us,
        "generator_cpu": measured.generator_cpu,
    }


def _receipts(server: Chatd, generator: Generator, pace: Pace) -> Figures:
    """Two in each room; each has its next message sent when its last is there for both."""
    rooms = ("--clients", 200, "--channels", 100, "--senders", 2, "--window", 2)
    found = _run(server, generator, pace, "fanout", *rooms, "--caps", "echo-message", "--echo")
    counts = (server.daemon.data / "batches").read_text()
    sent = found.rate / 2
    return {**_figures(found), "rate": sent, "batch": average(counts)}


def _idle(server: Server, generator: Generator, pace: Pace) -> Figures:
    with ExitStack() as crowd:
        crowd.enter_context(_clients(server, generator, pace, 100, "a"))
        hundred = memory_mib(server.pid)
        crowd.enter_context(_clients(server, generator, pace, pace.further, "b"))
        more = memory_mib(server.pid) - hundred
    return {"memory_mib": hundred, "further_kib": more * 1024 / pace.further}


def _clients(server: Server, generator: Generator, pace: Pace, number: int, nick: str) -> Any:
    settle = max(1.0, pace.settle)
    return generator.clients(
        *_whom(server), "--clients", number, "--nick", nick, "--settle", settle
    )


def _crowd(server: Server, generator: Generator, pace: Pace) -> Figures:
    def post() -> float:
        return _run(server, generator, pace, "fanout", "--clients", 100, "--rate", 10).p99_ms

    alone = post()
    with _clients(server, generator, pace, pace.crowd, "c"):
        wait_until_idle(server.pid)
        crowded = post()
    return {"alone_p99_ms": alone, "crowd_p99_ms": crowded, "crowd_ratio": crowded / alone}


def _joins(server: Server, generator: Generator, pace: Pace) -> Figures:
    """Few, some and many come into one room at once."""
    few, some, many = pace.joining
    plain = {n: _join(server, generator, n) for n in pace.joining}
    quiet = {n: _join(server, generator, n, "--caps", "no-implicit-names") for n in (few, many)}
    return {
        "joined_s": plain[some].seconds,
        "growth": growth(few, _used(plain[few]), many, _used(plain[many])),
        "quiet_growth": growth(few, _used(quiet[few]), many, _used(quiet[many])),
    }


def _join(server: Server, generator: Generator, clients: int, *arguments: object) -> Measured:
    wait_until_idle(server.pid)
    nick = ("--nick", f"j{clients}x{len(arguments)}n")
    return generator.run(
        "join",
        *_whom(server),
        "--clients",
        clients,
        "--settle",
        1,
        "--timeout",
        60,
        *nick,
        *arguments,
    )


def _used(measured: Measured) -> float:
    """CPU seconds of the server: what else runs on the machine is not in them."""
    return measured.server_cpu * measured.seconds


def growth(few: float, with_few: float, many: float, with_many: float) -> float:
    """The power of the number with which something grows: 1 is linear, 2 is quadratic."""
    return math.log(max(with_many, 0.001) / max(with_few, 0.001)) / math.log(many / few)


def _history(server: Chatd, generator: Generator, pace: Pace) -> Figures:
    reader = Reader(server.port, ACCOUNT, SECRET)
    room, newest = reader.ids(ROOM)
    somewhere = [random.randrange(1, newest - 100) for _ in range(pace.pages)]
    after = [reader.page("AFTER", ROOM, f"msgid={room}-{n}", 100)[1] for n in somewhere]
    latest = [reader.page("LATEST", ROOM, "*", 100)[1] for _ in range(pace.pages)]
    reader.close()
    return {
        "latest_p50_ms": statistics.median(latest),
        "after_p50_ms": statistics.median(after),
    }


def _start(server: Chatd, generator: Generator, pace: Pace) -> Figures:
    return {"started_s": server.started_s}


def _file(server: Any, generator: Generator, pace: Pace) -> Figures:
    """One file, to its end."""
    size = pace.file_mb * MB
    with (
        server.trips(1, size) as trips,
        Carriage(generator.core, trips, size, server.farewell) as carriage,
    ):
        before = process_seconds(server.pid)
        carried = carriage.arrive()
        used = process_seconds(server.pid) - before
    return {**_carried(carried), "server_ms_per_mb": used * 1000 / carried.mb}


def _carried(carried: Carried) -> Figures:
    return {"mb_per_s": carried.mb / carried.seconds, "generator_cpu": carried.generator_cpu}


def _many_files(server: Any, generator: Generator, pace: Pace) -> Figures:
    """Twenty at once, of which five are taken slowly."""
    before = memory_mib(server.pid)
    forget_peak(server.pid)
    with (
        server.trips(20, ENDLESS) as trips,
        Carriage(generator.core, trips, ENDLESS, slow=5) as carriage,
    ):
        time.sleep(pace.seconds)
        more = peak_mib(server.pid) - before
        carried = carriage.stop()
    return {**_carried(carried), "files_mib": more}


def _posts_beside_files(server: Any, generator: Generator, pace: Pace) -> Figures:
    """Ten files, whose senders and receivers let the clients that post go first."""

    def post() -> float:
        return _run(server, generator, pace, "fanout", "--clients", 100, "--rate", 10).p99_ms

    with server.trips(10, ENDLESS) as trips:
        quiet = post()
        with Carriage(generator.core, trips, ENDLESS, yielding=True) as carriage:
            busy = post()
            carried = carriage.stop()
    ratio = busy / quiet
    return {
        **_carried(carried),
        "quiet_p99_ms": quiet,
        "files_p99_ms": busy,
        "files_ratio": ratio,
    }


def _counted() -> dict[str, dict[str, str]]:
    """The store that counts, of which the daemon has to be able to find the plugin."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(DROPINS) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([*filter(None, paths), str(DROPINS)])
    return {"store": {"type": "counted"}}


FILES = {
    "files": {"size": "0", "free": "0", "offers_every": "0s", "transfers": "100", "relays": "pair"}
}
_ROOMS = ("--clients", 1000, "--channels", 200, "--senders", 5, "--window", 1)
_CONNECT = ("--concurrency", 250)

LOADS = {
    "w1-100": Load("w1, 100 clients", _generated("fanout", "--clients", 100, "--window", 1)),
    "w10-100": Load("w10, 100 clients", _generated("fanout", "--clients", 100, "--window", 10)),
    "w100-100": Load(
        "w100, 100 clients",
        _generated("fanout", "--clients", 100, "--window", 100, "--senders", 50),
    ),
    "w1-1000": Load("w1, 1,000 clients", _generated("fanout", "--clients", 1000, "--window", 1)),
    "w10-1000": Load("w10, 1,000 clients", _generated("fanout", "--clients", 1000, "--window", 10)),
    "lat-1000": Load("lat, 1,000 clients", _generated("fanout", "--clients", 1000, "--rate", 10)),
    "rooms": Load("w1, 1,000 clients in 200 rooms", _generated("fanout", *_ROOMS)),
    "pairs": Load("50 pairs, questions with their answers", _generated("pm", "--clients", 100)),
    "connect": Load("connect and come on line", _generated("connect", *_CONNECT)),
    "resume": Load("the same, TLS sessions resumed", _generated("connect", *_CONNECT, "--resume")),
    "idle": Load("clients that do nothing", _idle),
    "crowd": Load("lat, 100 clients, beside 10,000 that do nothing", _crowd),
    "receipts": Load("200 in 100 rooms of two, each waiting", _receipts, _counted()),
    "joins": Load("all come into one room at once", _joins),
    "history": Load("pages of 100, of 1,000,000 messages", _history, messages=1_000_000),
    "start-100k": Load("a start with 100,000 messages", _start, messages=100_000),
    "start-1m": Load("a start with 1,000,000 messages", _start, messages=1_000_000),
    "file": Load("a file of 500 MB", _file, FILES),
    "files-20": Load("20 files at once, 5 of them to slow receivers", _many_files, FILES),
    "files-10": Load("lat, 100 clients, beside 10 files", _posts_beside_files, FILES),
}
"""By their names on the command line."""
