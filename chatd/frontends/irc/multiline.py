"""BATCH from clients: messages of several lines (IRCv3 draft/multiline, client batches).

A client has one batch open at a time. Its lines are collected until it is closed, and are
one message then. After a mistake the rest of the batch is swallowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chatd.commands import Request, command
from chatd.commands.talk import client_tags, say
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.frontends.irc.client import SERVICE, Client
from chatd.frontends.irc.notices import hush
from chatd.model import Kind
from chatd.names import fold
from chatd.wire.caps import Cap

TYPE = "draft/multiline"
CONCAT = "draft/multiline-concat"
MOST_BYTES = 4096
MOST_LINES = 32
PATIENCE = 60
"""How many seconds a batch may stay open."""
_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}")
_KINDS = {"PRIVMSG": Kind.MESSAGE, "NOTICE": Kind.NOTICE}


class BadBatch(Exception):
    """Something about a batch is wrong: a code, what it is about, and a sentence."""


@dataclass(slots=True)
class Open:
    """A batch that a client has opened: what came so far, and when it was opened (seconds)."""

    reference: str
    target: str
    tags: dict[str, str]
    label: str | None
    at: float
    verb: str = ""
    lines: list[str] = field(default_factory=list)
    joined: list[bool] = field(default_factory=list)
    size: int = 0
    spoilt: bool = False

    def add(self, request: Request, target: str, text: str) -> None:
        """One line more.

        :raise BadBatch: if it does not belong here, or is one too many.
        """
        goes_on = CONCAT in request.tags
        self._check(request, target)
        if goes_on and not text:
            raise BadBatch("MULTILINE_INVALID", "A blank line cannot go on with another.")
        self.verb = request.verb
        self.size += len(text.encode()) + (bool(self.lines) and not goes_on)
        self.lines.append(text)
        self.joined.append(goes_on)
        if self.size > MOST_BYTES:
            raise BadBatch("MULTILINE_MAX_BYTES", str(MOST_BYTES), "That is too long.")
        if len(self.lines) > MOST_LINES:
            raise BadBatch("MULTILINE_MAX_LINES", str(MOST_LINES), "Those are too many lines.")

    def _check(self, request: Request, target: str) -> None:
        if request.tags["batch"] != self.reference:
            raise BadBatch("MULTILINE_INVALID", "Another batch is open.")
        if target != self.target:
            text = "A batch is for one target."
            raise BadBatch("MULTILINE_INVALID_TARGET", self.target, target, text)
        if self.verb not in ("", request.verb):
            raise BadBatch("MULTILINE_INVALID", "A batch is of PRIVMSG or of NOTICE, not both.")
        if client_tags(request):
            raise BadBatch("MULTILINE_INVALID", "Tags belong to the batch, not to its lines.")

    def composed(self) -> tuple[str, tuple[int, ...]]:
        """The whole text, and where lines were joined.

        :raise BadBatch: if there is nothing in it.
        """
        if not any(self.lines):
            raise BadBatch("MULTILINE_INVALID", "There is nothing but blank lines.")
        text, joints = self.lines[0], []
        for line, goes_on in zip(self.lines[1:], self.joined[1:], strict=True):
            if goes_on:
                joints.append(len(text))
            text += line if goes_on else f"\n{line}"
        return text, tuple(joints)


@command("BATCH")
async def batch(core: Core, request: Request, reference: str, *params: str) -> None:
    """Open a message of several lines, or close it: BATCH +1 draft/multiline #tea, BATCH -1."""
    client, sign, name = client_of(request), reference[:1], reference[1:]
    try:
        if sign == "+":
            _open(client, request, name, params)
        elif sign == "-":
            await _close(core, client, request, name)
        else:
            raise BadBatch("MULTILINE_INVALID", "It should be + or - and a name.")
    except BadBatch as bad:
        client.fail("BATCH", *bad.args)


def _open(client: Client, request: Request, name: str, params: tuple[str, ...]) -> None:
    """A batch is open even if it is no good, so that its lines are known and swallowed."""
    busy = client.batch is not None and not client.batch.spoilt
    target = params[1] if len(params) > 1 else ""
    now = client.irc.reactor.seconds()
    opened = client.batch = Open(name, target, client_tags(request), None, now, spoilt=True)
    if busy:
        raise BadBatch("MULTILINE_INVALID", "One batch at a time.")
    if not _REFERENCE.fullmatch(name):
        raise BadBatch("INVALID_REFTAG", name or "*", "That cannot be the name of a batch.")
    kind = params[0] if params else "*"
    if kind != TYPE or Cap.MULTILINE not in client.caps:
        raise BadBatch("UNKNOWN_TYPE", name, kind, "There are no batches of that type.")
    if not target or fold(target) == fold(SERVICE) or "," in target:
        raise BadBatch("MULTILINE_INVALID", "A batch is for one target.")
    opened.spoilt, opened.label = False, request.label
    client.relabel(None)


def collect(client: Client, request: Request, target: str, text: str) -> None:
    """A line of a batch has come."""
    opened = client.batch
    if opened is None:
        client.fail("BATCH", "MULTILINE_INVALID", "No batch is open.")
    elif not opened.spoilt:
        try:
            _check_time(client, opened)
            opened.add(request, target, text)
        except BadBatch as bad:
            opened.spoilt = True
            client.fail("BATCH", *bad.args)


async def _close(core: Core, client: Client, request: Request, name: str) -> None:
    opened = client.batch
    if opened is None or opened.reference != name:
        raise BadBatch("MULTILINE_INVALID", "No such batch is open.")
    client.batch = None
    client.relabel(opened.label, opened.target)
    if opened.spoilt:
        return
    _check_time(client, opened)
    text, joints = opened.composed()
    request.verb, request.tags, request.label = opened.verb, opened.tags, opened.label
    if opened.verb == "NOTICE":
        hush(request)
    await say(core, request, opened.target, text, _KINDS[opened.verb], joints)


def _check_time(client: Client, opened: Open) -> None:
    if client.irc.reactor.seconds() - opened.at > PATIENCE:
        raise BadBatch("TIMEOUT", opened.reference, "That batch was open for too long.")
