"""What every authenticator must do, as a mix-in for `twisted.trial.unittest.TestCase`."""

from __future__ import annotations

from typing import Any

from zope.interface.verify import verifyObject

from chatd.interfaces import IAuthenticator


class AuthenticatorContract:
    """Set `authenticator`, a `proof` that is right, and proofs that are `wrong`."""

    authenticator: Any
    proof: str
    wrong: tuple[str, ...]

    def test_promises(self: Any) -> None:
        """It is an authenticator, with a kind."""
        self.assertTrue(verifyObject(IAuthenticator, self.authenticator))
        self.assertIsInstance(self.authenticator.kind, str)

    async def test_right(self: Any) -> None:
        """What was enrolled is known again."""
        secret = await self.authenticator.enrol(self.proof)
        self.assertTrue(await self.authenticator.verify(self.proof, secret))

    async def test_wrong(self: Any) -> None:
        """Nothing else is."""
        secret = await self.authenticator.enrol(self.proof)
        for proof in self.wrong:
            self.assertFalse(await self.authenticator.verify(proof, secret), proof)

    async def test_fresh_secrets_are_not_outdated(self: Any) -> None:
        """What has just been enrolled need not be enrolled again."""
        secret = await self.authenticator.enrol(self.proof)
        self.assertFalse(self.authenticator.outdated(secret))

    async def test_pretending(self: Any) -> None:
        """For an account that does not exist there is neither an answer nor an error."""
        self.assertIsNone(await self.authenticator.pretend(self.proof))
