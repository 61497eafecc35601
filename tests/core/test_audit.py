"""The audit log: what is on record, and how tampering is found out."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.audit import PAGE, seal
from chatd.model import Deed, Rank, Sealed
from tests.house import House


class AuditTests(SynchronousTestCase):
    """A house where judge, a moderator, has done three things."""

    def setUp(self) -> None:
        self.house = House()
        self.audit = self.house.core.audit
        self.judge = self.house.session("judge", account=True, rank=Rank.MODERATOR)
        for target in ("ada", "bob", "eve"):
            self.house.now(self.audit.record(self.judge, "kill", target, "noise"))
        self.records: list[Sealed] = self.house.store._records

    def faults(self, known: tuple[int, str] | None = None) -> list[str]:
        """What is found when the log is looked through."""
        _, faults = self.house.now(self.audit.check(known))
        return list(faults)

    def edit(self, index: int, **changes: str | int) -> None:
        """Change what a record says, as somebody with the database can."""
        old = self.records[index]
        self.records[index] = replace(old, deed=replace(old.deed, **changes))

    def test_what_is_on_record(self) -> None:
        """Who, what, on whom, from where and when; and all is whole."""
        newest = self.house.now(self.audit.newest(1))
        at = self.house.core.log.now()
        deed = Deed(at, "judge", "192.0.2.1", "kill", "eve", "noise")
        self.assertEqual([(record.number, record.deed) for record in newest], [(3, deed)])
        self.assertEqual(self.faults(), [])

    def test_who_it_was(self) -> None:
        """Whoever has taken up the office of an account is that account, however called."""
        guest = self.house.session("eve")
        guest.office = "Judge"
        self.judge.office = "Judge"
        for session, name in ((guest, "Judge (called eve)"), (self.judge, "Judge")):
            self.house.now(self.audit.record(session, "die"))
            self.assertEqual(self.records[-1].deed.by, name)

    def test_edited(self) -> None:
        """Whatever is changed of a record, that one is named and no other."""
        for changes in (
            {"at": 1},
            {"by": "eve"},
            {"address": "::1"},
            {"act": "wallops"},
            {"target": "Ada"},
            {"note": ""},
            {"act": "killb", "target": "ob"},
        ):
            before = list(self.records)
            self.edit(1, **changes)
            self.assertEqual(
                self.faults(), ["record 2 was changed, or put where it is later on."], changes
            )
            self.records[:] = before

    def test_removed(self) -> None:
        """Where records are missing, that is said."""
        del self.records[1]
        self.assertEqual(self.faults(), ["record 2 is missing."])
        del self.records[0]
        self.assertEqual(self.faults(), ["records 1 to 2 are missing."])

    def test_removed_and_closed_up(self) -> None:
        """Records cannot move up to fill a hole."""
        del self.records[1]
        self.records[1] = replace(self.records[1], number=2)
        self.assertEqual(self.faults(), ["record 2 was changed, or put where it is later on."])

    def test_inserted(self) -> None:
        """A record that was put in is named, also at the beginning and at the end."""
        forged = replace(self.records[0].deed, target="root")
        for number in (0, 4):
            before = list(self.records)
            self.records.append(Sealed(number, forged, seal("", number, forged)))
            self.records.sort(key=lambda record: record.number)
            self.assertIn(
                f"record {number} was changed, or put where it is later on.", self.faults()
            )
            self.records[:] = before

    def test_reordered(self) -> None:
        """Two records that have changed places are both named."""
        first, second = self.records[:2]
        self.records[:2] = [replace(second, number=1), replace(first, number=2)]
        self.assertEqual([fault.split()[1] for fault in self.faults()], ["1", "2", "3"])

    def test_noted_seal(self) -> None:
        """Even if all is sealed anew, or the end is cut off, a seal that was noted shows it."""
        number, noted = self.records[2].number, self.records[2].seal
        self.assertEqual(self.faults((number, noted)), [])
        self.edit(0, target="nobody")
        before = ""
        for at, record in enumerate(self.records):
            before = seal(before, record.number, record.deed)
            self.records[at] = replace(record, seal=before)
        self.assertEqual(self.faults(), [])
        self.assertEqual(
            self.faults((number, noted)), ["record 3 does not have the seal that was noted."]
        )
        del self.records[1:]
        self.assertEqual(self.faults(), [])
        self.assertEqual(
            self.faults((number, noted)), ["record 3, whose seal was noted, is not there."]
        )

    def test_long(self) -> None:
        """A log of several pages is looked through whole."""
        for _ in range(PAGE + 3):
            self.house.now(self.audit.record(self.judge, "wallops"))
        last, faults = self.house.now(self.audit.check())
        self.assertEqual((last.number, faults), (PAGE + 6, []))
        self.edit(PAGE + 4, note="x")
        self.assertEqual(len(self.faults()), 1)

    def test_empty(self) -> None:
        """An empty log is whole."""
        self.records.clear()
        self.assertEqual(self.house.now(self.audit.check()), (None, []))
