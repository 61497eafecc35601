"""AUTHENTICATE: SASL PLAIN and EXTERNAL, in pieces, given up, too long, and wrong."""

from __future__ import annotations

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Auth
from chatd.frontends.irc.sasl import CHUNK, MOST
from tests.house import Client, House

FINGERPRINT = "f00d" * 16


def encoded(*parts: str) -> str:
    return b64encode("\0".join(parts).encode()).decode()


class SaslTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(auth=Auth(guests=True, attempts=99, refuse_after=100))
        self.house.account("ada")
        self.client = self.stranger()

    def stranger(self) -> Client:
        client = self.house.stranger()
        client.says("CAP REQ :sasl")
        client.hears()
        return client

    def asks(self, *lines: str) -> list[str]:
        self.client.says(*(f"AUTHENTICATE {line}" for line in lines))
        return [line.verb for line in self.client.lines()]

    def test_plain(self) -> None:
        """With the right password one is logged in, and comes in under the account's name."""
        self.client.says("NICK other", "USER x 0 * :x", "AUTHENTICATE PLAIN")
        self.assertEqual(self.client.hears(), ["AUTHENTICATE +"])
        self.client.says(f"AUTHENTICATE {encoded('', 'ada', 'sesame')}")
        self.assertEqual(
            self.client.hears(whole=True),
            [
                ":house 900 ada ada!~x@chat ada :You are logged in as ada.",
                ":house 903 ada :You are logged in.",
            ],
        )
        self.client.says("CAP END")
        self.assertEqual(self.client.lines()[0].params[0], "ada")
        self.assertEqual(self.client.session.person.account, "ada")

    def test_in_lower_case(self) -> None:
        """The mechanism may be written in any case."""
        self.assertEqual(self.asks("plain"), ["AUTHENTICATE"])

    def test_as_somebody(self) -> None:
        """One may name oneself as the one to be, and nobody else."""
        answers = self.asks("PLAIN", encoded("ada", "ada", "sesame"))
        self.assertEqual(answers, ["AUTHENTICATE", "900", "903"])
        self.client = self.stranger()
        answers = self.asks("PLAIN", encoded("root", "ada", "sesame"))
        self.assertEqual(answers, ["AUTHENTICATE", "904"])

    def test_wrong(self) -> None:
        """With a wrong name or password one is not; nobody learns which; one may try again."""
        answers = []
        for name, secret in (("ada", "wrong"), ("nobody", "sesame"), ("", ""), ("a d", "x")):
            self.client.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {encoded('', name, secret)}")
            answers.append(self.client.hears()[-1])
        self.assertEqual(set(answers), {"904 * :Log-in failed: The name or the secret is wrong."})
        self.assertEqual(self.asks("PLAIN", encoded("", "ada", "sesame"))[-1], "903")

    def test_senseless(self) -> None:
        """What is not base64 of what it should be fails, and the next try is a new one."""
        for sent in ("///", "=", "é", "AAA", encoded("one"), encoded("a", "b", "c", "d"), "/w=="):
            self.assertEqual(self.asks("PLAIN", sent), ["AUTHENTICATE", "904"], sent)

    def test_nothing(self) -> None:
        """An empty answer fails."""
        self.assertEqual(self.asks("PLAIN", "+"), ["AUTHENTICATE", "904"])
        self.client.says("AUTHENTICATE")
        self.assertEqual([line.verb for line in self.client.lines()], ["461"])

    def test_in_pieces(self) -> None:
        """A long answer comes in pieces of 400, the last of them shorter."""
        secret = "x" * 700
        self.house.account("bob", password=secret)
        sent = encoded("", "bob", secret)
        pieces = [sent[n : n + CHUNK] for n in range(0, len(sent), CHUNK)]
        self.assertEqual(self.asks("PLAIN", *pieces), ["AUTHENTICATE", "900", "903"])

    def test_whole_pieces(self) -> None:
        """If the last piece is full, a plus says that there is no more."""
        name = "bob"
        secret = "x" * (600 - len(name) - 2)
        self.house.account(name, password=secret)
        sent = encoded("", name, secret)
        self.assertEqual(len(sent), 2 * CHUNK)
        self.assertEqual(self.asks("PLAIN", sent[:CHUNK], sent[CHUNK:]), ["AUTHENTICATE"])
        self.assertEqual(self.asks("+"), ["900", "903"])

    def test_too_long(self) -> None:
        """A piece, or all of them, may not be too long."""
        self.assertEqual(self.asks("PLAIN", "A" * (CHUNK + 1)), ["AUTHENTICATE", "905"])
        pieces = ["A" * CHUNK] * (MOST // CHUNK + 1)
        self.assertEqual(self.asks("PLAIN", *pieces), ["AUTHENTICATE", "904"])
        self.assertEqual(self.asks("PLAIN"), ["AUTHENTICATE"])

    def test_given_up(self) -> None:
        """One may give up, and begin again."""
        self.assertEqual(self.asks("PLAIN", "*"), ["AUTHENTICATE", "906"])
        self.assertEqual(self.asks("PLAIN", encoded("", "ada", "sesame"))[-1], "903")

    def test_unknown_mechanism(self) -> None:
        """For a mechanism that there is not one is told which there are."""
        self.client.says("AUTHENTICATE SCRAM-SHA-1")
        self.assertEqual(
            self.client.hears(),
            [
                "908 * PLAIN,EXTERNAL :are the mechanisms that there are.",
                "904 * :Log-in failed: There is no such mechanism.",
            ],
        )

    def test_without_capability(self) -> None:
        """A client that never asked for the capability may log in all the same."""
        self.client = self.house.stranger()
        answers = self.asks("PLAIN", encoded("", "ada", "sesame"))
        self.assertEqual(answers, ["AUTHENTICATE", "900", "903"])

    def test_name_is_theirs(self) -> None:
        """While one may still log in, the name of an account that is on line is not refused."""
        self.house.client("ada", account=True)
        self.client.says("NICK ada", "USER ada 0 * :Ada")
        self.assertEqual(self.client.hears(), [])
        self.assertEqual(self.asks("PLAIN", encoded("", "ada", "sesame"))[-1], "903")
        self.client.says("CAP END")
        self.assertEqual(self.client.lines()[0].verb, "001")
        self.assertEqual(len(self.house.core.sessions.find("ada").sessions), 2)

    def test_not_logged_in_after_all(self) -> None:
        """Who does not log in cannot have it."""
        self.house.client("ada", account=True)
        self.client.says("NICK ada", "USER ada 0 * :Ada", "CAP END")
        self.assertEqual([line.verb for line in self.client.lines()], ["433"])

    def test_certificate(self) -> None:
        """The certificate of the connection logs in, if the account has added it."""
        self.client.session.fingerprint = FINGERPRINT
        self.assertEqual(self.asks("EXTERNAL", "+"), ["AUTHENTICATE", "904"])
        account = self.house.now(self.house.store.find_account("ada"))
        self.house.now(self.house.core.accounts.add_certificate(account, FINGERPRINT))
        self.assertEqual(self.asks("EXTERNAL", "+"), ["AUTHENTICATE", "900", "903"])

    def test_certificate_with_a_name(self) -> None:
        """One may say whose certificate it is; it has to be theirs."""
        account = self.house.now(self.house.store.find_account("ada"))
        self.house.account("bob")
        self.house.now(self.house.core.accounts.add_certificate(account, FINGERPRINT))
        self.client.session.fingerprint = FINGERPRINT
        self.assertEqual(self.asks("EXTERNAL", encoded("bob"))[-1], "904")
        self.assertEqual(self.asks("EXTERNAL", encoded("ada"))[-1], "903")

    def test_no_certificate(self) -> None:
        """Without a certificate it fails."""
        self.assertEqual(self.asks("EXTERNAL", "+"), ["AUTHENTICATE", "904"])

    def test_on_line(self) -> None:
        """A guest that is on line becomes the account; the others see one go, the other come."""
        guest, bob = self.house.client("guest", "sasl account-notify"), self.house.client("bob")
        for client in (guest, bob):
            client.joins("#tea")
        guest.hears()
        guest.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {encoded('', 'ada', 'sesame')}")
        heard = guest.hears()
        self.assertIn(":guest NICK ada", heard)
        self.assertEqual(heard[-1], "903 ada :You are logged in.")
        self.assertEqual(bob.hears(), [":guest QUIT :logged in as ada", ":ada JOIN #tea"])

    def test_again(self) -> None:
        """Who is logged in may log in again."""
        ada = self.house.client("ada", "sasl", account=True)
        ada.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {encoded('', 'ada', 'sesame')}")
        self.assertEqual([line.verb for line in ada.lines()], ["AUTHENTICATE", "900", "903"])
