"""A line editor for terminals that send each key at once.

The line that is typed is always the last on the screen. What arrives meanwhile is written
where it stands, and the line is drawn again below. That needs nothing of the terminal but
carriage return: the line never takes more than one row, and scrolls sideways.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from itertools import islice

from wcwidth import iter_graphemes, iter_graphemes_reverse, wcswidth

from chatd.wire.human import LONGEST

REMEMBERED = 100
"""Lines that the arrow keys bring back."""

SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O[A-Za-z]|[^\[O\x00-\x1f])")
_KEY = re.compile(rf"{SEQUENCE.pattern}|[^\x00-\x1f\x7f-\x9f]+|.", re.DOTALL)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;?]{0,16}|O)?\Z")
_decoder = getincrementaldecoder("utf-8")


class Editor:
    """The line that somebody is typing.

    :param write: takes text for the terminal.
    :param take: is given each line that is entered.
    :param complete: gives the words that may stand for the last one of a text.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        take: Callable[[str], None],
        complete: Callable[[str], Iterable[str]],
    ) -> None:
        self.width = 80
        self._write = write
        self._take = take
        self._complete = complete
        self._decoder = _decoder("ignore")
        self._unread = ""
        self._before = ""
        self._after = ""
        self._prompt = ""
        self._question: str | None = None
        self._hidden = False
        self._drawn = 0
        self._remembered: list[str] = []
        self._back = 0

    # -- what is shown

    def show(self, text: str) -> None:
        """Write something above the line."""
        self._write(self.farewell(text))
        self._draw()

    def farewell(self, text: str) -> str:
        """The last words as they are to be written."""
        return self._erased() + text.replace("\n", "\r\n") + "\r\n"

    def prompt(self, text: str) -> None:
        """Put this before the line from now on."""
        self._prompt = text
        self._draw()

    def ask(self, question: str, hidden: bool) -> None:
        """Put this before the next line instead, which is not shown if it is `hidden`."""
        self._question, self._hidden = question, hidden
        self._draw()

    def _erased(self) -> str:
        """What wipes the line away."""
        wiped = "\r" + " " * self._drawn + "\r" if self._drawn else ""
        self._drawn = 0
        return wiped

    def _draw(self) -> None:
        before, after = self._window()
        drawn = wcswidth(before + after)
        gap = " " * max(0, self._drawn - drawn)
        back = f"\r{before}" if after or gap else ""
        self._write(f"\r{before}{after}{gap}{back}")
        self._drawn = drawn

    def _window(self) -> tuple[str, str]:
        """What fits on the row before the cursor, and after it."""
        prompt = self._prompt if self._question is None else self._question + " "
        if self._hidden:
            return _fitting(iter_graphemes(prompt), self.width - 1), ""
        if wcswidth(prompt) > self.width // 2:
            prompt = ""
        room = max(2, self.width - 1 - wcswidth(prompt))
        backwards = islice(iter_graphemes_reverse(self._before), room)
        before = _fitting(backwards, room, turned=True)
        rest = room - wcswidth(before)
        return prompt + before, _fitting(islice(iter_graphemes(self._after), rest), rest)

    # -- what is typed

    def feed(self, data: bytes) -> None:
        """Take keys; a line ends with a line feed."""
        text = self._unread + self._decoder.decode(data)
        unfinished = _UNFINISHED.search(text)
        end = len(text) if unfinished is None else unfinished.start()
        self._unread = text[end:]
        for key in _KEY.findall(text[:end]):
            self._press(key)
        self._draw()

    def _press(self, key: str) -> None:
        act = _KEYS.get(key)
        if act is not None:
            act(self)
        elif key.replace("\u200d", "").replace("\u200c", "").isprintable():
            self._insert(key)

    def _insert(self, text: str) -> None:
        room = LONGEST - len((self._before + self._after).encode())
        self._before += text.encode()[: max(0, room)].decode(errors="ignore")

    def _enter(self) -> None:
        line, hidden, asked = self._before + self._after, self._hidden, self._question is not None
        said = self._prompt and not asked and not line.startswith("/")
        self._end()
        if not said:
            self._draw()
            self._write("\r\n")
            self._drawn = 0
        else:
            self._write(self._erased())
        self._question, self._hidden = None, False
        self._before = self._after = ""
        if line.strip() and not hidden:
            self._remembered = [*self._remembered[1 - REMEMBERED :], line]
        self._back = 0
        self._take(line)

    def _leave(self) -> None:
        if not self._before and not self._after:
            self._before = "/quit"
            self._enter()

    def _clear(self) -> None:
        self._before = self._after = ""

    def _clear_before(self) -> None:
        self._before = ""

    def _clear_after(self) -> None:
        self._after = ""

    def _erase(self) -> None:
        self._before = self._before[: -len(_last(self._before)) or None]

    def _erase_word(self) -> None:
        self._before = re.sub(r"\S*\s*\Z", "", self._before)

    def _delete(self) -> None:
        self._after = self._after[len(_first(self._after)) :]

    def _left(self) -> None:
        one = _last(self._before)
        self._before, self._after = self._before[: -len(one) or None], one + self._after

    def _right(self) -> None:
        one = _first(self._after)
        self._before, self._after = self._before + one, self._after[len(one) :]

    def _home(self) -> None:
        self._before, self._after = "", self._before + self._after

    def _end(self) -> None:
        self._before, self._after = self._before + self._after, ""

    def _older(self) -> None:
        self._recall(self._back + 1)

    def _newer(self) -> None:
        self._recall(self._back - 1)

    def _recall(self, back: int) -> None:
        if self._question is None and 0 <= back <= len(self._remembered):
            self._back = back
            self._before = self._remembered[-back] if back else ""
            self._after = ""

    def _tab(self) -> None:
        if self._question is not None:
            return
        word = self._before.rpartition(" ")[2]
        words = list(self._complete(self._before))
        longest = _beginning(words)
        if len(longest) >= len(word):
            self._before = self._before.removesuffix(word)
            self._insert(longest + (" " if len(words) == 1 else ""))


def _fitting(graphemes: Iterable[str], room: int, *, turned: bool = False) -> str:
    """As many of the graphemes as fit into so many cells."""
    taken: list[str] = []
    for one in graphemes:
        room -= max(0, wcswidth(one))
        if room < 0:
            break
        taken.append(one)
    return "".join(reversed(taken) if turned else taken)


def _beginning(words: list[str]) -> str:
    """What all the words start with."""
    first, last = (min(words), max(words)) if words else ("", "")
    same = (n for n in range(len(first), -1, -1) if last.startswith(first[:n]))
    return first[: next(same)]


def _first(text: str) -> str:
    return next(iter_graphemes(text), "")


def _last(text: str) -> str:
    return next(iter_graphemes_reverse(text), "")


_KEYS: dict[str, Callable[[Editor], None]] = {
    "\n": Editor._enter,
    "\t": Editor._tab,
    "\b": Editor._erase,
    "\x7f": Editor._erase,
    "\x01": Editor._home,
    "\x02": Editor._left,
    "\x03": Editor._clear,
    "\x04": Editor._leave,
    "\x05": Editor._end,
    "\x06": Editor._right,
    "\x0b": Editor._clear_after,
    "\x0e": Editor._newer,
    "\x10": Editor._older,
    "\x15": Editor._clear_before,
    "\x17": Editor._erase_word,
    "\x1b[A": Editor._older,
    "\x1b[B": Editor._newer,
    "\x1b[C": Editor._right,
    "\x1b[D": Editor._left,
    "\x1b[F": Editor._end,
    "\x1b[H": Editor._home,
    "\x1b[1~": Editor._home,
    "\x1b[3~": Editor._delete,
    "\x1b[4~": Editor._end,
    "\x1bOA": Editor._older,
    "\x1bOB": Editor._newer,
    "\x1bOC": Editor._right,
    "\x1bOD": Editor._left,
    "\x1bOF": Editor._end,
    "\x1bOH": Editor._home,
}
