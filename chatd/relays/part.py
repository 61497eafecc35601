"""One file of the disk relay: a head that says what it is, and behind it the bytes.

The head says which bytes survive whatever happens: it is written after they were, and so it
never promises too much. Everything here waits for the disk.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import DecodeError, ValidationError, json

HEAD = 512
"""Bytes before those of the file: one sector, which a disk writes whole or not at all."""
DURABLE_EVERY = 1 << 19
"""After so many bytes the disk is waited for."""
SLICE = 1 << 18
"""Bytes that are read at once."""


class NoPart(Exception):
    """It is no file of ours, or a damaged one."""


@dataclass(frozen=True, slots=True)
class Head:
    """Which bytes of which offer are in a file: those from `start` to `end`.

    `whole` if there will be no more; then `digest` is that of the file, if all of it is here.
    """

    offer: str
    start: int
    end: int
    whole: bool = False
    digest: str = ""


class Part:
    """A file, from when it is made or found to when it is removed."""

    def __init__(self, path: Path, head: Head) -> None:
        self.path = path
        self.head = head
        self.written = head.end
        self._file: int | None = None
        self._hash: Any = None

    def open(self) -> None:
        """Be ready to write on at the last durable byte."""
        if self._file is not None:
            return
        new = not self.path.exists()
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(self.path, flags, 0o600)
        self._write_head()
        if new:
            os.fsync(self._file)
            _sync_folder(self.path.parent)
        os.ftruncate(self._file, HEAD + self._length)
        self.written = self.head.end
        if self._hash is None and self.head.start == 0:
            self._hash = self._digest_so_far()

    def write(self, chunk: bytes) -> None:
        """Add some bytes, and now and then see that they are durable."""
        view, at = memoryview(chunk), HEAD + self.written - self.head.start
        while view:
            done = os.pwrite(self._open, view, at)
            view, at = view[done:], at + done
        if self._hash is not None:
            self._hash.update(chunk)
        self.written += len(chunk)
        if self.written - self.head.end >= DURABLE_EVERY:
            self.sync()

    def sync(self) -> None:
        """Make durable what was written."""
        os.fdatasync(self._open)
        self.head = replace(self.head, end=self.written)
        self._write_head()

    def finish(self) -> str:
        """All is there: make that durable; the digest of the file, empty if its start is not."""
        os.fdatasync(self._open)
        digest = "" if self._hash is None else self._hash.hexdigest()
        self.head = replace(self.head, end=self.written, whole=True, digest=digest)
        self._write_head()
        os.fsync(self._open)
        self.close()
        return digest

    def close(self) -> None:
        """Write no more for now; what is not durable may be lost."""
        handle, self._file = self._file, None
        self._hash = None
        if handle is not None:
            os.close(handle)

    def remove(self) -> None:
        """Give the space back."""
        self.close()
        self.path.unlink(missing_ok=True)

    def reader(self) -> int:
        """A file to read from, which has to be closed."""
        return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, reader: int, at: int) -> bytes:
        """Some bytes from an offset on."""
        count = max(0, min(SLICE, self.written - at))
        return os.pread(reader, count, HEAD + at - self.head.start)

    @property
    def _open(self) -> int:
        if self._file is None:
            raise OSError("it was closed meanwhile")
        return self._file

    @property
    def _length(self) -> int:
        return self.head.end - self.head.start

    def _write_head(self) -> None:
        os.pwrite(self._open, json.encode(self.head).ljust(HEAD), 0)

    def _digest_so_far(self) -> Any:
        digest = hashlib.sha256()
        for at in range(0, self._length, SLICE):
            digest.update(os.pread(self._open, min(SLICE, self._length - at), HEAD + at))
        return digest


def found(path: Path) -> Part:
    """The part that is in a file.

    :raise NoPart: if there is none, or less of it than it says.
    """
    try:
        with path.open("rb") as file:
            head = json.decode(file.read(HEAD), type=Head)
            size = os.fstat(file.fileno()).st_size
    except (OSError, DecodeError, ValidationError) as error:
        raise NoPart from error
    if size < HEAD + head.end - head.start or not 0 <= head.start <= head.end:
        raise NoPart
    return Part(path, head)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
