"""How far each has read: kept for accounts, passing for guests, never back."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatd.core import markers
from chatd.errors import NoSuchRoom, NotInRoom, TooMany
from chatd.events import MarkerMoved
from tests.house import FakeSession, House


class MarkersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.markers = self.house.core.markers
        self.ada, self.second = (self.house.session("ada", account=True) for _ in range(2))
        self.eve = self.house.session("eve")
        for session in (self.ada, self.eve):
            self.house.ask(session, "JOIN", "#tea")
        for session in (self.ada, self.second, self.eve):
            session.hears()

    def mark(self, read: int, to: str = "#tea", session: FakeSession | None = None) -> Any:
        return self.house.now(self.markers.mark(session or self.ada, to, read))

    def marker(self, session: FakeSession, to: str = "#tea") -> Any:
        return self.house.now(self.markers.marker(session, to))

    def test_marker(self) -> None:
        """How far an account has read is told to its sessions alone."""
        self.assertIsNone(self.marker(self.ada))
        self.assertEqual(self.mark(5000), 5000)
        self.assertEqual(self.marker(self.second), 5000)
        for session in (self.ada, self.second):
            (moved,) = session.heard
            assert isinstance(moved, MarkerMoved)
            self.assertEqual((moved.to, moved.read), ("#tea", 5000))
        self.assertEqual(self.eve.hears(), [])

    def test_never_back(self) -> None:
        """A marker never goes back: an earlier time is answered with the later, and not told."""
        self.mark(5000)
        self.second.hears()
        self.assertEqual(self.mark(4999), 5000)
        self.assertEqual(self.second.hears(), [])
        self.assertEqual(self.mark(5001), 5001)
        self.assertEqual(self.marker(self.ada), 5001)

    def test_not_ahead(self) -> None:
        """What nobody has said yet nobody has read."""
        now = self.house.core.log.now()
        self.assertEqual(self.mark(now + 9999), now)

    def test_kept(self) -> None:
        """An account finds its markers again when it comes back, and when it comes into a room."""
        self.mark(5000)
        for session in (self.ada, self.second):
            self.house.core.sessions.leave(session, "bye")
        self.house.settle()
        again = self.house.session("ada", account=True)
        self.assertEqual(self.marker(again), 5000)
        self.house.ask(again, "PART", "#tea")
        self.assertIsNone(self.marker(again))
        (entered,) = self.house.ask(again, "JOIN", "#tea")
        self.assertEqual(entered.read, 5000)  # type: ignore[attr-defined]

    def test_of_a_conversation(self) -> None:
        """Conversations have markers too; each of the two has their own."""
        bob = self.house.session("bob", account=True)
        self.house.ask(self.ada, "PRIVMSG", "bob", "hello")
        self.mark(5, "bob")
        self.assertEqual((self.marker(self.ada, "BOB"), self.marker(bob, "ada")), (5, None))

    def test_guests(self) -> None:
        """A guest has markers as long as they are there."""
        self.mark(5000, session=self.eve)
        self.assertEqual(self.marker(self.eve), 5000)
        self.house.ask(self.eve, "PART", "#tea")
        (entered,) = self.house.ask(self.eve, "JOIN", "#tea")
        self.assertEqual(entered.read, 5000)  # type: ignore[attr-defined]
        self.house.core.sessions.leave(self.eve, "bye")
        self.house.settle()
        self.assertIsNone(self.marker(self.house.session("eve")))

    def test_refused(self) -> None:
        """Outsiders have no marker in a room, and nobody has without end."""
        bob = self.house.session("bob", account=True)
        self.assertRaises(NoSuchRoom, self.mark, 5, "#no")
        self.assertRaises(NotInRoom, self.mark, 5, "#tea", bob)
        self.assertEqual((self.marker(bob), self.marker(bob, "#no")), (None, None))
        self.patch(markers, "MOST", 2)
        for name in ("one", "two"):
            self.mark(5, name)
        self.assertRaises(TooMany, self.mark, 5, "three")
        self.mark(6, "two")
