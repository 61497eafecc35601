"""Clients in one room over TLS, who note when each other's posts arrive."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass, field

ROOM = "#bench"


@dataclass
class Post:
    """One message: when it was sent, and when the last of so many receivers had it."""

    sent: float
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

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            words = line.decode().split(" ", 4)
            if words[1] == "PRIVMSG":
                self._note(words[0], words[3].strip().lstrip(":"))
            elif words[1] == "366":
                self._welcome.set()

    def _note(self, source: str, text: str) -> None:
        post, now = self._load.posts[text], time.perf_counter()
        if not source.startswith(f":{self.name}!"):
            post.receivers += 1
            post.last = now
