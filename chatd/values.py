"""What may stand behind the `=` of a setting: from text to values and back.

The type of a dataclass's field says which kind of value it takes, so that a setting is
declared once, where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from twisted.internet.endpoints import serverFromString

from chatd.model import Bytes, Endpoint, Seconds, Secret, Url

_TIMES: dict[str, float] = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SIZES: dict[str, float] = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_YES = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_FILE_URL = re.compile(r"(sqlite:///)(?!/)(.+)")
_PASSWORD = re.compile(r"(?<=:)[^:@/]+(?=@)")
_HIDDEN = "********"


@dataclass(frozen=True)
class Kind:
    """How values of one type are written.

    `parse` raises ValueError for what is no good; `like` then says what would be. If there
    are but a `few` values, `like` has all of them.
    """

    like: str
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = str
    mask: Callable[[Any], str] | None = None
    few: bool = False


def kind_of(annotation: Any) -> Kind:
    """The kind of value that a field with this annotation takes."""
    if get_origin(annotation) is Literal:
        return _choice(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return _choice(tuple(annotation))
    if get_origin(annotation) is tuple:
        return _listed(kind_of(get_args(annotation)[0]))
    if NoneType in get_args(annotation):
        (inner,) = set(get_args(annotation)) - {NoneType}
        return _optional(kind_of(inner))
    return _KINDS[annotation]


def placed(value: Any, data: Path) -> Any:
    """A path, or a URL of a file, counted from the data directory; else the value itself."""
    if isinstance(value, Path):
        return data / value.expanduser()
    if isinstance(value, str) and (match := _FILE_URL.fullmatch(value)):
        return f"{match[1]}{data / match[2]}"
    return value


def _choice(choices: tuple[str, ...]) -> Kind:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return choices[choices.index(text)]

    return Kind(one_of(choices), parse, few=True)


def one_of(choices: Sequence[str]) -> str:
    """The words for a choice."""
    return f"one of {', '.join(choices)}" if len(choices) > 1 else "".join(choices)


def _listed(kind: Kind) -> Kind:
    def parse(text: str) -> tuple[Any, ...]:
        return tuple(kind.parse(part) for part in re.split(r"[,\s]+", text) if part)

    like = f"a list with commas, each {kind.like}" if kind.few else "a list with commas, like a, b"
    return Kind(like, parse, lambda v: ", ".join(map(kind.show, v)))


def _optional(kind: Kind) -> Kind:
    def parse(text: str) -> Any:
        return kind.parse(text) if text else None

    def show(value: Any) -> str:
        return "" if value is None else kind.show(value)

    return Kind(f"{kind.like}, or nothing", parse, show, kind.mask)


def _boolean(text: str) -> bool:
    if text.lower() not in _YES:
        raise ValueError(text)
    return _YES[text.lower()]


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError(text)
    return int(text)


def _measure(units: dict[str, float], text: str) -> float:
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-z]*)", text.lower())
    if match is None or match[2] not in units:
        raise ValueError(text)
    return float(match[1]) * units[match[2]]


def _seconds(text: str) -> float:
    return 0.0 if text == "0" else _measure(_TIMES, text)


def _bytes(text: str) -> int:
    return int(_measure(_SIZES, text))


def _measured(units: dict[str, float], value: float) -> str:
    """The shortest way to write it exactly: the largest unit that goes into it."""
    for unit, size in sorted(units.items(), key=lambda item: -item[1]):
        if value and value % size == 0:
            return f"{int(value / size)}{unit}"
    return "0" if not value else f"{value:g}s"


def _path(text: str) -> Path:
    if not text:
        raise ValueError(text)
    return Path(text)


def _url(text: str) -> str:
    if "://" not in text:
        raise ValueError(text)
    return text


def _endpoint(text: str) -> str:
    """Let Twisted judge; a socket that systemd will hand over need not be there yet."""
    if re.fullmatch(r"systemd:domain=(INET|INET6|UNIX):(name|index)=\w+", text):
        return text
    try:
        serverFromString(None, text)
    except (ValueError, TypeError, KeyError, LookupError) as error:
        raise ValueError(text) from error
    return text


def _text(value: Any) -> str:
    return str(value).replace("\n", "\n  ")


SECONDS = Kind("a time, like 90s, 5m, 2h or 1d", _seconds, lambda v: _measured(_TIMES, v))

_KINDS: dict[Any, Kind] = {
    str: Kind("a text", str, _text),
    bool: Kind("yes or no", _boolean, lambda value: "yes" if value else "no"),
    int: Kind("a whole number, like 32", _number),
    Seconds: SECONDS,
    Bytes: Kind("a size, like 512, 64k or 10m", _bytes, lambda v: _measured(_SIZES, v)),
    Path: Kind("a path, like /etc/ssl/chat.pem", _path),
    Secret: Kind(
        "a secret, like ${CHATD_SECRET} or file:secret.txt", str, mask=lambda v: v and _HIDDEN
    ),
    Url: Kind(
        "a URL, like sqlite:///chatd.db", _url, mask=lambda value: _PASSWORD.sub(_HIDDEN, value)
    ),
    Endpoint: Kind("an endpoint, like tcp:6697 or unix:/run/chatd/irc", _endpoint),
}
