"""Locks that many wait for."""

from __future__ import annotations

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.locks import Lock, SharedLock


class LockTests(SynchronousTestCase):
    """Coroutines that want to be alone."""

    def setUp(self) -> None:
        self.lock = Lock()
        self.done: list[int] = []

    async def alone(self, number: int, until: Deferred[None] | None = None) -> None:
        """Do something that must not be done twice at the same time."""
        async with self.lock:
            self.done.append(number)
            if until is not None:
                await until
            self.done.append(number)

    def test_thousands(self) -> None:
        """However many wait, each has its turn, alone, in the order in which they came."""
        until: Deferred[None] = Deferred()
        waiting = [ensureDeferred(self.alone(0, until))]
        waiting += [ensureDeferred(self.alone(number)) for number in range(1, 5000)]
        self.assertEqual(self.done, [0])
        until.callback(None)
        for one in waiting:
            self.successResultOf(one)
        self.assertEqual(self.done, [number for number in range(5000) for _ in "ab"])
        self.assertFalse(self.lock.locked)

    def test_again_from_within(self) -> None:
        """Who comes when one has just let go waits for no more than that."""

        async def twice() -> None:
            await self.alone(1)
            await self.alone(2)

        until: Deferred[None] = Deferred()
        first = ensureDeferred(self.alone(0, until))
        second = ensureDeferred(twice())
        until.callback(None)
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(self.done, [0, 0, 1, 1, 2, 2])

    def test_trouble(self) -> None:
        """Who fails lets go too."""

        async def fail() -> None:
            async with self.lock:
                raise LookupError

        self.failureResultOf(ensureDeferred(fail()), LookupError)
        self.successResultOf(ensureDeferred(self.alone(1)))


class SharedLockTests(SynchronousTestCase):
    """Coroutines that want to be alone, or do not mind some others."""

    def setUp(self) -> None:
        self.lock = SharedLock()
        self.inside: list[str] = []
        self.doors: dict[str, Deferred[None]] = {}

    async def _hold(self, what: str, name: str | None) -> None:
        async with self.lock.hold(name):
            self.inside.append(what)
            self.doors[what] = Deferred()
            await self.doors[what]
            self.inside.remove(what)

    def hold(self, what: str, name: str | None = None) -> Deferred[None]:
        """Want to hold it, until let go."""
        return ensureDeferred(self._hold(what, name))

    def test_beside_others(self) -> None:
        """Those of different names hold it at once, those of one name one after another."""
        for what, name in (("a", "ada"), ("b", "bob"), ("A", "ada")):
            self.hold(what, name)
        self.assertEqual(self.inside, ["a", "b"])
        self.doors["b"].callback(None)
        self.assertEqual(self.inside, ["a"])
        self.doors["a"].callback(None)
        self.assertEqual(self.inside, ["A"])

    def test_alone(self) -> None:
        """Who wants to be alone waits for all who came before, and all who come after wait."""
        for what, name in (("a", "ada"), ("alone", None), ("b", "bob"), ("c", "cy")):
            self.hold(what, name)
        self.assertEqual(self.inside, ["a"])
        self.doors["a"].callback(None)
        self.assertEqual(self.inside, ["alone"])
        self.doors["alone"].callback(None)
        self.assertEqual(self.inside, ["b", "c"])

    def test_thousands(self) -> None:
        """However many wait, each has its turn."""

        async def enter(number: int) -> None:
            async with self.lock.hold(None if number % 3 else str(number % 2)):
                done.append(number)

        done: list[int] = []
        self.hold("first")
        waiting = [ensureDeferred(enter(number)) for number in range(5000)]
        self.doors["first"].callback(None)
        for one in waiting:
            self.successResultOf(one)
        self.assertEqual(done, list(range(5000)))

    def test_trouble(self) -> None:
        """Who fails lets go too."""
        failing = self.hold("a")
        self.hold("b", "bob")
        self.doors["a"].errback(LookupError())
        self.failureResultOf(failing, LookupError)
        self.assertIn("b", self.inside)
