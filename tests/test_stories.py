"""The stories in tests/scripts, each one a test; and that the player notices what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories import Story, Unlike

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.chat"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    """Everybody hears what the story says, and nothing else."""
    Story(path).play()


WRONG = {
    "another text": "ada > PRIVMSG bob :hello\nbob < :ada PRIVMSG bob :goodbye",
    "too little": "ada > PRIVMSG bob :hello\nbob <",
    "too much": "ada > PRIVMSG bob :hello\nbob < :ada PRIVMSG bob :hello\nbob < PING",
    "another order": (
        "ada > PRIVMSG bob :1\nada > PRIVMSG bob :2\n"
        "bob < :ada PRIVMSG bob :2\nbob < :ada PRIVMSG bob :1"
    ),
    "another tag": "ada > PRIVMSG bob :hello\nbob < @time=0 :ada PRIVMSG bob :hello",
    "no such sentence": "* The moon is full.",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_wrong_story(text: str, tmp_path: Path) -> None:
    """A story that is not true fails."""
    path = tmp_path / "wrong.chat"
    path.write_text(f"* bob comes on line.\n{text}\n")
    with pytest.raises(Unlike, match=r"wrong\.chat, before line"):
        Story(path).play()
