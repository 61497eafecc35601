"""Messages of several lines (IRCv3 draft/multiline), and what clients do wrong about them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.house import House

CAPS = "draft/multiline batch message-tags echo-message labeled-response"


class MultilineTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.ada = self.house.client("ada", CAPS, account=True)
        self.bob = self.house.client("bob", account=True)
        for client in (self.ada, self.bob):
            client.joins("#tea")
        self.ada.hears()

    def send(self, *lines: str, to: str = "#tea", tags: str = "") -> None:
        self.ada.says(f"{tags}BATCH +1 draft/multiline {to}", *lines, "BATCH -1")

    def fails(self, *lines: str, to: str = "#tea") -> list[tuple[str, ...]]:
        self.send(*lines, to=to)
        self.assertEqual(self.bob.hears(), [])
        found = self.ada.lines()
        self.assertEqual({line.params[0] for line in found}, {"BATCH"})
        return [line.params[1:-1] for line in found]

    def test_one_message(self) -> None:
        """The lines are one message, with one id; the echo has the label of the batch."""
        self.send(
            "@batch=1 PRIVMSG #tea :one",
            "@batch=1 PRIVMSG #tea :",
            "@batch=1 PRIVMSG #tea :two ",
            "@batch=1;draft/multiline-concat PRIVMSG #tea :three",
            tags="@label=7;+mood=fine ",
        )
        first, *inner, last = self.ada.lines()
        self.assertEqual((first.tags["label"], first.tags["+mood"]), ("7", "fine"))
        self.assertEqual(first.params[1:], ("draft/multiline", "#tea"))
        self.assertEqual([line.params[1] for line in inner], ["one", "", "two ", "three"])
        self.assertIn("draft/multiline-concat", inner[3].tags)
        self.assertEqual(last.params[0][1:], first.params[0][1:])
        said = [f":ada PRIVMSG #tea :{text}" for text in ("one", "two ", "three")]
        self.assertEqual(self.bob.hears(), said)
        (entry,) = self.house.now(
            self.house.core.history.latest(self.ada.session, "#tea", 1)
        ).entries
        self.assertEqual((entry.text, entry.id), ("one\n\ntwo three", first.tags["msgid"]))

    def test_limits(self) -> None:
        """Too many bytes or lines are refused once, and the rest is swallowed."""
        line = "@batch=1 PRIVMSG #tea :"
        self.assertEqual(self.fails(*[f"{line}x"] * 40), [("MULTILINE_MAX_LINES", "32")])
        self.assertEqual(self.fails(*[line + "x" * 400] * 11), [("MULTILINE_MAX_BYTES", "4096")])
        self.send(*[line + "x" * 408] * 10, line)
        self.assertEqual(len(self.ada.lines()), 13)

    def test_wrong(self) -> None:
        """What does not belong into a batch spoils it."""
        for lines, expected in (
            ((), ("MULTILINE_INVALID",)),
            (("@batch=1 PRIVMSG #tea :",), ("MULTILINE_INVALID",)),
            (("@batch=2 PRIVMSG #tea :x",), ("MULTILINE_INVALID",)),
            (("@batch=1 PRIVMSG #pot :x",), ("MULTILINE_INVALID_TARGET", "#tea", "#pot")),
            (("@batch=1 PRIVMSG #tea x", "@batch=1 NOTICE #tea x"), ("MULTILINE_INVALID",)),
            (("@batch=1;+a=b PRIVMSG #tea :x",), ("MULTILINE_INVALID",)),
            (
                ("@batch=1 PRIVMSG #tea x", "@batch=1;draft/multiline-concat PRIVMSG #tea :"),
                ("MULTILINE_INVALID",),
            ),
        ):
            self.assertEqual(self.fails(*lines), [expected], lines)
        self.assertEqual(self.fails("@batch=1 PRIVMSG a,b x", to="a,b"), [("MULTILINE_INVALID",)])

    def test_wrong_batches(self) -> None:
        """Unknown types, bad names, and batches that nobody opened."""
        for line, expected in (
            ("BATCH +x tea #tea", ("UNKNOWN_TYPE", "x", "tea")),
            ("BATCH +a,b draft/multiline #tea", ("INVALID_REFTAG", "a,b")),
            ("BATCH -y", ("MULTILINE_INVALID",)),
            ("BATCH y", ("MULTILINE_INVALID",)),
        ):
            self.ada.says(line)
            (fail,) = self.ada.lines()
            self.assertEqual(fail.params[1:-1], expected)
        self.ada.says("BATCH +1 draft/multiline #tea", "BATCH +2 draft/multiline #tea")
        self.assertEqual(self.ada.lines()[0].params[1], "MULTILINE_INVALID")

    def test_time(self) -> None:
        """A batch that is open for too long is lost."""
        self.ada.says("BATCH +1 draft/multiline #tea", "@batch=1 PRIVMSG #tea :x")
        self.house.clock.advance(61)
        self.ada.says("BATCH -1")
        self.assertEqual(self.ada.lines()[0].params[1:3], ("TIMEOUT", "1"))

    def test_refused(self) -> None:
        """What may not be said is refused under the label; a NOTICE is not answered."""
        self.send("@batch=1 PRIVMSG #no x", to="#no", tags="@label=7 ")
        (line,) = self.ada.lines()
        self.assertEqual((line.verb, line.tags["label"]), ("403", "7"))
        self.send("@batch=1 NOTICE #no x", to="#no", tags="@label=8 ")
        (line,) = self.ada.lines()
        self.assertEqual((line.verb, line.tags["label"]), ("ACK", "8"))

    def test_without_the_capability(self) -> None:
        """A client that has not asked for it sends no batches."""
        self.bob.says("BATCH +1 draft/multiline #tea")
        self.assertIn("UNKNOWN_TYPE", self.bob.hears()[0])

    def test_no_implicit_names(self) -> None:
        """Who wants no names is told none on coming in, and some when they ask."""
        cyd = self.house.client("cyd", "no-implicit-names")
        cyd.says("JOIN #tea")
        self.assertEqual(cyd.hears(), [":cyd JOIN #tea"])
        cyd.says("NAMES #tea")
        self.assertEqual(len(cyd.hears()), 2)
