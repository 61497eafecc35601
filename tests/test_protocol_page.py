"""docs/protocol.md leaves nothing out that the code says to IRC clients, or takes from them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatd import reference, tables
from chatd.commands import commands_in, find_commands
from chatd.core.settings import Server, Settings
from chatd.errors import ChatError
from chatd.frontends.irc import VERBS
from chatd.frontends.irc.tokens import tokens
from chatd.wire.caps import Cap
from chatd.wire.numerics import Numeric
from tests.daemon import CHECKOUT

IRC = CHECKOUT / "chatd/frontends/irc"
PAGE = (CHECKOUT / "docs/protocol.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"`([^`]+)`", re.sub(r"```.*?```|``.*?``", "", PAGE, flags=re.DOTALL)))
CODE = re.compile(r"[A-Z]+(_[A-Z0-9]+)+")
INSIDE = {"NOT_UTF8"}  # what parse says of a line, which is said to clients otherwise
MARKS = {"time", "msgid", "account", "bot", "label", "batch"}


def trees(*folders: Path) -> Iterator[ast.AST]:
    """Everything in the code of some folders."""
    for folder in folders:
        for path in folder.rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def texts(*folders: Path) -> set[str]:
    """Every text that the code of some folders has."""
    nodes = trees(*folders)
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def sent_verbs() -> set[str]:
    """The verbs of all lines that the front-end makes."""
    found: set[str] = set()
    for node in trees(IRC):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Line", "_line"):
            plain = (n.value for n in node.args if isinstance(n, ast.Constant))
            found.update(list(plain)[:1])
    return found


@pytest.mark.parametrize("cap", Cap)
def test_capabilities(cap: Cap) -> None:
    """Each capability is there."""
    assert cap in WORDS


def test_tokens() -> None:
    """Each token of 005 is there, also those that only some servers have."""
    assert set(tokens(Settings(Server(icon="https://tea.example/pot.png")))) <= WORDS


def test_numbers() -> None:
    """Each number is there, and none that the code has no use for."""
    used = {node.attr for node in attributes() if getattr(node.value, "id", "") == "Numeric"}
    assert used == {numeric.name for numeric in Numeric}
    for numeric in Numeric:
        assert re.search(rf"\b{numeric} {numeric.name}\b", PAGE), numeric.name


def attributes() -> Iterator[ast.Attribute]:
    """Each `something.name` in the code of the daemon."""
    return (node for node in trees(CHECKOUT / "chatd") if isinstance(node, ast.Attribute))


def test_codes() -> None:
    """Each code of FAIL and NOTE is there."""
    said = texts(IRC, CHECKOUT / "chatd/commands")
    codes = {text for text in said if CODE.fullmatch(text)} - INSIDE
    codes |= {error.code for error in ChatError.__subclasses__()}
    assert {"NEED_NICK", "INVALID_UTF8", "CERT_ADDED", "NOT_KEPT"} <= codes
    assert not codes - {word for words in WORDS for word in words.split()}


def test_tags_and_batches() -> None:
    """Each tag, and each kind of batch, is there."""
    said = texts(IRC)
    names = {text for text in said if re.fullmatch(r"\+?draft/[a-z-]+", text)} | (MARKS & said)
    assert {"draft/multiline-concat", "draft/chathistory-targets", "time"} <= names
    assert not names - WORDS


def test_verbs() -> None:
    """Each verb that a client may use is here or in commands.md, with its usage."""
    page = reference.commands_page()
    for command in find_commands():
        assert f"\n    {command.usage}\n" in page
    for command in commands_in(*VERBS):
        assert any(re.fullmatch(rf"{command.verb}( .*)?", word) for word in WORDS), command.verb


def test_sent() -> None:
    """Each verb that the server sends is named."""
    sent = sent_verbs()
    assert {"JOIN", "TOPIC", "ACK", "BATCH"} <= sent
    assert not sent - WORDS


def test_nothing_without_words() -> None:
    """A token that nobody has found words for stops the tables from being made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(tables._TOKENS, "WHOX")
        with pytest.raises(KeyError):
            tables.tables()
