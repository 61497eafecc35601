"""The commands for talking, reading back, and asking about people."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.answers import People, Somebody
from chatd.events import Posted, Signalled
from chatd.model import Kind, Rank
from tests.house import FakeSession, House


class CommandsCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.session("ada", account=True)
        self.bob = self.house.session("bob", account=True)
        for session in (self.ada, self.bob):
            self.house.ask(session, "JOIN", "#tea")
        self.ada.hears(), self.bob.hears()

    def says(self, session: FakeSession, verb: str, *params: str) -> list[str]:
        return self.house.says(session, verb, *params)


class TalkTests(CommandsCase):
    def test_several_targets(self) -> None:
        """A message goes to up to four targets, once each; what is refused stops no other."""
        said = self.says(self.ada, "PRIVMSG", "#tea,nobody,bob,#tea", "hello")
        self.assertEqual(said, ["There is nobody called nobody."])
        self.assertEqual(self.bob.hears(), ["ada: hello", "ada: hello"])
        said = self.says(self.ada, "PRIVMSG", "a1,a2,a3,a4,a5", "hello")
        self.assertEqual(said, ["No more than 4 targets at once."])

    def test_notices_and_signs_to_several(self) -> None:
        """So do notices and signs."""
        refusal = ["There is nobody called nobody."]
        self.assertEqual(self.says(self.ada, "NOTICE", "nobody,bob", "hello"), refusal)
        answers = self.house.ask(self.ada, "TAGMSG", "nobody,bob", typing="active")
        self.assertEqual([str(answer) for answer in answers], refusal)
        self.assertEqual(self.bob.hears(), ["ada: hello", "ada made a sign."])

    def test_nothing(self) -> None:
        """An empty text is refused."""
        self.assertEqual(self.says(self.ada, "PRIVMSG", "#tea", ""), ["There is nothing to send."])

    def test_away(self) -> None:
        """Who writes to somebody who is away learns why; who speaks in a room does not."""
        self.says(self.bob, "AWAY", "lunch")
        self.assertEqual(self.says(self.ada, "PRIVMSG", "bob", "hello"), ["bob is away: lunch"])
        self.assertEqual(self.says(self.ada, "PRIVMSG", "#tea", "hello"), [])
        self.assertEqual(self.says(self.ada, "NOTICE", "bob", "hello"), [])

    def test_notice(self) -> None:
        """A notice is a message that nobody answers."""
        self.says(self.ada, "NOTICE", "#tea", "hello")
        (posted,) = self.bob.heard
        assert isinstance(posted, Posted)
        self.assertEqual((posted.kind, posted.text), (Kind.NOTICE, "hello"))

    def test_action(self) -> None:
        """ME says what one does."""
        self.says(self.ada, "ME", "#tea", "smiles")
        (posted,) = self.bob.heard
        assert isinstance(posted, Posted)
        self.assertEqual(posted.text, "\x01ACTION smiles\x01")

    def test_tags(self) -> None:
        """Tags of clients are passed on with messages and signs; without tags there is no sign."""
        self.house.ask(self.ada, "PRIVMSG", "#tea", "hello", reply="7")
        self.house.ask(self.ada, "TAGMSG", "#tea", typing="active")
        self.house.ask(self.ada, "TAGMSG", "#tea")
        posted, sign = self.bob.heard
        assert isinstance(posted, Posted) and isinstance(sign, Signalled)
        self.assertEqual((posted.tags, sign.tags), ({"+reply": "7"}, {"+typing": "active"}))

    def test_for_a_role(self) -> None:
        """A sign before a room's name means those of a role."""
        self.says(self.ada, "PRIVMSG", "@#tea", "ops only")
        self.assertEqual((self.ada.hears(), self.bob.hears()), (["ada: ops only"], []))
        self.assertEqual(
            self.says(self.ada, "PRIVMSG", "@bob", "hello"), ["There is nobody called @bob."]
        )

    def test_history(self) -> None:
        """HISTORY shows the last things said, as many as one wants."""
        for text in ("one", "two", "three"):
            self.says(self.ada, "PRIVMSG", "#tea", text)
        self.assertEqual(self.says(self.bob, "HISTORY", "#tea", "2"), ["ada: two\nada: three"])
        self.assertEqual(
            self.says(self.bob, "HISTORY", "#tea", "x"),
            ["HISTORY does not take x: it should be a number."],
        )
        (whole,) = self.says(self.bob, "HISTORY", "#tea")
        self.assertEqual(len(whole.splitlines()), 5)
        self.assertEqual(self.says(self.bob, "HISTORY", "ada"), ["There is nothing more in ada."])


class PeopleTests(CommandsCase):
    def profile(self, asker: FakeSession, name: str) -> Somebody:
        (answer,) = self.house.ask(asker, "PROFILE", name)
        assert isinstance(answer, Somebody)
        return answer

    def test_away(self) -> None:
        """AWAY with a text, and without one."""
        self.assertEqual(self.says(self.ada, "AWAY", "lunch"), ["You are away now."])
        self.assertEqual(self.bob.hears(), ["ada is away: lunch"])
        self.assertEqual(self.says(self.ada, "AWAY"), ["You are back."])

    def test_profile(self) -> None:
        """Who somebody is, as far as one may know."""
        self.says(self.ada, "AWAY", "lunch")
        found = self.profile(self.bob, "ADA")
        self.assertEqual(str(found), "ada is ada!~u@chat; logged in as ada; away: lunch; in #tea.")
        self.assertEqual((found.address, found.operator, found.secure), (None, False, True))
        self.assertEqual(self.says(self.bob, "PROFILE", "eve"), ["There is nobody called eve."])

    def test_addresses(self) -> None:
        """Addresses are for oneself, and for moderators of the server."""
        self.assertEqual(self.profile(self.ada, "ada").address, "192.0.2.1")
        self.bob.rank = Rank.MODERATOR
        self.assertEqual(self.profile(self.bob, "ada").address, "192.0.2.1")
        self.assertTrue(self.profile(self.ada, "bob").operator)

    def test_several_sessions(self) -> None:
        """Of several sessions the most active tells how idle one is, the first since when."""
        second = self.house.session("ada", account=True)
        self.house.clock.advance(60)
        second.active = self.house.core.log.now() - 5000
        second.since = second.active
        found = self.profile(self.bob, "ada")
        self.assertEqual((found.idle, found.since), (5000, self.ada.since))

    def test_secret_rooms(self) -> None:
        """A profile names no secret room to those outside."""
        eve = self.house.session("eve")
        self.says(self.ada, "SET", "#tea", "secret")
        self.assertEqual(self.profile(eve, "ada").rooms, ())
        self.assertEqual(len(self.profile(self.bob, "ada").rooms), 1)

    def test_online(self) -> None:
        """Who is on line, or in a room that one may see."""
        self.house.session("eve")
        (answer,) = self.house.ask(self.ada, "ONLINE")
        assert isinstance(answer, People)
        self.assertEqual([one.person.name for one in answer.found], ["ada", "bob", "eve"])
        (answer,) = self.house.ask(self.ada, "ONLINE", "#tea")
        assert isinstance(answer, People)
        self.assertEqual([one.person.name for one in answer.found], ["ada", "bob"])
        self.assertEqual(self.says(self.ada, "ONLINE", "#no"), ["There is no room #no."])

    def test_whowas(self) -> None:
        """Who had a name before, the last few if one wants."""
        for _ in range(3):
            eve = self.house.session("eve")
            self.house.core.sessions.leave(eve, "")
        self.assertEqual(len(self.says(self.ada, "WHOWAS", "eve")[0].splitlines()), 3)
        self.assertEqual(len(self.says(self.ada, "WHOWAS", "eve", "2")[0].splitlines()), 2)
        self.assertEqual(
            self.says(self.ada, "WHOWAS", "mallory"), ["Nobody called mallory was here of late."]
        )

    def test_real_name(self) -> None:
        """SETNAME is told to those who share a room, and shown."""
        self.says(self.ada, "SETNAME", "Ada Lovelace")
        self.assertEqual(self.bob.hears(), ["ada is now ada!~u@chat (Ada Lovelace)."])
        self.assertEqual(self.profile(self.bob, "ada").person.real, "Ada Lovelace")
        self.says(self.ada, "SETNAME", "x" * 1000)
        self.assertEqual(len(self.ada.person.real), self.house.settings.limits.reason)


class HelpTests(CommandsCase):
    def test_all(self) -> None:
        """HELP shows what one may ask for, and nothing else."""
        (shown,) = self.says(self.ada, "HELP")
        self.assertIn("TOPIC <room> [text]: Read the topic of a room, or change it.", shown)
        self.assertNotIn("KILL", shown)
        self.ada.rank = Rank.MODERATOR
        self.assertIn("KILL <name> [reason]", self.says(self.ada, "HELP")[0])

    def test_one(self) -> None:
        """HELP for one command shows its usage and all of its help."""
        (shown,) = self.says(self.ada, "HELP", "/set")
        self.assertTrue(shown.startswith("SET <room> <mode> [value]\nSwitch a mode"), shown)
        for verb in ("dance", "kill"):
            self.assertEqual(self.says(self.ada, "HELP", verb), [f"There is no command {verb}."])
