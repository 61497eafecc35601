"""Proof by client certificate."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from chatd.authenticators.certificate import Options, make
from chatd.errors import LoginFailed
from tests.authenticators.contract import AuthenticatorContract

FINGERPRINT = "0123456789abcdef" * 4


class CertificateTest(AuthenticatorContract, TestCase):
    """The contract, with fingerprints."""

    proof = FINGERPRINT
    wrong = ("", "0" * 64, FINGERPRINT[:-1], FINGERPRINT + "0", "é" * 64)

    def setUp(self) -> None:
        self.authenticator = make(Options(), None)

    async def test_written_otherwise(self) -> None:
        """Colons and capitals, as tools print them, mean the same."""
        pairs = (FINGERPRINT[i : i + 2].upper() for i in range(0, 64, 2))
        secret = await self.authenticator.enrol(":".join(pairs))
        self.assertEqual(secret, FINGERPRINT)

    async def test_no_fingerprint(self) -> None:
        """What is no SHA-256 fingerprint is not kept."""
        for proof in ("", "hello", FINGERPRINT[:40], FINGERPRINT[:-1] + "g"):
            with self.assertRaises(LoginFailed):
                await self.authenticator.enrol(proof)
