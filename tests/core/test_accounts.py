"""Accounts: made, proved, guarded against guessing, changed."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.accounts import LONGEST_PASSWORD, PENDING, Asked, digest
from chatd.core.settings import Auth, Limits
from chatd.errors import (
    AccountExists,
    BadInvitation,
    BadName,
    CertificateTaken,
    LoginFailed,
    NameReserved,
    NothingToVerify,
    NotKept,
    RegistrationClosed,
    TooFast,
    TooManyAttempts,
    WeakPassword,
)
from chatd.model import Invitation, Rank
from tests.house import FAST, House


class Riddle:
    """A question whose answer is right."""

    text = "?"

    def check(self, answer: str) -> str:
        return "proof"


def refusing(error: Exception) -> Any:
    """A method of a store that refuses."""

    async def refuse(*given: Any) -> None:
        raise error

    return refuse


class AccountsCase(SynchronousTestCase):
    auth = Auth(guests=True)
    limits = FAST

    def setUp(self) -> None:
        self.house = House(auth=self.auth, limits=self.limits)
        self.accounts = self.house.core.accounts
        self.now = self.house.now

    def register(self, name: str, password: str = "open sesame", session: str = "one") -> Any:
        return self.now(self.accounts.register(session, name, password, "192.0.2.1"))

    def log_in(self, name: str, password: str, address: str = "192.0.2.1") -> Any:
        return self.now(self.accounts.log_in(name, "password", password, address))

    def invite(self, code: str, expires: int | None = None, uses: int = 1) -> None:
        invitation = Invitation(digest(code), "admin", expires, uses)
        self.now(self.house.store.add_invitation(invitation))

    def confirm(self, name: str, code: str, session: str = "one") -> Any:
        return self.now(self.accounts.confirm(session, name, code, "192.0.2.1"))


class RegisterTests(AccountsCase):
    def test_open(self) -> None:
        """Where registration is open, whoever asks has an account and can log in to it."""
        made = self.register("ada")
        self.assertEqual((made.name, made.rank), ("ada", Rank.USER))
        self.assertEqual(self.log_in("ADA", "open sesame"), made)

    def test_name_taken(self) -> None:
        """A name that is an account's, in whatever case, cannot be had again."""
        self.register("ada")
        self.assertRaises(AccountExists, self.register, "Ada")

    def test_alike_refused(self) -> None:
        """A name that only looks like an account's is refused, to accounts and to guests."""
        self.register("morbil1")
        for alike in ("morbiI1", "m0rbil1", "rnorbil1", "morbill"):
            self.assertRaises(AccountExists, self.register, alike)
            with self.assertRaises(NameReserved):
                self.now(self.accounts.check_guest_name(alike))
        self.register("morbid")

    def test_bad_names(self) -> None:
        """Names are 2 to 32 characters of few kinds."""
        for name in ("a", "a" * 33, "1st", "a b", "a!b", "@ada", "a,b", "a*", "", "жук"):
            self.assertRaises(BadName, self.register, name)
        for name in ("ab", "a" * 32, "[a]-_^{}|`"):
            self.assertEqual(self.register(name).name, name)

    def test_weak_passwords(self) -> None:
        """A password has a shortest and a longest length, both counted."""
        self.assertRaises(WeakPassword, self.register, "ada", "1234567")
        self.assertRaises(WeakPassword, self.register, "ada", "x" * (LONGEST_PASSWORD + 1))
        self.assertRaises(WeakPassword, self.register, "ada", "å" * LONGEST_PASSWORD)
        self.assertRaises(WeakPassword, self.register, "ada", "1234567\0")
        self.register("ada", "12345678")
        self.register("bob", "x" * LONGEST_PASSWORD)


class UnicodeNamesTests(AccountsCase):
    auth = Auth(guests=True, names="unicode")

    def test_alike_in_other_scripts(self) -> None:
        """Where names may have all letters, one that looks like another's is refused."""
        self.register("жук")
        self.register("papa")
        self.assertRaises(AccountExists, self.register, "рара")
        self.assertRaises(AccountExists, self.register, "ЖУК")
        self.assertRaises(BadName, self.register, "pаypal")


class ClosedTests(AccountsCase):
    auth = Auth(registration="closed")

    def test_closed(self) -> None:
        """Where registration is closed nobody can make an account."""
        self.assertRaises(RegistrationClosed, self.register, "ada")


class RegistrationLimitTests(AccountsCase):
    limits = Limits(registrations=2, registrations_every=300)  # type: ignore[arg-type]

    def test_limit_by_address(self) -> None:
        """One address may make only so many accounts in a time; bad tries do not count."""
        self.register("ada")
        self.assertRaises(AccountExists, self.register, "ada")
        self.register("bob")
        self.assertRaises(TooFast, self.register, "cyd")
        self.now(self.accounts.register("two", "cyd", "open sesame", "192.0.2.2"))
        self.house.clock.advance(300)
        self.register("dan")


class InvitationTests(AccountsCase):
    auth = Auth(registration="invite")

    def test_code_finishes(self) -> None:
        """With a code the account is made, and not before."""
        self.invite("abc")
        self.assertIsNone(self.register("ada"))
        self.assertIsNone(self.now(self.accounts.find("ada")))
        self.assertEqual(self.confirm("ADA", " abc "), self.log_in("ada", "open sesame"))

    def test_code_used_up(self) -> None:
        """A code counts as often as it says, and then no more."""
        self.invite("abc", uses=2)
        for name in ("ada", "bob"):
            self.register(name)
            self.confirm(name, "abc")
        self.register("cyd")
        self.assertRaises(BadInvitation, self.confirm, "cyd", "abc")

    def test_code_expired(self) -> None:
        """A code counts until its time, and not from then on."""
        now = self.house.core.log.now()
        self.invite("abc", expires=now + 1000, uses=9)
        self.register("ada")
        self.register("bob", session="two")
        self.house.clock.advance(0.999)
        self.confirm("ada", "abc")
        self.house.clock.advance(0.001)
        self.assertRaises(BadInvitation, self.confirm, "bob", "abc", "two")

    def test_wrong_code_can_be_mended(self) -> None:
        """After a wrong code the registration still waits for the right one."""
        self.invite("abc")
        self.register("ada")
        self.assertRaises(BadInvitation, self.confirm, "ada", "xyz")
        self.confirm("ada", "abc")

    def test_codes_cannot_be_guessed(self) -> None:
        """Who tries many codes is refused for a time."""
        self.register("ada")
        for _ in range(self.auth.refuse_after):
            self._confirm_late("xyz")
        self.assertRaises(TooManyAttempts, self.confirm, "ada", "xyz")

    def _confirm_late(self, code: str) -> None:
        done = ensureDeferred(self.accounts.confirm("one", "ada", code, "192.0.2.1"))
        self.house.clock.pump([1] * 10)
        self.failureResultOf(done, BadInvitation)

    def test_nothing_to_verify(self) -> None:
        """A code is of no use to whoever has not asked for that very name."""
        self.invite("abc")
        self.assertRaises(NothingToVerify, self.confirm, "ada", "abc")
        self.register("ada")
        self.assertRaises(NothingToVerify, self.confirm, "bob", "abc")
        self.assertRaises(NothingToVerify, self.confirm, "ada", "abc", "two")
        self.accounts.forget("one")
        self.assertRaises(NothingToVerify, self.confirm, "ada", "abc")

    def test_faster_one_wins(self) -> None:
        """If two wait for a code under one name, the second to give one keeps the code."""
        self.invite("abc", uses=2)
        self.register("ada")
        self.register("ada", session="two")
        self.confirm("ada", "abc", "two")
        self.assertRaises(AccountExists, self.confirm, "ada", "abc")
        self.register("bob")
        self.confirm("bob", "abc")

    def test_code_not_lost(self) -> None:
        """A code with which no account could be made counts as before."""
        self.invite("abc")
        self.register("ada")
        self.register("bob", session="two")
        add_account = self.house.store.add_account
        for error in (NotKept("the disk is full."), AccountExists("ada")):
            self.patch(self.house.store, "add_account", refusing(error))
            self.assertRaises(type(error), self.confirm, "ada", "abc")
        self.patch(self.house.store, "add_account", add_account)
        self.confirm("ada", "abc")
        self.assertRaises(BadInvitation, self.confirm, "bob", "abc", "two")

    def test_too_many_waiting(self) -> None:
        """Of too many registrations that wait, the oldest is forgotten."""
        for number in range(PENDING + 1):
            self.register("ada", session=str(number))
        self.invite("abc")
        self.assertRaises(NothingToVerify, self.confirm, "ada", "abc", "0")
        self.confirm("ada", "abc", "1")


class LogInTests(AccountsCase):
    def setUp(self) -> None:
        super().setUp()
        self.ada = self.house.account("ada")

    def test_right_and_wrong(self) -> None:
        """The right password logs in; a wrong one, and a wrong name, are refused alike."""
        self.assertEqual(self.log_in("ada", "sesame"), self.ada)
        for name, password in (("ada", "wrong"), ("eve", "sesame"), ("", "")):
            with self.assertRaises(LoginFailed) as caught:
                self.log_in(name, password)
            self.assertEqual(str(caught.exception), "The name or the secret is wrong.")

    def test_suspended(self) -> None:
        """A suspended account cannot be logged in to."""
        suspended = self.ada.__class__(self.ada.key, "ada", Rank.USER, 0, suspended=True)
        self.now(self.house.store.change_account(suspended))
        self.assertRaises(LoginFailed, self.log_in, "ada", "sesame")

    def test_unknown_kind_of_proof(self) -> None:
        """A proof that nobody here can verify is a wrong one."""
        with self.assertRaises(LoginFailed):
            self.now(self.accounts.log_in("ada", "riddle", "sesame", "192.0.2.1"))

    def test_outdated_secret_is_made_anew(self) -> None:
        """A secret that is kept in an old way is kept in the new one after a log-in."""
        bob = self.now(
            self.house.store.add_account("bob", Rank.USER, 0, {"password": "old-plain:sesame"})
        )
        self.assertRaises(LoginFailed, self.log_in, "bob", "wrong")
        self.assertEqual(self.secrets(bob.key), ["old-plain:sesame"])
        self.log_in("bob", "sesame")
        self.assertEqual(self.secrets(bob.key), ["plain:sesame"])
        self.log_in("bob", "sesame")

    def test_secret_not_made_anew(self) -> None:
        """Who knows the password is let in also where the secret cannot be made anew; that is
        logged."""
        secrets = {"password": "old-plain:sesame"}
        bob = self.now(self.house.store.add_account("bob", Rank.USER, 0, secrets))
        self.patch(self.house.store, "keep_secret", refusing(NotKept("the disk is full.")))
        with capturedLogs() as events:
            self.assertEqual(self.log_in("bob", "sesame"), bob)
        (line,) = [formatEvent(e) for e in events]
        self.assertIn("a secret of bob could not be made anew: The server could not", line or "")

    def secrets(self, key: int) -> list[str]:
        return list(self.now(self.house.store.secrets(key, "password")))

    def test_change_password(self) -> None:
        """Who knows the old password can change it; then only the new one counts."""

        def change(old: str, new: str) -> None:
            self.now(self.accounts.change_password(self.ada, old, new, "192.0.2.1"))

        self.assertRaises(LoginFailed, change, "wrong", "good enough")
        self.assertRaises(WeakPassword, change, "sesame", "short")
        change("sesame", "good enough")
        self.assertRaises(LoginFailed, self.log_in, "ada", "sesame")
        self.log_in("ada", "good enough")

    def test_certificate(self) -> None:
        """A certificate that was added logs in to its account, and is nobody else's."""
        bob = self.house.account("bob")
        self.now(self.accounts.add_certificate(self.ada, "f00d"))
        self.now(self.accounts.add_certificate(self.ada, "f00d"))
        found = self.now(self.accounts.log_in("ada", "certificate", "f00d", ""))
        self.assertEqual(found, self.ada)
        self.assertEqual(self.now(self.accounts.owner_of_certificate("f00d")), self.ada)
        with self.assertRaises(LoginFailed):
            self.now(self.accounts.log_in("ada", "certificate", "beef", ""))
        with self.assertRaises(CertificateTaken):
            self.now(self.accounts.add_certificate(bob, "f00d"))

    def test_guest_names(self) -> None:
        """A guest may have no account's name."""
        self.assertRaises(NameReserved, self.now, self.accounts.check_guest_name("ADA"))
        self.assertRaises(BadName, self.now, self.accounts.check_guest_name("a"))
        self.now(self.accounts.check_guest_name("eve"))


class AttemptsTests(AccountsCase):
    def setUp(self) -> None:
        super().setUp()
        self.house.account("ada")
        self.house.account("bob")

    def fail(self, name: str = "ada", address: str = "192.0.2.1", times: int = 1) -> float:  # type: ignore[override]
        """Log in with a wrong password; the seconds that the last answer took."""
        seconds = 0
        for _ in range(times):
            done = ensureDeferred(self.accounts.log_in(name, "password", "wrong", address))
            seconds = 0
            while not done.called:
                self.house.clock.advance(1)
                seconds += 1
            self.failureResultOf(done, LoginFailed)
        return seconds

    def test_first_at_once_then_slower(self) -> None:
        """A few failures are answered at once, further ones later and later, up to 8 s."""
        self.assertEqual([self.fail() for _ in range(8)], [0, 0, 0, 1, 2, 4, 8, 8])

    def test_refused_by_account(self) -> None:
        """After too many failures an account takes no password, also not the right one."""
        for number in range(self.auth.refuse_after):
            self.fail(address=f"192.0.2.{number}")
        with self.assertRaises(TooManyAttempts) as caught:
            self.log_in("ada", "sesame", "198.51.100.1")
        self.assertEqual(caught.exception.args, (601,))
        self.log_in("bob", "sesame", "198.51.100.1")

    def test_refused_by_address(self) -> None:
        """After too many failures an address can log in to no account."""
        for number in range(self.auth.refuse_after):
            self.fail(name=f"nobody{number}")
        self.assertRaises(TooManyAttempts, self.log_in, "bob", "sesame")
        self.log_in("bob", "sesame", "198.51.100.1")

    def test_forgotten(self) -> None:
        """When the time is over the failures are forgotten."""
        self.fail(times=self.auth.refuse_after)
        self.house.clock.advance(600)
        self.assertRaises(TooManyAttempts, self.log_in, "ada", "sesame")
        self.house.clock.advance(1)
        self.log_in("ada", "sesame")

    def test_success_clears_the_account_alone(self) -> None:
        """Who gets it right at last starts anew, but the address is still remembered."""
        self.fail(times=3)
        done = ensureDeferred(self.accounts.log_in("ada", "password", "sesame", "192.0.2.1"))
        self.assertNoResult(done)
        self.house.clock.advance(1)
        self.successResultOf(done)
        self.assertEqual(self.fail(address="198.51.100.1"), 0)
        self.assertEqual(self.fail(name="bob"), 1)

    def test_right_answer_clears_too(self) -> None:
        """Nor do failures count any more when a question was answered right."""
        self.fail(times=2)
        account = self.now(self.accounts.find("ada"))
        asked = Asked("ada", account, Riddle())  # type: ignore[arg-type]
        found = self.now(self.accounts.hear(asked, "right", "198.51.100.1"))
        self.assertEqual(found, (account, "proof"))
        self.assertEqual(self.fail(address="198.51.100.2", times=3), 0)

    def test_at_once_does_not_help(self) -> None:
        """Many attempts sent at once are counted one after another."""
        tries = [
            ensureDeferred(self.accounts.log_in("ada", "password", "wrong", "192.0.2.1"))
            for _ in range(30)
        ]
        self.house.clock.pump([8] * 30)
        refused = [self.failureResultOf(one).check(TooManyAttempts) for one in tries]
        self.assertEqual(refused.count(TooManyAttempts), 30 - self.auth.refuse_after)
        self.assertEqual(self.accounts._locks, {})

    def test_logged_in_one_form(self) -> None:
        """Each failure is logged in the one form that programs look for."""
        with capturedLogs() as events:
            self.fail("ada\r\nb", "192.0.2.7")
        lines = [formatEvent(e) for e in events]
        self.assertEqual(lines, [r"log-in failed from 192.0.2.7 for 'ada\r\nb'"])


class NetworkTests(AccountsCase):
    """Addresses of one network are one address."""

    limits = Limits(registrations=1)

    def test_failures(self) -> None:
        """Who has many addresses has no more attempts for that."""
        self.house.settings.auth = Auth(attempts=2, refuse_after=2)
        for number in range(2):
            self.assertRaises(LoginFailed, self.log_in, f"n{number}", "x", f"2001:db8::{number}")
        self.assertRaises(TooManyAttempts, self.log_in, "ada", "x", "2001:db8::9")
        self.assertRaises(LoginFailed, self.log_in, "ada", "x", "2001:db8:0:1::9")

    def test_registrations(self) -> None:
        """Nor may they make more accounts."""
        make = self.accounts.register
        self.now(make("one", "ada", "open sesame", "2001:db8::1"))
        with self.assertRaises(TooFast):
            self.now(make("two", "bob", "open sesame", "2001:db8::2"))
