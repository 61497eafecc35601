"""Other ways in, to a real daemon: browsers, and what comes through proxies."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from chatd.frontends.tls import Pair, make_pair
from tests.daemon import PATIENCE, Daemon, free_port
from tests.talker import Talker

TEXT = "text.ircv3.net"
BINARY = "binary.ircv3.net"
HEADER = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 6697\r\n"
PORTS = {name: free_port() for name in ("websocket", "behind", "strange")}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with WebSocket, behind a proxy on this machine, and behind one elsewhere."""
    at = {name: f"tcp:{port}:interface=127.0.0.1" for name, port in PORTS.items()}
    settings = {
        "auth": {"guests": "yes", "cloak": "no"},
        "listen websocket": {"endpoint": at["websocket"], "proxies": "127.0.0.1"},
        "listen behind": {"type": "irc", "endpoint": at["behind"], "proxies": "127.0.0.1"},
        "listen strange": {"type": "irc", "endpoint": at["strange"], "proxies": "10.0.0.0/8"},
    }
    with Daemon(tmp_path_factory.mktemp("ways"), settings) as daemon:
        daemon.add_account("ada", "milk first")
        yield daemon


def context(daemon: Daemon, own: Pair | None = None) -> ssl.SSLContext:
    """What trusts the daemon, and shows a certificate of its own if it has one."""
    made = ssl.create_default_context(cafile=str(daemon.certificate))
    made.check_hostname = False
    if own is not None:
        made.load_cert_chain(own.certificate, own.key)
    return made


def browser(
    daemon: Daemon, *wanted: str, own: Pair | None = None, **headers: str
) -> ClientConnection:
    """A WebSocket to it."""
    return connect(
        f"wss://127.0.0.1:{PORTS['websocket']}/",
        ssl=context(daemon, own),
        subprotocols=list(wanted),  # type: ignore[arg-type]
        additional_headers={name.replace("_", "-"): text for name, text in headers.items()},
        open_timeout=PATIENCE,
    )


def waits_for(socket: ClientConnection, sign: str) -> str:
    """Read up to a line that has this in it."""
    while True:
        message = socket.recv(PATIENCE)
        line = message.decode() if isinstance(message, bytes) else message
        if sign in line:
            return line


def enters(socket: ClientConnection, name: str) -> None:
    """Come on line."""
    for line in (f"NICK {name}", f"USER {name} 0 * :{name}"):
        socket.send(line)
    waits_for(socket, " 001 ")


@pytest.mark.parametrize(("protocol", "kind"), [(TEXT, str), (BINARY, bytes)])
def test_talk(daemon: Daemon, protocol: str, kind: type) -> None:
    """A client by WebSocket and one by TLS talk, with compression, in either subprotocol."""
    with browser(daemon, protocol) as web, Talker(daemon, "bob") as bob:
        assert web.subprotocol == protocol
        assert "permessage-deflate" in str(web.response and web.response.headers)
        enters(web, "eve")
        web.send("JOIN #tea")
        bob.says("JOIN #tea")
        waits_for(web, "bob")
        text = "wörds " * 40
        web.send(f"PRIVMSG #tea :{text}")
        bob.waits_for("PRIVMSG")
        bob.says(f"PRIVMSG #tea :{text}")
        while True:
            message = web.recv(PATIENCE)
            assert isinstance(message, kind)
            if "PRIVMSG" in (message if isinstance(message, str) else message.decode()):
                break
        web.ping().wait(PATIENCE)
        bob.says("QUIT")


def test_certificate(daemon: Daemon, tmp_path: Path) -> None:
    """A client's certificate proves who one is, by WebSocket too."""
    own = Pair(tmp_path / "own.pem", tmp_path / "own.key")
    make_pair(own, ["ada"], time.time())
    with browser(daemon, TEXT, own=own) as web:
        web.send("PASS :ada:milk first")
        enters(web, "ada")
        web.send("CERT ADD")
        waits_for(web, "may log in")
    with browser(daemon, TEXT, own=own) as web:
        for line in ("CAP REQ :sasl", "AUTHENTICATE EXTERNAL"):
            web.send(line)
        waits_for(web, "AUTHENTICATE +")
        web.send(f"AUTHENTICATE {b64encode(b'ada').decode()}")
        waits_for(web, " 903 ")


def test_wrong_page(daemon: Daemon) -> None:
    """A page from elsewhere may not connect."""
    with pytest.raises(InvalidStatus, match="403"):
        browser(daemon, TEXT, Origin="https://evil.example")


def test_huge(daemon: Daemon) -> None:
    """A message of 100 MB ends its connection, long before it is all sent, and no other."""
    with browser(daemon, TEXT) as quiet, browser(daemon, TEXT) as web:
        enters(quiet, "quiet")
        with pytest.raises(ConnectionClosed) as caught:
            web.send("x" * 100_000_000)
            web.recv(PATIENCE)
        assert caught.value.rcvd is None or caught.value.rcvd.code == 1009
        quiet.send("PING still")
        waits_for(quiet, "still")


def test_fragments_for_ever(daemon: Daemon) -> None:
    """So does one that does not end."""
    with browser(daemon, TEXT) as web, pytest.raises(ConnectionClosed) as caught:
        web.send("x" * 100 for _ in range(1_000_000))
    assert caught.value.rcvd is None or caught.value.rcvd.code == 1009


def test_through_a_web_server(daemon: Daemon) -> None:
    """Where a listed proxy says that the browser is, it is."""
    with browser(daemon, TEXT, X_Forwarded_For="192.0.2.9") as web:
        enters(web, "mia")
        web.send("WHOIS mia")
        assert "192.0.2.9" in waits_for(web, " 311 ")


def proxied(daemon: Daemon, name: str, header: bytes) -> ssl.SSLSocket:
    """A TLS connection with something before it."""
    plain = socket.create_connection(("127.0.0.1", PORTS[name]), PATIENCE)
    plain.sendall(header)
    return context(daemon).wrap_socket(plain)


def test_through_a_proxy(daemon: Daemon) -> None:
    """The header comes before TLS, and says where the client is; without it, it is the proxy."""
    for name, header, host in (("ida", HEADER, "192.0.2.7"), ("eda", b"", "127.0.0.1")):
        with proxied(daemon, "behind", header) as client:
            client.sendall(f"NICK {name}\r\nUSER {name} 0 * :x\r\nWHOIS {name}\r\n".encode())
            heard = b""
            while b" 318 " not in heard:
                heard += client.recv(4096)
            assert f" 311 {name} {name} ~{name} {host} ".encode() in heard


def test_proxies_that_are_none(daemon: Daemon) -> None:
    """A header from elsewhere ends the connection, and the log has one line about all of them."""
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", PORTS["strange"]), PATIENCE) as plain:
            plain.sendall(HEADER)
            with contextlib.suppress(ConnectionResetError):
                assert plain.recv(1) == b""
    daemon.wait_for(lambda: "not believed" in daemon.log())
    assert daemon.log().count("not believed") == 1
    with proxied(daemon, "strange", b"") as client:
        client.sendall(b"QUIT\r\n")
        assert client.recv(4096).startswith(b"ERROR")
