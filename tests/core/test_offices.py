"""What an office lets somebody do in rooms: as the ini says, and on record before it is done."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.permissions import check_ask, may_ask
from chatd.core.settings import Operators
from chatd.errors import AccountRequired, NoPrivilege, NotKept, NotOperator
from chatd.events import Posted
from chatd.model import Privilege, Rank, Sealed
from chatd.stores.memory import MemoryStore
from tests.house import House


class Deaf(MemoryStore):
    """A store that keeps no records while it is `full`."""

    full = False

    async def record(self, follow: Any) -> Sealed:
        if self.full:
            raise NotKept("the disk is full.")
        return await super().record(follow)


ACTS: list[tuple[tuple[str, ...], str, str, str]] = [
    (("TOPIC", "#tea", "news"), "room topic", "#tea", ""),
    (("KICK", "#tea", "bob", "noise"), "room remove", "#tea", "bob: noise"),
    (("SET", "#tea", "moderated"), "room change", "#tea", "judge set moderated on #tea."),
    (("SET", "#tea", "password", "milk"), "room change", "#tea", "judge set password on #tea."),
    (("GRANT", "#tea", "bob", "op"), "room change", "#tea", "judge made bob op of #tea."),
    (
        ("BAN", "#tea", "bob"),
        "room change",
        "#tea",
        "judge put bob!*@* on the ban list of #tea.",
    ),
    (("RENAME", "#tea", "#chai"), "room rename", "#tea", "to #chai"),
    (("REDACT", "#tea", "MSGID"), "room redact", "#tea", "MSGID"),
]


class OfficesTests(SynchronousTestCase):
    """ada's room #tea, with bob in it; judge is a moderator."""

    def setUp(self) -> None:
        self.house = House(Deaf())
        self.ada = self.house.session("ada", account=True)
        self.bob = self.house.session("bob", account=True)
        self.judge = self.house.session("judge", account=True, rank=Rank.MODERATOR)
        for session in (self.ada, self.bob):
            self.house.ask(session, "JOIN", "#tea")
        self.house.ask(self.ada, "PRIVMSG", "#tea", "what was")
        (posted,) = (event for event in self.bob.heard if isinstance(event, Posted))
        self.id = posted.id

    def does(self, session: Any, *params: str) -> list[str]:
        """Ask for something about the message or the room."""
        return self.house.says(session, *(p.replace("MSGID", self.id) for p in params))

    def on_record(self) -> list[tuple[str, ...]]:
        """What is in the audit log."""
        records = self.house.now(self.house.store.records(0, 99))
        return [(r.deed.by, r.deed.act, r.deed.target, r.deed.note) for r in records]

    def test_overruling_is_on_record(self) -> None:
        """What only their office lets a moderator do in a room is on record: once, and whole."""
        for params, act, target, note in ACTS:
            self.setUp()
            self.does(self.judge, *params)
            wanted = [("judge", act, target, note.replace("MSGID", self.id))]
            self.assertEqual(self.on_record(), wanted, params)

    def test_first_on_record(self) -> None:
        """If it cannot be put on record, nothing is done."""
        for params, *_ in ACTS:
            self.setUp()
            self.house.store.full = True
            self.bob.heard.clear()
            said = self.does(self.judge, *params)
            self.assertIn("the disk is full", " ".join(said))
            self.assertEqual(self.bob.heard, [], params)

    def test_a_role_is_nobodys_business(self) -> None:
        """What a moderator may do by their role in the room is not on record."""
        for params, *_ in ACTS:
            self.setUp()
            self.house.ask(self.judge, "JOIN", "#tea")
            self.house.ask(self.ada, "GRANT", "#tea", "judge", "owner")
            self.does(self.judge, *params)
            self.assertEqual(self.on_record(), [], params)

    def test_nothing_done_nothing_on_record(self) -> None:
        """What is refused, or is so already, leaves no trace."""
        self.does(self.judge, "UNSET", "#tea", "moderated")
        self.does(self.judge, "RENAME", "#tea", "#tea")
        self.does(self.judge, "KICK", "#tea", "eve")
        self.does(self.bob, "TOPIC", "#tea", "news")
        self.does(self.judge, "PRIVMSG", "#tea", "hello")
        self.assertEqual(self.on_record(), [])

    def test_coming_in(self) -> None:
        """Coming into a room that is closed to others is on record; into an open one it is not."""
        self.does(self.judge, "JOIN", "#tea")
        self.assertEqual(self.on_record(), [])
        self.does(self.judge, "PART", "#tea")
        self.does(self.ada, "SET", "#tea", "invite-only")
        self.does(self.judge, "JOIN", "#tea")
        self.assertEqual(self.on_record(), [("judge", "room join", "#tea", "")])

    def test_rooms_are_not_their_business(self) -> None:
        """Where the ini does not let moderators put rooms right, they are as others there."""
        self.house.settings.operators = Operators(moderators=(Privilege.KILL,))
        for params, *_ in ACTS:
            self.bob.heard.clear()
            self.assertNotEqual(self.does(self.judge, *params), [])
            self.assertEqual(self.bob.heard, [], params)
        self.assertEqual(self.on_record(), [])


class AskTests(SynchronousTestCase):
    def test_verdicts(self) -> None:
        """A rank and, where one is needed, a privilege; the refusal says which is wanting."""
        kill = (Rank.MODERATOR, Privilege.KILL)
        for rank, least, needed, granted, refusal in (
            (Rank.GUEST, Rank.GUEST, None, (), None),
            (Rank.GUEST, Rank.USER, None, (), AccountRequired),
            (Rank.GUEST, *kill, (), NotOperator),
            (Rank.USER, *kill, (Privilege.KILL,), NotOperator),
            (Rank.MODERATOR, *kill, (Privilege.KILL,), None),
            (Rank.MODERATOR, *kill, (Privilege.DIE,), NoPrivilege),
            (Rank.ADMIN, *kill, (), NoPrivilege),
        ):
            self.assertIs(may_ask(rank, least, needed, granted), refusal is None)
            if refusal is None:
                check_ask(rank, least, needed, granted)
            else:
                with self.assertRaises(refusal) as caught:
                    check_ask(rank, least, needed, granted)
                self.assertIs(type(caught.exception), refusal)

    def test_defaults(self) -> None:
        """Administrators may do everything, moderators all but touch the daemon, others nothing."""
        of = Operators().of
        self.assertEqual(set(of(Rank.ADMIN)), set(Privilege))
        daemon = {Privilege.REHASH, Privilege.DIE}
        self.assertEqual(set(of(Rank.MODERATOR)), set(Privilege) - daemon)
        self.assertEqual((of(Rank.USER), of(Rank.GUEST)), ((), ()))
