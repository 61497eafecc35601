"""Lines that come compressed by WebSocket."""

from __future__ import annotations

import zlib

from chatd.core.settings import Auth
from tests.frontends.irc.test_websocket import (
    DEFLATE,
    TEXT,
    Browser,
    WebSocketTests,
    deflated,
    frame,
)


class DeflateTests(WebSocketTests):
    """Compression, where the browser offers it."""

    def test_both_ways(self) -> None:
        """Long lines are compressed, short ones are not worth it; and it takes both."""
        self.house.settings.auth = Auth(guests=True)
        ada = self.browser(DEFLATE)
        ada.says("CAP REQ :message-tags", "NICK ada", "USER ada 0 * :ada", "CAP END")
        ada.shown()
        ada.sends(frame(TEXT, deflated(b"PRIVMSG bob :squeezed"), rsv=4))
        ada.sends(frame(TEXT, b"PRIVMSG bob :plain"))
        self.assertEqual(
            self.bob.hears(), [":ada PRIVMSG bob :squeezed", ":ada PRIVMSG bob :plain"]
        )
        bob = self.house.client("carl", "message-tags")
        bob.says("@+x=" + "long" * 200 + " TAGMSG ada", "PRIVMSG ada :short")
        long, short = ada.shown()
        self.assertEqual((long[1], short[1]), (4, 0))
        plain = zlib.decompressobj(wbits=-15).decompress(long[2] + b"\0\0\xff\xff")
        self.assertIn(b"long" * 200, plain)
        self.assertLess(len(long[2]), 400)

    def test_lines_by_themselves(self) -> None:
        """No line is compressed with what was in another."""
        ada = self.browser(DEFLATE)
        line = b"x" * 100 + bytes(range(65, 91)) * 20
        ada.protocol.write(line + b"\r\n" + line + b"\r\n")
        first, second = (payload for _, _, payload in ada.shown() if payload)
        self.assertEqual(first, second)

    def test_offers(self) -> None:
        """Whatever of it a browser offers is accepted; what is none is not."""
        for offer in (
            DEFLATE,
            f"{DEFLATE}; client_max_window_bits",
            f"{DEFLATE}; client_max_window_bits; server_max_window_bits=10",
            f"{DEFLATE}; server_no_context_takeover; client_no_context_takeover",
        ):
            self.assertIn("permessage-deflate", Browser(self.house).asks(offer), offer)
        answer = Browser(self.house).asks("Sec-WebSocket-Extensions: x-something")
        self.assertNotIn("Sec-WebSocket-Extensions", answer)
        self.assertIn(" 400 ", Browser(self.house).asks(f"{DEFLATE}; server_max_window_bits=99"))
