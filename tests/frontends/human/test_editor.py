"""The line editor, as seen on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatd.frontends.human.editor import Editor
from chatd.wire.human import LONGEST
from tests.frontends.human.paper import Paper

WORDS = ["Bobby", "#tea", "/topic", "/top"]


class Desk:
    """An editor, the paper that it writes on, and the lines that came out of it."""

    def __init__(self, prompt: str = "> ") -> None:
        self.paper = Paper()
        self.lines: list[str] = []
        self.editor = Editor(self.paper.write, self.lines.append, self._complete)
        self.editor.prompt(prompt)

    def _complete(self, text: str) -> list[str]:
        word = text.rpartition(" ")[2]
        return [w for w in WORDS if w.lower().startswith(word.lower())]

    def press(self, *keys: str) -> str:
        """Press keys; what is on the last row before the cursor then."""
        for key in keys:
            self.editor.feed(key.encode())
        return self.paper.cursor


LEFT, RIGHT, UP, DOWN, HOME, DELETE = (
    f"\x1b{tail}" for tail in ("[D", "[C", "[A", "[B", "[H", "[3~")
)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (["abc"], "abc"),
        (["abc", "\x7f", "d"], "abd"),
        (["abc", LEFT, "X"], "abXc"),
        (["abc", LEFT, LEFT, RIGHT, "X"], "abXc"),
        (["abc", HOME, "X"], "Xabc"),
        (["abc", "\x01", DELETE], "bc"),
        (["abc", "\x01", "\x05", "X"], "abcX"),
        (["one two  ", "\x17", "x"], "one x"),
        (["one two", LEFT, "\x15"], "o"),
        (["one two", HOME, RIGHT, "\x0b"], "o"),
        (["wrong", "\x03", "right"], "right"),
        (["日本", "\x7f"], "日"),
        (["e\u0301a", "\x7f", "\x7f", "x"], "x"),
        (["👩\u200d👩\u200d👧!", LEFT, "\x7f"], "!"),
        (["a\x1b", "[Db"], "ba"),
        (["\x7f", LEFT, RIGHT, DELETE, UP, DOWN, "\x17", "ok"], "ok"),
        (["a\x1b[99;99Xb\x1bOPc\x00\x07\x9fd"], "abcd"),
    ],
)
def test_edits(keys: list[str], line: str) -> None:
    """Keys do what people are used to; a character is what looks like one."""
    desk = Desk()
    desk.press(*keys, "\n")
    assert desk.lines == [line]


def test_takes_split_characters() -> None:
    """The bytes of one character may come one by one; those of none are dropped."""
    desk = Desk()
    for byte in "日é".encode() + b"\xff\xfe" + b"x\n":
        desk.editor.feed(bytes([byte]))
    assert desk.lines == ["日éx"]


def test_takes_several_lines_at_once() -> None:
    """What is pasted is as many lines as it has."""
    desk = Desk()
    desk.press("one\ntwo\nthr")
    assert desk.lines == ["one", "two"]
    assert desk.paper.cursor == "> thr"


def test_keeps_what_is_typed_below_what_comes() -> None:
    """A line that arrives is written above, and the half-typed one is whole below it."""
    desk = Desk()
    desk.press("hello wor", LEFT, LEFT)
    desk.editor.show("(Global) (bob) (12:00:00): a longer line than the one that is typed")
    assert desk.paper.shows() == [
        "(Global) (bob) (12:00:00): a longer line than the one that is typed",
        "> hello wor",
    ]
    assert desk.paper.cursor == "> hello w"
    assert desk.press("\x05", "ld") == "> hello world"


def test_shorter_line_wipes_the_typed_one() -> None:
    """Nothing of the typed line is left beside what arrives."""
    desk = Desk()
    desk.press("a rather long line")
    desk.editor.show("hi")
    assert desk.paper.shows() == ["hi", "> a rather long line"]


def test_nothing_is_left_of_what_was_rubbed_out() -> None:
    """A line that gets shorter leaves no trace on the row."""
    desk = Desk()
    desk.press("a rather long line", "\x15", "ok")
    assert desk.paper.shows() == ["> ok"]
    assert desk.paper.cursor == "> ok"


def test_said_line_makes_way_for_its_receipt() -> None:
    """What is said disappears, as it comes back stamped; what is asked for stays."""
    desk = Desk()
    desk.press("hello\n")
    desk.editor.show("(Global) (ada) (12:00:00): hello")
    desk.press("/topic\n")
    assert desk.paper.shows() == ["(Global) (ada) (12:00:00): hello", "> /topic", ">"]


def test_hides_a_password() -> None:
    """While a hidden answer is typed nothing of it is drawn, nor remembered."""
    desk = Desk()
    desk.editor.ask("Password:", hidden=True)
    desk.press("ses", "ame", "\n")
    assert desk.lines == ["sesame"]
    assert not any("s" in row.replace("Password:", "") for row in desk.paper.shows())
    assert desk.press(UP) == "> "
    assert desk.press("seen") == "> seen"


def test_shows_an_open_answer() -> None:
    """A question stands in the place of the prompt for one line."""
    desk = Desk()
    desk.editor.ask("Invitation code:", hidden=False)
    assert desk.press("abc") == "Invitation code: abc"
    assert desk.press("\n") == "> "
    assert desk.lines == ["abc"]


def test_brings_lines_back() -> None:
    """The arrow keys go through what was typed before."""
    desk = Desk()
    desk.press("one\n", "two\n")
    assert desk.press(UP) == "> two"
    assert desk.press(UP) == "> one"
    assert desk.press(UP) == "> one"
    assert desk.press(DOWN) == "> two"
    assert desk.press(DOWN) == "> "
    desk.press(UP, UP, "\n")
    assert desk.press(UP) == "> one"
    assert desk.press(UP) == "> two"


def test_remembers_a_bounded_number() -> None:
    """Only the last hundred lines come back."""
    desk = Desk()
    desk.press(*(f"{number}\n" for number in range(150)))
    assert desk.press(*[UP] * 200) == "> 50"


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("hi bo", "hi Bobby "),
        ("#", "#tea "),
        ("/t", "/top"),
        ("zz", "zz"),
        ("/topi", "/topic "),
    ],
)
def test_completes(typed: str, line: str) -> None:
    """Tab goes on as far as there is no choice."""
    assert Desk("").press(typed, "\t") == line


def test_scrolls_sideways() -> None:
    """A line longer than the terminal takes one row, and the cursor is always on it."""
    desk = Desk()
    desk.editor.width = 20
    assert desk.press("0123456789abcdefghijklmnop") == "> 9abcdefghijklmnop"
    assert desk.press(*[LEFT] * 26) == "> "
    assert desk.paper.shows() == ["> 0123456789abcdefg"]
    assert desk.paper.widest <= 19


def test_takes_no_more_than_a_line() -> None:
    """Beyond the longest line, keys do nothing."""
    desk = Desk()
    desk.press("é" * LONGEST, "x", "\n")
    assert desk.lines == ["é" * (LONGEST // 2)]


def test_leaves() -> None:
    """Control-D on an empty line leaves; elsewhere it does nothing."""
    desk = Desk()
    desk.press("x", "\x04", "\x7f", "\x04")
    assert desk.lines == ["/quit"]


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(), st.sampled_from([LEFT, RIGHT, UP, DOWN, DELETE, "\t", "\n"]))))
@example(["\u3164"])
def test_any_keys(keys: list[str]) -> None:
    """Whatever is pressed, the row fits, and nothing is written that acts on a terminal."""
    desk = Desk()
    desk.editor.width = 30
    for key in keys:
        desk.editor.feed(key.encode(errors="replace"))
    desk.editor.show("seen")
    assert desk.paper.widest <= 29
    assert "seen" in desk.paper.shows()[-2]
