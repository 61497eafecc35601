"""How much memory idle clients take, and how long a durable post needs to reach a room.

    python -m bench.post [--clients 100] [--posts 300] [--rate 20] [--json]

Starts a daemon of its own with an empty store on loopback, lets that many clients join one
room over TLS, and has one of them post at a steady rate. A post is on its way from the
moment it is sent until the last receiver has it; the sender's echo is its receipt from the
disk. Prints memory in MB and times in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.daemon import Daemon

ROOM = "#bench"
SETTINGS = {
    "server": {"lobby": ""},
    "auth": {"guests": "yes"},
    "limits": {
        "messages_every": "0s",
        "account_messages_every": "0s",
        "connects_every": "0s",
        "connections": "100000",
    },
}


@dataclass
class Post:
    """One message: when it was sent, when its echo came, when each receiver had it."""

    sent: float
    echo: float = 0.0
    last: float = 0.0
    receivers: int = 0


@dataclass
class Load:
    """What is measured while the clients are there."""

    posts: dict[str, Post] = field(default_factory=dict)


class Client:
    """One client over TLS, which notes when posts arrive."""

    def __init__(self, name: str, load: Load) -> None:
        self.name = name
        self._load = load
        self._welcome = asyncio.Event()

    async def connect(self, port: int) -> None:
        """Come on line and join the room."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        self._reading = asyncio.create_task(self._read(reader))
        self.say(f"CAP REQ :echo-message\r\nNICK {self.name}\r\nUSER u 0 * u\r\nCAP END")
        self.say(f"JOIN {ROOM}")
        await asyncio.wait_for(self._welcome.wait(), 60)

    def say(self, line: str) -> None:
        """Send a line."""
        self._writer.write(line.encode() + b"\r\n")

    async def close(self) -> None:
        """Go."""
        self._reading.cancel()
        self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            words = line.decode().split(" ", 4)
            if words[1] == "PRIVMSG":
                self._note(words[0], words[3].strip().lstrip(":"))
            elif words[1] == "366":
                self._welcome.set()

    def _note(self, source: str, text: str) -> None:
        post, now = self._load.posts[text], time.perf_counter()
        if source.startswith(f":{self.name}!"):
            post.echo = now
        else:
            post.receivers += 1
            post.last = now


def memory(pid: int) -> float:
    """Resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("no VmRSS")


async def measure(daemon: Daemon, clients: int, posts: int, rate: float) -> dict[str, float]:
    """Connect, rest, post, and add up."""
    load = Load()
    alone = memory(daemon.pid)
    people = [Client(f"n{number:05}", load) for number in range(clients + 1)]
    for person in people:
        await person.connect(daemon.port("irc"))
    await asyncio.sleep(2)
    idle = memory(daemon.pid)
    for number in range(posts):
        load.posts[str(number)] = Post(time.perf_counter())
        people[0].say(f"PRIVMSG {ROOM} {number}")
        await asyncio.sleep(1 / rate)
        if sys.stderr.isatty():
            print(f"\r{number + 1}/{posts}", end="", file=sys.stderr)
    await asyncio.sleep(1)
    for person in people:
        await person.close()
    whole = [post for post in load.posts.values() if post.receivers == clients and post.echo]
    return {
        "clients": clients,
        "posts": posts,
        "lost": posts - len(whole),
        "memory_alone_mb": round(alone, 1),
        "memory_idle_mb": round(idle, 1),
        **_times("receipt", [post.echo - post.sent for post in whole]),
        **_times("last", [post.last - post.sent for post in whole]),
    }


def _times(name: str, seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return {
        f"{name}_p50_ms": round(cuts[49] * 1000, 2),
        f"{name}_p99_ms": round(cuts[98] * 1000, 2),
    }


def main() -> int:
    """Measure, print, and fail if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.post", description=__doc__)
    parser.add_argument("--clients", type=int, default=100, help="receivers (100)")
    parser.add_argument("--posts", type=int, default=300, help="messages (300)")
    parser.add_argument("--rate", type=float, default=20, help="messages a second (20)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Daemon(Path(folder), SETTINGS) as daemon:
        found = asyncio.run(measure(daemon, asked.clients, asked.posts, asked.rate))
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:20} {value:10}")
    return 1 if found["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
