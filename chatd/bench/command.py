"""`chatd bench`: from the options to the exit status."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from enum import IntEnum
from random import Random
from secrets import token_hex
from typing import Any, TextIO

from OpenSSL import SSL
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.error import ConnectionClosed
from twisted.internet.task import LoopingCall, deferLater
from twisted.python.failure import Failure

from chatd.bench import options as chosen
from chatd.bench.client import Trouble
from chatd.bench.load import FAILURES, Load
from chatd.bench.own import OwnDaemon
from chatd.bench.plan import Host, Plan
from chatd.bench.progress import EVERY, Bar
from chatd.bench.report import Memory, Report
from chatd.bench.wire import Door, meet
from chatd.tap import allow_connections
from clients.lib.connection import explain
from clients.lib.model import Login
from clients.lib.places import PORT
from clients.lib.trust import CertificateRefused, Pins, known_hosts

REST = 1.0
"""Seconds between the last arrival and the first post: memory is looked at in between."""


class Exit(IntEnum):
    """How a load test ends."""

    FINE = 0
    TROUBLE = 1
    USAGE = 2
    MISSED = 3
    INTERRUPTED = 130


def run(options: argparse.Namespace) -> Exit:
    """Do what the command line says."""
    try:
        plan = chosen.plan(options)
        host = chosen.host(options, plan)
        goals = chosen.wanted_goals(options, plan)
    except ValueError as error:
        return _complain(str(error), Exit.USAGE)
    try:
        report, stopped = _in_reactor(plan, host)
    except (Trouble, CertificateRefused) as error:
        return _complain(str(error), Exit.TROUBLE)
    except FAILURES as error:
        return _complain(f"{_place(host)}: {explain(error)}{_hint(host, error)}", Exit.TROUBLE)
    if report is None:
        return _complain("interrupted before anything was measured.", Exit.INTERRUPTED)
    figures = report.figures()
    missed = [why for goal in goals if (why := goal.missed(figures)) is not None]
    print(report.json(missed) if options.json else report.text())
    for why in missed:
        _complain(why, Exit.MISSED)
    if stopped:
        return Exit.INTERRUPTED
    return Exit.MISSED if missed else Exit.FINE


def _complain(text: str, status: Exit) -> Exit:
    _say(text)
    return status


def _say(text: str) -> None:
    print(f"chatd bench: {text}", file=sys.stderr, flush=True)


def _place(host: Host | None) -> str:
    return "a daemon of our own" if host is None else f"{host.name}:{host.port}"


def _hint(host: Host | None, error: BaseException) -> str:
    """What may be behind it."""
    if host is None:
        return ""
    if host.port != PORT and isinstance(error, (TimeoutError, SSL.Error)):
        return f" Is {host.port} its port for IRC over TLS? As a rule that is {PORT}."
    if isinstance(error, ConnectionClosed):
        return (
            " If it lets in only so many from one address ([limits] connections and connects in"
            " its chatd.ini), raise that, or lower --clients or --arrivals."
        )
    return ""


def _in_reactor(plan: Plan, host: Host | None) -> tuple[Report | None, bool]:
    """What a load test has found, and whether it was stopped."""
    from twisted.internet import reactor

    allow_connections()
    trial = Trial(reactor, plan, host, sys.stderr)
    ends: list[Any] = []

    def end(result: object) -> None:
        ends.append(result)
        reactor.stop()

    def begin() -> None:
        running = Deferred.fromCoroutine(trial.run())
        _listen_to_signals(reactor, trial.load, running)
        running.addBoth(end)

    reactor.callWhenRunning(begin)
    reactor.run()
    if isinstance(ends[0], Failure):
        ends[0].trap(CancelledError)
        return None, True
    return ends[0], trial.load.stopped


def _listen_to_signals(reactor: Any, load: Load, running: Deferred[Any]) -> None:
    """The first Ctrl-C ends the talking, and so does a terminal that closes, which may say so
    more than once; the second Ctrl-C ends everything."""

    def interrupt() -> None:
        if load.stopped:
            running.cancel()
        else:
            load.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: reactor.callFromThread(interrupt))
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(load.stop))


class Trial:
    """One load test, with the daemon if it is ours, and with the bar."""

    def __init__(self, reactor: Any, plan: Plan, host: Host | None, stream: TextIO) -> None:
        self._reactor = reactor
        self._plan = plan
        self._host = host
        self._own: OwnDaemon | None = None
        self._bar = Bar(stream)
        self._watch = LoopingCall(self._look)
        self._memory: Memory | None = None
        self._begun: float | None = None
        logins = [Login(*pair) for pair in host.accounts] if host is not None else []
        mark = f"b{token_hex(2)}"
        self.load = Load(reactor, plan, Random(mark), mark, logins)  # noqa: S311 - no secret

    async def run(self) -> Report | None:
        """From the first connection to the last; None if it is stopped before anybody speaks."""
        self._watch.start(EVERY)
        try:
            return await self._measure()
        except FAILURES:
            if self._own is not None:
                await deferLater(self._reactor, EVERY)  # its sockets go somewhat before itself
            self._check_own()
            raise
        finally:
            self._watch.stop()
            self._bar.close()
            if self._own is not None:
                await self._own.stop()

    async def _measure(self) -> Report | None:
        door = await self._open()
        alone = self._resident()
        await self.load.come(door)
        self._check_own()
        if alone is not None:
            await deferLater(self._reactor, REST)
            self._memory = Memory(alone, self._resident() or alone)
        if self.load.stopped:
            return None
        self._begun = self._reactor.seconds()
        await self.load.talk()
        self._begun = None
        self._check_own()
        errors = self._own.errors() if self._own is not None else None
        await self.load.go()
        return self._report(errors)

    async def _open(self) -> Door:
        if self._host is None:
            self._own = OwnDaemon(self._reactor)
            return await self._own.start()
        try:
            return await meet(self._reactor, self._host, Pins(known_hosts(os.environ)), _say)
        except ValueError as error:
            raise Trouble(f"{self._host.name!r} cannot be the name of a host.") from error

    def _report(self, errors: list[str] | None) -> Report:
        load = self.load
        return Report(
            self._plan,
            _place(self._host),
            load.tally,
            load.seconds,
            load.waiting,
            self._memory,
            errors,
            load.cut_short,
        )

    def _check_own(self) -> None:
        if self._own is not None and self._own.has_died:
            raise Trouble("The daemon of our own has died.")

    def _resident(self) -> int | None:
        return self._own.memory() if self._own is not None else None

    def _look(self) -> None:
        if self._own is not None and self._own.has_died:
            self.load.stop()
        tally = self.load.tally
        self._bar.show(self.load.stage, f"{tally.posts:,} posts  {tally.lost:,} lost")
        now = self._resident()
        if self._begun is not None and self._memory is not None and now is not None:
            self._memory.samples.append((self._reactor.seconds() - self._begun, now))
