"""Files that arrive: under names that do no harm, beside what is there, whole or not at all.

Until a file is whole and right it is a part, `.chat-ID.part` in the folder it will be in. A part
outlives the program, and is gone on with by the next attempt.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

LONGEST = 200
"""Bytes of a name, so that there is room for what makes it unlike others."""
NAMELESS = "file"
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SLICE = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ONE_NAME = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS})
"""How a disk says no on which a file cannot have two names for a moment, as a memory stick."""


class NotSaved(Exception):
    """A file cannot be written here; the sentence says why."""


def safe_name(name: str) -> str:
    """A name for a file in a folder of ours, as like the given one as may be.

    It names no other folder and is not hidden, has no signs that a terminal obeys or that turn
    writing round, and is short enough for any disk.
    """
    name = unicodedata.normalize("NFC", "".join(map(_harmless, name)))
    name = re.sub(r"\s+", " ", name).lstrip(".-~ ").rstrip(". ")
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem or len(ending.encode()) > LONGEST // 4:
        stem, ending = name, ""
    ending = dot + ending if ending else ""
    return _shortened(stem, LONGEST - len(ending.encode())) + ending or NAMELESS


def _harmless(char: str) -> str:
    if unicodedata.category(char) in _HARMFUL:
        return ""
    return "_" if char in "/\\" else char


def _shortened(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore").rstrip(". ")


def names_like(name: str) -> Iterator[str]:
    """The name, then `name (1).ext`, `name (2).ext`, and so on."""
    yield name
    path = Path(name)
    for number in count(1):
        yield f"{path.stem} ({number}){path.suffix}"


class Part:
    """What there is of a file that arrives. Only one program at a time writes on it.

    :param folder: where the file will be.
    """

    def __init__(self, folder: Path, id_: str) -> None:
        self.path = folder / f".chat-{safe_name(id_)}.part"
        self.length = 0
        self._file = -1
        self._hash: Any = None

    def open(self, most: int) -> None:
        """Be ready to go on, from `length`. This reads what is there, which may take a while.

        :param most: how many bytes the file has; a part with more is not one of it.
        :raise NotSaved: if it cannot be written, or somebody else is writing on it.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, flags, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise NotSaved("another program is fetching it already.") from error
        except OSError as error:
            self.close()
            raise _not_saved(error) from error
        if os.fstat(self._file).st_size > most:
            os.ftruncate(self._file, 0)
        self._read()

    def _read(self) -> None:
        self._hash, self.length = hashlib.sha256(), 0
        while chunk := os.pread(self._file, _SLICE, self.length):
            self._hash.update(chunk)
            self.length += len(chunk)

    def write(self, chunk: bytes) -> None:
        """Put some bytes behind those that are there.

        :raise NotSaved: if that does not work.
        """
        view = memoryview(chunk)
        try:
            while view:
                done = os.pwrite(self._file, view, self.length)
                self._hash.update(view[:done])
                self.length += done
                view = view[done:]
        except OSError as error:
            raise _not_saved(error) from error

    @property
    def digest(self) -> str:
        """The SHA-256 of what is there."""
        return str(self._hash.hexdigest())

    def close(self) -> None:
        """Leave it for another time."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def drop(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)
        self.close()

    def finish(self, name: str) -> Path:
        """It is whole and right: give it its name, or one like it; where it is now.

        :raise NotSaved: if that does not work.
        """
        try:
            os.fsync(self._file)
            place = self._named(name)
        except OSError as error:
            raise _not_saved(error) from error
        self.drop()
        return place

    def _named(self, name: str) -> Path:
        """Give it a second name, which never takes one that there is."""
        for candidate in names_like(name):
            place = self.path.parent / candidate
            try:
                _give_name(self.path, place)
            except FileExistsError:
                continue
            return place
        raise AssertionError("there is no end of names")


def _give_name(path: Path, place: Path) -> None:
    """Let a file be called so, unless another is.

    :raise FileExistsError: if so.
    """
    try:
        os.link(path, place)
    except OSError as error:
        if error.errno not in _ONE_NAME:
            raise
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        path.replace(place)


def _not_saved(error: OSError) -> NotSaved:
    if error.errno in _FULL:
        return NotSaved("the disk is full.")
    return NotSaved(f"{(error.strerror or str(error)).lower()}: {error.filename or 'the file'}")
