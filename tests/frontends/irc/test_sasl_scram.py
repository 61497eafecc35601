"""AUTHENTICATE SCRAM-SHA-256, from the client's first word to the server's proof."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import pbkdf2_hmac, sha256
from hmac import digest

from twisted.trial.unittest import SynchronousTestCase

from chatd.authenticators.scram import Options, ScramAuthenticator
from chatd.core.accounts import PASSWORD, SCRAM
from chatd.core.settings import Auth
from tests.authenticators.test_scram import secret_of
from tests.house import FAST, Client, House

AUTH = Auth(guests=True, attempts=99, refuse_after=4)


class QuickScram(ScramAuthenticator):
    """Enrols without a thread."""

    async def enrol(self, proof: str) -> str:
        return secret_of(proof)


class ScramTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(None, None, AUTH, FAST, QuickScram(Options(), None))
        made = {"password": "plain:sesame", "scram": secret_of("sesame")}
        self.ada = self.house.now(self.house.store.add_account("ada", 1, 0, made))

    def comes(self) -> Client:
        client = self.house.stranger()
        client.says("CAP REQ :sasl")
        client.hears()
        return client

    def says(self, client: Client, text: str) -> str:
        """Say something in base64; what is answered to it, in plain."""
        client.says(f"AUTHENTICATE {b64encode(text.encode()).decode() or '+'}")
        *_, line = client.lines()
        return b64decode(line.params[0]).decode() if line.verb == "AUTHENTICATE" else line.verb

    def proved(self, client: Client, name: str, password: str) -> tuple[str, str]:
        """What is said to a proof, and what should be said to a right one."""
        client.says("AUTHENTICATE SCRAM-SHA-256")
        client.hears()
        bare = f"n={name},r=mine"
        question = self.says(client, f"n,,{bare}")
        nonce, salt, rounds = (part[2:] for part in question.split(","))
        salted = pbkdf2_hmac("sha256", password.encode(), b64decode(salt), int(rounds))
        key = digest(salted, b"Client Key", "sha256")
        said = f"c=biws,r={nonce}"
        signed = f"{bare},{question},{said}".encode()
        signature = digest(sha256(key).digest(), signed, "sha256")
        proof = b64encode(bytes(a ^ b for a, b in zip(key, signature, strict=True))).decode()
        server = digest(digest(salted, b"Server Key", "sha256"), signed, "sha256")
        return self.says(client, f"{said},p={proof}"), f"v={b64encode(server).decode()}"

    def test_right(self) -> None:
        """With the right password both sides are known, and one is logged in."""
        client = self.comes()
        said, wanted = self.proved(client, "ada", "sesame")
        self.assertEqual(said, wanted)
        client.says("AUTHENTICATE +")
        self.assertEqual([line.verb for line in client.lines()], ["900", "903"])
        self.assertEqual(client.session.person.account, "ada")

    def test_wrong(self) -> None:
        """A wrong password, nobody's name and an account without a verifier look alike."""
        self.house.account("old")
        for name, password in (("ada", "open"), ("nobody", "sesame"), ("old", "sesame")):
            self.assertEqual(self.proved(self.comes(), name, password)[0], "904")

    def test_nonsense(self) -> None:
        """What is no message of SCRAM ends the log-in; another can begin."""
        client = self.comes()
        for text in ("", "hello", "n,,n=ada"):
            client.says("AUTHENTICATE SCRAM-SHA-256")
            client.hears()
            self.assertEqual(self.says(client, text), "904")
        said, wanted = self.proved(client, "ada", "sesame")
        self.assertEqual(said, wanted)
        self.assertEqual(self.says(client, "more"), "904")
        self.assertIsNone(client.session.person.account)

    def test_failures_count(self) -> None:
        """Guessing this way is slowed down and refused like any other."""
        for _ in range(AUTH.refuse_after):
            self.proved(self.comes(), "ada", "open")
            self.house.clock.advance(10)
        self.assertEqual(self.proved(self.comes(), "ada", "sesame")[0], "904")

    def test_told(self) -> None:
        """CAP tells of it only where the ini wants it."""
        for house, there in ((self.house, True), (House(), False)):
            client = house.stranger()
            client.says("CAP LS 302")
            self.assertEqual("SCRAM-SHA-256" in " ".join(client.hears()), there)

    def kept(self, name: str, kind: str) -> list[str]:
        store = self.house.store
        account = self.house.now(store.find_account(name))
        return list(self.house.now(store.secrets(account.key, kind)))

    def test_older_accounts(self) -> None:
        """An account without a verifier has one from its next log-in by password on."""
        self.house.account("old")
        self.house.client("old", account=True)
        self.assertEqual(self.kept("old", SCRAM), [secret_of("sesame")])

    def test_another_password(self) -> None:
        """With another password the old verifier counts no more, whatever the ini says by then."""
        quick = QuickScram(Options(), None)
        for others, verifiers in (([quick], [secret_of("new-secret")]), ([], [])):
            house = House(self.house.store, None, AUTH, FAST, *others)
            house.client("ada", account=True).says("PASSWORD sesame new-secret")
            self.assertEqual(self.kept("ada", PASSWORD), ["plain:new-secret"])
            self.assertEqual(self.kept("ada", SCRAM), verifiers)
            self.house.now(house.core.accounts.set_password(self.ada, "sesame"))

    def test_registered(self) -> None:
        """Whoever registers can log in this way at once."""
        client = self.house.client("bob")
        client.says("REGISTER * * correct-horse")
        said, wanted = self.proved(self.comes(), "bob", "correct-horse")
        self.assertEqual(said, wanted)
