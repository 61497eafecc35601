"""Programs and libraries that others have written, as people use them: each of them in its own
way, all of them by the same few acts.

with Irssi(place) as eve:
    eve.enters(PASSWORD)
    eve.joins("#tea")
    eve.says("#tea", "hello")

What reads a socket in this very process does so in `shown`, so that has to be asked again and
again. irssi is found in $PATH, and so on; `missing` says what is not there.
"""

from __future__ import annotations

import asyncio
import functools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from base64 import b64encode
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import irc.bot
import irc.connection
import pydle

from tests.browser import TEXT, Browser, text, trust
from tests.daemon import PATIENCE, Daemon
from tests.terminal import Terminal, wait_until

FINGERPRINT = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}")

IRSSI = """
settings = {
  "fe-text" = { paste_verify_line_count = "0"; paste_join_multiline = "no"; };
  "irc/core" = { cmd_queue_speed = "0msec"; cmds_max_at_once = "1000"; };
  "fe-common/core" = { autolog = "yes"; autolog_level = "ALL"; autolog_path = "LOGS/$0.log"; };
};
"""
"""Typed as fast as a program types, nothing held back, and everything logged."""

WEECHAT = (
    "/set weechat.look.paste_max_lines -1",
    "/set irc.server_default.anti_flood_prio_high 0",
    "/set irc.server_default.anti_flood_prio_low 0",
    "/set irc.server_default.autoreconnect_delay 1",
    "/set logger.file.flush_delay 0",
    "/set logger.file.path LOGS",
)
"""The same for WeeChat, which comes back by itself."""

HEXCHAT = """
version = 2.16.1
gui_slist_skip = 1
gui_join_dialog = 0
irc_logging = 1
irc_logmask = %n-%c.log
irc_nick1 = {name}
irc_user_name = {name}
net_reconnect_delay = 1
net_auto_reconnectonfail = 1
net_throttle = 0
"""
NETWORK = """v=2.16.1

N=home
{login}
U={name}
E=UTF-8
F=44
S=127.0.0.1/{port}
"""
"""For HexChat; F: connect at the start, over TLS, to a certificate that nobody has signed."""

TYPIST = """
hexchat.register("typist", "1", "types what is written to a file")
local typed = io.open(hexchat.get_info("configdir") .. "/typed", "r")
hexchat.hook_timer(50, function()
  for line in typed:lines() do
    hexchat.command(line)
  end
  typed:seek("cur", 0)
  return true
end)
"""
"""HexChat's keyboard: a script, in the language that it brings along."""


@dataclass(frozen=True)
class Place:
    """Where somebody sits: a daemon, the port by which they come to it, a folder of their own, and
    what they are called."""

    daemon: Daemon
    port: int
    folder: Path
    name: str

    @property
    def fingerprint(self) -> str:
        """That of the daemon's certificate, as its log says it."""
        return FINGERPRINT.findall(self.daemon.log())[0]


class Program:
    """What all have in common; `uses` names the commands without which it cannot run."""

    uses: tuple[str, ...] = ()

    def __init__(self, place: Place) -> None:
        self.place = place
        self.name = place.name
        self.running = ExitStack()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        self.running.close()

    def enters(self, password: str = "") -> None:
        """Start and connect: by SASL, or without a password as a guest."""
        raise NotImplementedError

    def sends(self, line: str) -> None:
        """A line of IRC."""
        raise NotImplementedError

    def shown(self) -> str:
        """All that it has shown so far, or heard."""
        raise NotImplementedError

    def joins(self, room: str) -> None:
        """Go into a room."""
        self.sends(f"JOIN {room}")

    def says(self, target: str, words: str) -> None:
        """Say something in a room or to a person."""
        self.sends(f"PRIVMSG {target} :{words}")

    def registers(self, password: str) -> None:
        """Make an account of one's name."""
        self.says("NickServ", f"REGISTER {password}")

    def comes_back(self) -> None:
        """Do what one has to do after a lost connection; most do it themselves."""

    def sees(self, *patterns: str) -> None:
        """Wait until all of this is shown."""
        for pattern in patterns:
            wait_until(
                lambda pattern=pattern: bool(re.search(pattern, self.shown())),
                lambda pattern=pattern: f"no {pattern!r} in\n{self.shown()}",
                PATIENCE,
            )


class AtKeyboard(Program):
    """Those in which one types."""

    def types(self, *lines: str) -> None:
        """Type lines, and Enter after each."""
        raise NotImplementedError

    def sends(self, line: str) -> None:
        self.types(f"/quote {line}")

    def joins(self, room: str) -> None:
        self.types(f"/join {room}")

    def says(self, target: str, words: str) -> None:
        self.types(f"/msg {target} {words}")


class InTerminal(AtKeyboard):
    """Those that run in a terminal, and keep logs."""

    terminal: Terminal

    def starts(self, *command: str) -> None:
        """Sit down, and start it."""
        self.terminal = self.running.enter_context(Terminal(self.place.folder, *command))

    def types(self, *lines: str) -> None:
        self.terminal.type(*lines)

    def shown(self) -> str:
        return texts(self.place.folder / "logs") + self.terminal.see()


class Irssi(InTerminal):
    """irssi."""

    uses = ("irssi", "tmux")

    def enters(self, password: str = "") -> None:
        home = self.place.folder / "home"
        home.mkdir(parents=True)
        settings = IRSSI.replace("LOGS", str(self.place.folder / "logs"))
        (home / "config").write_text(settings)
        self.starts("irssi", "--home", str(home))
        self.terminal.wait_for("status")
        sasl = f" -sasl_username {self.name} -sasl_password {password} -sasl_mechanism PLAIN"
        self.types(
            f"/network add -nick {self.name}{sasl if password else ''} home",
            "/server add -network home -tls -notls_verify"
            f" -tls_pinned_cert {self.place.fingerprint} 127.0.0.1 {self.place.port}",
            "/connect home",
        )
        self.terminal.wait_for("Mode change")

    def comes_back(self) -> None:
        self.types("/reconnect")


class WeeChat(InTerminal):
    """WeeChat."""

    uses = ("weechat", "tmux")

    def enters(self, password: str = "") -> None:
        folder = self.place.folder
        settings = [line.replace("LOGS", str(folder / "logs")) for line in WEECHAT]
        given = [part for line in settings for part in ("-r", line)]
        self.starts("weechat", "-d", str(folder / "home"), *given)
        self.terminal.wait_for("logger.file.path")
        tls = "tls" if weechat_version() >= 4 else "ssl"
        fingerprint = self.place.fingerprint.replace(":", "").lower()
        sasl = f" -sasl_username={self.name} -sasl_password={password}"
        self.types(
            f"/server add home 127.0.0.1/{self.place.port} -{tls}"
            f" -{tls}_fingerprint={fingerprint} -nicks={self.name}{sasl if password else ''}",
            "/connect home",
        )
        self.sees("Channel #lobby: ")

    def joins(self, room: str) -> None:
        super().joins(room)
        self.sees(f"Channel {room}: ")  # it has turned to the room; each has its own line to type


class HexChat(AtKeyboard):
    """HexChat, on a screen that nobody sees. It does not start for root before somebody has
    clicked on a warning, so that root lends it another user."""

    uses = ("hexchat", "Xvfb", "xvfb-run", "xauth")

    def enters(self, password: str = "") -> None:
        self.home = Path(self.running.enter_context(tempfile.TemporaryDirectory()))
        login = f"L=6\nP={password}" if password else "L=0"
        (self.home / "addons").mkdir()
        for name, content in {
            "hexchat.conf": HEXCHAT.format(name=self.name),
            "servlist.conf": NETWORK.format(login=login, name=self.name, port=self.place.port),
            "addons/typist.lua": TYPIST,
            "typed": "",
        }.items():
            (self.home / name).write_text(content)
        self._start()
        self.sees("Now talking on #lobby")

    def types(self, *lines: str) -> None:
        with (self.home / "typed").open("a") as keyboard:
            keyboard.writelines(f"{line.removeprefix('/')}\n" for line in lines)

    def shown(self) -> str:
        return texts(self.home / "logs")

    def _start(self) -> None:
        user = "nobody" if os.getuid() == 0 else None
        if user is not None:
            entry = pwd.getpwnam(user)
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        program = subprocess.Popen(
            ["xvfb-run", "-a", "hexchat", f"--cfgdir={self.home}"],
            cwd=self.home,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            extra_groups=[] if user else None,
            start_new_session=True,
        )
        self.running.callback(_end, program)


class Bot(Program):
    """A bot with the library `irc`."""

    def enters(self, password: str = "") -> None:
        self._lines: list[str] = []
        wrapper = trust(self.place.daemon).wrap_socket
        self._bot = irc.bot.SingleServerIRCBot(
            [irc.bot.ServerSpec("127.0.0.1", self.place.port, password or None)],
            self.name,
            self.name,
            recon=irc.bot.ExponentialBackoff(min_interval=0.1, max_interval=1),
            connect_factory=irc.connection.Factory(wrapper=wrapper),
            sasl_login=self.name if password else None,
        )
        self._bot.reactor.add_global_handler("all_raw_messages", self._hear)
        self._bot._connect()
        self.running.callback(self._leave)
        self.sees(" 376 | 422 ")

    def sends(self, line: str) -> None:
        self._bot.connection.send_raw(line)

    def joins(self, room: str) -> None:
        self._bot.connection.join(room)

    def says(self, target: str, words: str) -> None:
        self._bot.connection.privmsg(target, words)

    def shown(self) -> str:
        self._bot.reactor.process_once(0.02)
        return "\n".join(self._lines)

    def _hear(self, connection: object, event: irc.client.Event) -> None:
        self._lines.extend(event.arguments)

    def _leave(self) -> None:
        self._bot.connection.remove_global_handler("disconnect", self._bot._on_disconnect)
        self._bot.reactor.disconnect_all()


class _Listener(pydle.Client):
    RECONNECT_DELAYS = (0.1,)

    def __init__(self, name: str, lines: list[str], **options: Any) -> None:
        super().__init__(name, realname=name, **options)
        self._heard = lines

    async def on_raw(self, message: Any) -> None:
        """Hear a line."""
        self._heard.append(message._raw)
        await super().on_raw(message)


class Pydle(Program):
    """A bot with the library `pydle`."""

    def enters(self, password: str = "") -> None:
        self._lines: list[str] = []
        self._runner = self.running.enter_context(asyncio.Runner())
        sasl = {"sasl_username": self.name, "sasl_password": password} if password else {}
        self._client = _Listener(self.name, self._lines, **sasl)
        self._run(self._client.connect("127.0.0.1", self.place.port, tls=True, tls_verify=False))
        self.running.callback(self._leave)
        self.sees(" 376 | 422 ")

    def sends(self, line: str) -> None:
        self._run(self._client.raw(f"{line}\r\n"))

    def joins(self, room: str) -> None:
        self._run(self._client.join(room))

    def says(self, target: str, words: str) -> None:
        self._run(self._client.message(target, words))

    def shown(self) -> str:
        self._run(asyncio.sleep(0.02))
        return "\n".join(self._lines)

    def _run(self, work: Any) -> None:
        self._runner.run(work)

    def _leave(self) -> None:
        self._run(self._client.disconnect())
        self._run(asyncio.sleep(0.1))


class Page(Program):
    """A page in a browser: `websockets`."""

    def enters(self, password: str = "") -> None:
        self._lines: list[str] = []
        self._password = password
        self._web = self.running.enter_context(Browser(self.place.daemon, self.place.port, TEXT))
        if password:
            self.sends("CAP REQ :sasl server-time batch draft/chathistory")
            self.sends("AUTHENTICATE PLAIN")
            self._web.waits_for("AUTHENTICATE +")
            proof = b64encode(f"\0{self.name}\0{password}".encode()).decode()
            self._web.says(
                f"AUTHENTICATE {proof}", f"NICK {self.name}", f"USER {self.name} 0 * :{self.name}"
            )
            self.sends("CAP END")
        else:
            self._web.says(f"NICK {self.name}", f"USER {self.name} 0 * :{self.name}")
        self.sees(" 376 | 422 ")

    def sends(self, line: str) -> None:
        self._web.says(line)

    def shown(self) -> str:
        self._lines += map(text, self._web.hears_all())
        return "\n".join(self._lines)

    def registers(self, password: str) -> None:
        self.sends(f"REGISTER * * {password}")

    def comes_back(self) -> None:
        self.enters(self._password)


PROGRAMS: tuple[type[Program], ...] = (Irssi, WeeChat, HexChat, Bot, Pydle, Page)


def missing(program: type[Program]) -> list[str]:
    """The commands that are not installed here."""
    return [name for name in program.uses if shutil.which(name) is None]


def texts(folder: Path) -> str:
    """All that is in the files of a folder."""
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*log")))


@functools.cache
def weechat_version() -> int:
    """The first number of WeeChat's version."""
    done = subprocess.run(["weechat", "--version"], capture_output=True, text=True, check=True)
    return int(done.stdout.partition(".")[0])


def _end(program: subprocess.Popen[bytes]) -> None:
    """End a program, and those that it has started."""
    os.killpg(program.pid, signal.SIGTERM)
    program.wait(PATIENCE)
