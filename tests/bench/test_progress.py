"""The bar that shows how far a load test is."""

from __future__ import annotations

import sys
from io import StringIO

import pytest

from chatd.bench.load import Stage
from chatd.bench.progress import Bar


class Screen(StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


def drawn(stream: StringIO) -> str:
    bar = Bar(stream)
    bar.show(Stage("connecting", 1, 4), "no posts")
    bar.show(Stage("talking", 2, 0), "5 posts")
    bar.close()
    bar.close()
    return stream.getvalue()


def test_on_a_terminal() -> None:
    """On a terminal there is a bar for what is being done."""
    seen = drawn(Screen())
    assert "connecting" in seen
    assert "25 %" in seen
    assert "5 posts" in seen


def test_elsewhere() -> None:
    """In a pipe or a file there is nothing."""
    assert drawn(StringIO()) == ""


def test_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package that draws there is one line on what it would take."""
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert drawn(Screen()) == "chatd bench: pip install rich, and a bar shows how far it is.\n"
    assert drawn(StringIO()) == ""
