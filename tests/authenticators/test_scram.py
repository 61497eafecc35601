"""SCRAM-SHA-256, held to the examples of RFC 5802's sister, RFC 7677, and to RFC 4013."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import pbkdf2_hmac, sha256
from hmac import digest

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from chatd.authenticators.scram import Options, Question, make, prepared, verifier_of
from chatd.errors import LoginFailed
from chatd.interfaces import IChallenger, IQuestion
from tests.authenticators.contract import AuthenticatorContract

PASSWORD = "pencil"
FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
QUESTION = f"r=rOprNGfwEbeRWgbNEkqO{NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
ANSWER = f"c=biws,r=rOprNGfwEbeRWgbNEkqO{NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
PROOF = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def secret_of(password: str, salt: str = "W22ZaJ0SNY7soEsUEjb6gQ==") -> str:
    """What is kept of a password, made as the RFC says it."""
    salted = pbkdf2_hmac("sha256", password.encode(), b64decode(salt), 4096)
    stored = sha256(digest(salted, b"Client Key", "sha256")).digest()
    server = digest(salted, b"Server Key", "sha256")
    return "$".join(("4096", salt, b64encode(stored).decode(), b64encode(server).decode()))


class ScramTests(AuthenticatorContract, TestCase):
    proof = "correct horse"
    wrong = ("", "correct", "Correct horse")

    def setUp(self) -> None:
        self.authenticator = make(Options(), reactor)

    def test_is_a_challenger(self) -> None:
        """It can be asked for by SASL."""
        verifyObject(IChallenger, self.authenticator)
        verifyObject(IQuestion, self.authenticator.question(FIRST, None, b"seed"))

    async def test_more_iterations(self) -> None:
        """A verifier with fewer iterations than the ini wants is outdated, but good."""
        secret = await self.authenticator.enrol(self.proof)
        stronger = make(Options(iterations=5000), reactor)
        self.assertTrue(stronger.outdated(secret))
        self.assertTrue(await stronger.verify(self.proof, secret))

    async def test_spelling(self) -> None:
        """A password may be typed in another way that Unicode holds for the same."""
        secret = await self.authenticator.enrol("\u00e9\u2168")
        self.assertTrue(await self.authenticator.verify("e\u0301IX", secret))

    async def test_known_values(self) -> None:
        """What is kept is what the RFC's example needs."""
        made = verifier_of(secret_of(PASSWORD))
        secret = await self.authenticator.enrol(PASSWORD)
        self.assertNotEqual(verifier_of(secret).salt, made.salt)
        self.assertTrue(await self.authenticator.verify(PASSWORD, secret_of(PASSWORD)))


class QuestionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.question = Question(FIRST, verifier_of(secret_of(PASSWORD)), NONCE)
        self.authenticator = make(Options(), reactor)

    def test_the_example(self) -> None:
        """The exchange of RFC 7677, section 3, byte by byte."""
        self.assertEqual(self.question.text, QUESTION)
        self.assertEqual(self.question.check(ANSWER), PROOF)

    def test_wrong_answers(self) -> None:
        """Another password, nonce, header or form is no answer."""
        other = Question(FIRST, verifier_of(secret_of("pen")), NONCE)
        self.assertRaises(LoginFailed, other.check, ANSWER)
        for answer in (
            ANSWER.replace("hvYD", "hvYE"),
            ANSWER.replace("biws", "eSws"),
            ANSWER.replace("dHzb", "dHza"),
            ANSWER.replace("p=dHzb", "p=!"),
            ANSWER.replace("p=dHzb", "x=1,p=dHzb"),
            ANSWER.partition(",p=")[0],
            "",
        ):
            self.assertRaises(LoginFailed, self.question.check, answer)

    def test_names(self) -> None:
        """The name is unescaped; one can only be oneself."""
        for first, name in (
            (FIRST, "user"),
            ("y,,n=a=2Cb=3Dc,r=x", "a,b=c"),
            ("n,a=user,n=user,r=x", "user"),
        ):
            self.assertEqual(self.authenticator.name_in(first), name)
        for first in (
            "",
            "n=user,r=x",
            "p=tls-unique,,n=user,r=x",
            "n,,m=1,n=user,r=x",
            "n,,n=us=er,r=x",
            "n,a=root,n=user,r=x",
            "n,,n=user,r=",
            "n,,n=user,r=a b",
        ):
            self.assertRaises(LoginFailed, self.authenticator.name_in, first)

    def test_nobody(self) -> None:
        """Of nobody one is asked in the same way, with the same salt each time."""
        salts = set()
        for seed in (b"a", b"a", b"b"):
            question = self.authenticator.question(FIRST, None, seed)
            salts.add(question.text.split(",")[1])
            self.assertRaises(LoginFailed, question.check, ANSWER)
        self.assertEqual(len(salts), 2)

    def test_fresh_nonces(self) -> None:
        """No question is asked twice."""
        asked = {self.authenticator.question(FIRST, None, b"").text for _ in range(9)}
        self.assertEqual(len(asked), 9)


class PreparedTests(SynchronousTestCase):
    def test_examples(self) -> None:
        """The examples of RFC 4013, section 3; what is forbidden is taken as it is."""
        for given, wanted in (
            ("I\u00adX", "IX"),
            ("user", "user"),
            ("USER", "USER"),
            ("\u00aa", "a"),
            ("\u2168", "IX"),
            ("a\u00a0b", "a b"),
            ("\u0007", "\u0007"),
            ("\u0627\u0031", "\u0627\u0031"),
            ("\u0627\u0628", "\u0627\u0628"),
            ("", ""),
        ):
            self.assertEqual(prepared(given), wanted)

    def test_options(self) -> None:
        """Fewer iterations than RFC 7677 asks for are refused."""
        self.assertRaises(ValueError, Options, iterations=4095)
