"""REGISTER and VERIFY (IRCv3 draft/account-registration), and the same by NickServ."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.accounts import digest
from chatd.core.settings import Auth, Limits
from chatd.model import Invitation
from tests.house import FAST, House

SECRET = "open-sesame"


class RegistrationTests(SynchronousTestCase):
    def house(self, registration: str = "open", limits: Limits = FAST) -> House:
        auth = Auth(guests=True, registration=registration)  # type: ignore[arg-type]
        house = House(auth=auth, limits=limits)
        house.account("bob")
        return house

    def refused(self, line: str, house: House | None = None, name: str = "ada") -> str:
        """How a request of a client that is on line is refused, without the sentence."""
        client = (house or self.house()).client(name)
        client.says(line)
        (fail,) = client.lines()
        return " ".join((fail.verb, *fail.params[:-1]))

    def test_on_line(self) -> None:
        """A guest makes an account of its name, and is logged in."""
        ada = self.house().client("ada", "account-notify")
        ada.says(f"REGISTER * * {SECRET}")
        mask = ada.session.person.mask
        self.assertEqual(
            [(line.verb, *line.params[:2]) for line in ada.lines()],
            [("REGISTER", "SUCCESS", "ada"), ("900", "ada", mask), ("ACCOUNT", "ada")],
        )
        self.assertEqual(ada.session.person.account, "ada")

    def test_another_name(self) -> None:
        """The account may have another name than the guest, who is then called as it is."""
        ada = self.house().client("ada")
        ada.says(f"REGISTER eve me@example.org {SECRET}")
        self.assertIn(":ada NICK eve", ada.hears())

    def test_before_on_line(self) -> None:
        """So it goes before one is on line, when there is a name."""
        client = self.house().stranger()
        client.says(f"REGISTER * * {SECRET}")
        (fail,) = client.lines()
        self.assertEqual(fail.params[:3], ("REGISTER", "NEED_NICK", "*"))
        client.says(f"REGISTER bob * {SECRET}")
        self.assertEqual(client.lines()[0].params[1], "NEED_NICK")
        client.says("NICK ada", f"REGISTER * * {SECRET}")
        self.assertEqual(client.hears()[0], "REGISTER SUCCESS ada :The account ada is made.")

    def test_there_is_one(self) -> None:
        """There can be no second account of a name, nor of one that looks like it."""
        for name in ("bob", "BOB", "b0b"):
            self.assertEqual(
                self.refused(f"REGISTER {name} * {SECRET}"), f"FAIL REGISTER ACCOUNT_EXISTS {name}"
            )

    def test_bad_name(self) -> None:
        """A name that cannot be one."""
        self.assertEqual(
            self.refused(f"REGISTER 1x * {SECRET}"), "FAIL REGISTER BAD_ACCOUNT_NAME 1x"
        )

    def test_weak_password(self) -> None:
        """A password that will not do."""
        self.assertEqual(self.refused("REGISTER * * short"), "FAIL REGISTER WEAK_PASSWORD ada")

    def test_logged_in(self) -> None:
        """Who has an account makes no other."""
        house = self.house()
        ada = house.client("ada", account=True)
        ada.says(f"REGISTER eve * {SECRET}", "VERIFY eve code")
        self.assertEqual(
            [line.params[:3] for line in ada.lines()],
            [
                ("REGISTER", "ALREADY_AUTHENTICATED", "eve"),
                ("VERIFY", "ALREADY_AUTHENTICATED", "eve"),
            ],
        )

    def test_something_is_missing(self) -> None:
        """All three parts are needed."""
        self.assertEqual(self.refused("REGISTER ada *"), "461 ada REGISTER")

    def test_closed(self) -> None:
        """Where only the administrator makes accounts, nobody else does."""
        house = self.house("closed")
        self.assertEqual(
            self.refused(f"REGISTER * * {SECRET}", house), "FAIL REGISTER DISALLOWED ada"
        )

    def test_too_many(self) -> None:
        """Too many from one address have to wait."""
        house = self.house(limits=Limits(registrations=0))
        self.assertEqual(
            self.refused(f"REGISTER * * {SECRET}", house),
            "FAIL REGISTER TEMPORARILY_UNAVAILABLE ada",
        )

    def test_with_an_invitation(self) -> None:
        """Where a code is wanted, the account is made when the right one is given."""
        house = self.house("invite")
        invitation = Invitation(digest("tea-time"), "admin", None, 1)
        house.now(house.store.add_invitation(invitation))
        ada = house.client("ada")
        ada.says(f"REGISTER * * {SECRET}")
        self.assertEqual(ada.lines()[0].params[:2], ("VERIFICATION_REQUIRED", "ada"))
        ada.says("VERIFY ada wrong")
        self.assertEqual(ada.lines()[0].params[:3], ("VERIFY", "INVALID_CODE", "ada"))
        self.assertIsNone(house.now(house.store.find_account("ada")))
        ada.says("VERIFY ada tea-time")
        self.assertEqual(ada.hears()[0], "VERIFY SUCCESS ada :The account ada is made.")
        self.assertEqual(ada.session.person.account, "ada")

    def test_nothing_to_verify(self) -> None:
        """A code for what was never asked for is refused."""
        self.assertEqual(self.refused("VERIFY ada code"), "FAIL VERIFY INVALID_CODE ada")
        self.assertEqual(self.refused("VERIFY ada"), "461 ada VERIFY")


class SwitchesTests(SynchronousTestCase):
    """What the ini may want of those who register, and how CAP tells it."""

    def value(self, auth: Auth) -> str:
        client = House(auth=auth).stranger()
        client.says("CAP LS 302")
        words = " ".join(line.params[-1] for line in client.lines()).split()
        return next(word for word in words if "account-registration" in word)

    def test_values(self) -> None:
        """CAP LS says which of the switches are on."""
        for auth, flags in (
            (Auth(), "=before-connect,custom-account-name"),
            (Auth(register_before_connect=False), "=custom-account-name"),
            (Auth(register_email=True), "=before-connect,custom-account-name,email-required"),
            (Auth(register_before_connect=False, register_other_name=False), ""),
        ):
            self.assertEqual(self.value(auth), f"draft/account-registration{flags}")

    def answer(self, auth: Auth, *lines: str) -> list[str]:
        client = House(auth=auth).stranger()
        client.says(*lines)
        said = (line for line in client.lines() if line.verb in ("FAIL", "REGISTER"))
        return [line.params[1] if line.verb == "FAIL" else line.params[0] for line in said]

    def test_before_connect(self) -> None:
        """Where one has to be on line, one has to."""
        auth = Auth(guests=True, register_before_connect=False)
        line = f"REGISTER * * {SECRET}"
        self.assertEqual(self.answer(auth, "NICK ada", line), ["COMPLETE_CONNECTION_REQUIRED"])
        self.assertEqual(self.answer(auth, "NICK ada", "USER a 0 * :a", line), ["SUCCESS"])

    def test_other_names(self) -> None:
        """Where accounts are called as their makers are, no other name will do."""
        auth = Auth(guests=True, register_other_name=False)
        nick = "NICK ada"
        for name, answer in (("eve", "ACCOUNT_NAME_MUST_BE_NICK"), ("ADA", "SUCCESS")):
            self.assertEqual(self.answer(auth, nick, f"REGISTER {name} * {SECRET}"), [answer])

    def test_email(self) -> None:
        """Where an address is wanted, it has to look like one."""
        auth = Auth(guests=True, register_email=True)
        for email, answer in (
            ("*", "INVALID_EMAIL"),
            ("ada@", "INVALID_EMAIL"),
            ("a@b@example.org", "INVALID_EMAIL"),
            ("ada@example.org", "SUCCESS"),
        ):
            line = f"REGISTER * {email} {SECRET}"
            self.assertEqual(self.answer(auth, "NICK ada", line), [answer], email)

    def test_no_land_grabs(self) -> None:
        """Nobody registers the name that a guest is using, not even one who was refused it."""
        house = House()
        guest, thief = house.client("root"), house.stranger()
        thief.says("NICK root", f"REGISTER * * {SECRET}", f"REGISTER root * {SECRET}")
        self.assertEqual([line.params[1] for line in thief.lines()][1:], ["ACCOUNT_EXISTS"] * 2)
        guest.says(f"REGISTER * * {SECRET}")
        self.assertEqual(guest.lines()[0].params[0], "SUCCESS")


class NickServTests(SynchronousTestCase):
    """The same for clients that know none of it."""

    def setUp(self) -> None:
        self.house = House()
        self.house.account("bob")
        self.ada = self.house.client("ada")

    def asks(self, text: str) -> list[str]:
        self.ada.says(f"PRIVMSG NickServ :{text}")
        return self.ada.hears()

    def test_help(self) -> None:
        """It says what it can do, also for what it cannot."""
        for text in ("HELP", "brew tea", " "):
            self.assertIn(
                ":NickServ NOTICE ada :CERT ADD: let your TLS certificate log in", self.asks(text)
            )

    def test_each_way(self) -> None:
        """It can be spoken to, or asked by NICKSERV and NS, in any case."""
        for line in ("PRIVMSG nickserv :help", "NICKSERV help", "NS :help", "ns help me"):
            self.ada.says(line)
            self.assertEqual(len(self.ada.hears()), 5, line)

    def test_register(self) -> None:
        """REGISTER makes an account, and says why not in plain words."""
        self.assertIn("That password will not do", self.asks("REGISTER x")[0])
        self.assertIn(
            ":NickServ NOTICE ada :The account ada is made.", self.asks(f"register {SECRET}")
        )
        self.assertEqual(self.ada.session.person.account, "ada")

    def test_identify(self) -> None:
        """IDENTIFY logs in, to the account one is called as or another."""
        self.assertEqual(
            self.asks("IDENTIFY bob wrong"),
            [":NickServ NOTICE ada :The name or the secret is wrong."],
        )
        self.assertIn(":ada NICK bob", self.asks("IDENTIFY bob sesame"))
        self.assertEqual(self.ada.session.person.account, "bob")

    def test_password(self) -> None:
        """SET PASSWORD changes it, for those who have an account."""
        self.asks(f"REGISTER {SECRET}")
        self.assertEqual(
            self.asks(f"SET PASSWORD {SECRET} another-one"),
            [":NickServ NOTICE ada :Your password is changed."],
        )
        again = self.house.stranger()
        again.says("PASS ada:another-one", "NICK ada", "USER ada 0 * :Ada")
        self.assertEqual(again.lines()[0].verb, "001")

    def test_guests_have_nothing_to_set(self) -> None:
        """A guest has no password and no certificate."""
        self.ada.session.fingerprint = "f00d"
        for text in ("SET PASSWORD a b", "CERT ADD"):
            self.assertEqual(
                self.asks(text),
                [":NickServ NOTICE ada :You need an account for this: log in first."],
            )

    def test_certificate(self) -> None:
        """CERT ADD adds the certificate of the connection, if it has one."""
        self.asks(f"REGISTER {SECRET}")
        self.assertIn("has no client certificate", self.asks("CERT ADD")[0])
        self.ada.session.fingerprint = "f00d"
        self.assertIn("f00d may log in from now on", self.asks("CERT ADD")[0])

    def test_kept_nowhere(self) -> None:
        """What is said to it reaches nobody, and is in no log."""
        self.asks("IDENTIFY bob secret-word")
        self.assertNotIn("secret-word", repr(vars(self.house.store)))

    def test_something_is_missing(self) -> None:
        """What is missing is said."""
        for text in ("SET", "CERT", "IDENTIFY", "REGISTER", "VERIFY"):
            (line,) = self.asks(text)
            self.assertTrue(line.startswith(":NickServ NOTICE ada :"), line)
