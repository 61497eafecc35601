"""What is made from the code itself: the ini with every setting, and the reference pages.

`python -m chatd.reference` writes them; with `--check` it only says which are not fresh.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from chatd import config, plugins, tables
from chatd.commands import find_commands
from chatd.interfaces import IAuthenticator, IMaker
from chatd.model import Rank

INI = """\
Settings of chatd.

What stands behind a single # is the default: take the # away and change it. `chatd config
check` says what is wrong; a SIGHUP lets a daemon that runs take what was changed.

A secret can be written as ${NAME}, from the environment, or as file:PATH. `data`, and what
follows file:, count from the folder of this file; all other paths from the data directory.
"""
SETTINGS = """\
# Settings

Made from the code by `make docs`. The same, to be filled in, is `etc/chatd.ini`.

Values are `yes` or `no`, whole numbers, times (`90s`, `5m`, `2h`, `1d`), sizes (`512`, `64k`,
`10m`), texts, lists with commas, and paths. `data`, and what follows `file:`, count from the
folder of the ini; all other paths count from the data directory. Any value may be written as
`${NAME}`, from the environment, or as `file:PATH`: then `chatd config show` does not show it.

A section that is not there has its defaults. If there is no `[listen …]` at all, `irc` and
`human` listen; if there is one, only those that are there do.
"""
COMMANDS = """\
# Commands

Made from the code by `make docs`. Each works as an IRC line, and as `/command` on the port for
people; `chat` has names of its own for the usual ones, see its `/help`. `<what>` is needed,
`[what]` is not.
"""


def ini(**written: str) -> str:
    """An ini with every setting, explained, and commented out.

    :param written: settings of [server] that are not.
    """
    blocks = [_comment(INI)]
    for name, record in config.SECTIONS.items():
        blocks.append(
            "\n".join([f"[{name}]", *_lines(record, written if name == "server" else {})])
        )
    for name, default in config.ONLY_ONE.items():
        maker = plugins.find(config.FAMILIES[name], default)
        choices = "; ".join(f"{m.name}: {m.about}" for m in plugins.makers(maker.makes))
        head = [f"[{name}]", "", _comment(choices), f"#type = {default}"]
        blocks.append("\n".join([*head, *_lines(maker.options())]))
    for title, maker in _makers():
        if title in config.ONLY_ONE or not config.settings_of(maker.options()):
            continue
        if maker.makes is IAuthenticator and maker.name not in config.AuthSection.authenticators:
            continue  # a section of what is not chosen is refused
        sign = "" if title in config.LISTEN_BY_DEFAULT else "#"
        blocks.append("\n".join([f"{sign}[{title}]", *_lines(maker.options())]))
    return "\n\n\n".join(blocks) + "\n"


def settings_page() -> str:
    """docs/settings.md."""
    blocks = [SETTINGS]
    blocks += [_table(f"[{name}]", "", record) for name, record in config.SECTIONS.items()]
    for title, maker in _makers():
        blocks.append(_table(f"[{title}] type = {maker.name}", maker.about, maker.options()))
    return "\n".join(blocks)


def commands_page() -> str:
    """docs/commands.md."""
    blocks = [COMMANDS]
    for command in sorted(find_commands(), key=lambda command: command.verb):
        least = f" (for {Rank(command.rank).name.lower()}s)" if command.rank > Rank.GUEST else ""
        blocks.append(f"## {command.verb}{least}\n\n    {command.usage}\n\n{command.help}\n")
    return "\n".join(blocks)


def protocol_page() -> str:
    """docs/protocol.md: written by hand, but for its tables."""
    return tables.filled(_content("docs/protocol.md"))


PAGES = {
    "etc/chatd.ini": lambda: ini(data="../var"),
    "docs/settings.md": settings_page,
    "docs/commands.md": commands_page,
    "docs/protocol.md": protocol_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages; with --check the exit status says whether all are fresh."""
    stale = [page for page, make in PAGES.items() if _content(page) != make()]
    if "--check" in arguments:
        sys.stderr.writelines(f"{page} is not fresh: run `make docs`\n" for page in stale)
        return len(stale)
    for page in stale:
        Path(page).write_text(PAGES[page](), encoding="utf-8")
    return 0


def _content(page: str) -> str:
    path = Path(page)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _makers() -> Iterator[tuple[str, IMaker]]:
    """Every plugin, with the title of its section."""
    for family, makes in config.FAMILIES.items():
        for maker in plugins.makers(makes):
            yield family if family in config.ONLY_ONE else f"{family} {maker.name}", maker


def _lines(record: type, written: dict[str, str] | None = None) -> Iterator[str]:
    """Each setting of a section, with what it is for."""
    defaults = record()
    for name, kind in config.settings_of(record).items():
        yield ""
        yield _comment(config.help_of(record, name))
        if written and name in written:
            yield f"{name} = {written[name]}"
        else:
            yield f"#{name} = {kind.show(getattr(defaults, name))}".rstrip()


def _table(title: str, about: str, record: type) -> str:
    lines = [f"## {title}\n", *([f"{about}\n"] if about else [])]
    settings = config.settings_of(record)
    if settings:
        lines += ["| setting | default | should be | what for |", "|---|---|---|---|"]
    defaults = record()
    for name, kind in settings.items():
        default = kind.show(getattr(defaults, name))
        shown = f"`{default}`" if default else ""
        help_text = config.help_of(record, name).replace("|", "\\|")
        lines.append(f"| `{name}` | {shown} | {kind.like} | {help_text} |")
    return "\n".join([*lines, ""])


def _comment(text: str) -> str:
    paragraphs = [textwrap.wrap(p, 90) or [""] for p in text.strip().split("\n\n")]
    lines = [line for paragraph in paragraphs for line in [*paragraph, ""]][:-1]
    return "\n".join(f"## {line}".rstrip() for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
