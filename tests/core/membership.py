"""A house with three people, for the tests of who is in a room."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits, Server
from chatd.errors import NoSuchRoom, NotKept
from chatd.model import Role
from tests.house import Disk, FakeSession, House


class SlowDisk(Disk):
    """A store that makes and drops rooms when the test says so; it drops none while `stuck`."""

    wait: Deferred[None] | None = None
    dropping: Deferred[None] | None = None
    stuck = False

    async def add_room(self, room: Any, members: Any) -> Any:
        if self.wait is not None:
            await self.wait
        return await super().add_room(room, members)

    async def drop_room(self, room: int) -> None:
        if self.dropping is not None:
            await self.dropping
        if self.stuck:
            raise NotKept("the disk is full.")
        await super().drop_room(room)


class MembersCase(SynchronousTestCase):
    limits = Limits(rooms_per_person=3, rooms_per_account=2)
    server = Server(name="house", lobby="")

    def setUp(self) -> None:
        self.store = SlowDisk()
        self.house = House(self.store, server=self.server, limits=self.limits)
        self.members = self.house.core.members
        self.now = self.house.now
        self.ada = self.house.session("ada", account=True)
        self.bob = self.house.session("bob", account=True)
        self.eve = self.house.session("eve")

    def join(self, session: FakeSession, room: str = "#tea", key: str | None = None) -> Any:
        return self.now(self.members.join(session, room, key))

    def leave(self, session: FakeSession, room: str = "#tea", reason: str = "") -> None:
        self.now(self.members.leave(session, room, reason))

    def go(self, session: FakeSession) -> None:
        """A session ends."""
        self.house.core.sessions.leave(session, "")
        self.house.settle()

    def roles(self, room: str = "#tea") -> dict[str, Role]:
        """Who is in a room right now, and as what."""
        present = self.house.core.rooms.members(self.ada, room).present
        return {one.person.name: one.role for one in present}

    def is_there(self, room: str) -> bool:
        """Whether there is such a room, also in the store."""
        try:
            found = self.house.core.rooms.find(room)
        except NoSuchRoom:
            self.assertNotIn(room, [r.name for r in self.now(self.store.rooms())])
            return False
        self.assertIn(found.key, [r.key for r in self.now(self.store.rooms())])
        return True
