"""The promise to those on bad networks: whoever comes back and reads on has missed nothing.

Many clients talk in one room of a real daemon, over a network that cuts them off at random
moments. Each time they log in again and ask for what came after the last message they saw.
In the end each has all messages, once, in order, with no number missing; what was echoed is
there, and of what was sent over one connection all up to some message.
`CHATD_CUTS` says how often they are cut off; `make cuts` does it 1,000 times.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from chatd.wire.irc import Line
from tests.cutting import Cutter
from tests.daemon import Daemon
from tests.talker import Gone, Talker, number

CUTS = int(os.environ.get("CHATD_CUTS", "60"))
CLIENTS = 20
SECRET = "milk first"
PAGE = 50
ON_THE_WAY = 3
"""Messages of one client that may be without their echo while it goes on talking."""
PAUSE = 0.3
"""Seconds that a client listens, at most, before it says something."""
SETTINGS = {
    "server": {"lobby": ""},
    "auth": {"guests": "yes"},
    "limits": {
        "messages_every": "0s",
        "account_messages_every": "0s",
        "connects_every": "0s",
        "registrations_every": "0s",
    },
}


@dataclass
class Reader:
    """A client that comes back whenever it is cut off, and reads on.

    :param spot: the id of the last message it has seen, when it comes first.
    """

    daemon: Daemon
    port: int
    name: str
    spot: str
    kept: list[str] = field(default_factory=list)
    echoed: dict[int, str] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)
    came: int = 0
    read: int = 0

    @property
    def last(self) -> int:
        """The number of the last message it has seen."""
        return int(self.spot.partition("-")[2]) + len(self.kept)

    def stay(self, is_over: Callable[[], bool]) -> None:
        """Talk and listen until it is over, through all cuts."""
        while not is_over():
            with contextlib.suppress(Gone), self.come() as talker:
                while not is_over():
                    self.talk(talker)

    def come(self) -> Talker:
        """Log in, and read all that it has missed."""
        talker = Talker(self.daemon, self.name, SECRET, port=self.port)
        try:
            talker.waits_for("JOIN")
            self.read_on(talker)
        except BaseException:
            talker.close()
            raise
        self.came += 1
        return talker

    def read_on(self, talker: Talker) -> None:
        """Take what came after the last message, then what was heard meanwhile."""
        heard: list[Line] = []
        page: list[Line] | None = None
        while page is None or page:
            room = self.spot.partition("-")[0]
            spot = f"msgid={room}-{self.last}"
            found = talker.asks(f"CHATHISTORY AFTER #tea {spot} {PAGE}")
            page = [line for line in found if line.verb == "PRIVMSG" and "batch" in line.tags]
            heard += [line for line in found if line.verb == "PRIVMSG" and line not in page]
            self.read += len(page)
            for line in page:
                self.take(line)
        for line in heard:
            if number(line) > self.last:
                self.take(line)
            else:
                assert self.kept[number(line) - self.last - 1] == line.params[1]

    def talk(self, talker: Talker) -> None:
        """Say something if not too much is on the way, and listen for a moment."""
        said = self.sent.get(self.came, 0)
        echoes = sum(text.startswith(f"{self.name} {self.came} ") for text in self.echoed.values())
        if said - echoes < ON_THE_WAY:
            self.sent[self.came] = said + 1
            talker.says(f"@label=x PRIVMSG #tea :{self.name} {self.came} {said}")
        for line in talker.hears(random.uniform(0, PAUSE)):
            if line.verb == "PRIVMSG":
                self.take(line)

    def take(self, line: Line) -> None:
        """The next message: its number follows that of the one before."""
        assert number(line) == self.last + 1, (self.name, self.last, line.text())
        self.kept.append(line.params[1])
        if "label" in line.tags:
            self.echoed[number(line)] = line.params[1]


def test_cuts(tmp_path: Path) -> None:
    """Nobody misses a message, sees one twice or out of order, however often they are cut off."""
    with Daemon(tmp_path, SETTINGS) as daemon, Cutter(daemon.port("irc")) as cutter:
        readers = begin(daemon, cutter.port)
        began = time.monotonic()
        talk_while_cut(readers, cutter)
        took = time.monotonic() - began
        cutter.calm = True
        for reader in readers:
            reader.come().close()
        log = the_log(daemon, readers[0].spot)
    for reader in readers:
        assert reader.kept == log
        compare(reader, log)
    print(f"{cutter.cuts} cuts in {took:.0f} s, {len(log)} messages; {figures(readers)}")  # noqa: T201


def begin(daemon: Daemon, port: int) -> list[Reader]:
    """Make the accounts and the room, with everybody in it."""
    names = [f"reader{n}" for n in range(CLIENTS)]
    for name in names:
        with Talker(daemon, name) as talker:
            talker.asks(f"REGISTER * * :{SECRET}")
            talker.asks("JOIN #tea")
            (said,) = talker.asks("PRIVMSG #tea :to begin with")
    return [Reader(daemon, port, name, said.tags["msgid"]) for name in names]


def talk_while_cut(readers: list[Reader], cutter: Cutter) -> None:
    """Let them talk until they have been cut off often enough, or one of them fails."""
    over = False
    with ThreadPoolExecutor(CLIENTS) as pool:
        staying = [pool.submit(reader.stay, lambda: over) for reader in readers]
        while cutter.cuts < CUTS and not any(one.done() for one in staying):
            time.sleep(0.05)
        over = True
    for one in staying:
        one.result()


def the_log(daemon: Daemon, spot: str) -> list[str]:
    """All that was said after a message, read by somebody who was never cut off."""
    reader = Reader(daemon, 0, "reader0", spot)
    reader.come().close()
    return reader.kept


def figures(readers: list[Reader]) -> str:
    """How much of everything there was."""
    echoes, read, came = (
        sum(counts)
        for counts in zip(*((len(r.echoed), r.read, r.came) for r in readers), strict=True)
    )
    return f"{came} times somebody was back, {read} messages read on, {echoes} echoes"


def compare(reader: Reader, log: list[str]) -> None:
    """What was echoed is in the log, and of each connection all up to some message."""
    first = int(reader.spot.partition("-")[2]) + 1
    for at, text in reader.echoed.items():
        assert log[at - first] == text
    for came, sent in reader.sent.items():
        prefix = f"{reader.name} {came} "
        said = [text for text in log if text.startswith(prefix)]
        echoed = [text for text in reader.echoed.values() if text.startswith(prefix)]
        assert said == [f"{prefix}{n}" for n in range(len(said))]
        assert len(echoed) <= len(said) <= sent
