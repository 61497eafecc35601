"""Proof by SCRAM-SHA-256 (RFC 5802, RFC 7677): the password itself is never sent.

What is kept is `iterations$salt$stored key$server key`, the last three in base64. Whoever
steals that can guess passwords faster than from argon2id, which is why it is kept only
where the ini asks for it, beside the other.
"""

from __future__ import annotations

import hmac
import os
import re
import stringprep
import unicodedata
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import pbkdf2_hmac, sha256
from typing import Any

from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer

from chatd.errors import LoginFailed
from chatd.interfaces import IAuthenticator, IChallenger, IQuestion

LEAST = 4096
_FIRST = re.compile(r"([ny],(?:a=([^,]+))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+))")
_FINAL = re.compile(r"(c=([^,]+),r=([^,]+)),p=([^,]+)")
_FORBIDDEN = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


@dataclass(frozen=True)
class Options:
    """[authenticator scram]

    iterations: how often a password is hashed; more makes a stolen store harder to crack, and
        clients slower
    """

    iterations: int = 4096

    def __post_init__(self) -> None:
        if not LEAST <= self.iterations <= 1_000_000:
            raise ValueError(f"iterations should be {LEAST} to 1000000.")


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is kept of a password."""

    iterations: int
    salt: bytes
    stored: bytes
    server: bytes

    def __str__(self) -> str:
        parts = (b64encode(part).decode() for part in (self.salt, self.stored, self.server))
        return "$".join((str(self.iterations), *parts))


@implementer(IAuthenticator, IChallenger)
class ScramAuthenticator:
    """Asks with a salt and a nonce, and is answered with a proof."""

    kind = "scram"
    mechanism = "SCRAM-SHA-256"

    def __init__(self, options: Options, reactor: Any) -> None:
        self._iterations = options.iterations
        self._reactor = reactor

    async def enrol(self, proof: str) -> str:
        """A verifier with a salt of its own."""
        return str(await self._derived(proof, os.urandom(16), self._iterations))

    async def verify(self, proof: str, secret: str) -> bool:
        """Whether the verifier was made of this password."""
        known = verifier_of(secret)
        fresh = await self._derived(proof, known.salt, known.iterations)
        return hmac.compare_digest(fresh.stored, known.stored)

    async def pretend(self, proof: str) -> None:
        """Derive a verifier for nothing."""
        await self._derived(proof, b"nobody's", self._iterations)

    def outdated(self, secret: str) -> bool:
        """Whether it was made with fewer iterations than today's."""
        return verifier_of(secret).iterations < self._iterations

    def name_in(self, first: str) -> str:
        """Who a client's first message says it is."""
        name, as_ = _read(_FIRST, first)[3], _read(_FIRST, first)[1]
        plain = _unescaped(name)
        if as_ is not None and _unescaped(as_) != plain:
            raise LoginFailed
        return plain

    def question(self, first: str, secret: str | None, seed: bytes) -> IQuestion:
        """What to ask; of nobody with a salt that is always the same for that name."""
        if secret is None:
            salt = hmac.new(seed, self.name_in(first).encode(), sha256).digest()[:16]
            known = Verifier(self._iterations, salt, os.urandom(32), os.urandom(32))
        else:
            known = verifier_of(secret)
        return Question(first, known, b64encode(os.urandom(18)).decode())

    async def _derived(self, password: str, salt: bytes, iterations: int) -> Verifier:
        plain = prepared(password).encode(errors="surrogateescape")
        pool = self._reactor.getThreadPool()
        salted = await deferToThreadPool(
            self._reactor, pool, pbkdf2_hmac, "sha256", plain, salt, iterations
        )
        stored = sha256(_hmac(salted, b"Client Key")).digest()
        return Verifier(iterations, salt, stored, _hmac(salted, b"Server Key"))


@implementer(IQuestion)
class Question:
    """One log-in: what is asked, and whether the answer is right."""

    def __init__(self, first: str, known: Verifier, nonce: str) -> None:
        self._header, _, self._bare, _, theirs = _read(_FIRST, first)
        self._known = known
        self._nonce = theirs + nonce
        salt = b64encode(known.salt).decode()
        self.text = f"r={self._nonce},s={salt},i={known.iterations}"

    def check(self, answer: str) -> str:
        """The proof that we are who we are, if the answer is right.

        :raise LoginFailed: if it is not.
        """
        said, header, nonce, proof = _read(_FINAL, answer)
        signed = f"{self._bare},{self.text},{said}".encode()
        signature = _hmac(self._known.stored, signed)
        key = bytes(a ^ b for a, b in zip(_bytes(proof), signature, strict=False))
        right = hmac.compare_digest(sha256(key).digest(), self._known.stored)
        if not right or nonce != self._nonce or _bytes(header) != self._header.encode():
            raise LoginFailed
        return "v=" + b64encode(_hmac(self._known.server, signed)).decode()


def make(options: Options, reactor: Any) -> ScramAuthenticator:
    return ScramAuthenticator(options, reactor)


def verifier_of(secret: str) -> Verifier:
    """A verifier as it is kept."""
    iterations, *parts = secret.split("$")
    return Verifier(int(iterations), *map(b64decode, parts))


def prepared(password: str) -> str:
    """A password as SASLprep has it (RFC 4013); what that forbids is taken as it is."""
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char
        for char in password
        if not stringprep.in_table_b1(char)
    )
    normal = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    forbidden = any(test(char) for char in normal for test in _FORBIDDEN)
    return password if forbidden or _is_mixed(normal) else normal


def _is_mixed(text: str) -> bool:
    """Whether a text runs both ways, which SASLprep forbids."""
    if not any(map(stringprep.in_table_d1, text)):
        return False
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return not ends or any(map(stringprep.in_table_d2, text))


def _read(form: re.Pattern[str], message: str) -> tuple[str, ...]:
    match = form.fullmatch(message)
    if match is None:
        raise LoginFailed
    return match.groups()


def _unescaped(name: str) -> str:
    if re.search("=(?!2C|3D)", name):
        raise LoginFailed
    return name.replace("=2C", ",").replace("=3D", "=")


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise LoginFailed from None


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
