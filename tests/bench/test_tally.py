"""The book of a load test: what is lost, duplicated, reordered, and how long all took."""

from __future__ import annotations

from twisted.internet.task import Clock

from chatd.bench.figures import Spread
from chatd.bench.tally import Tally

ADA, BOB, EVE = range(3)


class Book:
    """A tally with a clock, and three clients in one room."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.tally = Tally(self.clock.seconds)
        for client in (ADA, BOB, EVE):
            self.tally.join(client, "#tea")

    def hears(self, client: int, *numbers: int, sender: int = ADA) -> None:
        for number in numbers:
            self.tally.hear(client, sender, number)

    def ends(self) -> tuple[int, int, int]:
        """How many are lost, duplicated and reordered, when everything is over."""
        self.clock.advance(100)
        self.tally.give_up(10)
        assert not self.tally.waiting
        return self.tally.lost, self.tally.duplicated, self.tally.reordered


def test_everybody_has_everything() -> None:
    """What everybody has heard once and in order is neither lost nor duplicated nor reordered."""
    book = Book()
    numbers = [book.tally.send(ADA), book.tally.send(ADA)]
    for client in (ADA, BOB, EVE):
        book.hears(client, *numbers)
    assert (book.tally.posts, book.tally.due, book.tally.heard) == (2, 6, 6)
    assert book.ends() == (0, 0, 0)


def test_times() -> None:
    """The sender's echo is one time, the last of those who hear it the other."""
    book = Book()
    number = book.tally.send(ADA, late=0.25)
    book.clock.advance(1)
    book.hears(BOB, number)
    book.clock.advance(1)
    book.hears(ADA, number)
    book.clock.advance(1)
    book.hears(EVE, number)
    assert book.tally.echo.spread() == Spread(2, 2, 2)
    assert book.tally.everybody.spread() == Spread(3, 3, 3)
    assert book.tally.lateness.spread() == Spread(0.25, 0.25, 0.25)


def test_lost() -> None:
    """What one does not hear in time is lost, also when it is the last of all."""
    book = Book()
    first, second = book.tally.send(ADA), book.tally.send(ADA)
    book.hears(ADA, first, second)
    book.hears(BOB, second)
    book.hears(EVE, first)
    assert book.ends() == (2, 0, 0)
    assert (book.tally.unanswered, book.tally.everybody.spread()) == (0, None)


def test_patience() -> None:
    """A post that has time left is not lost yet; what comes too late stays lost."""
    book = Book()
    number = book.tally.send(ADA)
    book.clock.advance(9)
    book.tally.give_up(10)
    assert (book.tally.lost, book.tally.waiting, book.tally.untaken) == (0, 1, 1)
    book.clock.advance(1)
    book.tally.give_up(10)
    assert (book.tally.lost, book.tally.unanswered) == (3, 1)
    book.hears(BOB, number)
    assert book.ends() == (3, 0, 0)


def test_duplicated() -> None:
    """What one hears twice is duplicated, whether others still wait for it or not."""
    book = Book()
    number = book.tally.send(ADA)
    book.hears(BOB, number, number)
    book.hears(ADA, number)
    book.hears(EVE, number, number)
    assert book.ends() == (0, 2, 0)


def test_reordered() -> None:
    """What comes after a later one of the same sender is reordered, and not lost."""
    book = Book()
    first, second = book.tally.send(ADA), book.tally.send(ADA)
    book.hears(ADA, first, second)
    book.hears(EVE, first, second)
    book.hears(BOB, second, first)
    assert book.ends() == (0, 0, 1)


def test_two_senders_have_no_order() -> None:
    """Posts of two senders may come in any order."""
    book = Book()
    of_ada, of_bob = book.tally.send(ADA), book.tally.send(BOB)
    for client in (ADA, BOB, EVE):
        book.hears(client, of_bob, sender=BOB)
        book.hears(client, of_ada)
    assert book.ends() == (0, 0, 0)


def test_who_comes_later() -> None:
    """What was sent before one has joined is not due, and may be heard or not."""
    book = Book()
    early, other = book.tally.send(ADA), book.tally.send(ADA)
    book.tally.join(3, "#tea")
    for client in (ADA, BOB, EVE):
        book.hears(client, early, other)
    book.hears(3, other)
    assert book.ends() == (0, 0, 0)


def test_who_leaves() -> None:
    """What has not come when one asks to leave is not due any more; the others' time counts."""
    book = Book()
    number = book.tally.send(ADA)
    book.clock.advance(1)
    book.hears(ADA, number)
    book.hears(BOB, number)
    book.clock.advance(1)
    book.tally.leave(EVE)
    assert (book.tally.waiting, book.tally.due) == (0, 2)
    assert book.tally.everybody.spread() == Spread(1, 1, 1)
    book.hears(EVE, number)
    assert book.ends() == (0, 0, 0)


def test_who_is_dropped() -> None:
    """What has not come when the server hangs up is lost; what is sent later is not due."""
    book = Book()
    number = book.tally.send(ADA)
    book.tally.drop(EVE)
    later = book.tally.send(ADA)
    for client in (ADA, BOB):
        book.hears(client, number, later)
    assert (book.ends(), book.tally.disconnected) == ((1, 0, 0), 1)


def test_who_comes_again() -> None:
    """A room that one comes back to is heard anew."""
    book = Book()
    book.tally.leave(EVE)
    book.tally.leave(EVE)
    missed = book.tally.send(ADA)
    book.tally.join(EVE, "#tea")
    number = book.tally.send(ADA)
    for client in (ADA, BOB):
        book.hears(client, missed, number)
    assert book.ends() == (1, 0, 0)


def test_rooms_are_apart() -> None:
    """A post is due to those in its room alone."""
    book = Book()
    book.tally.join(3, "#milk")
    book.hears(3, book.tally.send(3), sender=3)
    assert (book.tally.due, book.ends()) == (1, (0, 0, 0))
