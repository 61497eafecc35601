"""The IRC line: RFC 1459 as modern clients speak it, with IRCv3 message tags.

`parse` gives a Line or raises BadLine, for any bytes at all; any other exception is a
bug. `Line.encode` gives bytes that parse back to the same Line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field

LONGEST = 512
"""Bytes of a line without its tags, its CR LF counted."""
LONGEST_TAGS = 4096
"""Bytes that a client may use for tags, `@` and space counted."""

_ESCAPES = {"\\": "\\\\", ";": "\\:", " ": "\\s", "\r": "\\r", "\n": "\\n"}
_ESCAPE = str.maketrans(_ESCAPES)
_UNESCAPES = {v[1]: k for k, v in _ESCAPES.items()}
_GAP = re.compile("[\0\r\n ]")
_BREAKS = bytes.maketrans(b"\r\n", b"  ")
_NEVER = str.maketrans({"\0": "", "\r": " ", "\n": " "})


class BadLine(ValueError):
    """Bytes that are not a line; `code` says why: EMPTY, NOT_UTF8, TOO_LONG or NO_VERB."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Line(Struct, frozen=True):
    """One line: who it is from, what it is, and with what.

    Only the last parameter may be empty, hold a space, or start with a colon.
    """

    verb: str
    params: tuple[str, ...] = ()
    source: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The line as bytes, CR LF and all; whatever could break it is made harmless.

        What is longer than a line may be loses its end.
        """
        data = self.text().encode("utf-8", "replace")
        if len(data) > LONGEST - 2:
            data = _cut(data)
        return data + b"\r\n"

    def text(self) -> str:
        """The line as text, without CR LF."""
        parts = []
        if self.tags:
            parts.append("@" + format_tags(self.tags))
        if self.source is not None:
            parts.append(":" + self.source)
        parts.append(self.verb)
        parts.extend(self._middle())
        return " ".join(parts).translate(_NEVER)

    def _middle(self) -> list[str]:
        if not self.params:
            return []
        *middle, last = self.params
        shown = [middle_safe(p) for p in middle]
        if last == "" or last[0] == ":" or self.verb in _TRAILING or _GAP.search(last):
            last = ":" + last
        return [*shown, last]


# These end in text that people wrote; a colon there whatever the text keeps old clients happy.
_TRAILING = frozenset({"PRIVMSG", "NOTICE", "TOPIC", "PART", "QUIT", "KICK", "ERROR", "332", "353"})


def middle_safe(param: str) -> str:
    """A parameter that can stand in the middle of a line, whatever a client wrote."""
    if _GAP.search(param):
        param = param.translate(_NEVER).replace(" ", "_")
    if param == "":
        return "*"
    return param if param[0] != ":" else "_" + param[1:]


def parse(data: bytes) -> Line:
    """Read one line, with or without its CR LF.

    :raise BadLine: if it is not one.
    """
    data = data.rstrip(b"\r\n\0").translate(_BREAKS, b"\0")
    if not data.startswith(b"@"):
        if len(data) > LONGEST - 2:
            raise BadLine("TOO_LONG")
    elif len(data) - len(rest := _after(data)) > LONGEST_TAGS or len(rest) > LONGEST - 2:
        raise BadLine("TOO_LONG")
    try:
        return parse_text(data.decode())
    except UnicodeDecodeError:
        raise BadLine("NOT_UTF8") from None


def parse_text(text: str) -> Line:
    """Read one line of text of any length.

    :raise BadLine: if it is not one.
    """
    tags: Mapping[str, str] = {}
    source = None
    if text.startswith("@"):
        raw, _, text = text[1:].partition(" ")
        tags = parse_tags(raw)
    text = text.lstrip(" ")
    if text.startswith(":"):
        source, _, text = text[1:].partition(" ")
    head, colon, trailing = text.partition(" :")
    words = [w for w in head.split(" ") if w]
    if not words:
        raise BadLine("NO_VERB" if tags or source or colon else "EMPTY")
    params = words[1:]
    if colon:
        params.append(trailing)
    return Line(words[0].upper(), tuple(params), source, tags)


def parse_tags(raw: str) -> dict[str, str]:
    """`a=1;b;c=x\\sy` to a dict; the last of equal keys counts."""
    tags = {}
    for item in raw.split(";"):
        key, _, value = item.partition("=")
        if key:
            tags[key] = _unescape(value) if "\\" in value else value
    return tags


def format_tags(tags: Mapping[str, str]) -> str:
    """A dict to `a=1;b;c=x\\sy`."""
    return ";".join(f"{k}={v.translate(_ESCAPE)}" if v else k for k, v in tags.items())


def _unescape(value: str) -> str:
    out = []
    chars = iter(value)
    for char in chars:
        if char == "\\":
            char = next(chars, "")
            char = _UNESCAPES.get(char, char)
        out.append(char)
    return "".join(out)


def _after(data: bytes) -> bytes:
    """What comes after the tags and the space that ends them."""
    return data.partition(b" ")[2]


def _cut(data: bytes) -> bytes:
    """As much of a line as may be, its tags whole and no character broken."""
    end = LONGEST - 2
    if data.startswith(b"@"):
        end += len(data) - len(_after(data))
    return data[:end].decode("utf-8", "ignore").encode()
