"""What operators ask for: KILL, WALLOPS, LOCKDOWN, REHASH, DIE, and UBAN."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.commands.admin import IN_FORCE
from chatd.core.settings import Auth, Operators
from chatd.model import Privilege, Rank, Reloaded
from tests.house import FakeSession, House


class OperatorsCase(SynchronousTestCase):
    """root is an administrator, judge a moderator, ada has an account."""

    def setUp(self) -> None:
        self.house = House(auth=Auth(guests=True))
        self.root = self.comes("root", Rank.ADMIN)
        self.judge = self.comes("judge", Rank.MODERATOR)
        self.ada = self.comes("ada")

    def comes(self, name: str, rank: Rank = Rank.USER) -> FakeSession:
        self.house.account(name, rank)
        session = self.house.session(name, account=True, rank=rank)
        session.address = f"192.0.2.{len(self.house.core.sessions)}"
        return session

    def says(self, session: FakeSession, *params: str) -> list[str]:
        return self.house.says(session, *params)

    def on_record(self) -> list[tuple[str, ...]]:
        records = self.house.now(self.house.store.records(0, 99))
        return [(r.deed.by, r.deed.act, r.deed.target, r.deed.note) for r in records]


class AdminTests(OperatorsCase):
    """All but UBAN."""

    def test_kill(self) -> None:
        """Whoever is killed is told by whom and why, and it is on record with their mask."""
        self.assertEqual(self.says(self.judge, "KILL", "ADA", "noise"), ["ada is off line."])
        self.assertEqual(self.ada.closed, "Killed (judge (noise))")
        self.assertEqual(self.on_record(), [("judge", "kill", "ada!~u@chat", "noise")])

    def test_kill_above(self) -> None:
        """A moderator does not hang up on an administrator; the other way round it works."""
        self.assertEqual(
            self.says(self.judge, "KILL", "root"), ["root is above you on this server."]
        )
        self.assertIsNone(self.root.closed)
        self.assertEqual(self.on_record(), [])
        self.assertEqual(self.says(self.root, "KILL", "judge"), ["judge is off line."])

    def test_wallops(self) -> None:
        """It is on record that an operator spoke to all, and not what they said."""
        self.says(self.judge, "WALLOPS", "a secret")
        self.assertEqual(self.ada.hears(), ["judge announces: a secret"])
        self.assertEqual(self.on_record(), [("judge", "wallops", "", "")])

    def test_lockdown(self) -> None:
        """It says how it stands, and each change is on record."""
        (said,) = self.says(self.judge, "LOCKDOWN")
        self.assertEqual(said, "There is no lockdown: new people may come as the settings say.")
        (said,) = self.says(self.judge, "LOCKDOWN", "ON", "storm")
        how = "Nobody new is let in since 2026-01-01 00:00 UTC, by judge"
        self.assertEqual(said, f"{how} (storm). End it by LOCKDOWN OFF.")
        (said,) = self.says(self.judge, "LOCKDOWN", "off")
        self.assertTrue(said.startswith("There is no lockdown"))
        (said,) = self.says(self.judge, "LOCKDOWN", "maybe")
        self.assertEqual(said, "LOCKDOWN does not take maybe: it should be ON or OFF.")
        self.assertEqual(
            self.on_record(),
            [("judge", "lockdown on", "", "storm"), ("judge", "lockdown off", "", "")],
        )

    def test_lockdown_keeps_newcomers_out(self) -> None:
        """No guests and no new accounts, finished or begun; whoever has an account logs in."""
        self.says(self.judge, "LOCKDOWN", "on")
        stranger = self.house.client("bob", account=True)
        self.assertFalse(stranger.gone)
        guest = self.house.stranger()
        guest.says("NICK eve", "USER eve 0 * :Eve")
        heard = guest.hears()
        self.assertIn("Nobody new is let in just now", " ".join(heard))
        self.assertTrue(guest.gone)
        for line in ("REGISTER carl * milkfirst", "VERIFY carl code"):
            newcomer = self.house.stranger()
            newcomer.says("CAP LS 302", "NICK carl", line)
            said = newcomer.hears()[-1]
            verb = line.split()[0]
            self.assertTrue(
                said.startswith(f"FAIL {verb} TEMPORARILY_UNAVAILABLE carl :Nobody new")
            )
        self.assertIsNone(self.house.now(self.house.store.find_account("carl")))

    def test_operators_hear_of_the_lockdown(self) -> None:
        """Whoever has an office is told at log-in, and when they take it up; others are not."""
        self.house.account("other", Rank.MODERATOR)
        self.says(self.judge, "LOCKDOWN", "on")
        for name, told in (("other", True), ("bob", False)):
            client = self.house.stranger()
            self.house.account("bob") if name == "bob" else None
            client.says(f"PASS {name}:sesame", f"NICK {name}", f"USER {name} 0 * :x")
            heard = " ".join(client.hears())
            self.assertEqual("Nobody new is let in since" in heard, told, name)
            client.says("OPER other sesame")
            self.assertIn("Nobody new is let in since", " ".join(client.hears()))

    def test_rehash(self) -> None:
        """The settings are read again; faults in them are told one by one, and what waits."""
        said = self.says(self.root, "REHASH")
        self.assertEqual(said, ["chatd.ini is read again.", IN_FORCE])
        self.house.daemon.reloaded = Reloaded(waiting=("[store] stays.", "[bus] too."))
        said = self.says(self.root, "REHASH")
        self.assertEqual(said[1:], [IN_FORCE, "[store] stays.", "[bus] too."])
        faults = ("x.ini:1 [auth] guests is no good.", "x.ini:2 too.")
        self.house.daemon.reloaded = Reloaded(faults)
        said = self.says(self.root, "REHASH")
        self.assertEqual(
            said[1:],
            [
                "Nothing is changed: x.ini:1 [auth] guests is no good.",
                "Nothing is changed: x.ini:2 too.",
            ],
        )
        self.assertEqual(self.house.daemon.reloads, 3)
        self.assertEqual(self.on_record(), [("root", "rehash", "", "")] * 3)

    def test_die(self) -> None:
        """The daemon ends for those who say which, and for a slip of the hand it does not."""
        (said,) = self.says(self.root, "DIE", "now")
        self.assertEqual(
            said, "DIE does not take now: to end this server, give its name: DIE house"
        )
        self.assertEqual(self.says(self.root, "DIE"), ["DIE needs more: DIE <server>"])
        self.assertFalse(self.house.daemon.ended)
        self.assertEqual(self.on_record(), [])
        self.assertEqual(self.says(self.root, "DIE", "house"), ["The server is ending."])
        self.assertTrue(self.house.daemon.ended)
        self.assertEqual(self.on_record(), [("root", "die", "", "")])

    def test_privileges(self) -> None:
        """A rank has the privileges that the ini gives it, from the next request on."""
        (said,) = self.says(self.judge, "REHASH")
        self.assertEqual(said, "Here moderators may not do that: they lack the privilege rehash.")
        self.house.settings.operators = Operators(moderators=(Privilege.REHASH,), admins=())
        self.assertEqual(len(self.says(self.judge, "REHASH")), 2)
        (said,) = self.says(self.root, "REHASH")
        self.assertEqual(said, "Here admins may not do that: they lack the privilege rehash.")
        (said,) = self.says(self.ada, "REHASH")
        self.assertEqual(said, "Only an operator of the server may do that.")

    def test_help_has_what_one_may(self) -> None:
        """Help shows what one may ask for, and nothing else."""
        for session, verb, shown in (
            (self.judge, "UBAN", True),
            (self.judge, "DIE", False),
            (self.root, "DIE", True),
            (self.ada, "UBAN", False),
        ):
            shows = any(verb in line.split() for line in self.says(session, "HELP")[0].split("\n"))
            self.assertEqual(shows, shown, (session.person.name, verb))


class UbanTests(OperatorsCase):
    """The words of UBAN; what a ban does is in tests/core/test_server_bans.py."""

    def test_add_list_del(self) -> None:
        """A ban is listed with who, when, until when and why, and gone when it is taken back."""
        self.says(self.judge, "UBAN", "ADD", "198.51.100.0/24", "2h", "too loud")
        self.says(self.judge, "UBAN", "add", "spam*!*@*")
        self.assertEqual(
            self.says(self.judge, "UBAN", "LIST")[0].split("\n"),
            [
                "198.51.100.0/24 (network), by judge on 2026-01-01 00:00 UTC,"
                " until 2026-01-01 02:00 UTC: too loud",
                "spam*!*@* (mask), by judge on 2026-01-01 00:00 UTC, for good",
            ],
        )
        said = self.says(self.judge, "UBAN", "DEL", "198.51.100.5/24")
        self.assertEqual(said, ["198.51.100.0/24 (network) is not banned any more."])
        self.says(self.judge, "UBAN", "DEL", "spam*")
        self.assertEqual(self.says(self.judge, "UBAN", "LIST"), ["There is no such ban."])
        self.assertEqual(
            self.on_record(),
            [
                (
                    "judge",
                    "uban add",
                    "198.51.100.0/24",
                    "network, until 2026-01-01 02:00 UTC: too loud",
                ),
                ("judge", "uban add", "spam*!*@*", "mask, for good"),
                ("judge", "uban del", "198.51.100.0/24", "network"),
                ("judge", "uban del", "spam*!*@*", "mask"),
            ],
        )

    def test_times(self) -> None:
        """A word that begins with a digit is a time; 0 is none; anything else begins the reason."""
        bans = self.house.core.server_bans
        for words, seconds, reason in (
            ((), None, ""),
            (("1m",), 60, ""),
            (("1m 2 strikes",), 60, "2 strikes"),
            (("0", "3 strikes"), None, "3 strikes"),
            (("noise", "2h"), None, "noise 2h"),
        ):
            self.says(self.judge, "UBAN", "ADD", "198.51.100.1", *words)
            (ban,) = bans
            lasts = None if ban.expires is None else (ban.expires - ban.at) / 1000
            self.assertEqual((lasts, ban.reason), (seconds, reason))

    def test_mistakes(self) -> None:
        """Each mistake is one sentence, and nothing is done."""
        for words, sentence in (
            (("FLUSH",), "UBAN does not take FLUSH: it should be one of ADD, DEL, LIST, INFO."),
            (("ADD",), "UBAN needs more: UBAN ADD <target>"),
            (("DEL",), "UBAN needs more: UBAN DEL <target>"),
            (("INFO",), "UBAN needs more: UBAN INFO <target>"),
            ((), "UBAN needs more: UBAN <what> [target] [more...]"),
            (
                ("ADD", "192.0.2.0/40"),
                "UBAN does not take 192.0.2.0/40: it should be like 192.0.2.7, 192.0.2.0/24 or"
                " 2001:db8::/48.",
            ),
            (("ADD", "ada", "2x"), "time does not take 2x: it should be like 30m, 2h or 7d."),
            (
                ("ADD", "nobody"),
                "nobody is not banned: there is no such account. A mask would be nobody!*@*",
            ),
            (
                ("ADD", "0.0.0.0/0"),
                "0.0.0.0/0 is not banned: that is very many. Say CONFIRM after it if you mean it.",
            ),
            (("DEL", "198.51.100.1"), "There is no ban of 198.51.100.1."),
        ):
            self.assertEqual(self.says(self.judge, "UBAN", *words), [sentence])
        self.assertEqual((list(self.house.core.server_bans), self.on_record()), ([], []))

    def test_info(self) -> None:
        """What bans mean somebody, whom one would mean, and how somebody can be banned."""
        self.assertEqual(
            self.says(self.judge, "UBAN", "INFO", "ada"),
            [
                "ada is ada!~u@chat. To ban them: UBAN ADD 192.0.2.3 or *!*@chat or ada",
            ],
        )
        said = self.says(self.judge, "UBAN", "INFO", "192.0.2.2/31")
        self.assertEqual(
            said, ["There is no such ban.", "192.0.2.2/31 means ada, judge of those on line."]
        )
        self.says(self.judge, "UBAN", "ADD", "198.51.100.0/24")
        said = self.says(self.judge, "UBAN", "INFO", "198.51.100.0/24")
        self.assertTrue(said[0].startswith("198.51.100.0/24 (network), by judge"))
        self.assertEqual(said[1], "198.51.100.0/24 means nobody of those on line.")
