"""The data directory, and what the daemon makes in it when it is started first."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from pathlib import Path
from typing import IO

from twisted.logger import Logger

from chatd import __version__
from chatd.config import Config
from chatd.errors import StartError
from chatd.frontends.listening import Listening
from chatd.frontends.tls import Pair, make_pair
from chatd.interfaces import IFrontend

SECRET = "secret"  # noqa: S105 - the name of a file
SIZE = 32
LOCK = "lock"

log = Logger()


def prepare(config: Config, now: float) -> None:
    """Make the directory, the server's secret and its certificate, where they are missing.

    :param now: seconds since 1970.
    :raise StartError: if that is not possible.
    """
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if config.data.stat().st_mode & 0o077:
            log.warn("{data} is open to others: chmod 700 {data}", data=str(config.data))
        if not (config.data / SECRET).exists():
            _keep_private(config.data / SECRET, secrets.token_bytes(SIZE))
        if needs_certificate(config):
            make_pair(own_pair(config), _names(config), now)
    except OSError as error:
        raise StartError(
            f"{error.filename} cannot be written ({error.strerror}):"
            " let the daemon's user write there, or write another [server] data."
        ) from error


def hold(config: Config) -> IO[bytes]:
    """Keep other daemons away from the directory for as long as what this gives is open.

    :raise StartError: if another one is there, or the file for it cannot be used.
    """
    path = config.data / LOCK
    try:
        lock = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    except OSError as error:
        raise StartError(
            f"{path} cannot be used ({error.strerror}): let the daemon's user write there."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StartError(
            f"another chatd is at work in {config.data}: stop it, or write another [server] data."
        ) from error
    lock.truncate(0)
    lock.write(__version__.encode())
    return lock


def check_version(config: Config) -> None:
    """Keep away from what a daemon of another version is at work on: it may keep it otherwise.

    :raise StartError: if there is one.
    """
    try:
        with open(config.data / LOCK, "rb") as lock:
            other = _is_held(lock) and lock.read() != __version__.encode()
    except FileNotFoundError:
        return
    if other:
        raise StartError(f"another version of chatd is at work in {config.data}: restart it first.")


def secret(config: Config) -> bytes:
    """What only this server knows.

    :raise StartError: if it cannot be read.
    """
    path = config.data / SECRET
    try:
        found = path.read_bytes()
    except OSError as error:
        raise StartError(
            f"{path} cannot be read ({error.strerror}): let the daemon's user read it."
        ) from error
    if len(found) < SIZE:
        raise StartError(f"{path} is damaged: remove it, and another is made.")
    return found


def own_pair(config: Config) -> Pair:
    """The certificate that the server makes for itself, used by all who name no other."""
    return Pair(config.data / Listening.certificate, config.data / Listening.key)


def pairs(config: Config) -> list[Pair]:
    """All certificates in use."""
    options = [part.options for part in config.those(IFrontend)]
    found = [o.pair for o in options if isinstance(o, Listening) and o.tls]
    return list(dict.fromkeys(found))


def needs_certificate(config: Config) -> bool:
    """Whether the server's own certificate is in use, and not there yet."""
    own = own_pair(config)
    return own in pairs(config) and not (own.certificate.exists() or own.key.exists())


def _is_held(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _names(config: Config) -> list[str]:
    return [config.server.name, socket.gethostname(), "localhost", "127.0.0.1", "::1"]


def _keep_private(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
