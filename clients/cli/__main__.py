"""`chat`: talk with a chatd server from a terminal or a script."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from platformdirs import user_downloads_path
from rich.console import Console

from clients.cli import looks, scripts
from clients.cli.bars import Bars
from clients.cli.passwords import find_password, new_password
from clients.cli.session import Exit, Failed, Place, Session
from clients.cli.typed import lines
from clients.lib.model import Login
from clients.lib.places import address
from clients.lib.trust import Pins, digest, known_hosts

PATIENCE = 120.0
"""Seconds that a script bears to be without a connection."""

_USAGE = """chat [options] HOST [ROOM]
       chat send [options] HOST ROOM < FILE
       chat tail [options] [--json] [-n COUNT] HOST ROOM
       chat history [options] [--json] [--limit COUNT] [--before WHEN] HOST ROOM
       chat put [options] HOST TARGET FILE
       chat get [options] [--output PATH] HOST ID
       chat register [options] HOST NAME
       chat forget HOST"""

_ABOUT = """
Talk with a chat server over TLS. With only a HOST it takes the whole screen; with --plain it
shows one line after the other, for screen readers, old terminals and pipes.

  send      say each line of standard input; ends when the server has stored them all
  tail      show the last messages of a room, then each as it comes
  history   show messages that were said before
  put       send a file to a room or a person; prints its ID when the server has it, or they do
  get       fetch a file that was offered to you, or to a room; prints where it is saved
  register  make an account
  forget    forget the certificate that is remembered for a host

HOST may be HOST:PORT; the port is 6697 if none is given. ROOM is a room ('#ops', quoted for the
shell) or the name of a person; so is TARGET. ID is a word that comes with an offer.
"""

_MORE = """
password:
  It is taken from $CHAT_PASSWORD, else from the keyring (service `chatd`, user `NAME@HOST:PORT`:
  `keyring set chatd ada@chat.example:6697`), else asked for. It is never an argument.

files:
  Both sides need an account. What is interrupted, by Ctrl-C or a lost connection or a restart of
  the server, goes on from where it was when the same command is given again. A file is saved when
  its SHA-256 is right, under a name that does no harm, and never in place of another: as
  `name (1).ext` then. Until that it is .chat-ID.part in the same folder. --output names a folder
  or a file; without it the folder is --downloads, else $CHAT_DOWNLOADS, else the desktop's.

certificate:
  One that the system's authorities vouch for is accepted. Any other is shown when it is met
  first, remembered, and has to stay the same: compare it with what the server's operator sees
  (`chatd init` prints it), or give it as --fingerprint beforehand.

exit status:
  0  all is done                       3  no connection, or not the right kind of server
  1  the server refused something      4  the certificate is not the one it should be
  2  the command line is no good       5  the login failed, or there is no password
  6  the file cannot be read or saved, or is not what was promised
  130  it was interrupted

environment:
  CHAT_ACCOUNT      account to log in with, if --account is not given; else your login name
  CHAT_PASSWORD     its password
  CHAT_DOWNLOADS    where files are saved, if --downloads is not given
  NO_COLOR          if set, no colours
  SSL_CERT_FILE     authorities to trust instead of the system's
  XDG_CONFIG_HOME   where chatd/known_hosts is; ~/.config if not set

examples:
  chat chat.example '#tea'
  uptime | chat send chat.example '#ops'
  chat put chat.example bob holiday.mp4
  chat get chat.example k3x9w2ab --output ~/films
  chat tail --json -n 0 chat.example '#ops' | jq -r .text
"""

Run = Callable[[Any], Coroutine[Any, Any, None]]


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the program, and end it with its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    verb = given[0] if given and given[0] in _VERBS else "open"
    options = _parser(verb).parse_args(given if verb == "open" else given[1:])
    try:
        run = _VERBS[verb](options)
        status = Exit.FINE if run is None else _in_reactor(run)
    except Failed as error:
        status = _complain(error)
    sys.exit(status)


def _in_reactor(run: Run) -> Exit:
    """Run a coroutine in Twisted's reactor on asyncio's loop, which the views need."""
    from twisted.internet import asyncioreactor

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)
    from twisted.internet import reactor
    from twisted.internet.defer import ensureDeferred
    from twisted.python.failure import Failure

    ends: list[Any] = []

    def end(result: object) -> None:
        ends.append(result)
        if reactor.running:
            reactor.stop()

    reactor.callWhenRunning(lambda: ensureDeferred(run(reactor)).addBoth(end))
    reactor.run()
    if not ends:
        return Exit.INTERRUPTED
    if isinstance(ends[0], Failure):
        ends[0].raiseException()
    return Exit.FINE


def _complain(error: Failed) -> Exit:
    _say(str(error))
    return error.code


def _say(text: str) -> None:
    print(f"chat: {text}", file=sys.stderr, flush=True)


# -- what each verb does


def _open(options: argparse.Namespace) -> Run:
    place, login = _place(options), _login(options)

    async def run(reactor: Any) -> None:
        session = Session(reactor, place, login)
        session.start()
        if options.plain or not (sys.stdin.isatty() and sys.stdout.isatty()):
            from clients.cli.plain import run_plain

            colours = looks.has_colours(sys.stdout, os.environ)
            await run_plain(reactor, session, options.room, colours)
        else:
            from clients.cli.app import run_app

            await run_app(session, options.room)

    return run


def _send(options: argparse.Namespace) -> Run:
    async def work(reactor: Any, session: Session) -> None:
        await scripts.send(session, options.room, lines(reactor, sys.stdin.fileno()))

    return _script(options, work, options.room)


def _tail(options: argparse.Namespace) -> Run:
    show = scripts.writer(options.json, looks.has_colours(sys.stdout, os.environ))

    async def work(reactor: Any, session: Session) -> None:
        await scripts.tail(session, options.room, options.n, show)

    return _script(options, work, options.room, max(1, min(options.n, scripts.PAGE)))


def _history(options: argparse.Namespace) -> Run:
    show = scripts.writer(options.json, looks.has_colours(sys.stdout, os.environ))

    async def work(reactor: Any, session: Session) -> None:
        await scripts.history(session, options.room, options.before, options.limit, show)

    return _script(options, work, "")


def _put(options: argparse.Namespace) -> Run:
    async def work(reactor: Any, session: Session) -> None:
        with _bars(reactor, session):
            id_ = await scripts.put(session, options.room, options.file)
        print(id_, flush=True)

    return _script(options, work, "")


def _get(options: argparse.Namespace) -> Run:
    place = options.output or _downloads(options)
    if options.output is None:
        _make(place)

    async def work(reactor: Any, session: Session) -> None:
        with _bars(reactor, session):
            saved = await scripts.get(session, options.id, place)
        print(saved, flush=True)

    return _script(options, work, "")


@contextmanager
def _bars(reactor: Any, session: Session) -> Iterator[None]:
    """Meanwhile, show on a terminal how far a file is; nothing of it stays, however it ends."""
    if sys.stderr.isatty():
        session.bars = Bars(Console(stderr=True))
        reactor.addSystemEventTrigger("before", "shutdown", session.bars.close)
    try:
        yield
    finally:
        session.bars.close()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failed(Exit.FILE, f"{folder} cannot be made: {error.strerror}.") from error


def _register(options: argparse.Namespace) -> Run:
    place = _place(options)
    password = new_password(os.environ, options.account, options.host)
    login = Login(options.account, password, register=True, invitation=options.invitation)

    async def run(reactor: Any) -> None:
        session = Session(reactor, place, login, "", 1, 0, _say)
        session.start()
        print(await scripts.register(session))
        session.close()

    return run


def _forget(options: argparse.Namespace) -> None:
    place = _place(options)
    if not Pins(place.pins).drop(f"{place.host}:{place.port}"):
        raise Failed(Exit.USAGE, f"No certificate of {options.host} is remembered.")


def _script(
    options: argparse.Namespace,
    work: Callable[[Any, Session], Coroutine[Any, Any, None]],
    only: str,
    first_page: int = 1,
) -> Run:
    place, login = _place(options), _login(options)

    async def run(reactor: Any) -> None:
        session = Session(reactor, place, login, only, first_page, PATIENCE, _say)
        session.start()
        try:
            await work(reactor, session)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        await session.end()

    return run


_VERBS: dict[str, Callable[[argparse.Namespace], Run | None]] = {
    "open": _open,
    "send": _send,
    "tail": _tail,
    "history": _history,
    "put": _put,
    "get": _get,
    "register": _register,
    "forget": _forget,
}


# -- the command line


def _usage(verb: str) -> str:
    """How all is used, or one verb."""
    return next((line.strip() for line in _USAGE.splitlines() if f" {verb} " in line), _USAGE)


def _parser(verb: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chat",
        usage=_usage(verb),
        description=_ABOUT,
        epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("host", metavar="HOST", type=_address, help="the server, HOST[:PORT]")
    if verb == "register":
        parser.add_argument("account", metavar="NAME", help="the name of the new account")
        parser.add_argument("--invitation", metavar="CODE", help="an invitation code")
    elif verb != "forget":
        if verb != "get":
            shown, nargs = "TARGET" if verb == "put" else "ROOM", "?" if verb == "open" else None
            about = "room or person"
            parser.add_argument("room", metavar=shown, nargs=nargs, default="", help=about)
        parser.add_argument("--account", metavar="NAME", default=None, help="log in as NAME")
        parser.add_argument("--guest", action="store_true", help="come in without an account")
    parser.add_argument(
        "--fingerprint", metavar="AB:CD:…", type=_digest, help="SHA-256 its certificate must have"
    )
    _ADDERS.get(verb, lambda parser: None)(parser)
    return parser


def _add_open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plain", action="store_true", help="line by line, without full screen")
    _add_downloads(parser)


def _add_downloads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--downloads", metavar="FOLDER", type=Path, help="where files are saved that you fetch"
    )


def _add_put(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to send")


def _add_get(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="which file")
    parser.add_argument(
        "--output", "-o", metavar="PATH", type=Path, help="the folder, or the name, to save it as"
    )
    _add_downloads(parser)


def _add_tail(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object for each message")
    parser.add_argument(
        "-n", metavar="COUNT", type=_count, default=10, help="how many of the last to begin with"
    )


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object for each message")
    parser.add_argument(
        "--limit", metavar="COUNT", type=_count, default=100, help="how many messages"
    )
    parser.add_argument(
        "--before", metavar="WHEN", type=scripts.reference, help="a time in ISO 8601, or a msgid"
    )


_ADDERS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "open": _add_open,
    "tail": _add_tail,
    "history": _add_history,
    "put": _add_put,
    "get": _add_get,
}


def _address(text: str) -> str:
    try:
        return address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _digest(text: str) -> str:
    try:
        return digest(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no count")
    return int(text)


def _place(options: argparse.Namespace) -> Place:
    host, _, port = options.host.rpartition(":")
    pins = known_hosts(os.environ)
    return Place(host.lower(), int(port), pins, options.fingerprint, _downloads(options))


def _downloads(options: argparse.Namespace) -> Path:
    """Where files are saved."""
    given = getattr(options, "downloads", None) or os.environ.get("CHAT_DOWNLOADS")
    return Path(given or user_downloads_path()).expanduser()


def _login(options: argparse.Namespace) -> Login:
    name = options.account or os.environ.get("CHAT_ACCOUNT") or getpass.getuser()
    if options.guest:
        return Login(name)
    return Login(name, find_password(os.environ, name, options.host))


if __name__ == "__main__":
    main()
