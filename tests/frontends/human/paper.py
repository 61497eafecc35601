"""A terminal that knows nothing but carriage return and line feed, to see what a person sees."""

from __future__ import annotations

from wcwidth import iter_graphemes, wcswidth


class Paper:
    """Rows of cells, and a cursor that is always on the last row."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = [[]]
        self.column = 0

    def write(self, text: str) -> None:
        """Take what a program writes."""
        for one in iter_graphemes(text):
            if one == "\r\n":
                self._print("\r")
                self._print("\n")
            else:
                self._print(one)

    def _print(self, one: str) -> None:
        if one == "\r":
            self.column = 0
        elif one == "\n":
            self.rows.append([])
        else:
            width = wcswidth(one)
            assert width >= 0, f"{one!r} does something to the terminal"
            if width == 0:  # such as a filler: nothing is seen of it
                return
            row = self.rows[-1]
            row.extend(" " * (self.column + width - len(row)))
            row[self.column : self.column + width] = [one, *[""] * (width - 1)]
            self.column += width

    def shows(self) -> list[str]:
        """The rows, without the blanks at their ends."""
        return ["".join(row).rstrip() for row in self.rows]

    @property
    def cursor(self) -> str:
        """What stands before the cursor on its row."""
        return "".join(self.rows[-1][: self.column])

    @property
    def widest(self) -> int:
        """The most cells that a row has."""
        return max(map(len, self.rows))
