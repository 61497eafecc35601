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

from chatd.frontends.tls import Pair, make_pair
from tests.browser import BINARY, TEXT, Browser, text, trust
from tests.daemon import PATIENCE, Daemon, free_port
from tests.talker import Talker

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


def browser(daemon: Daemon, *wanted: str, own: Pair | None = None, **headers: str) -> Browser:
    """A WebSocket to it."""
    return Browser(daemon, PORTS["websocket"], *wanted, own=own, **headers)


@pytest.mark.parametrize(("protocol", "kind"), [(TEXT, str), (BINARY, bytes)])
def test_talk(daemon: Daemon, protocol: str, kind: type) -> None:
    """A client by WebSocket and one by TLS talk, with compression, in either subprotocol."""
    with browser(daemon, protocol) as web, Talker(daemon, "bob") as bob:
        assert web.connection.subprotocol == protocol
        assert "permessage-deflate" in str(web.connection.response.headers)
        web.enters("eve")
        web.says("JOIN #tea")
        web.waits_for(" 366 eve #tea")
        bob.says("JOIN #tea")
        web.waits_for("~bob@127.0.0.1 JOIN #tea")
        words = "wörds " * 40
        web.says(f"PRIVMSG #tea :{words}")
        bob.waits_for("PRIVMSG")
        bob.says(f"PRIVMSG #tea :{words}")
        while True:
            message = web.hears()
            assert isinstance(message, kind)
            if "PRIVMSG" in text(message):
                break
        web.pings()
        bob.says("QUIT")


def test_certificate(daemon: Daemon, tmp_path: Path) -> None:
    """A client's certificate proves who one is, by WebSocket too."""
    own = Pair(tmp_path / "own.pem", tmp_path / "own.key")
    make_pair(own, ["ada"], time.time())
    with browser(daemon, TEXT, own=own) as web:
        web.says("PASS :ada:milk first")
        web.enters("ada")
        web.says("CERT ADD")
        web.waits_for("may log in")
    with browser(daemon, TEXT, own=own) as web:
        web.says("CAP REQ :sasl", "AUTHENTICATE EXTERNAL")
        web.waits_for("AUTHENTICATE +")
        web.says(f"AUTHENTICATE {b64encode(b'ada').decode()}")
        web.waits_for(" 903 ")


def test_wrong_page(daemon: Daemon) -> None:
    """A page from elsewhere may not connect."""
    with pytest.raises(InvalidStatus, match="403"):
        browser(daemon, TEXT, Origin="https://evil.example")


def test_huge(daemon: Daemon) -> None:
    """A message of 100 MB ends its connection, long before it is all sent, and no other."""
    with browser(daemon, TEXT) as quiet, browser(daemon, TEXT) as web:
        quiet.enters("quiet")
        with pytest.raises(ConnectionClosed) as caught:
            web.says("x" * 100_000_000)
            web.hears()
        assert caught.value.rcvd is None or caught.value.rcvd.code == 1009
        quiet.says("PING still")
        quiet.waits_for("still")


def test_fragments_for_ever(daemon: Daemon) -> None:
    """So does one that does not end."""
    with browser(daemon, TEXT) as web, pytest.raises(ConnectionClosed) as caught:
        web.says_in_frames("x" * 100 for _ in range(1_000_000))
    assert caught.value.rcvd is None or caught.value.rcvd.code == 1009


def test_through_a_web_server(daemon: Daemon) -> None:
    """Where a listed proxy says that the browser is, it is."""
    with browser(daemon, TEXT, X_Forwarded_For="192.0.2.9") as web:
        web.enters("mia")
        web.says("WHOIS mia")
        assert "192.0.2.9" in web.waits_for(" 311 ")


def proxied(daemon: Daemon, name: str, header: bytes) -> ssl.SSLSocket:
    """A TLS connection with something before it."""
    plain = socket.create_connection(("127.0.0.1", PORTS[name]), PATIENCE)
    plain.sendall(header)
    return trust(daemon).wrap_socket(plain)


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
