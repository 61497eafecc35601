"""`chatd`, the operator's command."""

from __future__ import annotations

import argparse
import getpass
import os
import pwd
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from chatd import __version__, config, directory, reference
from chatd.answers import moment
from chatd.bench.options import add as add_bench_options
from chatd.config import Config, ConfigError
from chatd.errors import ChatError, StartError
from chatd.model import Rank, Sealed
from chatd.office import Office
from chatd.tap import DEFAULT_INI, now
from chatd.values import SECONDS
from chatd.wire.human import visible

RANKS = [rank.name.lower() for rank in Rank if rank is not Rank.GUEST]

ABOUT = """\
chatd is a chat daemon for IRC clients, and for people with nothing but a terminal.

  chatd init       make a settings file, the data directory, a secret and a certificate
  chatd run        make what is missing of these, then serve until told to stop
"""
AFTERWARDS = """\
exit status:
  0 if all went well, 1 if not (a sentence says why), 2 for a command line without sense

signals to a daemon that runs:
  TERM and INT end it, HUP lets it read its settings and certificates again

files:
  chatd.ini in the current folder, or what --config or CHATD_CONFIG in the environment
  names; every setting is explained in it
"""


class Trouble(Exception):
    """A sentence for the operator."""


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.act(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
    except (StartError, ChatError, Trouble) as error:
        print(f"chatd: {error}", file=sys.stderr)
    except (KeyboardInterrupt, EOFError):
        print("chatd: nothing was done.", file=sys.stderr)
    else:
        return 0
    return 1


# -- the daemon


def _init(options: argparse.Namespace) -> None:
    if not options.config.exists():
        _write_ini(options.config)
        print(f"settings     {options.config} (new)")
    wanted = config.read(options.config)
    directory.prepare(wanted, now() / 1000)
    print(f"data         {wanted.data}")
    for pair in directory.pairs(wanted):
        print(f"certificate  {pair.certificate}")
        print(f"fingerprint  SHA-256 {_checked(pair.fingerprint)}")
    as_module = sys.argv[0].endswith("__main__.py")
    chatd = f"{sys.executable} -m chatd" if as_module else sys.argv[0]
    print(f"an admin     {chatd} account add NAME --rank admin --config {options.config}")


def _write_ini(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reference.ini(), encoding="utf-8")
        path.chmod(0o600)
    except OSError as error:
        raise Trouble(f"{path} cannot be written ({error.strerror}): name another.") from error


def _run(options: argparse.Namespace) -> None:
    from twisted.scripts.twistd import run

    _init(options)
    sys.stdout.flush()
    sys.argv = ["twistd", "--nodaemon", "--pidfile=", "--umask=077"]
    sys.argv += ["chatd", "--config", str(options.config)]
    run()


def _bench(options: argparse.Namespace) -> None:
    from chatd.bench.command import run

    status = run(options)
    if status:
        sys.exit(status)


def _version(options: argparse.Namespace) -> None:
    print(f"chatd {__version__}")


# -- its settings


def _check(options: argparse.Namespace) -> None:
    wanted = config.read(options.config)
    if not directory.needs_certificate(wanted):
        for pair in directory.pairs(wanted):
            _checked(pair.context)
    print(f"{options.config} is good.")


def _show(options: argparse.Namespace) -> None:
    print(config.shown(config.read(options.config)), end="")


def _checked(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except ValueError as error:
        raise Trouble(str(error)) from error


# -- its accounts


def _add(options: argparse.Namespace) -> None:
    password = _password(options)
    rank = Rank[options.rank.upper()]
    _in_office(options, lambda office: office.add(options.name, password, rank))
    print(f"{options.name} has an account now, as {options.rank}.")


def _set_password(options: argparse.Namespace) -> None:
    password = _password(options)
    _in_office(options, lambda office: office.set_password(options.name, password))
    print(f"{options.name} has another password now.")


def _set_rank(options: argparse.Namespace) -> None:
    rank = Rank[options.rank.upper()]
    _in_office(options, lambda office: office.set_rank(options.name, rank))
    print(f"{options.name} is {options.rank} from the next log-in on.")


def _list(options: argparse.Namespace) -> None:
    for account in _in_office(options, Office.all):
        suspended = "  suspended" if account.suspended else ""
        print(f"{account.name:32}  {account.rank.name.lower():9}{suspended}".rstrip())


def _invite(options: argparse.Namespace) -> None:
    print(_in_office(options, lambda office: office.invite(options.uses, options.lasts)))


# -- its audit log


def _list_audit(options: argparse.Namespace) -> None:
    def find(office: Office) -> Awaitable[list[Sealed]]:
        return office.audit.newest(options.limit, options.deed, options.by)

    found = _in_office(options, find)
    rows = [("no", "when", "who", "from", "what", "whom", "more"), *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _row(record: Sealed) -> tuple[str, ...]:
    deed = record.deed
    texts = (deed.by, deed.address, deed.act, deed.target, deed.note)
    return str(record.number), moment(deed.at), *map(visible, texts)


def _verify_audit(options: argparse.Namespace) -> None:
    last, faults = _in_office(options, lambda office: office.audit.check(options.known))
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        raise Trouble("the audit log is not as it was written.")
    if last is None:
        print("The audit log is empty.")
    else:
        print(f"The audit log is whole: {last.number} records.")
        print(f"To be sure of that later on: --known {last.number}:{last.seal}")


def _password(options: argparse.Namespace) -> str:
    """From a file, a pipe, or asked for twice; a command line could be read by all."""
    if options.password_file:
        try:
            return str(options.password_file.read_text(encoding="utf-8").splitlines()[0])
        except (OSError, UnicodeDecodeError, IndexError) as error:
            raise Trouble(f"{options.password_file} has no password: {error}") from error
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"password for {options.name}: ")
    if getpass.getpass("once more: ") != password:
        raise Trouble("those were two different passwords.")
    return password


def _in_office(options: argparse.Namespace, work: Callable[[Office], Awaitable[Any]]) -> Any:
    """Do something to the accounts, with a reactor for as long as it takes."""
    from twisted.internet.task import react

    wanted = config.read(options.config)
    directory.prepare(wanted, now() / 1000)
    directory.check_version(wanted)
    outcome: list[Any] = []

    async def act(reactor: Any) -> None:
        try:
            outcome.append(await _worked(wanted, reactor, work))
        except (StartError, ChatError) as error:
            outcome.append(error)

    try:
        react(act)
    except SystemExit:
        if not outcome:
            raise
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


async def _worked(wanted: Config, reactor: Any, work: Callable[[Office], Awaitable[Any]]) -> Any:
    office = Office(wanted, reactor, now, _user())
    await office.open()
    try:
        return await work(office)
    finally:
        await office.close()


def _user() -> str:
    """Who has asked for this, as the system knows them."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


# -- the command line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "chatd",
        description=ABOUT,
        epilog=AFTERWARDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"chatd {__version__}"
    parser.add_argument("--version", action="version", version=version, help="the same as version")
    actions = parser.add_subparsers(title="what to do", metavar="COMMAND", required=True)
    _action(actions, "init", _init, "make what a daemon needs, where it is missing")
    _action(actions, "run", _run, "serve, in the foreground")
    _add_settings_actions(_group(actions, "config", "look at the settings"))
    _add_account_actions(_group(actions, "account", "look after accounts"))
    _add_audit_actions(_group(actions, "audit", "see who has used which privilege"))
    invite = _action(actions, "invite", _invite, "make a code that lets somebody register")
    invite.add_argument("--uses", type=int, default=1, help="how often it is good (once)")
    invite.add_argument(
        "--lasts", type=_seconds, default="7d", metavar="TIME", help="for how long (7d)"
    )
    about = "let clients talk, and measure how long that takes and what is lost"
    bench = actions.add_parser("bench", help=about)
    bench.set_defaults(act=_bench)
    add_bench_options(bench)
    _action(actions, "version", _version, "say which chatd this is")
    return parser


def _add_settings_actions(actions: Any) -> None:
    _action(actions, "check", _check, "say all that is wrong with the settings")
    _action(actions, "show", _show, "all settings as they are in force, without secrets")


def _add_account_actions(actions: Any) -> None:
    add = _action(actions, "add", _add, "make an account")
    password = _action(actions, "password", _set_password, "give an account another password")
    role = _action(actions, "role", _set_rank, "say what an account may do on the whole server")
    _action(actions, "list", _list, "all accounts, with what they may do")
    for action in (add, password, role):
        action.add_argument("name", metavar="NAME", help="the account's name")
    for action in (add, password):
        action.add_argument(
            "--password-file",
            type=Path,
            metavar="FILE",
            help="take the password from the first line of FILE; otherwise it is asked for,"
            " or read from the standard input if that is no terminal",
        )
    add.add_argument("--rank", choices=RANKS, default="user", help="what it may do (user)")
    role.add_argument("rank", choices=RANKS, help="user, moderator or admin")


def _add_audit_actions(actions: Any) -> None:
    list_ = _action(actions, "list", _list_audit, "the newest acts, the last one last")
    list_.add_argument("--limit", type=_count, default=50, help="how many (50)")
    list_.add_argument(
        "--act",
        dest="deed",
        metavar="ACT",
        default="",
        help="only acts that begin so: kill, uban, room, …",
    )
    list_.add_argument("--by", default="", metavar="NAME", help="only what this one did")
    verify = _action(actions, "verify", _verify_audit, "see whether anybody has tampered with it")
    verify.add_argument(
        "--known",
        type=_known,
        metavar="NUMBER:SEAL",
        help="a record as an earlier run of this, or the daemon's log, has shown it",
    )


def _group(actions: Any, name: str, about: str) -> Any:
    parser = actions.add_parser(name, help=about, description=about)
    return parser.add_subparsers(title="what to do", metavar="COMMAND", required=True)


def _action(
    actions: Any, name: str, act: Callable[[argparse.Namespace], None], about: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=about, description=about)
    default = Path(os.environ.get("CHATD_CONFIG", DEFAULT_INI))
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        default=default,
        metavar="INI",
        help=f"the settings ({default})",
    )
    parser.set_defaults(act=act)
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:9]) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no good: it should be a number, like 50")
    return int(text[:9])


def _known(text: str) -> tuple[int, str]:
    number, _, seal = text.partition(":")
    if not re.fullmatch("[1-9][0-9]{0,17}", number) or not re.fullmatch("[0-9a-f]{64}", seal):
        raise argparse.ArgumentTypeError(f"{text!r} is no good: it should be NUMBER:SEAL")
    return int(number), seal


def _seconds(text: str) -> float:
    try:
        return float(SECONDS.parse(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no good: it should be {SECONDS.like}"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
