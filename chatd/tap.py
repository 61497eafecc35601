"""What `twistd chatd` runs, and the one place where the real reactor and its clock come in."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.python import usage

from chatd import config

DEFAULT_INI = "chatd.ini"


class Options(usage.Options):
    """The command line of `twistd chatd`."""

    optParameters = [["config", "c", DEFAULT_INI, "the ini file"]]


def makeService(options: Options) -> IService:
    """A whole house, from the ini that the command line names; a sentence if it is no good."""
    from twisted.internet import reactor

    from chatd.house import House

    try:
        wanted = config.read(Path(options["config"]))
    except config.ConfigError as error:
        raise SystemExit(str(error)) from error
    house = House(wanted, reactor, now, lambda status: _leave(reactor, status))
    reactor.callWhenRunning(_listen_to_signals, reactor, house)
    return house


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _listen_to_signals(reactor: Any, house: Any) -> None:
    """Twisted would end with the signal's status; to be asked to end is no failure."""

    def end(number: int, frame: object) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        reactor.callFromThread(reactor.stop)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGHUP, lambda number, frame: reactor.callFromThread(house.reload))


def _leave(reactor: Any, status: int) -> None:
    """Stop the reactor. twistd knows no exit status of its own, so the interpreter gets ours."""
    atexit.register(_end_with, status)
    reactor.callWhenRunning(reactor.stop)


def _end_with(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
