"""The policy of a room, act by act; tests/test_permission_matrix.py has it through the doors."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.permissions import (
    OVERRULES,
    Act,
    check,
    check_grant,
    check_over,
    check_registered,
    least_role,
    may,
)
from chatd.errors import CannotSpeak, NotAllowed, NotInRoom, RegisteredOnly
from chatd.model import Mode, Person, Role, Room

TEA = Room(1, "#tea", True, 0)


def tea(*modes: Mode) -> Room:
    """The room with these modes."""
    return replace(TEA, modes=frozenset(modes))


class MayTests(SynchronousTestCase):
    def test_least_roles(self) -> None:
        """What each act needs in a room without any mode."""
        wanted = {
            Act.SEE: None,
            Act.READ: Role.MEMBER,
            Act.SPEAK: None,
            Act.SET_TOPIC: Role.MEMBER,
            Act.INVITE: Role.MEMBER,
            Act.REMOVE: Role.OP,
            Act.CHANGE_MODES: Role.OP,
            Act.CHANGE_MASKS: Role.OP,
            Act.READ_MASKS: Role.MEMBER,
            Act.ANNOUNCE: Role.MEMBER,
            Act.READ_METADATA: None,
            Act.DESCRIBE: Role.OP,
            Act.REDACT: Role.OP,
            Act.RENAME: Role.OWNER,
            Act.OFFER: Role.MEMBER,
            Act.FETCH: Role.MEMBER,
            Act.WITHDRAW: Role.OP,
        }
        self.assertEqual({act: least_role(act, TEA) for act in Act}, wanted)

    def test_modes_ask_for_more(self) -> None:
        """What each mode changes of that."""
        for mode, wanted in (
            (Mode.SECRET, {Act.SEE: Role.MEMBER, Act.READ_METADATA: Role.MEMBER}),
            (Mode.MODERATED, {Act.SPEAK: Role.VOICE, Act.OFFER: Role.VOICE}),
            (Mode.MEMBERS_ONLY, {Act.SPEAK: Role.MEMBER}),
            (Mode.TOPIC_LOCK, {Act.SET_TOPIC: Role.OP}),
            (Mode.INVITE_ONLY, {Act.INVITE: Role.OP, Act.READ_METADATA: Role.MEMBER}),
        ):
            changed = {
                act: least_role(act, tea(mode))
                for act in Act
                if least_role(act, tea(mode)) != least_role(act, TEA)
            }
            self.assertEqual(changed, wanted)

    def test_higher_roles_may_what_lower_may(self) -> None:
        """Whatever a role may, a higher one may too; a voice is no op."""
        roles = (None, Role.MEMBER, Role.VOICE, Role.OP, Role.ADMIN, Role.OWNER)
        for act in Act:
            allowed = [may(act, tea(*Mode), role) for role in roles]
            self.assertEqual(allowed, sorted(allowed), act)
        self.assertFalse(may(Act.REMOVE, TEA, Role.VOICE))
        self.assertTrue(may(Act.REMOVE, TEA, Role.OP | Role.VOICE))

    def test_overruling(self) -> None:
        """Whoever may put any room right does so, but neither reads, speaks nor invites."""
        not_theirs = {Act.READ, Act.SPEAK, Act.INVITE, Act.ANNOUNCE, Act.OFFER, Act.FETCH}
        self.assertEqual(OVERRULES, set(Act) - not_theirs)
        for act in Act:
            self.assertEqual(may(act, tea(*Mode), None, True), act in OVERRULES)
            self.assertFalse(may(act, tea(*Mode), None, False))


class CheckTests(SynchronousTestCase):
    def test_refusals(self) -> None:
        """The refusal says what is wanting."""
        self.assertRaises(NotInRoom, check, Act.READ, TEA, None)
        self.assertRaises(NotAllowed, check, Act.REMOVE, TEA, Role.VOICE)
        self.assertRaises(CannotSpeak, check, Act.SPEAK, tea(Mode.MODERATED), Role.MEMBER)
        with self.assertRaises(CannotSpeak) as caught:
            check(Act.SPEAK, tea(Mode.MEMBERS_ONLY), None)
        self.assertEqual(str(caught.exception), "You may not speak in #tea: you are not in it.")
        check(Act.REMOVE, TEA, Role.OP)

    def test_registered(self) -> None:
        """Guests are refused where only people with accounts may be."""
        guest, ada = Person("eve"), Person("ada", account="ada", key=1)
        self.assertRaises(RegisteredOnly, check_registered, tea(Mode.REGISTERED_ONLY), guest)
        check_registered(tea(Mode.REGISTERED_ONLY), ada)
        check_registered(TEA, guest)

    def test_over(self) -> None:
        """Nobody acts on whoever is above them, but on their equals; a moderator on all."""
        ladder = (Role.MEMBER, Role.VOICE, Role.OP, Role.ADMIN, Role.OWNER)
        for own in (Role.OP, Role.ADMIN, Role.OWNER):
            for other in ladder:
                if other > own:
                    self.assertRaises(NotAllowed, check_over, Act.REMOVE, TEA, own, other)
                else:
                    check_over(Act.REMOVE, TEA, own, other)
        check_over(Act.REMOVE, TEA, None, Role.OWNER, True)
        self.assertRaises(NotAllowed, check_over, Act.REMOVE, TEA, Role.OP, Role.OWNER | Role.OP)

    def test_grant(self) -> None:
        """Ops and admins make voices and ops; owners make all; nobody below makes any."""
        makes = {
            Role.VOICE: (),
            Role.OP: (Role.VOICE, Role.OP),
            Role.ADMIN: (Role.VOICE, Role.OP),
            Role.OWNER: (Role.VOICE, Role.OP, Role.ADMIN, Role.OWNER),
        }
        for own, allowed in makes.items():
            for role in (Role.VOICE, Role.OP, Role.ADMIN, Role.OWNER):
                if role in allowed:
                    check_grant(TEA, own, role, Role.MEMBER)
                else:
                    self.assertRaises(NotAllowed, check_grant, TEA, own, role, Role.MEMBER)
        self.assertRaises(NotInRoom, check_grant, TEA, None, Role.VOICE, Role.MEMBER)
        check_grant(TEA, None, Role.OWNER, Role.OWNER, True)
