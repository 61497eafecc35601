"""Fan-out: who hears what, in which order, and what is handed on together."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.events import Announced, Batch
from tests.house import FakeSession, House


class Listener(FakeSession):
    """A session that remembers what came together."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.batches: list[Batch] = []

    def deliver(self, batch: Batch) -> None:
        super().deliver(batch)
        self.batches.append(batch)


class Broken(FakeSession):
    """A session with a bug."""

    def deliver(self, batch: Batch) -> None:
        raise ZeroDivisionError


class DeliveryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.session("ada", account=True)
        self.bob = self.house.session("bob", account=True)
        self.eve = self.house.session("eve")
        for room in ("#tea", "#milk"):
            for session in (self.ada, self.bob):
                self.house.ask(session, "JOIN", room)
        self.ada.hears(), self.bob.hears()

    def at_once(self, *work: Any) -> None:
        """Let several things be asked for in one turn of the reactor."""
        asked = [ensureDeferred(one) for one in work]
        self.house.settle()
        for one in asked:
            self.successResultOf(one)

    def post(self, by: FakeSession, to: str, text: str) -> Any:
        return self.house.core.messages.post(by, to, text)

    def listener(self, name: str) -> Listener:
        person = self.house.core.sessions.find(name).person
        listener = Listener(person, self.bob.rank, "listening")
        self.house.core.sessions.enter(listener)
        return listener

    def test_one_batch_for_a_room(self) -> None:
        """What one turn brings for a room reaches each session there as one and the same batch."""
        listener, other = self.listener("bob"), self.listener("ada")
        self.at_once(*(self.post(self.ada, "#tea", text) for text in "abc"))
        (batch,) = listener.batches
        self.assertEqual([str(e) for e in batch.events], ["ada: a", "ada: b", "ada: c"])
        self.assertIs(other.batches[0], batch)

    def test_one_batch_for_each_room(self) -> None:
        """Of several rooms each has its batch, in which the order is kept."""
        listener = self.listener("bob")
        self.at_once(
            self.post(self.ada, "#tea", "1"),
            self.post(self.ada, "#milk", "2"),
            self.post(self.ada, "#tea", "3"),
        )
        said = [[str(e) for e in b.events] for b in listener.batches]
        self.assertEqual(said, [["ada: 1", "ada: 3"], ["ada: 2"]])

    def test_comers_and_goers(self) -> None:
        """Who comes hears from then on, who goes hears up to then, also within one turn."""
        members = self.house.core.members
        self.at_once(
            self.post(self.ada, "#tea", "before"),
            members.join(self.eve, "#tea"),
            self.post(self.ada, "#tea", "after"),
        )
        self.assertEqual(self.eve.hears(), ["eve joined #tea.", "ada: after"])
        self.at_once(
            self.post(self.ada, "#tea", "before"),
            members.leave(self.eve, "#tea"),
            self.post(self.ada, "#tea", "after"),
        )
        self.assertEqual(self.eve.hears(), ["ada: before", "eve left #tea."])

    def test_comers_at_once(self) -> None:
        """Of those who come at once, who was there hears together; each of them of those after."""
        listener, members = self.listener("bob"), self.house.core.members
        cy, dan = self.house.session("cy"), self.house.session("dan")
        self.at_once(*(members.join(one, "#tea") for one in (self.eve, cy, dan)))
        came = ["eve joined #tea.", "cy joined #tea.", "dan joined #tea."]
        self.assertEqual([[str(e) for e in batch.events] for batch in listener.batches], [came])
        self.assertEqual(self.eve.hears(), came)
        self.assertEqual(cy.hears(), came[1:])
        self.assertEqual(dan.hears(), came[2:])

    def test_gone_before_it_was_told(self) -> None:
        """Nobody sees somebody come who has gone again meanwhile."""
        joining = ensureDeferred(self.house.core.members.join(self.eve, "#tea"))
        self.house.core.sessions.leave(self.eve, "")
        self.house.settle()
        self.successResultOf(joining)
        self.assertEqual(self.ada.hears(), [])

    def test_sessions_come_and_go(self) -> None:
        """What is said is heard by the sessions that are there just then, and by no others."""
        self.house.ask(self.ada, "PRIVMSG", "#tea", "a")
        phone = self.listener("bob")
        self.house.ask(self.ada, "PRIVMSG", "#tea", "b")
        self.assertEqual(phone.hears(), ["ada: b"])
        self.house.core.sessions.leave(phone, "")
        self.house.ask(self.ada, "PRIVMSG", "#tea", "c")
        self.assertEqual(phone.hears(), [])
        self.assertEqual(self.bob.hears(), ["ada: a", "ada: b", "ada: c"])

    def test_quit_is_heard_once(self) -> None:
        """Who shares two rooms with somebody hears once that they go; others do not."""
        self.house.core.sessions.leave(self.ada, "tired")
        self.house.settle()
        self.assertEqual(self.bob.hears(), ["ada went off line (tired)."])
        self.assertEqual((self.ada.hears(), self.eve.hears()), ([], []))

    def test_announcement(self) -> None:
        """An announcement is heard by everybody who is on line."""
        told = Announced(by=self.ada.person, at=0, text="Tea time")
        self.house.now(self.house.core.log.tell(told))
        for session in (self.ada, self.bob, self.eve):
            self.assertEqual(session.hears(), ["ada announces: Tea time"])

    def test_broken_session(self) -> None:
        """A session that cannot show something is let go, and all others hear."""
        broken = Broken(self.ada.person, self.bob.rank, "broken")
        self.house.core.sessions.enter(broken)
        self.at_once(self.post(self.eve, "ada", "one"), self.post(self.ada, "#tea", "two"))
        self.assertEqual(["one", "two"], [e.text for e in self.ada.heard if hasattr(e, "text")])
        self.assertEqual(["two"], [e.text for e in self.bob.heard if hasattr(e, "text")])
        self.assertIsNotNone(broken.closed)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
