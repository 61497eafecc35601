"""Tickets: each lets one connection bring or fetch the bytes of one offer, once, for a while."""

from __future__ import annotations

from collections.abc import Callable

from chatd.core.log import Log
from chatd.core.settings import Settings
from chatd.errors import NoSuchTicket, TicketExpired, TicketUsed
from chatd.model import Offer, Person, Side, Ticket

REMEMBERED = 600_000
"""For how many milliseconds after its end it is known that there was a ticket."""


class Tickets:
    """Those that were given out and are not forgotten yet."""

    def __init__(self, log: Log, settings: Settings, new_id: Callable[[], str]) -> None:
        self._log = log
        self._settings = settings
        self._new_id = new_id
        self._tickets: dict[str, Ticket] = {}
        self._used: dict[str, int] = {}

    def make(self, offer: Offer, side: Side, person: Person, plain: bool) -> Ticket:
        """One more.

        :param plain: whether its holder wants nothing but bytes.
        """
        until = self._log.now() + int(self._settings.files.ticket * 1000)
        word = self._new_id() + self._new_id()
        made = self._tickets[word] = Ticket(word, offer.id, side, person, until, plain)
        return made

    def find(self, word: str) -> Ticket | None:
        """The ticket with this word, whether or not it is still good."""
        return self._tickets.get(word)

    def redeem(self, word: str) -> Ticket:
        """The ticket with this word, which is used up by that.

        :raise NoSuchTicket, TicketUsed, TicketExpired: if it is not good.
        """
        if word in self._used:
            raise TicketUsed()
        ticket = self._tickets.get(word)
        if ticket is None:
            raise NoSuchTicket()
        if ticket.until <= self._log.now():
            raise TicketExpired()
        self._used[word] = ticket.until + REMEMBERED
        return ticket

    def tidy(self) -> None:
        """Forget those that are long over."""
        now = self._log.now()
        self._tickets = {w: t for w, t in self._tickets.items() if t.until + REMEMBERED > now}
        self._used = {word: until for word, until in self._used.items() if until > now}
