"""Proof by a TLS client certificate: its SHA-256 fingerprint, 64 hexadecimal digits.

TLS has shown by then that the client holds the certificate's key, so a fingerprint is
nothing secret, and any certificate will do, self-made ones too.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Any

from zope.interface import implementer

from chatd.errors import LoginFailed
from chatd.interfaces import IAuthenticator


@dataclass(frozen=True)
class Options:
    """[authenticator certificate]"""


@implementer(IAuthenticator)
class CertificateAuthenticator:
    """Compares fingerprints."""

    kind = "certificate"

    async def enrol(self, proof: str) -> str:
        """Keep the fingerprint as it is, without colons and in small letters.

        :raise LoginFailed: if it is none.
        """
        fingerprint = _plain(proof)
        if not re.fullmatch("[0-9a-f]{64}", fingerprint):
            raise LoginFailed
        return fingerprint

    async def verify(self, proof: str, secret: str) -> bool:
        """Whether the fingerprints are the same."""
        return hmac.compare_digest(_plain(proof).encode(), secret.encode())

    async def pretend(self, proof: str) -> None:
        """Compare with one that nobody has."""
        hmac.compare_digest(_plain(proof).encode(), b"0" * 64)

    def outdated(self, secret: str) -> bool:
        """A fingerprint stays as it is."""
        return False


def make(options: Options, reactor: Any) -> CertificateAuthenticator:
    return CertificateAuthenticator()


def _plain(fingerprint: str) -> str:
    return fingerprint.replace(":", "").lower()
