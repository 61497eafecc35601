"""Lets the public conformance suite for IRC servers (progval/irctest) drive chatd.

The suite is fetched beside the project and run unmodified, from its own folder:

    make irctest IRCTEST=path/to/checkout

Each of its tests is given a fresh daemon with an empty store. What chatd has is claimed
here, so that losing it is a failure there and not a test passed over.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from irctest import patma
from irctest.basecontrollers import BaseServerController, DirectoryBasedController
from irctest.specifications import Capabilities, OptionalBehaviors

CHECKOUT = Path(__file__).resolve().parents[2]

TEMPLATE = """
[server]
data = data
[auth]
authenticators = password, certificate, scram
[authenticator password]
memory = 8k
passes = 1
"""
SETTINGS = """
[server]
name = My.Little.Server
description = test server
lobby =
data = data
founders = op
[auth]
guests = yes
authenticators = password, certificate, scram
registration = open
register_before_connect = {before}
register_email = {email}
names = {names}
fixed_names = no
cloak = no
shortest_password = 1
attempts = 100000
refuse_after = 100000
[limits]
messages_every = 0s
account_messages_every = 0s
connects_every = 0s
registrations_every = 0s
connections = 1000
[authenticator password]
memory = 8k
passes = 1
[listen irc]
type = irc
endpoint = tcp:{port}:interface=127.0.0.1
tls = {tls}
password = {password}
proxies = 127.0.0.1
invisible = {invisible}
"""

DISK = 0.25
"""Seconds in which a message is stored: these tests do not wait for that, and nobody hears it
before."""
WEBSOCKET = """
[listen websocket]
type = websocket
endpoint = tcp:{port}:interface=127.0.0.1
tls = no
"""

LONGEST_IN_A_LINE = 400


def chatd(*arguments: str | Path, **options: Any) -> Any:
    """Run the operator's command to its end."""
    command = [sys.executable, "-m", "chatd", *map(str, arguments)]
    return subprocess.run(command, env=environment(), check=True, **options)


def environment() -> dict[str, str]:
    """The environment in which chatd is found."""
    return {**os.environ, "PYTHONPATH": str(CHECKOUT)}


class ChatdController(BaseServerController, DirectoryBasedController):  # type: ignore[misc]
    """Starts a daemon for each test."""

    software_name = "chatd"
    tls = "no"
    supported_sasl_mechanisms = {"PLAIN", "EXTERNAL", "SCRAM-SHA-256"}
    supports_sts = False
    extban_mute_char = "m"
    sync_sleep_time: float = 0
    capabilities = frozenset(
        {
            Capabilities.ACCOUNT_NOTIFY,
            Capabilities.ACCOUNT_TAG,
            Capabilities.AWAY_NOTIFY,
            Capabilities.BATCH,
            Capabilities.ECHO_MESSAGE,
            Capabilities.EXTENDED_JOIN,
            Capabilities.EXTENDED_MONITOR,
            Capabilities.LABELED_RESPONSE,
            Capabilities.MESSAGE_REDACTION,
            Capabilities.MESSAGE_TAGS,
            Capabilities.MULTILINE,
            Capabilities.READ_MARKER,
            Capabilities.MULTI_PREFIX,
            Capabilities.SERVER_TIME,
            Capabilities.SETNAME,
        }
    )
    optional_behaviors = frozenset(
        {
            OptionalBehaviors.BAN_EXCEPTION_MODE,
            OptionalBehaviors.CAP_REQ_MINUS,
            OptionalBehaviors.INVITE_EXCEPTION_MODE,
            OptionalBehaviors.INVITE_LIST,
            OptionalBehaviors.INVITE_OVERRIDES_LIMIT,
            OptionalBehaviors.METADATA_BEFORE_CONNECT,
            OptionalBehaviors.SASL_AFTER_REGISTRATION,
            OptionalBehaviors.SASL_REAUTHENTICATION,
            OptionalBehaviors.MULTI_NAMES_COMMAND,
            OptionalBehaviors.MULTI_KICK,
            OptionalBehaviors.NO_CTCP,
        }
    )
    isupport = {
        "ACCOUNTEXTBAN": "a",
        "BOT": "B",
        "CASEMAPPING": "ascii",
        "ELIST": "CMNTU",
        "INVEX": patma.ANYOPTSTR,
        "MONITOR": patma.ANYSTR,
        "MSGREFTYPES": "msgid,timestamp",
        "PREFIX": "(qaov)~&@+",
        "STATUSMSG": "~&@+",
        "TARGMAX": patma.ANYSTR,
        "UTF8ONLY": None,
        "WHOX": None,
    }

    _template: Path | None = None

    def create_config(self) -> None:
        """The suite asks for this before it runs anything."""
        super().create_config()

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: str | None,
        ssl: bool,
        run_services: bool,
        faketime: str | None,
        websocket_hostname: str | None = None,
        websocket_port: int | None = None,
    ) -> None:
        """Start a daemon with an empty store and one operator."""
        self.create_config()
        self.port, self.hostname = port, hostname
        ini = self.directory / "chatd.ini"
        settings = self.settings(port, password or "")
        if websocket_port is not None:
            settings += WEBSOCKET.format(port=websocket_port)
            self.sync_sleep_time = DISK
        ini.write_text(settings)
        shutil.copytree(self.template(), self.directory / "data")
        command = [sys.executable, "-m", "chatd", "run", "--config", str(ini)]
        if faketime and shutil.which("faketime"):
            command = ["faketime", "-f", faketime, *command]
            self.faketime_enabled = True
        self.proc = self.execute(command, env=environment())

    def settings(self, port: int, password: str) -> str:
        """The ini, with what the test asks of its server.

        Some ask by changing the settings of another server, Ergo; what is changed there is looked
        at, and written as what it is called here.
        """
        asked = self.test_config
        ergo: dict[str, Any] = {"accounts": {"multiclient": {}}, "server": {"listeners": {}}}
        if asked.ergo_config is not None:
            asked.ergo_config(ergo)
        return SETTINGS.format(
            port=port,
            tls=self.tls,
            password=password,
            before=_yes(asked.account_registration_before_connect),
            email=_yes(asked.account_registration_requires_email),
            names="unicode" if ergo["server"].get("casemapping") == "precis" else "ascii",
            invisible=_yes("i" in ergo["accounts"].get("default-user-modes", "")),
        )

    @classmethod
    def template(cls) -> Path:
        """A data directory with the operator that the suite expects, made once."""
        if cls._template is None:
            folder = Path(tempfile.mkdtemp(prefix="chatd-irctest-"))
            ini = folder / "chatd.ini"
            ini.write_text(TEMPLATE)
            add = ("account", "add", "operuser", "--rank", "admin", "--config", ini)
            chatd(*add, input=b"operpassword\n", stdout=subprocess.DEVNULL)
            cls._template = folder / "data"
        return cls._template

    def wait_for_services(self) -> None:
        """Accounts are part of the daemon."""

    def registerUser(self, case: Any, username: str, password: str | None = None) -> None:  # noqa: N802
        """Make an account, as a client would; by the operator's command if no line is so long."""
        if password is not None and len(password.encode()) > LONGEST_IN_A_LINE:
            add = ("account", "add", username, "--config", self.directory / "chatd.ini")
            chatd(*add, input=f"{password}\n".encode(), stdout=subprocess.DEVNULL)
            return
        client = case.addClient(show_io=False)
        case.sendLine(client, "CAP LS 302")
        case.sendLine(client, f"NICK {username}")
        case.sendLine(client, "USER r e g :user")
        while case.getRegistrationMessage(client).command != "CAP":
            pass
        case.sendLine(client, "CAP END")
        while case.getRegistrationMessage(client).command != "001":
            pass
        case.sendLine(client, f"REGISTER * * :{password}")
        while (message := case.getMessage(client)).command != "REGISTER":
            pass
        assert message.params[0] == "SUCCESS", message
        case.sendLine(client, "QUIT")
        case.assertDisconnected(client)


def _yes(on: bool) -> str:
    return "yes" if on else "no"


def get_irctest_controller_class() -> type[ChatdController]:
    """What the suite looks for."""
    return ChatdController
