"""How much longer others wait while somebody takes all they can get.

    python -m bench.flood [--kinds pings,posts,…] [--rounds 5] [--clients 30] [--unlimited] [--json]

A daemon of its own with an empty store; clients in one room, who post in turn. Each round
measures the time until the last of them has a message twice, first alone, then while a process
of its own attacks in one of these ways:

    pings, posts, questions, rooms, rubbish   one client that sends such lines as fast as it may
    half-open                                 2,000 TLS handshakes that are not ended
    connects                                  coming and going as fast as can be

The limits are those of the ini, unless they are turned off by --unlimited. A round whose quiet
half was disturbed (p99 over twice the median of all) is left out. Prints the medians of the
rounds, in milliseconds, their ratio, the memory that the daemon has grown by, in MB, and its
longest turn.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.attack import LINES
from bench.crowd import ROOM, Client, Load, Post
from tests.daemon import Daemon, environment

KINDS = (*LINES, "half-open", "connects")
BY_NUMBER = {"connections": "100000", "connects_every": "0s"}
"""Limits that one address would meet where many come from it."""
UNLIMITED = {**BY_NUMBER, "messages_every": "0s"}
RATE = 50
"""Posts a second."""
LONGEST = re.compile(r"the longest for ([0-9.]+) ms")


@dataclass(frozen=True)
class Found:
    """What one kind of attack does to the others."""

    kind: str
    rounds: int
    quiet_p99_ms: float
    attacked_p99_ms: float
    ratio: float
    worst_ratio: float
    grown_mb: float
    longest_turn_ms: float


@contextmanager
def attack(kind: str, port: int) -> Iterator[None]:
    """Somebody attacks."""
    line = [sys.executable, "-m", "bench.attack", kind, str(port)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, env=environment()) as attacker:
        try:
            assert attacker.stdout is not None and attacker.stdout.readline() == b"ready\n"
            yield
        finally:
            attacker.kill()


class Bench:
    """Clients in one room, who post in turn."""

    def __init__(self, posts: int) -> None:
        self._posts = posts
        self._sent = 0
        self._load = Load()
        self._people: list[Client] = []

    async def begin(self, port: int, clients: int) -> None:
        """Come on line."""
        self._people = [Client(f"n{number:05}", self._load) for number in range(clients)]
        for person in self._people:
            await person.connect(port)

    async def p99(self) -> float:
        """The seconds in which all but one of a hundred posts have reached everybody."""
        posts = []
        for _ in range(self._posts):
            text = str(self._sent)
            post = self._load.posts[text] = Post(time.perf_counter())
            self._people[self._sent % len(self._people)].say(f"PRIVMSG {ROOM} {text}")
            self._sent += 1
            posts.append(post)
            await asyncio.sleep(1 / RATE)
        deadline = time.perf_counter() + 10
        while any(post.receivers < len(self._people) - 1 for post in posts):
            assert time.perf_counter() < deadline, "messages were lost"
            await asyncio.sleep(0.05)
        return statistics.quantiles([post.last - post.sent for post in posts], n=100)[98]


async def measure(daemon: Daemon, kind: str, rounds: int, clients: int, posts: int) -> Found:
    """Quiet, attacked, quiet, attacked, …"""
    port = daemon.port("irc")
    bench = Bench(posts)
    await bench.begin(port, clients)
    await bench.p99()
    pairs, before = [], daemon.memory
    daemon.reload()
    for number in range(rounds):
        quiet = await bench.p99()
        with attack(kind, port):
            attacked = await bench.p99()
        pairs.append((quiet, attacked))
        await asyncio.sleep(1)
        if sys.stderr.isatty():
            print(f"\r{kind} {number + 1}/{rounds}", end=" ", file=sys.stderr)
    usual = statistics.median(quiet for quiet, _ in pairs)
    good = [(quiet, attacked) for quiet, attacked in pairs if quiet <= 2 * usual]
    turns = LONGEST.findall(daemon.reload())
    return Found(
        kind,
        len(good),
        round(statistics.median(quiet for quiet, _ in good) * 1000, 1),
        round(statistics.median(attacked for _, attacked in good) * 1000, 1),
        round(statistics.median(attacked / quiet for quiet, attacked in good), 2),
        round(max(attacked / quiet for quiet, attacked in good), 2),
        round(daemon.memory - before, 1),
        float(turns[-1]),
    )


def settings(kind: str, unlimited: bool) -> dict[str, dict[str, str]]:
    """The ini; all our clients are guests from one address, which the daemon cannot know."""
    limits = {"account_messages_every": "0s"}
    if unlimited:
        limits |= UNLIMITED
    elif kind == "half-open":
        limits |= BY_NUMBER
    return {"server": {"lobby": ""}, "auth": {"guests": "yes"}, "limits": limits}


def main() -> int:
    """Measure, print, and fail if others had to wait more than three times as long."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.flood",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kinds", default=",".join(KINDS), help="which attacks (all)")
    parser.add_argument("--rounds", type=int, default=5, help="of each (5)")
    parser.add_argument("--clients", type=int, default=30, help="who are attacked (30)")
    parser.add_argument("--posts", type=int, default=200, help="in half a round (200)")
    parser.add_argument("--unlimited", action="store_true", help="without limits of requests")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    found = []
    for kind in asked.kinds.split(","):
        ini = settings(kind, asked.unlimited)
        with tempfile.TemporaryDirectory() as folder, Daemon(Path(folder), ini) as daemon:
            one = measure(daemon, kind, asked.rounds, asked.clients, asked.posts)
            found.append(asyncio.run(one))
        if not asked.json:
            print(" ".join(f"{name}={value}" for name, value in asdict(found[-1]).items()))
    if asked.json:
        print(json.dumps([asdict(one) for one in found]))
    return 1 if any(one.ratio > 3 for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
