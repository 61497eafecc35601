"""Telnet: what is negotiated is taken out of what is typed (RFC 854, 857, 858, 1073, 1091).

Nothing is negotiated with a client that has not shown that it knows telnet, so that plain
programs see no garbage. One that does, and agrees, sends each key as it is pressed and
leaves it to us to show it: so passwords stay unseen, and lines can be redrawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
BINARY, ECHO, SGA, TTYPE, NAWS = 0, 1, 3, 24, 31
LONGEST = 512
"""Bytes of a subnegotiation; the rest is swallowed."""

_MARK = bytes([IAC])
_SUBNEGOTIATION = re.compile(rb"((?:[^\xff]|\xff[^\xf0])*)\xff\xf0", re.DOTALL)
_KEYS = {244: b"\x03", 246: b"\x14", 247: b"\x7f", 248: b"\x15"}
"""Interrupt, are-you-there, erase-character and erase-line, as keys."""
_OURS = frozenset({BINARY, ECHO, SGA})
_THEIRS = frozenset({BINARY, SGA, TTYPE, NAWS})
_COLOURED = re.compile(r"color|xterm|ansi|linux|screen|tmux|rxvt|konsole|putty|cygwin", re.I)


class Telnet:
    """One client's side of the negotiation.

    :param send: takes bytes for the client.
    :param changed: called when something about the client's terminal is known anew.
    """

    def __init__(self, send: Callable[[bytes], None], changed: Callable[[], None]) -> None:
        self.width = 80
        self.terminal = ""
        self._send = send
        self._changed = changed
        self._begun = False
        self._rest = b""
        self._ours: set[int] = set()
        self._theirs: set[int] = set()
        self._asked: set[tuple[int, int]] = set()

    @property
    def by_key(self) -> bool:
        """Whether the client sends each key at once, and leaves it to us to show it."""
        return {ECHO, SGA} <= self._ours

    @property
    def colour(self) -> bool:
        """Whether the terminal says that it has colours."""
        return bool(_COLOURED.search(self.terminal))

    def begin(self) -> None:
        """Tell the client what we would like."""
        if self._begun:
            return
        self._begun = True
        for verb, option in ((WILL, ECHO), (WILL, SGA), (DO, TTYPE), (DO, NAWS)):
            self._asked.add((verb, option))
            self._say(verb, option)

    def receive(self, data: bytes) -> bytes:
        """Take what the client sent; give back what was typed."""
        data, self._rest = self._rest + data, b""
        typed = []
        at = 0
        while (mark := data.find(_MARK, at)) >= 0:
            typed.append(data[at:mark])
            end, key = self._command(data, mark + 1)
            if end is None:
                self._keep(data[mark:])
                return b"".join(typed)
            typed.append(key)
            at = end
        typed.append(data[at:])
        return b"".join(typed)

    def _keep(self, begun: bytes) -> None:
        """Wait for the rest of a command that is not whole yet."""
        self._rest = begun if len(begun) <= LONGEST else begun[:2]

    def _command(self, data: bytes, at: int) -> tuple[int | None, bytes]:
        """Obey the command at a place: where it ends, if it is whole, and what key it means."""
        if at >= len(data):
            return None, b""
        code = data[at]
        if code == IAC:
            return at + 1, _MARK
        self.begin()
        if code == SB:
            return self._subnegotiation(data, at + 1), b""
        if code < WILL:
            return at + 1, _KEYS.get(code, b"")
        if at + 1 >= len(data):
            return None, b""
        self._negotiate(code, data[at + 1])
        return at + 2, b""

    def _negotiate(self, code: int, option: int) -> None:
        if code in (DO, DONT):
            self._settle(code == DO, option, self._ours, _OURS, WILL)
        else:
            self._settle(code == WILL, option, self._theirs, _THEIRS, DO)
            if code == WILL and option == TTYPE:
                self._send(bytes([IAC, SB, TTYPE, 1, IAC, SE]))
        self._changed()

    def _settle(
        self, on: bool, option: int, agreed: set[int], known: frozenset[int], yes: int
    ) -> None:
        """Answer what the client wants, unless it was itself an answer, or is so already."""
        asked = (yes, option) in self._asked
        self._asked.discard((yes, option))
        no = WONT if yes == WILL else DONT
        if on and option not in known:
            self._say(no, option)
        elif on and option not in agreed:
            agreed.add(option)
            if not asked:
                self._say(yes, option)
        elif not on and option in agreed:
            agreed.discard(option)
            self._say(no, option)

    def _subnegotiation(self, data: bytes, at: int) -> int | None:
        match = _SUBNEGOTIATION.match(data, at)
        if match is None:
            return None
        said = match[1].replace(_MARK * 2, _MARK)
        if said[:1] == bytes([NAWS]) and len(said) == 5:
            self.width = int.from_bytes(said[1:3], "big") or 80
        elif said[:2] == bytes([TTYPE, 0]):
            self.terminal = said[2:42].decode("ascii", "replace")
        self._changed()
        return match.end()

    def _say(self, verb: int, option: int) -> None:
        self._send(bytes([IAC, verb, option]))
