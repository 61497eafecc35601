"""Proof by password."""

from __future__ import annotations

from typing import Any

from argon2 import extract_parameters
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred, gatherResults
from twisted.trial.unittest import TestCase

from chatd.authenticators.password import Options, PasswordAuthenticator, make
from chatd.errors import TooFast
from chatd.model import Bytes
from tests.authenticators.contract import AuthenticatorContract

CHEAP = Options(memory=Bytes(8192), passes=1)


class PasswordTest(AuthenticatorContract, TestCase):
    """The contract, with passwords."""

    proof = "milk first, then tea"
    wrong = ("", "milk first, then Tea", "milk first, then tea ", "\0", "\udcff", "x" * 5000)

    def setUp(self) -> None:
        self.authenticator = self.started(CHEAP)

    def started(self, options: Options) -> PasswordAuthenticator:
        authenticator = make(options, reactor)
        authenticator.startService()
        self.addCleanup(authenticator.stopService)
        return authenticator

    async def test_hidden(self) -> None:
        """What is kept is argon2id with its own salt, and not the password."""
        one = await self.authenticator.enrol(self.proof)
        two = await self.authenticator.enrol(self.proof)
        self.assertTrue(one.startswith("$argon2id$"))
        self.assertNotEqual(one, two)
        self.assertNotIn("milk", one)

    async def test_any_password(self) -> None:
        """Long ones, ones in any script, and ones with zeros count to their last character."""
        for proof in ("é" * 296, "密码ключ🔑", "a\0b", "\udcff\udcfe", "x" * 592):
            secret = await self.authenticator.enrol(proof)
            self.assertTrue(await self.authenticator.verify(proof, secret))
            self.assertFalse(await self.authenticator.verify(proof[:-1], secret))

    async def test_one_letter_two_ways(self) -> None:
        """Keyboards send é as one character or as two; both are the same password."""
        secret = await self.authenticator.enrol("caf\u00e9")
        self.assertTrue(await self.authenticator.verify("cafe\u0301", secret))

    async def test_damaged_secret(self) -> None:
        """A secret that is none fits nothing, and is no error."""
        for secret in ("", "plain", "$argon2id$v=19$m=8,t=1,p=1$"):
            self.assertFalse(await self.authenticator.verify(self.proof, secret))

    async def test_other_cost(self) -> None:
        """After the cost was changed old passwords still count, and should be hashed anew."""
        secret = await self.authenticator.enrol(self.proof)
        dearer = self.started(Options(memory=Bytes(16384), passes=1))
        self.assertTrue(await dearer.verify(self.proof, secret))
        self.assertTrue(dearer.outdated(secret))
        self.assertFalse(dearer.outdated(await dearer.enrol(self.proof)))

    async def test_cost_by_default(self) -> None:
        """Unless the ini says otherwise it is what OWASP advises: 19 MiB, 2 passes, 1 lane."""
        found = extract_parameters(await self.started(Options()).enrol(self.proof))
        self.assertEqual((found.memory_cost, found.time_cost, found.parallelism), (19456, 2, 1))

    async def test_pretending_costs_the_same(self) -> None:
        """For an account that does not exist a hash of the same cost is computed."""
        asked: list[Any] = []
        self.patch(self.authenticator, "_fits", lambda proof, secret: asked.append(secret))
        await self.authenticator.pretend(self.proof)
        self.assertFalse(self.authenticator.outdated(asked[0]))

    async def test_too_many(self) -> None:
        """Whoever comes when the queue is full is refused; the others are served."""
        narrow = self.started(Options(memory=Bytes(8192), passes=1, waiting=2))
        waiting = [ensureDeferred(narrow.enrol(self.proof)) for _ in range(2)]
        with self.assertRaises(TooFast):
            await narrow.enrol(self.proof)
        self.assertEqual(len(await gatherResults(waiting)), 2)
        await narrow.enrol(self.proof)
