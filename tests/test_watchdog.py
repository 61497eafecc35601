"""How long the turns of the reactor are, counted and told."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from chatd.watchdog import ENOUGH, LONG, TOO_LONG, WARN_EVERY, Tally, Watchdog
from tests.daemon import Daemon
from tests.talker import Talker


class Poller:
    """Finds something at once."""

    asked: tuple[object, ...] = ()
    found: tuple[tuple[int, int], ...] = ((7, 1),)

    def register(self, *what: object) -> None:
        """A socket more."""

    modify = unregister = register

    def poll(self, *how: object) -> list[tuple[int, int]]:
        self.asked = how
        return list(self.found)


class Reactor(Clock):
    """One with a poller, whose turns last as long as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self._poller = Poller()
        self.work = 0.0

    def turn(self, lasts: float, works: float) -> Iterable[tuple[int, int]]:
        """Everything is done that was found, then more is looked for."""
        self.advance(lasts)
        self.work += works
        return self._poller.poll(0.5, 3)


class WatchdogTests(SynchronousTestCase):
    """A dog and a reactor."""

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.poller = self.reactor._poller
        self.tidied = 0
        self.tidying = 0.0
        self.dog = Watchdog(
            self.reactor, self.tidy, self.reactor.seconds, lambda: self.reactor.work
        )
        self.dog.startService()
        self.told: list[str] = []
        globalLogPublisher.addObserver(self.hear)
        self.addCleanup(globalLogPublisher.removeObserver, self.hear)

    def tidy(self) -> None:
        """A long turn ends; that takes as long as the test says."""
        self.tidied += 1
        self.reactor.work += self.tidying
        self.reactor.advance(self.tidying)

    def hear(self, event: object) -> None:
        """Something is logged."""
        self.told.append(formatEvent(event))

    def test_passes_on(self) -> None:
        """The poller is asked as the reactor asks, and its answer comes back."""
        self.assertEqual(list(self.reactor.turn(0.0, 0.0)), [(7, 1)])
        self.assertEqual(self.poller.asked, (0.5, 3))

    def test_much_at_once(self) -> None:
        """What has happened to many sockets is handed out in several turns, all of it."""
        self.poller.found = ((7, 1), (8, 1), (9, 1))
        seen = []
        for _ in range(3):
            for socket, _ in self.reactor.turn(0.0, 0.0):
                seen.append(socket)
                self.poller.found = ()
                self.reactor.advance(ENOUGH * 0.6)
        self.assertEqual(seen, [7, 8, 9])
        self.assertEqual(self.dog.tally.turns, 3)

    def test_gone_meanwhile(self) -> None:
        """What was found at a socket that is closed by now is not told of the next with its
        number."""
        self.poller.found = ((7, 1), (8, 16), (9, 1))
        seen = []
        for _ in range(3):
            for socket, _ in self.reactor.turn(0.0, 0.0):
                seen.append(socket)
                self.poller.found = ()
                self.reactor._poller.unregister(8)
                self.reactor.advance(ENOUGH * 2)
        self.assertEqual(seen, [7, 9])
        self.poller.found = ((8, 1),)
        self.assertEqual(list(self.reactor.turn(0.0, 0.0)), [(8, 1)])

    def test_long_turns(self) -> None:
        """Turns that worked for long are counted, those that were held up for themselves."""
        self.reactor.turn(LONG / 2, LONG / 2)
        self.reactor.turn(3 * LONG, 2 * LONG)
        self.reactor.turn(2 * LONG, 2 * LONG)
        self.reactor.turn(3 * LONG, LONG / 2)
        self.assertEqual(self.dog.tally, Tally(turns=4, long=2, held_up=1, longest=2 * LONG))

    def test_tidying_up(self) -> None:
        """What is young is looked through at the end of each turn that was at work for long, and
        counted with it; then nothing is waited for."""
        self.tidying = LONG
        for lasts in (LONG / 2, 2 * LONG):
            list(self.reactor.turn(lasts, LONG / 2))
        self.assertEqual((self.tidied, self.dog.tally.longest), (0, 0.0))
        self.assertEqual(self.poller.asked, (0.5, 3))
        list(self.reactor.turn(2 * LONG, 2 * LONG))
        self.assertEqual(self.tidied, 1)
        self.assertEqual(self.poller.asked, (0, 3))
        self.assertAlmostEqual(self.dog.tally.longest, 3 * LONG)

    def test_waiting_is_no_work(self) -> None:
        """The time in which nobody asks for anything belongs to no turn."""
        poll = self.poller.poll

        def wait(*how: object) -> list[tuple[int, int]]:
            self.reactor.advance(60)
            return poll(*how)

        self.poller.poll = wait  # type: ignore[method-assign]
        self.dog.stopService()
        self.dog.startService()
        self.reactor.turn(0.0, 0.0)
        self.reactor.turn(0.0, 0.0)
        self.assertEqual(self.dog.tally, Tally(turns=2))

    def test_barks(self) -> None:
        """It warns of a turn that is far too long, but not all the time."""
        for _ in range(3):
            self.reactor.turn(2 * TOO_LONG, TOO_LONG)
        self.reactor.turn(WARN_EVERY, 0.0)
        self.assertEqual(
            self.told,
            [
                "nobody was served for 200 ms, of which 100 ms were work;"
                " 0 such turns before were not told",
                "nobody was served for 60000 ms, of which 0 ms were work;"
                " 2 such turns before were not told",
            ],
        )

    def test_tells(self) -> None:
        """What was counted is told at the end, and the reactor is left as it was."""
        self.reactor.turn(2 * LONG, 2 * LONG)
        self.dog.stopService()
        self.assertEqual(
            self.told,
            [
                "1 turns of the reactor, 1 of them at work for more than 5 ms,"
                " the longest for 10.0 ms; 0 were held up"
            ],
        )
        self.assertIs(self.reactor._poller, self.poller)

    def test_other_reactors(self) -> None:
        """One that cannot be watched is left alone."""
        dog = Watchdog(Clock(), self.tidy)
        dog.startService()
        dog.tell()
        dog.stopService()
        self.assertEqual(self.told, [])


def test_of_a_daemon(tmp_path: Path) -> None:
    """A daemon counts its turns, and says so at a reload and at the end."""
    with Daemon(tmp_path, {"auth": {"guests": "yes"}}) as daemon:
        with Talker(daemon, "ada") as ada:
            ada.asks("JOIN #tea")
            assert " turns of the reactor, " in daemon.reload()
        daemon.stop()
        assert daemon.log().count(" turns of the reactor, ") == 2
