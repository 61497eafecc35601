"""What keeps one out of a room."""

from __future__ import annotations

from twisted.internet.defer import ensureDeferred

from chatd.errors import (
    Banned,
    InviteOnly,
    RegisteredOnly,
    RoomFull,
    WrongKey,
)
from chatd.model import Rank, Role
from tests.core.membership import MembersCase


class ConditionsTests(MembersCase):
    """What keeps one out of a room."""

    def setUp(self) -> None:
        super().setUp()
        self.join(self.ada)

    def set(self, mode: str, value: str = "") -> None:
        self.assertEqual(self.house.ask(self.ada, "SET", "#tea", mode, value), [])

    def invite(self, name: str) -> None:
        self.now(self.members.invite(self.ada, "#tea", name))

    def test_password(self) -> None:
        """A room with a password takes those who know it, also among the invited."""
        self.set("password", "milk")
        self.assertRaises(WrongKey, self.join, self.bob)
        self.assertRaises(WrongKey, self.join, self.bob, "#tea", "Milk")
        self.invite("bob")
        self.assertRaises(WrongKey, self.join, self.bob)
        self.join(self.bob, "#tea", "milk")

    def test_limit(self) -> None:
        """A room with a limit takes as many, and one more who was invited."""
        self.set("limit", "2")
        self.join(self.bob)
        self.assertRaises(RoomFull, self.join, self.eve)
        self.invite("eve")
        self.join(self.eve)

    def test_limit_of_those_who_come_at_once(self) -> None:
        """However many want to come in at once, the limit holds."""
        self.set("limit", "3")
        coming = [self.house.session(name) for name in ("cy", "dan", "fay", "gil")]
        asked = [ensureDeferred(self.members.join(one, "#tea")) for one in coming]
        self.house.settle()
        for one in asked[:2]:
            self.successResultOf(one)
        for one in asked[2:]:
            self.failureResultOf(one, RoomFull)
        self.assertEqual(self.roles().keys(), {"ada", "cy", "dan"})

    def test_invite_only(self) -> None:
        """A closed room takes the invited, and those on its list of invitations."""
        self.set("invite-only")
        self.assertRaises(InviteOnly, self.join, self.bob)
        self.invite("bob")
        self.join(self.bob)
        self.assertRaises(InviteOnly, self.join, self.eve)
        self.mask("invite", "e*!*@*")
        self.join(self.eve)

    def mask(self, listing: str, pattern: str, on: bool = True) -> None:
        from chatd.model import Listing

        self.now(self.house.core.rooms.set_mask(self.ada, "#tea", Listing(listing), pattern, on))

    def test_invitation_counts_once(self) -> None:
        """An invitation is used up when one comes."""
        self.set("invite-only")
        self.invite("bob")
        self.join(self.bob)
        self.leave(self.bob)
        self.assertRaises(InviteOnly, self.join, self.bob)

    def test_invitation_is_for_a_person(self) -> None:
        """An invitation goes with the person, not with a name that another takes."""
        self.set("invite-only")
        self.invite("eve")
        self.go(self.eve)
        other = self.house.session("eve")
        self.assertRaises(InviteOnly, self.join, other)

    def test_invitation_of_an_account(self) -> None:
        """An account's invitation still counts when it comes back."""
        self.set("invite-only")
        self.invite("bob")
        self.go(self.bob)
        self.join(self.house.session("bob", account=True))

    def test_registered_only(self) -> None:
        """A room for people with accounts takes no guest, not even an invited one."""
        self.set("registered-only")
        self.invite("eve")
        self.assertRaises(RegisteredOnly, self.join, self.eve)
        self.join(self.bob)

    def test_ban(self) -> None:
        """Who fits a mask stays out, unless excepted or invited."""
        self.mask("ban", "*!*@*")
        self.assertRaises(Banned, self.join, self.bob)
        self.mask("except", "bob!*@*")
        self.join(self.bob)
        self.assertRaises(Banned, self.join, self.eve)
        self.invite("eve")
        self.join(self.eve)

    def test_invitation_of_a_plain_member(self) -> None:
        """Only an op's invitation lets somebody in past a ban, a limit, or a closed door."""
        self.join(self.bob)
        self.now(self.members.invite(self.bob, "#tea", "eve"))
        self.assertEqual(self.eve.hears(), ["bob invited eve to #tea."])
        self.set("limit", "2")
        self.assertRaises(RoomFull, self.join, self.eve)
        self.set("invite-only")
        self.assertRaises(InviteOnly, self.join, self.eve)
        self.mask("ban", "eve!*@*")
        self.assertRaises(Banned, self.join, self.eve)
        self.invite("eve")
        self.join(self.eve)

    def test_ban_of_an_account(self) -> None:
        """A mask for an account means all who are logged in to it, and no guest."""
        self.mask("ban", "$a:B*")
        self.assertRaises(Banned, self.join, self.bob)
        self.join(self.eve)
        self.mask("ban", "$a:b*", on=False)
        self.join(self.bob)

    def test_ban_expires(self) -> None:
        """A ban for a time ends by itself, then and not before."""
        self.house.ask(self.ada, "BAN", "#tea", "bob", "30m")
        self.house.clock.advance(30 * 60 - 0.001)
        self.assertRaises(Banned, self.join, self.bob)
        self.house.clock.advance(0.001)
        self.join(self.bob)

    def test_member_comes_back(self) -> None:
        """An account that belongs to a room comes back to it whatever holds there by now."""
        self.join(self.bob)
        self.house.ask(self.ada, "GRANT", "#tea", "bob", "voice")
        self.go(self.bob)
        self.set("password", "milk")
        self.set("invite-only")
        self.ada.hears()
        bob = self.house.session("bob", account=True)
        self.assertEqual(self.ada.hears(), ["bob joined #tea."])
        self.assertEqual(self.roles()["bob"], Role.VOICE)
        self.assertIsNone(self.join(bob))

    def test_moderator_of_the_server(self) -> None:
        """A moderator of the server can come to any room, as a plain member."""
        self.set("password", "milk")
        self.set("registered-only")
        self.mask("ban", "*!*@*")
        self.bob.rank = Rank.MODERATOR
        self.join(self.bob)
        self.assertEqual(self.roles()["bob"], Role.MEMBER)
