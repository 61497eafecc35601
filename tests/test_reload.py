"""SIGHUP to a daemon full of talking clients: nobody drops, and all or nothing changes."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from chatd.frontends.tls import Pair, make_pair
from tests.daemon import PATIENCE, Daemon

CLIENTS = 100
SETTINGS = {
    "auth": {"guests": "yes"},
    "limits": {
        "connections": "1000",
        "connects": "1000",
        "messages": "10000",
        "account_messages": "100000",
    },
}


class Client:
    """A guest in the lobby."""

    def __init__(self, daemon: Daemon, name: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", daemon.port("irc")), PATIENCE)
        self._socket = context.wrap_socket(plain)
        self._heard = b""
        self.says(f"NICK {name}")
        self.says(f"USER {name} 0 * :{name}")
        self.hears(f" 366 {name} #lobby ")

    def says(self, line: str) -> None:
        """Send a line."""
        self._socket.sendall(f"{line}\r\n".encode())

    def hears(self, text: str) -> None:
        """Read on until this comes; fail if the connection ends first."""
        while text.encode() not in self._heard:
            more = self._socket.recv(65536)
            assert more, f"dropped; the last it heard: {self._heard[-300:]!r}"
            self._heard = self._heard[-600:] + more

    def serial(self) -> int:
        """The number of the certificate that it was shown."""
        shown = self._socket.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown).serial_number

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@contextmanager
def talking(clients: list[Client]) -> Iterator[None]:
    """All of them talk, one after the other, without a pause."""
    over = threading.Event()

    def talk() -> None:
        number = 0
        while not over.wait(0.005):
            clients[number % len(clients)].says(f"PRIVMSG #lobby :{number} is said")
            number += 1

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_reload_under_talk(tmp_path: Path) -> None:
    """A good ini, a broken one and a new certificate: each is as it should be, nobody drops."""
    with Daemon(tmp_path, SETTINGS) as daemon:
        clients = [Client(daemon, f"guest{number}") for number in range(CLIENTS)]
        with talking(clients):
            daemon.write({**SETTINGS, "server": {"motd": "fresh words"}})
            assert "is in force" in daemon.reload()
            daemon.write({**SETTINGS, "server": {"motd": "stale words", "nmae": "x"}})
            assert "did you mean 'name'?" in daemon.reload()
            _renew(daemon)
            daemon.write({**SETTINGS, "server": {"motd": "fresh words"}})
            assert "is in force" in daemon.reload()
            late = Client(daemon, "late")
        for number, client in enumerate(clients):
            client.says(f"PING :still{number}")
            client.hears(f"still{number}")
        late.says("MOTD")
        late.hears("fresh words")
        assert late.serial() != clients[0].serial()
        for client in [*clients, late]:
            client.close()


def test_broken_ini_changes_nothing(tmp_path: Path) -> None:
    """After a broken ini the settings are those from before, the good lines in it too."""
    with Daemon(tmp_path, SETTINGS) as daemon:
        daemon.write({**SETTINGS, "server": {"motd": "stale words"}, "auth": {"guests": "maybe"}})
        said = daemon.reload()
        assert "[auth] guests = 'maybe' is no good: it should be yes or no." in said
        client = Client(daemon, "ada")
        client.says("MOTD")
        client.hears(" 422 ")
        client.close()


def _renew(daemon: Daemon) -> None:
    folder = daemon.folder / "renewed"
    folder.mkdir()
    pair = Pair(folder / "certificate.pem", folder / "key.pem")
    make_pair(pair, ["chat.localhost"], 1_700_000_000)
    for path in (pair.key, pair.certificate):
        shutil.move(path, daemon.data / path.name)
