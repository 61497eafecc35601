"""The commands for rooms."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.masks import full_mask
from chatd.core.settings import Limits
from tests.house import FakeSession, House


class RoomsTests(SynchronousTestCase):
    """#tea, with ada who owns it and bob; eve is a guest outside."""

    def setUp(self) -> None:
        self.house = House(limits=Limits(reason=5))
        self.ada = self.house.session("ada", account=True)
        self.bob = self.house.session("bob", account=True)
        self.eve = self.house.session("eve")
        self.says(self.ada, "JOIN", "#tea"), self.says(self.bob, "JOIN", "#tea")
        self.ada.hears(), self.bob.hears()

    def says(self, session: FakeSession, verb: str, *params: str) -> list[str]:
        return self.house.says(session, verb, *params)

    def test_join_several(self) -> None:
        """Several rooms are joined at once, each with its key; what is refused stops no other."""
        self.says(self.ada, "SET", "#tea", "password", "milk")
        said = self.says(self.eve, "JOIN", "#one,bad,#tea,#two,,#one", "x,,wrong")
        self.assertEqual(
            said,
            [
                "You are in #one. In #one: eve.",
                "bad cannot be the name of a room: it should start with # and go on.",
                "#tea has a key, and that was not it.",
                "You are in #two. In #two: eve.",
            ],
        )
        said = self.says(self.eve, "JOIN", "#one,#tea", ",milk")
        self.assertEqual(said, ["You are in #tea. In #tea: ada, bob, eve."])

    def test_part(self) -> None:
        """Several rooms are left at once, for a reason of bounded length."""
        said = self.says(self.bob, "PART", "#no,#tea", "too loud")
        self.assertEqual(said, ["There is no room #no."])
        self.assertEqual(self.ada.hears(), ["bob left #tea (too l)."])

    def test_topic(self) -> None:
        """TOPIC tells the topic, or changes it; an outsider may read it."""
        self.assertEqual(self.says(self.eve, "TOPIC", "#tea"), ["#tea has no topic."])
        self.assertEqual(self.says(self.ada, "TOPIC", "#tea", "oolong"), [])
        self.assertEqual(
            self.says(self.eve, "TOPIC", "#tea"), ["The topic of #tea is: oolong (set by ada)"]
        )
        self.says(self.ada, "SET", "#tea", "secret")
        self.assertEqual(self.says(self.eve, "TOPIC", "#tea"), ["There is no room #tea."])

    def test_seeing(self) -> None:
        """NAMES and ROOMS show who is where."""
        self.assertEqual(
            self.says(self.eve, "NAMES", "#tea,#no"),
            ["In #tea: ada, bob.", "In #no: nobody that you can see."],
        )
        self.says(self.ada, "TOPIC", "#tea", "oolong")
        self.assertEqual(self.says(self.eve, "ROOMS"), ["#tea (2): oolong"])
        self.says(self.ada, "SET", "#tea", "secret")
        self.assertEqual(self.says(self.eve, "ROOMS"), ["There is no room that you can see."])

    def test_invite(self) -> None:
        """Who invites learns that it is done."""
        said = self.says(self.bob, "INVITE", "eve", "#tea")
        self.assertEqual(said, ["eve is invited to #tea."])
        self.assertEqual(self.eve.hears(), ["bob invited eve to #tea."])

    def test_kick(self) -> None:
        """Several are put out at once; what is refused stops no other."""
        self.says(self.eve, "JOIN", "#tea")
        self.ada.hears()
        said = self.says(self.ada, "KICK", "#tea", "bob,nobody,eve", "too loud")
        self.assertEqual(said, ["There is nobody called nobody."])
        self.assertEqual(
            self.ada.hears(),
            ["ada removed bob from #tea (too l).", "ada removed eve from #tea (too l)."],
        )

    def test_roles(self) -> None:
        """GRANT and REVOKE know the roles by name."""
        for role in ("voice", "OP", "admin", "owner"):
            self.says(self.ada, "GRANT", "#tea", "bob", role)
            self.assertEqual(self.bob.hears(), [f"ada made bob {role.lower()} of #tea."])
            self.says(self.ada, "REVOKE", "#tea", "bob", role)
            self.assertIn("no longer", self.bob.hears()[0])
        self.assertEqual(
            self.says(self.ada, "GRANT", "#tea", "bob", "king"),
            ["role does not take king: it should be one of voice, op, admin, owner."],
        )

    def test_modes(self) -> None:
        """SET and UNSET switch; MODES shows, the key only to members."""
        self.says(self.ada, "SET", "#tea", "limit", "9")
        self.says(self.ada, "SET", "#tea", "password", "milk")
        shown = "#tea: members-only, topic-lock, limit 9, password"
        self.assertEqual(self.says(self.bob, "MODES", "#tea"), [f"{shown} milk"])
        self.assertEqual(self.says(self.eve, "MODES", "#tea"), [shown])
        for mode in ("members-only", "topic-lock", "limit", "password"):
            self.assertEqual(self.says(self.ada, "UNSET", "#tea", mode), [])
        self.assertEqual(self.says(self.eve, "MODES", "#tea"), ["#tea: no modes"])

    def test_bad_modes(self) -> None:
        """A limit is a number of people, a password some text that JOIN can take, a mode one."""
        for limit in ("", "0", "-1", "x", "1000000000", "²", "9" * 400):
            (said,) = self.says(self.ada, "SET", "#tea", "limit", limit)
            self.assertIn("should be a number of people", said)
        for password in ("", "a b", "a,b", "x" * 65, "\x00"):
            (said,) = self.says(self.ada, "SET", "#tea", "password", password)
            self.assertIn("SET password does not take", said)
        for verb in ("SET", "UNSET"):
            (said,) = self.says(self.ada, verb, "#tea", "loud")
            self.assertIn("it should be one of invite-only, moderated,", said)
        self.says(self.ada, "SET", "#tea", "limit", "999999999")
        self.says(self.ada, "SET", "#tea", "password", "x" * 64)
        self.assertEqual(len(self.ada.hears()), 2)

    def test_bans(self) -> None:
        """BAN takes a name or a mask, and a time; BANS shows them; UNBAN takes them back."""
        self.says(self.ada, "BAN", "#tea", "eve", "2h")
        self.says(self.ada, "BAN", "#tea", "$a:mallory")
        self.assertEqual(
            self.says(self.bob, "BANS", "#tea"), ["eve!*@* (by ada)\n$a:mallory (by ada)"]
        )
        self.house.clock.advance(2 * 3600)
        self.says(self.ada, "UNBAN", "#tea", "$A:MALLORY")
        self.assertEqual(self.says(self.bob, "BANS", "#tea"), ["The ban list of #tea is empty."])
        self.assertEqual(self.says(self.eve, "BANS", "#tea"), ["You are not in #tea."])

    def test_times(self) -> None:
        """A time is a number with a unit."""
        now = self.house.core.log.now()
        for text, seconds in (
            ("9s", 9),
            ("30m", 1800),
            ("2h", 7200),
            ("7d", 604_800),
            ("1w", 604_800),
        ):
            self.says(self.ada, "BAN", "#tea", f"x{text}", text)
            mask = self.house.core.places.find("#tea").masks[-1]
            self.assertEqual(mask.expires, now + seconds * 1000)
        for text in ("5", "h", "-1h", "1y", "1.5h", "9999999d", "²h"):
            (said,) = self.says(self.ada, "BAN", "#tea", "eve", text)
            self.assertIn("it should be like 30m, 2h or 7d", said)

    def test_whole_masks(self) -> None:
        """A mask may be written in part."""
        for part, whole in (
            ("ada", "ada!*@*"),
            ("ada!~a", "ada!~a@*"),
            ("@host", "*!*@host"),
            ("~a@host", "~a!*@host"),
            ("!~a@", "*!~a@*"),
            ("*!*@*", "*!*@*"),
            ("$a:ada", "$a:ada"),
        ):
            self.assertEqual(full_mask(part), whole)
