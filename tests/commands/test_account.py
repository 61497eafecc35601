"""The commands for accounts."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.accounts import digest
from chatd.core.settings import Auth
from chatd.model import Invitation, Rank
from tests.house import FakeSession, House


class AccountTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.house.account("judge", Rank.MODERATOR)
        self.ada = self.house.session("ada", account=True)
        self.eve = self.house.session("eve")

    def says(self, session: FakeSession, verb: str, *params: str) -> list[str]:
        return self.house.says(session, verb, *params)

    def test_register(self) -> None:
        """Who makes an account is logged in to it."""
        said = self.says(self.eve, "REGISTER", "*", "*", "open sesame")
        self.assertEqual(said, ["The account eve is made.", "You are logged in as eve."])
        self.assertEqual(self.eve.person.account, "eve")
        again = self.says(self.eve, "REGISTER", "other", "*", "open sesame")
        self.assertEqual(again, ["You are logged in as eve already."])

    def test_register_another_name(self) -> None:
        """An account may have another name than the guest who makes it."""
        self.says(self.eve, "REGISTER", "mallory", "*", "open sesame")
        self.assertEqual(self.eve.person.name, "mallory")

    def test_register_and_verify(self) -> None:
        """With invitations the account is made, and logged in to, when the code is there."""
        self.house.settings.auth = Auth(guests=True, registration="invite")
        invitation = Invitation(digest("milk"), "judge", None, 1)
        self.house.now(self.house.store.add_invitation(invitation))
        said = self.says(self.eve, "REGISTER", "*", "*", "open sesame")
        self.assertEqual(said, ["To finish making eve, give your invitation code: VERIFY eve …"])
        self.assertIsNone(self.eve.person.account)
        self.says(self.eve, "VERIFY", "eve", "milk")
        self.assertEqual(self.eve.person.account, "eve")

    def test_verify_a_name_in_use(self) -> None:
        """A registration cannot be finished while somebody else goes by its name."""
        self.house.settings.auth = Auth(guests=True, registration="invite")
        invitation = Invitation(digest("milk"), "judge", None, 1)
        self.house.now(self.house.store.add_invitation(invitation))
        self.says(self.eve, "REGISTER", "bob", "*", "open sesame")
        self.house.session("bob")
        said = self.says(self.eve, "VERIFY", "bob", "milk")
        self.assertEqual(said, ["There is an account bob already."])
        self.assertIsNone(self.house.now(self.house.core.accounts.find("bob")))

    def test_email(self) -> None:
        """An e-mail address is logged, so it may have no characters that cannot be seen."""
        self.house.settings.auth = Auth(guests=True, register_email=True)
        for email in ("*", "eve", "eve\x1b[2J@example.org", "eve@exam\x9bple.org"):
            said = self.says(self.eve, "REGISTER", "*", email, "open sesame")
            self.assertEqual(said, ["An e-mail address is wanted here, like ada@example.org."])
        self.says(self.eve, "REGISTER", "*", "eve@example.org", "open sesame")
        self.assertEqual(self.eve.person.account, "eve")

    def test_password(self) -> None:
        """Only who is logged in changes a password, and only with the old one."""
        self.assertEqual(
            self.says(self.eve, "PASSWORD", "sesame", "open sesame"),
            ["You need an account for this: log in first."],
        )
        self.assertEqual(
            self.says(self.ada, "PASSWORD", "wrong", "open sesame"),
            ["The name or the secret is wrong."],
        )
        self.assertEqual(
            self.says(self.ada, "PASSWORD", "sesame", "open sesame"),
            ["Your password is changed."],
        )
        self.assertEqual(
            self.says(self.eve, "LOGIN", "ada", "open sesame")[0], "You are logged in as ada."
        )

    def test_certificate(self) -> None:
        """The certificate of one's connection can be added, if there is one."""
        self.assertIn("should be ADD", self.says(self.ada, "CERT", "DROP")[0])
        self.assertIn("no client certificate", self.says(self.ada, "CERT", "ADD")[0])
        self.ada.fingerprint = "f00d"  # type: ignore[assignment]
        self.assertEqual(
            self.says(self.ada, "CERT", "add"),
            ["The certificate f00d may log in from now on."],
        )
        found = self.house.now(self.house.core.accounts.owner_of_certificate("f00d"))
        self.assertEqual(found.name, "ada")

    def test_office(self) -> None:
        """OPER is for those who have an office; others learn nothing but that it failed."""
        wrong = ["The name or the secret is wrong."]
        self.assertEqual(self.says(self.ada, "OPER", "ada", "sesame"), wrong)
        self.assertEqual(self.says(self.ada, "OPER", "judge", "wrong"), wrong)
        self.assertEqual(self.ada.rank, Rank.USER)
        self.assertEqual(
            self.says(self.ada, "OPER", "judge", "sesame"), ["You are logged in as judge."]
        )
        self.assertEqual((self.ada.rank, self.ada.person.name), (Rank.MODERATOR, "ada"))


class AdminTests(SynchronousTestCase):
    """What moderators of the server can do."""

    def setUp(self) -> None:
        self.house = House()
        self.eve, self.bob = self.house.session("eve"), self.house.session("bob")
        self.judge = self.house.session("judge", account=True, rank=Rank.MODERATOR)

    def test_kill(self) -> None:
        """KILL hangs up on all sessions of somebody, with the reason."""
        said = self.house.says(self.judge, "KILL", "EVE", "enough")
        self.assertEqual(said, ["eve is off line."])
        self.assertEqual(self.eve.closed, "Killed (judge (enough))")
        self.assertIsNone(self.bob.closed)
        self.assertEqual(
            self.house.says(self.judge, "KILL", "nobody"), ["There is nobody called nobody."]
        )

    def test_wallops(self) -> None:
        """WALLOPS is heard by all."""
        self.house.ask(self.judge, "WALLOPS", "Tea time")
        self.assertEqual(self.eve.hears(), ["judge announces: Tea time"])

    def test_not_for_others(self) -> None:
        """Nobody else can."""
        refusal = ["Only an operator of the server may do that."]
        self.assertEqual(self.house.says(self.eve, "KILL", "bob"), refusal)
        self.assertEqual(self.house.says(self.eve, "WALLOPS", "hello"), refusal)
        self.assertIsNone(self.bob.closed)
