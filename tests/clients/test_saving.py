"""Where files are saved, and under which names."""

from __future__ import annotations

import errno
import os
import unicodedata
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.lib.saving import LONGEST, NotSaved, Part, safe_name

CONTENT = b"milk first" * 500


@given(st.text(max_size=400) | st.text(alphabet="./\\~\x00\u202e\u200f -ab\n", max_size=40))
def test_no_name_does_harm(name: str) -> None:
    """Whatever somebody calls a file, it is a plain, visible, short file of that folder."""
    safe = safe_name(name)
    assert safe not in ("", ".", "..")
    assert not set("/\\\0") & set(safe)
    assert not safe.startswith((".", "-", "~", " "))
    assert len(safe.encode()) <= LONGEST
    assert not {unicodedata.category(char) for char in safe} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("holiday video.mp4", "holiday video.mp4"),
        ("käse.txt", "käse.txt"),
        ("../../etc/passwd", "_._etc_passwd"),
        (".bashrc", "bashrc"),
        ("..", "file"),
        ("", "file"),
        ("a\x00b\x1b[2J.txt", "ab[2J.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("x" * 300 + ".mp4", "x" * 196 + ".mp4"),
        ("ä" * 150, "ä" * 100),
    ],
)
def test_names(name: str, safe: str) -> None:
    """A good name stays as it is, another becomes like it."""
    assert safe_name(name) == safe


def saved(folder: Path, name: str, content: bytes = CONTENT) -> Path:
    """A file that has come."""
    part = Part(folder, "k3x9")
    part.open(len(content))
    part.write(content)
    return part.finish(name)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that there is keeps its name; the new one gets a number, and no part is left."""
    (tmp_path / "a.txt").write_text("mine")
    assert saved(tmp_path, "a.txt") == tmp_path / "a (1).txt"
    assert saved(tmp_path, "a.txt") == tmp_path / "a (2).txt"
    assert (tmp_path / "a.txt").read_text() == "mine"
    assert (tmp_path / "a (2).txt").read_bytes() == CONTENT
    assert len(list(tmp_path.iterdir())) == 3


def test_where_a_file_has_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is on a disk that knows no second names."""

    def refuse(*names: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a.txt").write_text("mine")
    assert saved(tmp_path, "a.txt").read_bytes() == CONTENT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a (1).txt", "a.txt"]


def test_goes_on(tmp_path: Path) -> None:
    """A part that was left is gone on with, and its digest is that of the whole."""
    part = Part(tmp_path, "k3x9")
    part.open(len(CONTENT))
    part.write(CONTENT[:1234])
    part.close()
    again = Part(tmp_path, "k3x9")
    again.open(len(CONTENT))
    assert again.length == 1234
    again.write(CONTENT[1234:])
    assert again.digest == sha256(CONTENT).hexdigest()
    assert again.finish("a").read_bytes() == CONTENT


def test_part_of_something_else(tmp_path: Path) -> None:
    """A part that is longer than the file is none of it; a link to somewhere is not followed."""
    part = Part(tmp_path, "k3x9")
    part.path.write_bytes(CONTENT)
    part.open(10)
    assert part.length == 0
    part.drop()
    part.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotSaved):
        part.open(10)
    assert not (tmp_path / "elsewhere").exists()


def test_one_program_at_a_time(tmp_path: Path) -> None:
    """Two programs do not write on one part."""
    first, second = Part(tmp_path, "k3x9"), Part(tmp_path, "k3x9")
    first.open(10)
    with pytest.raises(NotSaved, match="another program"):
        second.open(10)
    first.close()
    second.open(10)
    second.close()


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk that is said, and what is there stays for another time."""
    part = Part(tmp_path, "k3x9")
    part.open(len(CONTENT))
    part.write(CONTENT[:100])

    def refuse(*values: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", refuse)
        with pytest.raises(NotSaved, match="the disk is full"):
            part.write(CONTENT[100:])
    part.close()
    assert part.path.read_bytes() == CONTENT[:100]


def test_no_such_folder(tmp_path: Path) -> None:
    """Where nothing can be written, that is said."""
    (tmp_path / "file").touch()
    with pytest.raises(NotSaved, match="file"):
        Part(tmp_path / "file" / "folder", "k3x9").open(1)
