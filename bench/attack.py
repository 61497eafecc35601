"""Somebody who takes all they can get, for `python -m bench.flood`: a process of its own.

    python -m bench.attack KIND PORT

Says `ready` when it has begun, and goes on until it is ended.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from collections import deque
from contextlib import suppress

HALF_OPEN = 2000
HALF_A_HELLO = bytes.fromhex("1603010200010001fc0303")
LINES = {
    "pings": b"PING :x\r\n" * 1000,
    "posts": b"PRIVMSG #attack :as fast as can be\r\n" * 1000,
    "questions": b"WHO *\r\nNAMES #bench\r\nLIST\r\nWHOIS n00000\r\n" * 100,
    "rooms": b"".join(b"JOIN #r%d\r\nPART #r%d\r\n" % (n, n) for n in range(100)),
    "rubbish": b"\xff\x00 \r\n" * 1000 + b"x" * 20000 + b"\r\n",
}
"""What a client says over and over."""
HELLO = b"NICK attack\r\nUSER u 0 * u\r\nJOIN #attack\r\n"


def talk(port: int, lines: bytes) -> None:
    """One client that sends as fast as it is let, and reads what comes."""
    client = connect(port)
    client.sendall(HELLO)
    threading.Thread(target=read, args=(client,), daemon=True).start()
    time.sleep(0.5)
    print("ready", flush=True)
    while True:
        client.sendall(lines)


def read(client: socket.socket) -> None:
    """Let nothing pile up."""
    while client.recv(65536):
        pass


def connect(port: int) -> socket.socket:
    """A client whose handshake is over."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port)))


def half_open(port: int) -> None:
    """Two thousand handshakes that do not go on; who is cut off begins anew."""
    begun: deque[socket.socket] = deque()
    while True:
        with suppress(OSError):
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(HALF_A_HELLO)
            begun.append(client)
        if len(begun) == HALF_OPEN:
            print("ready", flush=True)
        if len(begun) > HALF_OPEN:
            begun.popleft().close()
            time.sleep(0.005)


def connects(port: int) -> None:
    """Coming and going as fast as can be."""
    print("ready", flush=True)
    while True:
        with suppress(OSError):
            connect(port).close()


if __name__ == "__main__":
    kind, where = sys.argv[1], int(sys.argv[2])
    if kind in LINES:
        talk(where, LINES[kind])
    else:
        {"half-open": half_open, "connects": connects}[kind](where)
