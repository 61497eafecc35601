"""What `twistd chatd` runs, and the one place where the real reactor and its clock come in."""

from __future__ import annotations

import atexit
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.python import usage

from chatd import config

DEFAULT_INI = "chatd.ini"
ENOUGH = 4096
"""Files that a process should be able to have open; each connection is one."""

log = Logger()


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
    allow_connections()
    house = House(wanted, reactor, now, lambda status: _leave(reactor, status))
    _listen_to_signals(reactor, house)  # in the midst of its start an exception leaves threads
    reactor.callWhenRunning(_listen_to_signals, reactor, house)  # the reactor takes them as well
    return house


def allow_connections() -> None:
    """Have as many files open as the system lets us; it seldom does without being asked."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most != resource.RLIM_INFINITY and most < ENOUGH:
        log.warn(
            "only {most} files may be open at once, and each connection is one:"
            " let there be more by `ulimit -Hn`, or by LimitNOFILE= of systemd",
            most=most,
        )


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
    if status:
        atexit.register(_end_with, status)
    reactor.callWhenRunning(reactor.stop)


def _end_with(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
