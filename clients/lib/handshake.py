"""The first lines of a connection: capabilities, log-in or registration, until the welcome."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator

from chatd.wire.irc import Line
from clients.lib.events import Event, LoginFailed, Registered, Welcome
from clients.lib.files import CAPABILITY
from clients.lib.model import Login

NEEDED = (
    "message-tags",
    "server-time",
    "batch",
    "labeled-response",
    "echo-message",
    "draft/chathistory",
)
"""Without these nothing can be promised, so without these we do not go on."""
WANTED = (
    *NEEDED,
    "standard-replies",
    "account-notify",
    "account-tag",
    "extended-join",
    "away-notify",
    "multi-prefix",
    "userhost-in-names",
    "invite-notify",
    "setname",
    "chghost",
    "cap-notify",
    CAPABILITY,
)
_CHUNK = 400
_REFUSAL = re.compile("43[2367]|46[345]|90[24568]|FAIL|ERROR")


class Handshake:
    """One connection's way in. It ends with `Welcome`, `LoginFailed` or `Registered`.

    :param needed: the capabilities without which we do not go on.
    :param wanted: those that we use where the server has them.
    """

    def __init__(
        self,
        login: Login,
        send: Callable[[Line], None],
        tell: Callable[[Event], None],
        needed: tuple[str, ...] = NEEDED,
        wanted: tuple[str, ...] = WANTED,
    ) -> None:
        self._needed = needed
        self._wanted = wanted
        self._login = login
        self._send = send
        self._tell = tell
        self._offered: set[str] = set()
        self._guest = login.password is None
        self._nameless = False
        self._named_again = False
        self.name = login.name
        self.done = False

    def start(self) -> None:
        """Say the first lines."""
        self._send(Line("CAP", ("LS", "302")))
        self._send(Line("NICK", (self.name,)))
        self._send(Line("USER", (self.name, "0", "*", self.name)))

    def has(self, name: str) -> bool:
        """Whether a capability that we want is ours."""
        return name in self._wanted and name in self._offered

    def hear(self, line: Line) -> None:
        """Take a line that came before the welcome."""
        match line.verb:
            case "CAP":
                self._capabilities(line.params[1:])
            case "AUTHENTICATE":
                self._authenticate()
            case "903":
                self._proven()
            case "REGISTER" | "VERIFY":
                self._registering(line)
            case "433" if not self._login.register and not self._named_again:
                self._taken()
            case "001":
                self._welcome(line)
            case verb if _REFUSAL.fullmatch(verb):
                self._failed(line)

    def _capabilities(self, params: tuple[str, ...]) -> None:
        match params:
            case ("LS", "*", names):
                self._offered.update(_names(names))
            case ("LS", names):
                self._offered.update(_names(names))
                self._request()
            case ("ACK", _):
                self._acknowledged()
            case ("NAK", names):
                self._fail("CAPABILITIES", f"the server would not give us {names.strip()}.")

    def _request(self) -> None:
        extra = ("draft/account-registration",) if self._login.register else ("sasl",)
        needed = self._needed if self._guest else self._needed + extra
        missing = [name for name in needed if name not in self._offered]
        if missing:
            self._fail("CAPABILITIES", f"this server cannot do {', '.join(missing)}.")
            return
        wanted = [name for name in (*self._wanted, *extra) if name in self._offered]
        self._send(Line("CAP", ("REQ", " ".join(wanted))))

    def _acknowledged(self) -> None:
        if self._guest:
            self._send(Line("CAP", ("END",)))
        elif self._login.register:
            self._send(Line("REGISTER", ("*", "*", self._login.password or "")))
        else:
            self._send(Line("AUTHENTICATE", ("PLAIN",)))

    def _authenticate(self) -> None:
        name = self._login.name
        proof = f"{name}\0{name}\0{self._login.password}"
        for chunk in _chunks(b64encode(proof.encode()).decode()):
            self._send(Line("AUTHENTICATE", (chunk,)))

    def _taken(self) -> None:
        """The name is in use: by our other clients perhaps, which the log-in will show."""
        if self._guest:
            self.name += "_"
            self._send(Line("NICK", (self.name,)))
        self._nameless = not self._guest

    def _proven(self) -> None:
        if self._nameless:
            self._named_again = True
            self._send(Line("NICK", (self.name,)))
        self._send(Line("CAP", ("END",)))

    def _registering(self, line: Line) -> None:
        status, *rest = line.params or ("",)
        text = rest[-1] if rest else ""
        invitation = self._login.invitation
        if status == "SUCCESS":
            self._finish(Registered(name=self._login.name, pending=False, text=text))
        elif status == "VERIFICATION_REQUIRED" and invitation:
            self._send(Line("VERIFY", (self._login.name, invitation)))
        else:
            self._finish(Registered(name=self._login.name, pending=True, text=text))

    def _welcome(self, line: Line) -> None:
        self.name = line.params[0] if line.params else self.name
        self._finish(Welcome(name=self.name))

    def _failed(self, line: Line) -> None:
        standard = line.verb == "FAIL" and len(line.params) > 1
        reason = line.params[-1] if line.params else "the server says no more."
        self._fail(line.params[1] if standard else line.verb, reason)

    def _fail(self, code: str, reason: str) -> None:
        self._finish(LoginFailed(code=code, reason=reason))

    def _finish(self, event: Event) -> None:
        if not self.done:
            self.done = True
            self._tell(event)


def _names(text: str) -> Iterator[str]:
    """The names in a list of capabilities, without their values."""
    for item in text.split():
        yield item.partition("=")[0]


def _chunks(text: str) -> Iterator[str]:
    """As many pieces as AUTHENTICATE wants; the last is shorter than the others."""
    for start in range(0, len(text) + 1, _CHUNK):
        yield text[start : start + _CHUNK] or "+"
