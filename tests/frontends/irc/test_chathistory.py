"""CHATHISTORY: reading back (IRCv3 draft/chathistory)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits
from chatd.wire.irc import Line
from tests.house import Client, House

CAPS = "batch draft/chathistory message-tags server-time labeled-response"
FIVE = Limits(history=5, messages_every=0, account_messages_every=0)  # type: ignore[arg-type]


class HistoryTestCase(SynchronousTestCase):
    """Ada has said the numbers from 1 to 9 in #tea, one each second, after she and bob came."""

    def setUp(self) -> None:
        self.house = House(limits=FIVE)
        self.ada = self.house.client("ada", CAPS, account=True)
        self.bob = self.house.client("bob", CAPS, account=True)
        for client in (self.ada, self.bob):
            client.joins("#tea")
        self.lines: list[Line] = []
        for n in range(1, 10):
            self.house.clock.advance(1)
            self.ada.says(f"PRIVMSG #tea :{n}")
            self.lines += [line for line in self.bob.lines() if line.verb == "PRIVMSG"]
        self.ada.hears()

    def msgid(self, n: int) -> str:
        return f"msgid={self.lines[n - 1].tags['msgid']}"

    def timestamp(self, n: int) -> str:
        return f"timestamp={self.lines[n - 1].tags['time']}"

    def asks(self, what: str, client: Client | None = None) -> list[Line]:
        client = client or self.bob
        client.says(f"CHATHISTORY {what}")
        return client.lines()

    def page(self, what: str, client: Client | None = None) -> list[str]:
        """The texts of a batch of history."""
        first, *inner, last = self.asks(what, client)
        reference = first.params[0].removeprefix("+")
        self.assertEqual(
            (first.verb, first.params[1:]), ("BATCH", ("chathistory", what.split()[1]))
        )
        self.assertEqual((last.verb, last.params), ("BATCH", (f"-{reference}",)))
        self.assertEqual({line.tags["batch"] for line in inner} | {reference}, {reference})
        return [line.params[1] for line in inner]

    def fails(self, what: str, client: Client | None = None) -> str:
        (line,) = self.asks(what, client)
        return " ".join((line.verb, *line.params[:-1]))


class PagesTests(HistoryTestCase):
    def test_as_it_was(self) -> None:
        """A message comes back as it was told, its id and its time too."""
        _, line, _ = self.asks("LATEST #tea * 1")
        self.assertEqual((line.source, line.params), (self.lines[-1].source, ("#tea", "9")))
        for tag in ("msgid", "time"):
            self.assertEqual(line.tags[tag], self.lines[-1].tags[tag])

    def test_latest(self) -> None:
        """LATEST: the newest, only those after a spot if there is one."""
        self.assertEqual(self.page("LATEST #tea * 3"), ["7", "8", "9"])
        self.assertEqual(self.page(f"LATEST #tea {self.msgid(8)} 3"), ["9"])
        self.assertEqual(self.page(f"LATEST #tea {self.timestamp(7)} 3"), ["8", "9"])
        self.assertEqual(self.page(f"LATEST #tea {self.msgid(9)} 3"), [])

    def test_before(self) -> None:
        """BEFORE: those just before a spot, which is not among them."""
        self.assertEqual(self.page(f"BEFORE #tea {self.msgid(5)} 2"), ["3", "4"])
        self.assertEqual(self.page(f"BEFORE #tea {self.timestamp(5)} 2"), ["3", "4"])
        self.assertEqual(self.page(f"BEFORE #tea {self.msgid(1)} 2"), [])

    def test_after(self) -> None:
        """AFTER: those just after a spot, which is not among them."""
        self.assertEqual(self.page(f"AFTER #tea {self.msgid(5)} 2"), ["6", "7"])
        self.assertEqual(self.page(f"AFTER #tea {self.timestamp(5)} 2"), ["6", "7"])
        self.assertEqual(self.page(f"AFTER #tea {self.msgid(9)} 2"), [])

    def test_around(self) -> None:
        """AROUND: as many on either side as fit, the spot among them."""
        self.assertEqual(self.page(f"AROUND #tea {self.msgid(5)} 3"), ["4", "5", "6"])
        self.assertEqual(self.page(f"AROUND #tea {self.timestamp(5)} 3"), ["4", "5", "6"])

    def test_between(self) -> None:
        """BETWEEN: those between two spots, nearest to the first, in order of time."""
        self.assertEqual(
            self.page(f"BETWEEN #tea {self.msgid(2)} {self.msgid(6)} 5"), ["3", "4", "5"]
        )
        self.assertEqual(self.page(f"BETWEEN #tea {self.msgid(2)} {self.msgid(9)} 2"), ["3", "4"])
        self.assertEqual(self.page(f"BETWEEN #tea {self.msgid(9)} {self.msgid(2)} 2"), ["7", "8"])
        self.assertEqual(
            self.page(f"BETWEEN #tea {self.timestamp(2)} {self.msgid(5)} 5"), ["3", "4"]
        )
        self.assertEqual(self.page(f"BETWEEN #tea {self.msgid(3)} {self.msgid(3)} 5"), [])

    def test_no_more_than_so_many(self) -> None:
        """One page has only so many; as many as that is what 0 asks for."""
        self.assertEqual(len(self.page("LATEST #tea * 100")), 5)
        self.assertEqual(len(self.page("LATEST #tea * 0")), 5)

    def test_any_way_to_write_a_time(self) -> None:
        """Times may have an offset, or no fraction."""
        self.assertEqual(self.page("AFTER #tea timestamp=2026-01-01T00:00:07Z 9"), ["8", "9"])
        self.assertEqual(self.page("AFTER #tea timestamp=2026-01-01T02:00:07+02:00 9"), ["8", "9"])

    def test_persons(self) -> None:
        """A direct conversation is read by naming the other; with a stranger it is empty."""
        self.ada.says("PRIVMSG bob :psst")
        self.bob.says("PRIVMSG ada :yes?")
        self.ada.hears(), self.bob.hears()
        self.assertEqual(self.page("LATEST ada * 5"), ["psst", "yes?"])
        self.assertEqual(self.page("LATEST bob * 5", self.ada), ["psst", "yes?"])
        self.assertEqual(self.page("LATEST eve * 5"), [])

    def test_targets(self) -> None:
        """TARGETS: where something was said between two times, in the order of the last of it."""
        self.house.clock.advance(10)
        self.ada.says("PRIVMSG bob :psst")
        self.bob.hears()
        ends = "timestamp=2026-01-01T00:00:00.000Z timestamp=2026-01-02T00:00:00.000Z"
        first, *inner, _ = self.asks(f"TARGETS {ends} 5")
        self.assertEqual(first.params[1:], ("draft/chathistory-targets",))
        self.assertEqual(
            [(line.verb, *line.params) for line in inner],
            [
                ("CHATHISTORY", "TARGETS", "#tea", "2026-01-01T00:00:09.000Z"),
                ("CHATHISTORY", "TARGETS", "ada", "2026-01-01T00:00:19.000Z"),
            ],
        )
        backwards = " ".join(reversed(ends.split()))
        self.assertEqual(len(self.asks(f"TARGETS {backwards} 1")), 3)

    def test_without_batches(self) -> None:
        """A client that knows no batches gets the lines as they are."""
        self.bob.says("CAP REQ :-batch")
        self.bob.hears()
        self.assertEqual([line.params[1] for line in self.asks("LATEST #tea * 2")], ["8", "9"])

    def test_signs(self) -> None:
        """Signs that were kept, and what happened, are for those who asked for event-playback."""
        self.ada.says("@+draft/persist=1 TAGMSG #tea", "TOPIC #tea :tea", "MODE #tea +m-t")
        self.bob.hears()
        self.assertEqual(self.page("LATEST #tea * 2"), ["8", "9"])
        self.bob.says("CAP REQ draft/event-playback")
        self.bob.hears()
        _, said, sign, *rest, _ = self.asks("LATEST #tea * 5")
        self.assertEqual((said.verb, said.params[1]), ("PRIVMSG", "9"))
        self.assertEqual((sign.verb, sign.tags["+draft/persist"]), ("TAGMSG", "1"))
        self.assertEqual(
            [(line.verb, line.params[1]) for line in rest],
            [("TOPIC", "tea"), ("MODE", "+m"), ("MODE", "-t")],
        )
        self.assertEqual(len({line.tags["msgid"] for line in rest}), 3)

    def test_comings(self) -> None:
        """Who came and went is played back as it was; nobody's role is made up."""
        self.bob.says("CAP REQ draft/event-playback")
        self.bob.hears()
        _, first, second, *_ = self.asks(f"BEFORE #tea {self.msgid(1)} 5")
        self.assertEqual([first.verb, second.verb], ["JOIN", "JOIN"])

    def test_reactions(self) -> None:
        """A reaction to a message is kept; that somebody is typing is not."""
        reply = self.lines[-1].tags["msgid"]
        self.bob.says("CAP REQ draft/event-playback")
        self.ada.says(
            f"@+draft/react=tea;+reply={reply} TAGMSG #tea",
            "@+draft/react=lost TAGMSG #tea",
            "@+typing=active TAGMSG #tea",
            f"@+draft/unreact=tea;+draft/reply={reply} TAGMSG #tea",
        )
        self.bob.hears()
        _, one, other, _ = self.asks(f"AFTER #tea {self.msgid(9)} 5")
        self.assertEqual((one.tags["+draft/react"], one.tags["+reply"]), ("tea", reply))
        self.assertEqual(other.tags["+draft/unreact"], "tea")

    def test_taken_back(self) -> None:
        """What was taken back is not shown."""
        message = self.lines[-1].tags["msgid"]
        self.house.now(self.house.core.messages.take_back(self.ada.session, "#tea", message))
        self.assertEqual(self.page("LATEST #tea * 2"), ["7", "8"])


class RefusedTests(HistoryTestCase):
    def test_what_cannot_be_read(self) -> None:
        """What there is not, and what one may not read, is refused in the same way."""
        eve = self.house.client("eve", CAPS, account=True)
        self.assertEqual(
            self.fails("LATEST #tea * 5", eve), "FAIL CHATHISTORY INVALID_TARGET LATEST #tea"
        )
        for target in ("#nowhere", "#", "@#tea"):
            self.assertTrue(
                self.fails(f"LATEST #x{target} * 5", eve).startswith(
                    "FAIL CHATHISTORY INVALID_TARGET LATEST #x"
                )
            )

    def test_senseless(self) -> None:
        """What cannot be understood is refused with the subcommand that it was in."""
        for what in (
            "LATEST",
            "LATEST #tea",
            "LATEST #tea *",
            "LATEST #tea * x",
            "LATEST #tea * -1",
            "LATEST #tea msgid= 5",
            "LATEST #tea timestamp=soon 5",
            "BEFORE #tea timestamp=99999999999 5",
            "BETWEEN #tea msgid=1-1 5",
            "TARGETS msgid=1-1 msgid=1-2 5",
        ):
            start = f"FAIL CHATHISTORY INVALID_PARAMS {what.split()[0]}"
            self.assertEqual(self.fails(what), start, what)
        self.assertEqual(self.fails("BREW"), "FAIL CHATHISTORY INVALID_PARAMS BREW")
        self.assertEqual(self.fails(":"), "FAIL CHATHISTORY INVALID_PARAMS *")
        self.bob.says("CHATHISTORY")
        self.assertEqual(self.bob.lines()[0].verb, "461")

    def test_other_references(self) -> None:
        """A way to name a message that there is not."""
        self.assertEqual(
            self.fails("AFTER #tea colour=red 5"), "FAIL CHATHISTORY INVALID_MSGREFTYPE AFTER #tea"
        )

    def test_no_such_message(self) -> None:
        """An id of another room, or of none."""
        for id_ in ("999-1", "x", "1-x", "1-" + "9" * 30):
            self.assertEqual(
                self.fails(f"AFTER #tea msgid={id_} 5"), "FAIL CHATHISTORY MESSAGE_ERROR AFTER #tea"
            )

    def test_guests(self) -> None:
        """A guest has no conversations that are kept."""
        guest = self.house.client("guest", f"{CAPS} standard-replies")
        what = "TARGETS timestamp=2026-01-01T00:00:00Z timestamp=2026-01-02T00:00:00Z 5"
        self.assertEqual(self.fails(what, guest), "FAIL CHATHISTORY ACCOUNT_REQUIRED")

    def test_beyond_time(self) -> None:
        """Any moment that can be written can be asked for."""
        for moment in (
            "0001-01-01T00:00:00+14:00",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-12:00",
        ):
            self.assertIn(self.asks(f"AFTER #tea timestamp={moment} 1")[0].verb, ("BATCH", "FAIL"))
