"""Where the password comes from: environment, keyring or prompt; never the argument list."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping

from clients.cli.session import Exit, Failed

VARIABLE = "CHAT_PASSWORD"


def find_password(environ: Mapping[str, str], account: str, place: str) -> str:
    """The password of an account.

    :param place: host and port.
    :raise Failed: if there is none and nobody can be asked.
    """
    password = environ.get(VARIABLE) or _from_keyring(f"{account}@{place}")
    return password or _ask(f"Password of {account} at {place}: ")


def new_password(environ: Mapping[str, str], account: str, place: str) -> str:
    """A password for an account that is to be made; typed twice if it is typed.

    :raise Failed: if the two differ, or nobody can be asked.
    """
    password = environ.get(VARIABLE)
    if password:
        return password
    password = _ask(f"Choose a password for {account} at {place}: ")
    if _ask("Once more: ") != password:
        raise Failed(Exit.USAGE, "The two are not the same.")
    return password


def _from_keyring(name: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password("chatd", name)
    except (KeyringError, RuntimeError):
        return None


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise Failed(Exit.LOGIN, f"There is no password: set ${VARIABLE}, or use a keyring.")
    password = getpass.getpass(question)
    if not password:
        raise Failed(Exit.LOGIN, "There is no password. To come as a guest: --guest")
    return password
