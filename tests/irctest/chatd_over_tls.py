"""The same daemon behind TLS: the suite's clients are given sockets that speak TLS 1.3 only.

The suite itself knows plain TCP alone. Nothing of it is changed but what its clients connect with;
WebSocket stays without TLS, for those clients are not its own.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

from chatd_controller import ChatdController
from irctest.client_mock import ClientMock

STARTED_WITHIN = 60


class TLSSocket(ssl.SSLSocket):
    """Fails as a plain socket does, so that the suite sees who has hung up."""

    _ended = False

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """What came; nothing once the server has said goodbye."""
        try:
            received = super().recv(buflen, flags)
        except ssl.SSLError as error:
            if isinstance(error, TimeoutError):
                raise
            raise ConnectionResetError(str(error)) from error
        self._ended = not received
        return received

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send, unless the server has said goodbye."""
        if self._ended:
            raise BrokenPipeError
        try:
            super().sendall(data, flags)
        except ssl.SSLError as error:
            raise BrokenPipeError(str(error)) from error


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = TLSSocket
    return context


CONTEXT = _context()
CLIENTS: list[ClientMock] = []
"""Those of the test that runs."""


def connect(client: ClientMock, hostname: str, port: int) -> None:
    """Stands in for ClientMock.connect."""
    plain = socket.create_connection((hostname, port), timeout=client.socket_timeout)
    plain.setsockopt(socket.SOL_TCP, socket.TCP_NODELAY, 1)
    client.conn = CONTEXT.wrap_socket(plain)
    client.ssl = True
    CLIENTS.append(client)


ClientMock.connect = connect


class ChatdOverTLSController(ChatdController):
    """Starts a daemon that speaks TLS for each test."""

    tls = "yes"

    def wait_for_port(self) -> None:
        """Return when the daemon greets, and has forgotten who looked."""
        until = time.monotonic() + STARTED_WITHIN
        while not self.port_open:
            self.check_is_alive()
            time.sleep(self._port_wait_interval)
            try:
                self._look()
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
            else:
                self.port_open = True

    def kill_proc(self) -> None:
        """Hang up, then stop the daemon, which would wait for goodbyes that are never said."""
        while CLIENTS:
            CLIENTS.pop().disconnect()
        super().kill_proc()

    def _look(self) -> None:
        visitor = ClientMock("visitor")
        visitor.connect(self.hostname, self.port)
        visitor.sendLine("QUIT")
        while visitor.conn.recv(4096):
            pass
        visitor.disconnect()


def get_irctest_controller_class() -> type[ChatdController]:
    """What the suite looks for."""
    return ChatdOverTLSController
