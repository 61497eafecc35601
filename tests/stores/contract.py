"""What every store must do, run against each of them.

A test case mixes `StoreContract` in and says in `make_store` which store it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from msgspec import structs
from zope.interface.verify import verifyObject

from chatd.errors import AccountExists, NameTaken, NoSuchRoom
from chatd.events import (
    Cause,
    Entry,
    Joined,
    Kept,
    Left,
    Renamed,
    TopicChanged,
)
from chatd.interfaces import IStore
from chatd.model import (
    Account,
    Drop,
    Invitation,
    Listing,
    Mask,
    Member,
    Mode,
    Offer,
    Put,
    Rank,
    Role,
    Room,
    Stage,
    Subject,
    Topic,
)
from chatd.names import direct_name, skeleton
from tests.stores.examples import ADA, HUGE, as_read, deferred, examples, said, taken_back
from tests.stores.operators import OperatorsContract


class StoreContract(OperatorsContract):
    """The tests; for a TestCase to mix in."""

    async def make_store(self) -> IStore:
        """A new and empty store that is open, and is closed when the test ends."""
        raise NotImplementedError

    async def setUp(self) -> None:
        self.store = await self.make_store()
        self.ada = await self.store.add_account("Ada", Rank.ADMIN, 5, {"password": "hash"})
        self.eve = await self.store.add_account("Eve", Rank.USER, 6, {})
        members = [(self.ada.key, Role.OWNER), (self.eve.key, Role.MEMBER)]
        self.room = await self.store.add_room(Room(0, "#Tea", True, 7), members)

    async def say(self, room: Room, *texts: str, at: int = 1000) -> Sequence[int]:
        return await self.store.append([Kept(said(room, text, at)) for text in texts])

    async def direct(self, *names: str, members: Sequence[Account] = ()) -> Room:
        room = Room(0, direct_name(*names), True, 8, direct=True)
        return await self.store.add_room(room, [(a.key, Role.MEMBER) for a in members])

    def test_interface(self) -> None:
        """It does all that IStore asks for."""
        verifyObject(IStore, self.store)

    # -- accounts

    async def test_find_account(self) -> None:
        """An account is found by its key, and by its name in any spelling."""
        self.assertEqual(self.ada, Account(self.ada.key, "Ada", Rank.ADMIN, 5))
        self.assertEqual(await self.store.find_account("aDA"), self.ada)
        self.assertEqual(await self.store.account(self.ada.key), self.ada)
        self.assertIsNone(await self.store.find_account("bob"))
        self.assertIsNone(await self.store.account(HUGE))

    async def test_find_alike(self) -> None:
        """An account is found by a name that looks like its own."""
        bill = await self.store.add_account("bill", Rank.USER, 5, {})
        self.assertEqual(await self.store.find_alike(skeleton("B1ll")), bill)
        self.assertIsNone(await self.store.find_alike(skeleton("bull")))

    async def test_same_name_refused(self) -> None:
        """There are no two accounts whose names are the same, or look the same."""
        await self.store.add_account("bill", Rank.USER, 5, {})
        for name in ("ADA", "b1ll"):
            adding = self.store.add_account(name, Rank.USER, 9, {"password": "other"})
            await self.assertFailure(deferred(adding), AccountExists)
        self.assertEqual(len(await self.store.accounts()), 3)

    async def test_accounts_by_name(self) -> None:
        """All accounts are listed by name, whatever their spelling."""
        await self.store.add_account("bob", Rank.USER, 5, {})
        names = [a.name for a in await self.store.accounts()]
        self.assertEqual(names, ["Ada", "bob", "Eve"])

    async def test_change_account(self) -> None:
        """An account's rank, spelling and suspension can be changed."""
        changed = replace(self.eve, name="EVE", rank=Rank.MODERATOR, suspended=True)
        await self.store.change_account(changed)
        self.assertEqual(await self.store.find_account("eve"), changed)

    async def test_until_when_one_was_here(self) -> None:
        """It is kept until when somebody of an account was here; nothing of one who never was."""
        self.assertEqual(await self.store.seen(self.ada.key), 0)
        await self.store.see({self.ada.key: 5, self.eve.key: 7})
        await self.store.see({self.ada.key: 6})
        seen = [await self.store.seen(account.key) for account in (self.ada, self.eve)]
        self.assertEqual(seen, [6, 7])
        self.assertEqual(await self.store.seen(10**9), 0)

    async def test_secrets_beside_each_other(self) -> None:
        """An account has several secrets of a kind, each once, apart from other kinds'."""
        for secret in ("bb", "aa", "aa"):
            await self.store.keep_secret(self.ada.key, "certificate", secret, None)
        self.assertEqual(await self.store.secrets(self.ada.key, "certificate"), ["aa", "bb"])
        self.assertEqual(await self.store.secrets(self.ada.key, "password"), ["hash"])
        self.assertEqual(await self.store.secrets(self.eve.key, "password"), [])

    async def test_secret_instead_of_another(self) -> None:
        """A secret takes the place of the old one."""
        await self.store.keep_secret(self.ada.key, "password", "newer", "hash")
        self.assertEqual(await self.store.secrets(self.ada.key, "password"), ["newer"])

    async def test_secret_too_late(self) -> None:
        """A secret meant for the place of one that is gone already is not kept."""
        await self.store.keep_secret(self.ada.key, "password", "newer", "hash")
        await self.store.keep_secret(self.ada.key, "password", "again", "hash")
        self.assertEqual(await self.store.secrets(self.ada.key, "password"), ["newer"])

    async def test_owner_of(self) -> None:
        """An account is found by its secret, of that kind alone."""
        await self.store.keep_secret(self.eve.key, "certificate", "aa", None)
        self.assertEqual(await self.store.owner_of("certificate", "aa"), self.eve)
        self.assertIsNone(await self.store.owner_of("password", "aa"))

    async def test_invitation_used_up(self) -> None:
        """An invitation is good as many times as it says."""
        await self.store.add_invitation(Invitation("code", "Ada", None, 2))
        used = [await self.store.use_invitation("code", 50) for _ in range(3)]
        self.assertEqual(used, [True, True, False])
        self.assertFalse(await self.store.use_invitation("other", 50))

    async def test_invitation_expires(self) -> None:
        """An invitation is good until it expires."""
        await self.store.add_invitation(Invitation("code", "Ada", 100, 9))
        used = [await self.store.use_invitation("code", now) for now in (99, 100, 101)]
        self.assertEqual(used, [True, False, False])

    # -- rooms

    async def test_rooms(self) -> None:
        """Rooms come back as they were made, direct conversations left out."""
        full = Room(
            key=0,
            name="#Full",
            kept=False,
            created=11,
            topic=Topic("all", "Ada", 12),
            modes=frozenset({Mode.SECRET, Mode.MODERATED}),
            password="sésame",
            limit=5,
        )
        made = await self.store.add_room(full, [])
        await self.direct("ada", "eve")
        self.assertEqual(made, replace(full, key=made.key))
        self.assertEqual(await self.store.rooms(), [self.room, made])

    async def test_same_room_refused(self) -> None:
        """There are no two rooms whose names are the same."""
        adding = self.store.add_room(Room(0, "#TEA", True, 9), [(self.eve.key, Role.OWNER)])
        await self.assertFailure(deferred(adding), NameTaken)
        self.assertEqual(await self.store.rooms(), [self.room])

    async def test_direct(self) -> None:
        """A direct conversation is found by its name; a room never is."""
        room = await self.direct("Eve", "Ada", members=(self.ada, self.eve))
        self.assertEqual(await self.store.find_direct(direct_name("ada", "eve")), room)
        self.assertIsNone(await self.store.find_direct("#tea"))
        self.assertIsNone(await self.store.find_direct(direct_name("ada", "bob")))

    async def test_members(self) -> None:
        """Members are found by room, by account, and by both."""
        await self.direct("Eve", "Ada", members=(self.ada, self.eve))
        ada = Member(self.room.key, self.ada.key, Role.OWNER)
        eve = Member(self.room.key, self.eve.key, Role.MEMBER)
        self.assertEqual(await self.store.members(self.room.key), [ada, eve])
        self.assertEqual(await self.store.rooms_of(self.eve.key), [eve])
        self.assertEqual(await self.store.member(self.room.key, self.ada.key), ada)
        self.assertIsNone(await self.store.member(self.room.key, HUGE))

    async def test_drop_room(self) -> None:
        """With a room goes all that is kept about it, and its key is never given again."""
        await self.say(self.room, "one")
        await self.store.mark(self.ada.key, self.room.key, 500)
        await self.store.drop_room(self.room.key)
        again = await self.store.add_room(replace(self.room, key=0), [])
        self.assertGreater(again.key, self.room.key)
        for room in (self.room, again):
            self.assertEqual(await self.store.page(room, None, None, 9, True), [])
            self.assertEqual(await self.store.members(room.key), [])
            self.assertEqual(await self.store.last(room.key), 0)
        self.assertEqual(await self.store.marks(self.ada.key), {})

    async def test_drop_passing_rooms(self) -> None:
        """Rooms that are not kept can be dropped at once, with their logs; the others stay."""
        passing = await self.store.add_room(Room(0, "#brief", False, 9), [])
        await self.say(passing, "one")
        await self.store.drop_passing_rooms()
        self.assertEqual(await self.store.rooms(), [self.room])
        self.assertIsNone(await self.store.find(passing, 1))

    # -- changes beside the log

    async def test_put_room(self) -> None:
        """A room changes together with the entry that says so."""
        changed = replace(
            self.room,
            topic=Topic("oolong", "Ada", 9),
            modes=frozenset({Mode.TOPIC_LOCK}),
            password="x",
            limit=3,
        )
        entry = TopicChanged(by=ADA, at=9, room=self.room, text="oolong")
        await self.store.append([Kept(entry, (Put(changed),))])
        self.assertEqual(await self.store.rooms(), [changed])
        await self.store.append([Kept(entry, (Put(self.room),))])
        self.assertEqual(await self.store.rooms(), [self.room])

    async def test_put_and_drop_member(self) -> None:
        """Members come, change their role and go with entries."""
        bob = await self.store.add_account("bob", Rank.USER, 5, {})
        entry = Joined(by=ADA, at=9, room=self.room)
        for role in (Role.MEMBER, Role.OP | Role.VOICE):
            member = Member(self.room.key, bob.key, role)
            await self.store.append([Kept(entry, (Put(member),))])
            self.assertEqual(await self.store.member(self.room.key, bob.key), member)
        await self.store.append([Kept(entry, (Drop(member),))])
        self.assertIsNone(await self.store.member(self.room.key, bob.key))

    async def test_put_and_drop_mask(self) -> None:
        """Masks are kept oldest first, each once in whatever spelling, and dropped again."""
        entry = Left(by=ADA, at=9, room=self.room)
        old = Mask(self.room.key, Listing.BAN, "*!*@Old", "Ada", 20)
        new = Mask(self.room.key, Listing.EXCEPT, "new!*@*", "Ada", 30, expires=99)
        again = replace(old, pattern="*!*@OLD", by="Eve", at=40, expires=77)
        await self.store.append([Kept(entry, (Put(new), Put(old)))])
        self.assertEqual(await self.store.masks(self.room.key), [old, new])
        await self.store.append([Kept(entry, (Put(again),))])
        self.assertEqual(await self.store.masks(self.room.key), [new, again])
        await self.store.append([Kept(entry, (Drop(old),))])
        self.assertEqual(await self.store.masks(self.room.key), [new])

    async def test_offers(self) -> None:
        """An offer is kept, changed and dropped with its entries, and goes with its room."""
        entry = Left(by=ADA, at=9, room=self.room)
        ada, direct = self.ada.key, await self.direct("ada", "eve", members=(self.ada, self.eve))
        first = Offer("f1", self.room.key, ada, "Ada", "#tea", None, "ü.mp4", 10**12, "a/b", "", 20)
        second = replace(first, id="f2", room=direct.key, receiver=self.eve.key, expires=10)
        await self.store.append([Kept(entry, (Put(first), Put(second)))])
        self.assertEqual(sorted(await self.store.offers(), key=lambda o: o.id), [first, second])
        accepted = replace(second, stage=Stage.ACCEPTED)
        await self.store.append([Kept(entry, (Put(accepted), Drop(first)))])
        self.assertEqual(await self.store.offers(), [accepted])
        await self.store.drop_room(direct.key)
        self.assertEqual(await self.store.offers(), [])

    # -- logs

    def test_every_kind_has_an_example(self) -> None:
        """A new kind of entry is not forgotten here."""
        kinds = {kind.__name__ for kind in Entry.__subclasses__()}
        self.assertEqual({type(e).__name__ for e in examples(self.room)}, kinds)

    async def test_entries_come_back(self) -> None:
        """Every kind of entry comes back as it was kept, in the room as it is now."""
        entries = [structs.replace(e, cause=Cause("session")) for e in examples(self.room)]
        numbers = await self.store.append([Kept(e) for e in entries])
        expected = [as_read(e, n) for e, n in zip(entries, numbers, strict=True)]
        self.assertEqual(await self.store.page(self.room, None, None, 99, True), expected)
        found = [await self.store.find(self.room, n) for n in numbers]
        self.assertEqual(found, expected)
        later = replace(self.room, topic=Topic("later", "Eve", 99))
        self.assertEqual((await self.store.find(later, 4)).room, later)

    async def test_to_in_direct(self) -> None:
        """To whom a direct message went is kept exactly."""
        room = await self.direct("ada", "eve", members=(self.ada, self.eve))
        await self.store.append([Kept(said(room, to=to)) for to in ("Eve", "eVE", "ada eve")])
        page = await self.store.page(room, None, None, 9, False)
        self.assertEqual([e.to for e in page], ["Eve", "eVE", "ada eve"])

    async def test_numbers(self) -> None:
        """Each room counts from one on without gaps, in the order given."""
        other = await self.store.add_room(Room(0, "#other", False, 9), [])
        rooms = [self.room, other, other, self.room, other]
        numbers = await self.store.append([Kept(said(room)) for room in rooms])
        self.assertEqual(numbers, [1, 1, 2, 2, 3])
        self.assertEqual(await self.say(self.room, "x", "y"), [3, 4])
        self.assertEqual(await self.store.last(self.room.key), 4)
        self.assertEqual(await self.store.last(HUGE), 0)

    async def test_all_or_none(self) -> None:
        """If one entry of a batch cannot be kept, because its room is gone, none is."""
        gone = await self.store.add_room(Room(0, "#gone", True, 9), [])
        await self.store.drop_room(gone.key)
        put = Put(replace(self.room, limit=3))
        batch = [Kept(said(self.room), (put,)), Kept(said(gone)), Kept(said(self.room))]
        await self.assertFailure(deferred(self.store.append(batch)), NoSuchRoom)
        self.assertEqual(await self.store.page(self.room, None, None, 9, True), [])
        self.assertEqual(await self.store.rooms(), [self.room])
        self.assertEqual(await self.say(self.room, "next"), [1])

    async def test_numbers_among_failures(self) -> None:
        """Numbers stay dense when batches over many rooms succeed and fail in turn."""
        chance = Random(7)
        rooms = [await self.store.add_room(Room(0, f"#{n}", True, 9), []) for n in range(7)]
        gone = await self.store.add_room(Room(0, "#gone", True, 9), [])
        await self.store.drop_room(gone.key)
        kept = {room.key: 0 for room in rooms}
        for _ in range(60):
            batch = chance.choices(rooms, k=chance.randint(1, 20))
            if chance.random() < 0.3:
                failing = self.store.append([Kept(said(r)) for r in [*batch, gone]])
                await self.assertFailure(deferred(failing), NoSuchRoom)
                continue
            numbers = await self.store.append([Kept(said(r)) for r in batch])
            for room, number in zip(batch, numbers, strict=True):
                kept[room.key] += 1
                self.assertEqual(number, kept[room.key])
        for room in rooms:
            page = await self.store.page(room, None, None, 9999, False)
            self.assertEqual([e.number for e in page], list(range(1, kept[room.key] + 1)))

    async def test_page(self) -> None:
        """A page lies strictly between two numbers, oldest first, from either end."""
        await self.say(self.room, *(str(n) for n in range(1, 11)))
        for after, before, limit, newest, expected in [
            (None, None, 3, True, [8, 9, 10]),
            (None, None, 3, False, [1, 2, 3]),
            (4, None, 3, False, [5, 6, 7]),
            (None, 5, 3, True, [2, 3, 4]),
            (2, 6, 99, True, [3, 4, 5]),
            (2, 6, 2, True, [4, 5]),
            (2, 6, 2, False, [3, 4]),
            (None, 1, 9, True, []),
            (None, 0, 9, False, []),
            (10, None, 9, False, []),
            (5, 5, 9, True, []),
            (None, None, 0, True, []),
            (HUGE, None, 9, True, []),
            (None, HUGE, 2, True, [9, 10]),
        ]:
            page = await self.store.page(self.room, after, before, limit, newest)
            self.assertEqual([e.number for e in page], expected, (after, before, limit, newest))
            self.assertEqual([e.text for e in page], [str(n) for n in expected])

    async def test_find_nothing(self) -> None:
        """No entry has a number that was not given."""
        await self.say(self.room, "one")
        for number in (-1, 0, 2, HUGE):
            self.assertIsNone(await self.store.find(self.room, number))

    async def test_number_at(self) -> None:
        """A time is turned into the number of the last entry before it."""
        for at in (10, 20, 20, 30):
            await self.say(self.room, "x", at=at)
        times = (0, 10, 11, 20, 21, 30, 31, HUGE)
        found = [await self.store.number_at(self.room.key, t) for t in times]
        self.assertEqual(found, [0, 0, 1, 1, 3, 3, 4, 4])

    async def test_erase(self) -> None:
        """An erased message keeps its number and whom it was for, and has no text and no tags."""
        message = said(self.room, "secret", to="@#tea", tags={"a": "b"}, least=Role.OP)
        await self.store.append([Kept(message), Kept(said(self.room, "plain"))])
        await self.store.append([taken_back(self.room, number) for number in (1, 2, 9)])
        first, second, *_ = await self.store.page(self.room, None, None, 9, True)
        self.assertEqual(first, structs.replace(as_read(message, 1), text="", tags={}, erased=True))
        self.assertEqual((second.text, second.erased, second.to), ("", True, "#Tea"))
        self.assertEqual(await self.say(self.room, "next"), [6])

    async def test_metadata(self) -> None:
        """Keys and values of accounts and of rooms are kept apart, changed and dropped."""
        account = await self.store.add_account("Meta", Rank.USER, 1, {})
        for subject, key in ((Subject.ACCOUNT, account.key), (Subject.ROOM, self.room.key)):
            self.assertEqual(await self.store.metadata(subject, key), {})
            for name, value in (("url", "x"), ("a/b", ""), ("url", "y 🫖"), ("gone", "z")):
                await self.store.keep_metadata(subject, key, name, value)
            await self.store.keep_metadata(subject, key, "gone", None)
            await self.store.keep_metadata(subject, key, "never", None)
            self.assertEqual(await self.store.metadata(subject, key), {"url": "y 🫖", "a/b": ""})
        await self.store.keep_metadata(Subject.ROOM, self.room.key, "url", None)
        self.assertEqual(
            await self.store.metadata(Subject.ACCOUNT, account.key), {"url": "y 🫖", "a/b": ""}
        )

    async def test_metadata_of_what_is_gone(self) -> None:
        """Nothing is kept of a room or an account that is not there, nor of one that goes."""
        await self.store.keep_metadata(Subject.ROOM, self.room.key, "url", "x")
        await self.store.drop_room(self.room.key)
        await self.store.keep_metadata(Subject.ROOM, self.room.key, "late", "x")
        await self.store.keep_metadata(Subject.ACCOUNT, 10**9, "url", "x")
        self.assertEqual(await self.store.metadata(Subject.ROOM, self.room.key), {})
        self.assertEqual(await self.store.metadata(Subject.ACCOUNT, 10**9), {})

    async def test_drop_secrets(self) -> None:
        """All secrets of one kind can be forgotten; the others stay."""
        secrets = {"password": "p", "scram": "s"}
        account = await self.store.add_account("Two", Rank.USER, 1, secrets)
        await self.store.keep_secret(account.key, "scram", "t", None)
        await self.store.drop_secrets(account.key, "scram")
        await self.store.drop_secrets(10**9, "scram")
        self.assertEqual(await self.store.secrets(account.key, "scram"), [])
        self.assertEqual(await self.store.secrets(account.key, "password"), ["p"])

    async def test_renamed(self) -> None:
        """A room that has another name is found under it, log and all, and the old one is free."""
        await self.say(self.room, "one")
        renamed = Renamed(by=ADA, at=9, room=self.room, before="#Tea", now="#Chai")
        chai = replace(self.room, name="#Chai")
        await self.store.append([Kept(renamed, (Put(chai),))])
        self.assertEqual(await self.store.rooms(), [chai])
        self.assertEqual(await self.store.last(chai.key), 2)
        await self.store.add_room(Room(0, "#tea", True, 9), [])

    async def test_erase_only_messages(self) -> None:
        """What happened in a room cannot be erased; only what was said."""
        topic = TopicChanged(by=ADA, at=9, room=self.room, text="oolong")
        await self.store.append([Kept(topic)])
        await self.store.append([taken_back(self.room, 1)])
        self.assertEqual(await self.store.find(self.room, 1), as_read(topic, 1))

    # -- reading

    async def test_marks(self) -> None:
        """How far one has read never goes back, and is apart for each account and room."""
        key, other = self.room.key, await self.store.add_room(Room(0, "#o", True, 9), [])
        marked = [await self.store.mark(self.ada.key, key, t) for t in (50, 70, 60)]
        self.assertEqual(marked, [50, 70, 70])
        await self.store.mark(self.ada.key, other.key, 10)
        await self.store.mark(self.eve.key, key, 20)
        self.assertEqual(await self.store.marks(self.ada.key), {key: 70, other.key: 10})
        self.assertEqual(await self.store.marks(self.eve.key), {key: 20})

    async def test_mark_in_a_room_that_is_gone(self) -> None:
        """A mark in a room that is gone is not kept."""
        self.assertEqual(await self.store.mark(self.ada.key, HUGE, 50), 50)
        self.assertEqual(await self.store.marks(self.ada.key), {})

    async def test_conversations(self) -> None:
        """One's conversations are listed by when something was last said, the earliest first."""
        direct = await self.direct("ada", "eve", members=(self.ada, self.eve))
        others = await self.store.add_room(Room(0, "#others", True, 9), [])
        await self.say(direct, "x", at=10)
        await self.say(self.room, "x", at=20)
        await self.say(others, "x", at=25)
        await self.store.append([Kept(Left(by=ADA, at=90, room=self.room))])
        found = await self.store.conversations(self.ada.key, 0, 99, 9)
        self.assertEqual([c.room for c in found], [direct, self.room])
        self.assertEqual([(c.other, c.latest) for c in found], [("Eve", 10), ("#Tea", 20)])
        (eves,) = await self.store.conversations(self.eve.key, 0, 20, HUGE)
        self.assertEqual((eves.other, eves.latest), ("Ada", 10))

    async def test_conversations_between(self) -> None:
        """Both times are left out, and no more are listed than asked for."""
        for name, at in (("#a", 10), ("#b", 20), ("#c", 30)):
            room = Room(0, name, True, 9)
            room = await self.store.add_room(room, [(self.ada.key, Role.MEMBER)])
            await self.say(room, "x", at=at)
        for after, before, limit, expected in [
            (0, 99, 9, ["#a", "#b", "#c"]),
            (10, 30, 9, ["#b"]),
            (0, 99, 2, ["#a", "#b"]),
        ]:
            found = await self.store.conversations(self.ada.key, after, before, limit)
            self.assertEqual([c.other for c in found], expected)

    async def test_conversations_without_another_account(self) -> None:
        """A conversation with a guest, or with oneself, is listed by name too."""
        for at, names in ((10, ("guest7", "Ada")), (20, ("Ada", "Ada"))):
            await self.say(await self.direct(*names, members=(self.ada,)), "x", at=at)
        found = await self.store.conversations(self.ada.key, 0, 99, 9)
        self.assertEqual([c.other for c in found], ["guest7", "ada"])
