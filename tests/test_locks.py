"""A lock that many wait for."""

from __future__ import annotations

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.locks import Lock


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
