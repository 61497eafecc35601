"""Many files at once, some of them carried by those who do not know how, or mean no good.

Each of these is told what is wrong, those who do it right notice nothing, and afterwards nothing
is left: no open file, nothing on disk, no memory. `CHATD_FILES` says how many; ten of them are
bad. `make files` does it with 100.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from chatd.wire.relay import Done
from tests.carrier import Carrier
from tests.daemon import Daemon
from tests.talker import CAPS, Talker

FILES = int(os.environ.get("CHATD_FILES", "30"))
SECRET = "milk first"
CONTENT = os.urandom(1 << 20)
DIGEST = sha256(CONTENT).hexdigest()
TICKET = 3
"""Seconds that a ticket is good."""
GROWTH = 3.0
"""MB that the memory may differ by, from one time to the next."""
SETTINGS = {
    "limits": {
        "messages_every": "0s",
        "account_messages_every": "0s",
        "connects_every": "0s",
    },
    "files": {
        "free": "0",
        "offers_every": "0s",
        "open": "1000",
        "transfers": "1000",
        "ticket": f"{TICKET}s",
        "patience": "2s",
        "meeting": "1s",
    },
}


@dataclass
class Scene:
    """A daemon with ada, who offers everything, bob and eve; all are in #tea."""

    daemon: Daemon
    ada: Talker
    bob: Talker
    eve: Talker
    carriers: list[Carrier] = field(default_factory=list)

    def asks(self, talker: Talker, line: str, what: str, at: int) -> str:
        """A parameter of the answer to a request."""
        told = [x for x in talker.asks(f"@label=1 FILE {line}") if "label" in x.tags]
        found = [x.params[at] for x in told if x.params[:1] == (what,)]
        assert found, f"{line}: {told}"
        return found[0]

    def refused(self, talker: Talker, line: str) -> str:
        """The code with which a request is refused."""
        told = [x for x in talker.asks(f"@label=1 FILE {line}") if x.verb == "FAIL"]
        return told[0].params[1]

    def offer(self, to: str = "bob", digest: str = DIGEST) -> str:
        """One more, accepted by bob if it is for him; its id."""
        line = f"OFFER {to} {len(CONTENT)} a/b {digest} :x.mp4"
        id_ = self.asks(self.ada, line, "OFFERED", 2)
        if to == "bob":
            self.bob.asks(f"FILE ACCEPT {id_}")
        return id_

    def ticket(self, talker: Talker, id_: str) -> str:
        """A ticket for an offer."""
        return self.asks(talker, f"TICKET {id_}", "TICKET", 4)

    def carrier(self, ticket: str, offset: int = 0) -> Carrier:
        """A connection that carries a file."""
        self.carriers.append(Carrier(self.daemon, ticket, offset))
        return self.carriers[-1]

    def brings(self, id_: str, offset: int = 0) -> Carrier:
        """Ada connects to bring one."""
        return self.carrier(self.ticket(self.ada, id_), offset)

    def fetches(self, id_: str, offset: int = 0) -> Carrier:
        """Bob connects to fetch one."""
        return self.carrier(self.ticket(self.bob, id_), offset)


Work = Callable[[], None]
"""What is done while all others do theirs; it fails if it does not go as it should."""


def honest(scene: Scene, to: str) -> list[Work]:
    """Somebody brings a file, somebody fetches it, and it is right."""
    id_ = scene.offer(to)
    receiver, sender = scene.fetches(id_), scene.brings(id_)

    def bring() -> None:
        assert sender.start() == 0
        assert sender.sends(CONTENT)
        assert sender.line() == Done(DIGEST)

    def fetch() -> None:
        assert receiver.start() == 0
        assert receiver.gets(len(CONTENT)) == CONTENT
        receiver.sends(Done(DIGEST).line())

    return [bring, fetch]


def used_twice(scene: Scene) -> list[Work]:
    """A ticket that was used before."""
    ticket = scene.ticket(scene.ada, scene.offer("#tea"))
    scene.carrier(ticket).start()
    again = scene.carrier(ticket)
    return [lambda: told(again, "TICKET_USED")]


def expired(scene: Scene) -> list[Work]:
    """A ticket that is too old."""
    ticket = scene.ticket(scene.ada, scene.offer("#tea"))

    def wait() -> None:
        time.sleep(TICKET + 0.5)
        told(scene.carrier(ticket), "TICKET_EXPIRED")

    return [wait]


def foreign(scene: Scene) -> list[Work]:
    """A ticket for what is offered to somebody else, and one that nobody was given."""
    assert scene.refused(scene.eve, f"TICKET {scene.offer()}") == "NO_SUCH_FILE"
    carrier = scene.carrier("x" * 32)
    return [lambda: told(carrier, "NO_SUCH_TICKET")]


def beyond(scene: Scene) -> list[Work]:
    """Offsets beyond what there is, on both sides."""
    id_ = scene.offer("#tea")
    both = scene.brings(id_, 1), scene.fetches(id_, len(CONTENT) + 1)

    def hear() -> None:
        for carrier in both:
            told(carrier, "OFFSET_BEYOND")

    return [hear]


def more(scene: Scene) -> list[Work]:
    """A byte more than was offered; the receiver sees no end."""
    id_ = scene.offer()
    receiver, sender = scene.fetches(id_), scene.brings(id_)

    def bring() -> None:
        sender.start()
        sender.sends(CONTENT + b"!")
        told(sender, "TOO_MUCH")

    def fetch() -> None:
        receiver.start()
        assert CONTENT.startswith(receiver.gets(len(CONTENT)))

    return [bring, fetch]


def fewer(scene: Scene) -> list[Work]:
    """A byte less: a connection that was cut, so that the rest may come."""
    sender = scene.brings(scene.offer("#tea"))

    def bring() -> None:
        sender.start()
        sender.sends(CONTENT[:-1])
        sender.cut()

    return [bring]


def wrong(scene: Scene) -> list[Work]:
    """Other bytes than were offered."""
    sender = scene.brings(scene.offer("#tea", "00" * 32))

    def bring() -> None:
        sender.start()
        sender.sends(CONTENT)
        told(sender, "WRONG_HASH")

    return [bring]


def silent(scene: Scene) -> list[Work]:
    """Somebody brings nothing."""
    sender = scene.brings(scene.offer("#tea"))

    def wait() -> None:
        sender.start()
        told(sender, "STALLED")

    return [wait]


def deaf(scene: Scene) -> list[Work]:
    """Somebody reads nothing: they are hung up on, and what they lack is kept for them."""
    id_ = scene.offer()
    receiver, sender = scene.fetches(id_), scene.brings(id_)

    def wait() -> None:
        sender.start()
        sender.sends(CONTENT)
        assert isinstance(sender.line(), Done)
        receiver.start()
        assert len(receiver.gets(len(CONTENT))) < len(CONTENT)

    return [wait]


def nonsense(scene: Scene) -> list[Work]:
    """Names that no file can have, and a first line that is none."""
    for name in ("a/b", "..", "x" * 300, "gpj\u202eexe", "a\x07"):
        assert scene.refused(scene.ada, f"OFFER bob 9 a/b * :{name}") == "BAD_FILE_NAME"
    carrier = scene.carrier("two words")
    return [lambda: told(carrier, "BAD_LINE")]


BAD = (used_twice, expired, foreign, beyond, more, fewer, wrong, silent, deaf, nonsense)


def told(carrier: Carrier, code: str) -> None:
    """See that somebody is told what is wrong."""
    assert carrier.refusal() == code


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """All are there."""
    daemon = Daemon(tmp_path, SETTINGS)
    names = ("ada", "bob", "eve")
    for name in names:
        daemon.add_account(name, SECRET)
    with daemon:
        people = [Talker(daemon, name, SECRET, f"{CAPS} chatd/files") for name in names]
        for person in people:
            person.asks("JOIN #tea")
        yield Scene(daemon, *people)
        for person in people:
            person.close()


def test_many(scene: Scene) -> None:
    """All that is right arrives, whatever others do, and nothing is left of any of it."""
    carry_all(scene)
    files, memory = scene.daemon.files, scene.daemon.memory
    carry_all(scene)
    growth = scene.daemon.memory - memory
    print(f"{FILES} files at once; memory {memory:.1f} MB, then {growth:+.1f} MB")  # noqa: T201
    assert scene.daemon.files == files
    assert growth < GROWTH
    assert "Traceback" not in scene.daemon.log()


def carry_all(scene: Scene) -> None:
    """Carry so many files at once, and take all offers back that are open then."""
    before = scene.daemon.files
    work = [one for bad in BAD for one in bad(scene)]
    for number in range(FILES - len(BAD)):
        work += honest(scene, "#tea" if number % 2 else "bob")
    with ThreadPoolExecutor(len(work)) as pool:
        done = [pool.submit(one) for one in work]
    for one in done:
        one.result()
    for carrier in scene.carriers:
        carrier.close()
    scene.carriers.clear()
    for line in scene.ada.asks("FILE LIST"):
        if line.params[:1] == ("LISTED",):
            scene.ada.asks(f"FILE CANCEL {line.params[2]}")
    folder = scene.daemon.data / "files"
    scene.daemon.wait_for(lambda: not list(folder.iterdir()) and scene.daemon.files <= before)
