"""The ini file, made into frozen dataclasses. No other module knows that there is one.

A section of the core is a dataclass of `chatd.core.settings`; one with a `type` is a
plugin, and the dataclass is the plugin's `Options`. The fields are the settings, and the
lines `name: help` in the dataclass's docstring say what they are for.

`data`, and what follows `file:`, count from the folder of the ini. All other paths count
from the data directory.
"""

from __future__ import annotations

import configparser
import os
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from zope.interface import Interface

from chatd import media, plugins
from chatd.core.settings import Auth, Files, Limits, Operators, Server, Settings
from chatd.errors import BadRoomName, StartError
from chatd.interfaces import IAuthenticator, IBus, IFileRelay, IFrontend, IStore
from chatd.names import check_room_name
from chatd.values import Kind, kind_of, one_of, placed

Record = TypeVar("Record")

_HEADER = re.compile(r"\[(.+)\]")
_SETTING = re.compile(r"([^=\s#;][^=]*?)\s*=")
_ENVIRONMENT = re.compile(r"\$\{(\w*)\}")


class ConfigError(Exception):
    """All that is wrong with an ini: a sentence for each."""

    def __str__(self) -> str:
        return "\n".join(f"chatd: {sentence}" for sentence in self.args)


@dataclass(frozen=True)
class ServerSection(Server):
    """[server]: who this server is

    data: the folder for all that the daemon keeps, counted from the folder of this file
    """

    data: Path = Path("var")

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,62})", self.name):
            raise ValueError(
                f"name = {self.name!r} is no good: it should be like chat.example.org."
            )
        try:
            _ = self.lobby and check_room_name(self.lobby, 64)
        except BadRoomName as error:
            raise ValueError(f"lobby = {self.lobby!r} is no good: {error.args[1]}") from error


@dataclass(frozen=True)
class AuthSection(Auth):
    """[auth]: who may come in

    authenticators: the ways to prove who one is; each may have a section of its own; scram, which
        lets clients log in by SCRAM-SHA-256, is for those who name it here
    """

    authenticators: tuple[str, ...] = ("password", "certificate")

    def __post_init__(self) -> None:
        if self.names == "unicode" and find_spec("confusable_homoglyphs") is None:
            raise ValueError(
                "names = unicode needs confusable_homoglyphs: pip install 'chatd[unicode-names]'"
            )


@dataclass(frozen=True)
class FilesSection(Files):
    """[files]: the files that people offer to each other

    relays: how their bytes go: handed through while both sides are there (pair), kept until they
        are fetched (disk), or both; nothing for no files at all
    """

    relays: tuple[str, ...] = ("pair", "disk")

    def __post_init__(self) -> None:
        for name in ("allowed", "refused"):
            if getattr(self, name) and not media.can_tell():
                raise ValueError(f"{name} = … needs puremagic: pip install '{media.EXTRA}'")


@dataclass(frozen=True)
class Part:
    """A plugin that the ini chose, with its settings."""

    section: str
    makes: type[Interface]
    name: str
    options: Any


@dataclass(frozen=True)
class Config:
    """All that the ini says."""

    path: Path
    server: ServerSection
    auth: AuthSection
    limits: Limits
    operators: Operators
    files: FilesSection
    parts: tuple[Part, ...]
    references: Mapping[tuple[str, str], str] = field(compare=False)
    """What stands in the ini itself for what `${NAME}` or `file:PATH` has filled in."""

    @property
    def data(self) -> Path:
        """The data directory, as an absolute path."""
        return self.server.data

    @property
    def settings(self) -> Settings:
        """What is for the core."""
        return Settings(self.server, self.auth, self.limits, self.operators, self.files)

    def sections(self) -> Iterator[tuple[str, Any]]:
        """Every section's name, and the record of its settings."""
        for name in SECTIONS:
            yield name, getattr(self, name)
        for part in self.parts:
            yield part.section, part.options

    def those(self, makes: type[Interface]) -> list[Part]:
        """The parts of one sort."""
        return [part for part in self.parts if part.makes is makes]


SECTIONS: dict[str, type] = {
    "server": ServerSection,
    "auth": AuthSection,
    "limits": Limits,
    "operators": Operators,
    "files": FilesSection,
}
FAMILIES: dict[str, type[Interface]] = {
    "store": IStore,
    "bus": IBus,
    "authenticator": IAuthenticator,
    "relay": IFileRelay,
    "listen": IFrontend,
}
ONLY_ONE = {"store": "sql", "bus": "local"}
"""The families of which there is one, without a name, and which it is by default."""
CHOSEN = {"authenticator": ("auth", "authenticators"), "relay": ("files", "relays")}
"""The families of which another section says which there are, and which setting that is."""
LISTEN_BY_DEFAULT = ("listen irc", "listen human")


def read(path: Path) -> Config:
    """Read an ini, and refuse it as a whole if anything in it is no good.

    :raise ConfigError: with every fault that was found.
    """
    ini = _Ini(path)
    core: dict[str, Any] = {name: ini.record(name, section) for name, section in SECTIONS.items()}
    parts = [part for part in _parts(ini, core) if part is not None]
    ini.refuse_strangers()
    if ini.faults:
        raise ConfigError(*ini.faults)
    return Config(path, **core, parts=tuple(parts), references=ini.references)


def settings_of(record: type) -> dict[str, Kind]:
    """The kinds of value that the fields of a dataclass take, by name."""
    hints = typing.get_type_hints(record)
    return {each.name: kind_of(hints[each.name]) for each in fields(record)}


def help_of(record: type, name: str) -> str:
    """What a setting is for: the lines behind its name in the docstring of its dataclass."""
    for base in record.__mro__:
        match = re.search(rf"^ *{name}: (.+(?:\n {{8,}}.+)*)", base.__doc__ or "", re.MULTILINE)
        if match:
            return " ".join(match[1].split())
    return ""


def shown(config: Config) -> str:
    """The whole of it as an ini, defaults too; secrets as they were written, or masked."""
    lines = []
    for section, record in config.sections():
        lines.append(f"[{section}]")
        lines += [f"type = {part.name}" for part in config.parts if part.section == section]
        for name, kind in settings_of(type(record)).items():
            value = getattr(record, name)
            text = config.references.get((section, name)) or (kind.mask or kind.show)(value)
            lines.append(f"{name} = {text}".rstrip())
        lines.append("")
    return "\n".join(lines)


def _parts(ini: _Ini, core: Mapping[str, Any]) -> Iterator[Part | None]:
    for family, default in ONLY_ONE.items():
        yield ini.part(family, family, default)
    for family, (section, setting) in CHOSEN.items():
        for name in getattr(core[section], setting):
            yield ini.part(family, f"{family} {name}", name)
    for section in ini.listening() or LISTEN_BY_DEFAULT:
        yield ini.part("listen", section, section.removeprefix("listen "))


class _Ini:
    """The text of the ini, and the faults found in it so far."""

    def __init__(self, path: Path) -> None:
        self.faults: list[str] = []
        self.references: dict[tuple[str, str], str] = {}
        self._path = path
        self._known: dict[str, None] = {}
        self._base = path.parent.resolve()
        text = _text(path)
        self._sections = _sections(path, text)
        self._lines = dict(_lines(text))

    def listening(self) -> list[str]:
        """The sections that say where to listen."""
        return [name for name in self._sections if name.startswith("listen ")]

    def part(self, family: str, section: str, default: str) -> Part | None:
        """The plugin that a section chooses; nothing if there is no such plugin."""
        self._known[section] = None
        name = self._sections.get(section, {}).get("type", default)
        try:
            options = plugins.find(FAMILIES[family], name).options()
        except LookupError as error:
            self._refuse(*self._chosen_at(section), name, str(error.args[0]))
        except StartError as error:
            self._fault(*self._chosen_at(section), f"type = {error}")
        else:
            return Part(section, FAMILIES[family], name, self.record(section, options, "type"))
        return None

    def record(self, section: str, record: type[Record], *others: str) -> Record:
        """A section as a record; what is faulty in it has its default.

        :param others: the names of further settings that may be there.
        """
        self._known[section] = None
        kinds = settings_of(record)
        given: dict[str, Any] = {}
        for name, written in self._sections.get(section, {}).items():
            if name in kinds:
                self._take(given, kinds[name], section, name, written)
            elif name not in others:
                self._refuse(section, name, written, _nearest(name, [*kinds, *others]))
        return self._made(section, record, given)

    def refuse_strangers(self) -> None:
        """Find fault with all sections that nobody has asked for."""
        for section in self._sections:
            if section in self._known:
                continue
            family, _, name = section.partition(" ")
            if family in CHOSEN and name:
                other, setting = CHOSEN[family]
                remedy = f"[{other}] {setting} does not have {name}."
            elif family == "listen":
                remedy = "it should have a name, like [listen irc]."
            else:
                remedy = _nearest(section, self._known, "[{}]")
            self._fault(section, None, f"is no good: {remedy}")

    def _chosen_at(self, section: str) -> tuple[str, str]:
        """The section and the setting that choose a plugin."""
        family = section.partition(" ")[0]
        if family in CHOSEN and "type" not in self._sections.get(section, {}):
            return CHOSEN[family]
        return section, "type"

    def _take(
        self, given: dict[str, Any], kind: Kind, section: str, name: str, written: str
    ) -> None:
        try:
            text = _resolved(written, self._path.parent)
        except LookupError as error:
            self._refuse(section, name, written, error.args[0])
            return
        if text != written:
            self.references[section, name] = written
        try:
            given[name] = kind.parse(text)
        except ValueError:
            hidden = kind.mask(written) if kind.mask else written
            self._refuse(section, name, hidden, f"it should be {kind.like}.")

    def _made(self, section: str, record: type[Record], given: dict[str, Any]) -> Record:
        """Fill in the defaults, and count all paths from where they count from."""
        try:
            made: Any = record(**given)
        except ValueError as error:
            self._fault(section, str(error).split()[0], str(error))
            made = record()
        places = {name: placed(getattr(made, name), self._base) for name in settings_of(record)}
        if isinstance(made, ServerSection):
            self._base = places["data"] = places["data"].resolve()
        placed_record: Record = replace(made, **places)
        return placed_record

    def _refuse(self, section: str, name: str, value: str, remedy: str) -> None:
        self._fault(section, name, f"{name} = {value!r} is no good: {remedy}")

    def _fault(self, section: str, name: str | None, sentence: str) -> None:
        line = self._lines.get((section, name)) or self._lines.get((section, None))
        place = f"{self._path}:{line}" if line else str(self._path)
        self.faults.append(f"{place} [{section}] {sentence}")


def _nearest(name: str, names: Iterable[str], form: str = "{!r}") -> str:
    near = get_close_matches(name, list(names), 1, cutoff=0.5)
    if near:
        return f"did you mean {form.format(near[0])}?"
    return f"it should be {one_of([form.format(each) for each in names])}."


def _resolved(written: str, folder: Path) -> str:
    """What `${NAME}` and `file:PATH` stand for.

    :raise LookupError: with a sentence, if they stand for nothing.
    """
    text = _ENVIRONMENT.sub(_variable, written)
    if not text.startswith("file:"):
        return text
    path = folder / Path(text.removeprefix("file:")).expanduser()
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise LookupError(f"{path} cannot be read ({_reason(error)}).") from error
    except UnicodeDecodeError as error:
        raise LookupError(f"{path} is not a text in UTF-8.") from error


def _variable(match: re.Match[str]) -> str:
    if match[1] not in os.environ:
        raise LookupError(f"there is no variable {match[1]!r} in the environment.")
    return os.environ[match[1]]


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no {path}: make one with `chatd init`.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({_reason(error)}).") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not a text in UTF-8.") from error


def _lines(text: str) -> Iterator[tuple[tuple[str, str | None], int]]:
    """On which line each section, and each setting in it, stands."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            section = header[1]
            yield (section, None), number
        elif setting := _SETTING.match(line):
            yield (section, setting[1].lower()), number


def _sections(path: Path, text: str) -> Mapping[str, Mapping[str, str]]:
    parser = configparser.ConfigParser(
        interpolation=None, delimiters=("=",), default_section="", empty_lines_in_values=False
    )
    try:
        parser.read_string(text, str(path))
    except configparser.Error as error:
        raise ConfigError(*_faults_of_form(path, text.splitlines(), error)) from error
    return {name: parser[name] for name in parser.sections()}


def _faults_of_form(path: Path, text: list[str], error: configparser.Error) -> Iterator[str]:
    match error:
        case configparser.DuplicateOptionError():
            yield f"{path}:{error.lineno} [{error.section}] has {error.option} a second time."
        case configparser.DuplicateSectionError():
            yield f"{path}:{error.lineno} [{error.section}] is there a second time."
        case configparser.MissingSectionHeaderError():
            remedy = "it should be a section, like [server]."
            yield f"{path}:{error.lineno} {text[error.lineno - 1]!r} is no good: {remedy}"
        case configparser.ParsingError():
            for line, _ in error.errors:
                yield f"{path}:{line} {text[line - 1]!r} is no good: it should be name = value."
