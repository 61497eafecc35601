"""One client that asks for pages of the history, and waits for each."""

from __future__ import annotations

import re
import socket
import ssl
import time

PATIENCE = 30.0
CAPS = "batch draft/chathistory message-tags server-time"
_NUMBERED = re.compile(rb"@[^ ]*msgid=(\d+)-(\d+)[; ]")


class Reader:
    """A client on line, which times its questions.

    It looks for the end of an answer only, so that its own work is not in the times.
    """

    def __init__(self, port: int, account: str, secret: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain)
        self._ask(
            f"PASS :{account}:{secret}\r\nCAP REQ :{CAPS}\r\nNICK {account}\r\n"
            f"USER {account} 0 * :x\r\nCAP END",
            rb" (376|422) ",
        )

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def ids(self, room: str) -> tuple[int, int]:
        """The room's key, and the number of its newest message."""
        found = _NUMBERED.findall(self.page("LATEST", room, "*", 1)[0])
        return int(found[-1][0]), int(found[-1][1])

    def page(self, what: str, room: str, where: str, limit: int) -> tuple[bytes, float]:
        """One answer, and how many milliseconds it took from question to its last line."""
        began = time.perf_counter()
        answer = self._ask(f"CHATHISTORY {what} {room} {where} {limit}", rb"(BATCH -|FAIL )[^\n]*")
        took = (time.perf_counter() - began) * 1000
        assert b" BATCH -" in answer, answer[-200:]
        return answer, took

    def _ask(self, line: str, end: bytes) -> bytes:
        self._socket.sendall(f"{line}\r\n".encode())
        answer, last = b"", re.compile(end + rb"[^\n]*\n")
        while not last.search(answer, max(0, len(answer) - 40_000)):
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError(answer[-200:].decode(errors="replace"))
            answer += data
        return answer
