"""RENAME: giving a room another name (IRCv3 draft/channel-rename)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.house import House

CAPS = "draft/channel-rename draft/chathistory message-tags"


class RenameTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.client("ada", CAPS, account=True)
        self.bob = self.house.client("bob", account=True)
        for client in (self.ada, self.bob):
            client.joins("#tea")
        self.ada.says("PRIVMSG #tea :hi", "PRIVMSG @#tea :ops")
        self.ada.hears(), self.bob.hears()

    def test_renamed(self) -> None:
        """Those who know RENAME see it; to others it looks like leaving and coming."""
        self.ada.says("RENAME #tea #chai :hot")
        self.assertEqual(self.ada.hears(), [":ada RENAME #tea #chai hot"])
        self.assertEqual(
            self.bob.hears(),
            [
                ":bob PART #tea :hot",
                ":bob JOIN #chai",
                "353 bob = #chai :~ada bob",
                "366 bob #chai :End of /NAMES list.",
            ],
        )
        self.bob.says("PRIVMSG #chai :hello")
        self.assertEqual(self.ada.hears(), [":bob PRIVMSG #chai :hello"])

    def test_history(self) -> None:
        """The history is found under the new name, and its ids are the same."""
        self.ada.says("RENAME #tea #chai", "CHATHISTORY LATEST #chai * 5")
        _, *lines = self.ada.lines()
        self.assertEqual([line.params for line in lines], [("#chai", "hi"), ("@#chai", "ops")])

    def test_kept(self) -> None:
        """An account that was off line comes back into the room under its new name."""
        self.bob.says("QUIT")
        self.ada.says("RENAME #tea #chai")
        bob = self.house.stranger()
        bob.says("PASS bob:sesame", "NICK bob", "USER bob 0 * :Bob")
        self.assertIn(":bob JOIN #chai", bob.hears())

    def test_case(self) -> None:
        """Another case of the same name is another name, and not to be made much of."""
        self.ada.says("RENAME #tea #Tea")
        self.assertEqual(self.ada.hears(), [":ada RENAME #tea #Tea :"])
        self.assertEqual(self.bob.hears(), [])

    def test_old_name_is_free(self) -> None:
        """The old name is anybody's."""
        self.ada.says("RENAME #tea #chai")
        self.bob.hears()
        self.bob.says("JOIN #tea")
        self.assertIn("353 bob = #tea :~bob", self.bob.hears())
        self.ada.hears()
        self.ada.says("RENAME #chai #tea", "RENAME #chai tea", "RENAME #chai #chai")
        self.assertEqual(
            [line.params[:4] for line in self.ada.lines()],
            [
                ("RENAME", "CHANNEL_NAME_IN_USE", "#chai", "#tea"),
                ("RENAME", "CANNOT_RENAME", "#chai", "tea"),
            ],
        )

    def test_refused(self) -> None:
        """Only its owner renames a room that is kept."""
        self.ada.says("MODE #tea +o bob")
        self.bob.hears()
        self.bob.says("RENAME #tea #mine")
        self.assertEqual([line.verb for line in self.bob.lines()], ["482"])
