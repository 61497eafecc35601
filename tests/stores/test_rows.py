"""chatd/stores/rows.py: whatever people write comes back as they wrote it."""

from __future__ import annotations

import sqlite3
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatd.events import Entry, Left, Posted
from chatd.model import Kind, Person, Role, Room
from chatd.stores.opening import SCHEMA
from chatd.stores.rows import ADD_ENTRY, ENTRIES, entry_of, entry_row

ROOM = Room(1, "#tea", True, 0)
HOSTS = st.text().filter(lambda host: "@" not in host)
PEOPLE = st.builds(
    Person,
    name=st.text(),
    user=st.text(),
    host=HOSTS,
    real=st.just(""),
    account=st.none() | st.text(),
    key=st.none() | st.integers(1, 2**40),
)
MESSAGES = st.builds(
    Posted,
    by=PEOPLE,
    at=st.integers(0, 2**45),
    room=st.just(ROOM),
    to=st.text() | st.just(ROOM.name),
    text=st.text(),
    kind=st.sampled_from(Kind),
    tags=st.dictionaries(st.text(), st.text()),
    least=st.none() | st.sampled_from(Role),
)


class RowsTest(SynchronousTestCase):
    """Entries through a table and back."""

    def setUp(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self.addCleanup(self.connection.close)
        self.connection.executescript((SCHEMA / "0001-first.sql").read_text())

    def read_back(self, entry: Entry) -> Entry:
        """What an entry is after it was kept."""
        self.connection.execute("DELETE FROM log")
        self.connection.execute(ADD_ENTRY, entry_row(entry, 5))
        (row,) = self.connection.execute(ENTRIES + "number = 5", [ROOM.key])
        return entry_of(ROOM, row)

    @settings(max_examples=300, deadline=None)
    @given(MESSAGES)
    def test_any_message(self, message: Posted) -> None:
        """A message of any text, by anybody, to anybody, comes back as it was."""
        kept: dict[str, Any] = {"number": 5}
        found = self.read_back(message)
        for name in ("by", "at", "room", "to", "text", "kind", "tags", "least", "erased"):
            kept[name] = getattr(message, name)
        self.assertEqual(found, Posted(**kept))

    def test_usual_message_is_small(self) -> None:
        """A message as most are has nothing but its columns."""
        message = Posted(by=Person("ada"), at=1, room=ROOM, to="#tea", text="hello")
        self.assertEqual(entry_row(message, 1)[-2:], ("hello", ""))

    def test_kind_of_another_time(self) -> None:
        """An entry whose kind is not known any more is still an entry, with its number."""
        entry = Left(by=Person("ada"), at=1, room=ROOM, reason="so long")
        number, time, _, *rest = entry_row(entry, 5)[1:]
        found = entry_of(ROOM, (number, time, "Juggled", *rest))
        self.assertEqual(found, Entry(by=Person("ada"), at=1, room=ROOM, number=5))
