"""Proof by password, kept as argon2id.

A hash takes 20 ms of a processor and 19 MiB, with OWASP's parameters. So they are made by
as many threads as there are processors, and no more may wait than could be served in a
few seconds: whoever comes then is told to try again, and the others get in.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from twisted.application.service import Service
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from chatd.errors import TooFast
from chatd.interfaces import IAuthenticator
from chatd.model import Bytes

Answer = TypeVar("Answer")

TRY_AGAIN = 5  # seconds


@dataclass(frozen=True)
class Options:
    """[authenticator password]

    memory: the memory that one hash takes; more makes a stolen store harder to crack
    passes: how often a hash goes over its memory
    lanes: the threads that one hash may use
    waiting: log-ins that may wait for their turn before further ones are refused
    """

    memory: Bytes = Bytes(19 * 1024 * 1024)
    passes: int = 2
    lanes: int = 1
    waiting: int = 200

    def __post_init__(self) -> None:
        if self.passes < 1 or self.lanes < 1 or self.waiting < 1:
            raise ValueError("passes, lanes and waiting should be 1 or more.")
        if self.memory < 8192 * self.lanes:
            raise ValueError("memory should be 8k or more for each lane.")


@implementer(IAuthenticator)
class PasswordAuthenticator(Service):
    """Hashes and compares in threads of its own."""

    kind = "password"

    def __init__(self, options: Options, reactor: Any) -> None:
        self._reactor = reactor
        self._longest = options.waiting
        self._working = 0
        self._hasher = PasswordHasher(options.passes, options.memory // 1024, options.lanes)
        self._nobodys = self._hasher.hash(os.urandom(16).hex())
        self._threads = ThreadPool(0, os.cpu_count() or 1, "passwords")

    def startService(self) -> None:
        """Let the threads work."""
        super().startService()
        self._threads.start()

    def stopService(self) -> None:
        """End the threads; what waits is done first."""
        super().stopService()
        self._threads.stop()

    async def enrol(self, proof: str) -> str:
        """A salted hash, with the parameters it was made with.

        :raise TooFast: if too many wait.
        """
        return await self._in_thread(self._hasher.hash, proof)

    async def verify(self, proof: str, secret: str) -> bool:
        """Whether the password fits the hash.

        :raise TooFast: if too many wait.
        """
        return await self._in_thread(self._fits, proof, secret)

    async def pretend(self, proof: str) -> None:
        """Compare with the hash of a password that nobody knows."""
        await self.verify(proof, self._nobodys)

    def outdated(self, secret: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._hasher.check_needs_rehash(secret)

    def _fits(self, proof: bytes, secret: str) -> bool:
        try:
            return self._hasher.verify(secret, proof)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[..., Answer], proof: str, *args: str) -> Answer:
        if self._working >= self._longest:
            raise TooFast(TRY_AGAIN)
        self._working += 1
        try:
            plain = unicodedata.normalize("NFC", proof).encode(errors="surrogateescape")
            return await deferToThreadPool(self._reactor, self._threads, work, plain, *args)
        finally:
            self._working -= 1


def make(options: Options, reactor: Any) -> PasswordAuthenticator:
    return PasswordAuthenticator(options, reactor)
