"""Saying something, and the verbs of operators, as IRC has them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.model import Rank
from chatd.wire.irc import LONGEST
from tests.house import House


class TalkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada, self.bob, self.cy = (
            self.house.client(name, account=True) for name in ("ada", "bob", "cy")
        )
        for client in (self.ada, self.bob, self.cy):
            client.joins("#tea")
        self.ada.hears(), self.bob.hears()

    def asks(self, line: str) -> list[str]:
        self.ada.says(line)
        return self.ada.hears()

    def test_what_is_missing(self) -> None:
        """To whom, and what, each with its number."""
        self.assertEqual(self.asks("PRIVMSG"), ["411 ada :To whom?"])
        self.assertEqual(self.asks("PRIVMSG #tea"), ["412 ada :There is nothing to send."])
        self.assertEqual(self.asks("PRIVMSG #tea :"), ["412 ada :There is nothing to send."])
        self.assertTrue(self.asks("TAGMSG")[0].startswith("461 ada TAGMSG"))

    def test_notice(self) -> None:
        """A NOTICE reaches whom it can, and is never answered by an error."""
        for line in ("NOTICE", "NOTICE bob", "NOTICE #nowhere :hi", "NOTICE a,b,c,d,e :hi"):
            self.assertEqual(self.asks(line), [], line)
        self.assertEqual(self.asks("NOTICE nobody,bob :hi"), [])
        self.assertEqual(self.bob.hears(), [":ada NOTICE bob :hi"])

    def test_too_long(self) -> None:
        """What does not fit a line with its sender before it is refused, and never cut."""
        mask = self.ada.session.person.mask
        room = LONGEST - len(f":{mask} PRIVMSG #tea :\r\n")
        self.assertEqual(self.asks(f"PRIVMSG #tea :{'x' * room}"), [])
        self.assertEqual(len(self.bob.lines()[0].encode()), LONGEST)
        (refusal,) = self.asks(f"PRIVMSG #tea :{'x' * (room - 1)}é")
        self.assertEqual(refusal, f"417 ada :A message to #tea may have {room} characters at most.")
        self.assertEqual(self.asks(f"NOTICE bob,#tea :{'x' * 480}")[0].split()[0], "417")
        self.assertEqual(self.bob.hears(), [])

    def test_targets(self) -> None:
        """Several targets may be named, but not many; one that is wrong harms no other."""
        self.assertEqual(
            self.asks("PRIVMSG #nowhere,bob,bob,cy :hi"),
            ["403 ada #nowhere :There is no room #nowhere."],
        )
        self.assertEqual(self.bob.hears(), [":ada PRIVMSG bob :hi"])
        self.assertEqual(self.cy.hears(), [":ada PRIVMSG cy :hi"])
        (refusal,) = self.asks("PRIVMSG a,b,c,d,e :hi")
        self.assertIn("No more than 4 targets", refusal)

    def test_part_of_a_room(self) -> None:
        """`@#tea` is heard by those who are op there, and by nobody else."""
        self.asks("MODE #tea +v bob")
        self.bob.hears(), self.cy.hears()
        self.asks("PRIVMSG @#tea :ops only")
        self.assertEqual(self.bob.hears(), [])
        self.asks("NOTICE +#TEA :and voices")
        self.assertEqual(self.bob.hears(), [":ada NOTICE +#tea :and voices"])
        self.assertEqual(self.cy.hears(), [])
        self.cy.says("PRIVMSG @#tea :help!")
        self.assertEqual(self.ada.hears(), [":cy PRIVMSG @#tea :help!"])
        self.assertEqual((self.cy.hears(), self.bob.hears()), ([], []))

    def test_no_ctcp(self) -> None:
        """Where CTCP is not wanted only /me goes through."""
        self.asks("MODE #tea +C")
        self.bob.hears()
        (refusal,) = self.asks("PRIVMSG #tea :\x01VERSION\x01")
        self.assertIn("404 ada #tea", refusal)
        self.asks("PRIVMSG #tea :\x01ACTION smiles\x01")
        self.assertEqual(self.bob.hears(), [":ada PRIVMSG #tea :\x01ACTION smiles\x01"])

    def test_moderated(self) -> None:
        """Where it is moderated one needs a voice."""
        self.asks("MODE #tea +m")
        self.bob.hears()
        self.bob.says("PRIVMSG #tea :hi")
        self.assertEqual(
            self.bob.hears(), ["404 bob #tea :You may not speak in #tea: it is moderated."]
        )

    def test_outside(self) -> None:
        """From outside one speaks only where that is allowed."""
        eve = self.house.client("eve")
        eve.says("PRIVMSG #tea :hi")
        self.assertEqual([line.verb for line in eve.lines()], ["404"])
        self.asks("MODE #tea -n")
        eve.says("PRIVMSG #tea :hi")
        self.assertIn(":eve PRIVMSG #tea :hi", self.bob.hears())

    def test_away(self) -> None:
        """Who writes to somebody away is told; a NOTICE is never answered by that."""
        self.bob.says("AWAY :at tea")
        self.assertEqual(self.bob.hears(), ["306 bob :You are away now."])
        self.assertEqual(self.asks("PRIVMSG bob :hi"), ["301 ada bob :at tea"])
        self.assertEqual(self.asks("NOTICE bob :hi"), [])
        self.bob.hears()
        self.bob.says("AWAY")
        self.assertEqual(self.bob.hears(), ["305 bob :You are back."])

    def test_formatting_comes_whole(self) -> None:
        """What only formats a text does not break it."""
        self.asks("PRIVMSG #tea :\x02b\x02 \x1di\x1d \x1es\x1e \x0304red\x03")
        self.assertEqual(
            self.bob.hears(), [":ada PRIVMSG #tea :\x02b\x02 \x1di\x1d \x1es\x1e \x0304red\x03"]
        )


class RoomsTests(SynchronousTestCase):
    """The verbs of rooms, as IRC answers them."""

    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.client("ada", account=True)
        self.bob = self.house.client("bob", "invite-notify", account=True)

    def asks(self, line: str) -> list[str]:
        self.ada.says(line)
        return self.ada.hears()

    def test_join(self) -> None:
        """Who makes a room owns it, and is told who is there."""
        self.assertEqual(
            self.asks("JOIN #tea"),
            [
                ":ada JOIN #tea",
                ":ada MODE #tea +qo ada ada",
                "353 ada = #tea :~ada",
                "366 ada #tea :End of /NAMES list.",
            ],
        )
        self.assertEqual(self.asks("JOIN #TEA"), [])
        self.asks("TOPIC #tea :of tea")
        self.bob.says("JOIN #tea")
        verbs = [line.verb for line in self.bob.lines()]
        self.assertEqual(verbs, ["JOIN", "332", "333", "353", "366"])

    def test_several(self) -> None:
        """Several rooms at once, each with its own answer."""
        self.assertEqual(
            [line.split()[0] for line in self.asks("JOIN #a,tea,#b,#a")].count("476"), 1
        )
        self.assertEqual(
            self.asks("PART #a,#nowhere,#b :bye"),
            [
                ":ada PART #a :bye",
                "403 ada #nowhere :There is no room #nowhere.",
                ":ada PART #b :bye",
            ],
        )
        self.assertEqual(self.asks("PART #a"), ["442 ada #a :You are not in #a."])

    def test_kick(self) -> None:
        """Ops put others out, with a reason; others do not."""
        self.ada.joins("#tea")
        self.bob.joins("#tea")
        self.bob.says("KICK #tea ada")
        self.assertEqual([line.verb for line in self.bob.lines()], ["482"])
        self.ada.hears()
        self.assertEqual(
            self.asks("KICK #tea bob,eve :too loud"),
            [":ada KICK #tea bob :too loud", "401 ada eve :There is nobody called eve."],
        )
        self.assertEqual(self.bob.hears(), [":ada KICK #tea bob :too loud"])

    def test_invite(self) -> None:
        """The one who is invited hears, and ops who asked for that; others do not."""
        cy = self.house.client("cy", account=True)
        for client in (self.ada, self.bob):
            client.joins("#tea")
        self.asks("MODE #tea +o bob")
        self.bob.hears()
        self.assertEqual(self.asks("INVITE cy #tea"), ["341 ada cy #tea"])
        self.assertEqual(cy.hears(), [":ada INVITE cy :#tea".replace(":#", "#")])
        self.assertEqual(self.bob.hears(), [":ada INVITE cy #tea"])
        self.assertEqual(
            self.asks("INVITE bob #tea"), ["443 ada bob #tea :bob is in #tea already."]
        )

    def test_names(self) -> None:
        """NAMES of a room, also of one that there is not."""
        self.ada.joins("#tea")
        self.assertEqual(self.asks("NAMES #tea")[0], "353 ada = #tea :~ada")
        self.assertEqual(self.asks("NAMES #no"), ["366 ada #no :End of /NAMES list."])


class OperatorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.house.account("boss", Rank.ADMIN)
        self.ada = self.house.client("ada", account=True)
        self.bob = self.house.client("bob")
        self.ada.joins("#tea")
        self.bob.joins("#tea")
        self.ada.hears()

    def asks(self, line: str) -> list[str]:
        self.ada.says(line)
        return self.ada.hears()

    def test_oper(self) -> None:
        """Whoever has the password of an office may take it up; others may not."""
        self.assertEqual(
            self.asks("OPER boss wrong"), ["464 ada :The name or the secret is wrong."]
        )
        self.assertEqual(
            self.asks("OPER ada sesame"), ["464 ada :The name or the secret is wrong."]
        )
        self.assertEqual(
            self.asks("OPER boss sesame"), ["381 ada :You are admin now.", ":ada MODE ada +o"]
        )
        self.assertEqual(self.asks("MODE ada"), ["221 ada +o"])

    def test_not_an_operator(self) -> None:
        """The verbs of operators are refused to others."""
        for line in ("KILL bob :x", "WALLOPS :x"):
            self.assertEqual(
                self.asks(line), ["481 ada :Only an operator of the server may do that."]
            )
        self.assertFalse(self.bob.gone)

    def test_kill(self) -> None:
        """KILL hangs up on somebody, who is told why, as the others are."""
        self.asks("OPER boss sesame")
        heard = self.asks("KILL bob :spam")
        self.assertIn(":bob QUIT :Killed (ada (spam))", heard)
        self.assertEqual(self.bob.hears(), ["ERROR :Closing link: bob (Killed (ada (spam)))"])
        self.assertTrue(self.bob.gone)
        self.assertEqual(self.asks("KILL bob"), ["401 ada bob :There is nobody called bob."])

    def test_wallops(self) -> None:
        """WALLOPS reaches those who want to hear from operators, and nobody else."""
        cy = self.house.client("cy")
        cy.says("MODE cy +w")
        cy.hears()
        self.asks("OPER boss sesame")
        self.asks("MODE ada +w")
        self.assertEqual(self.asks("WALLOPS :tea is ready"), [":ada WALLOPS :tea is ready"])
        self.assertEqual(cy.hears(), [":ada WALLOPS :tea is ready"])
        self.assertEqual(self.bob.hears(), [])
