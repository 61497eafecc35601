"""The relay of magic-wormhole, over the TLS that Twisted has.

    python -m bench.relay.wormhole PORT CERTIFICATE KEY

It counts what it has moved, and writes nothing down.
"""

from __future__ import annotations

import sys

from OpenSSL.SSL import TLS_SERVER_METHOD
from twisted.internet import reactor
from twisted.internet.protocol import ServerFactory
from twisted.internet.ssl import DefaultOpenSSLContextFactory
from wormhole_transit_relay.transit_server import Transit, TransitConnection
from wormhole_transit_relay.usage import create_usage_tracker


class Relay(ServerFactory):
    """As its own service makes it."""

    protocol = TransitConnection
    log_requests = False

    def __init__(self, transit: Transit) -> None:
        self.transit = transit


def main(port: str, certificate: str, key: str) -> None:
    """Serve until it is killed."""
    usage = create_usage_tracker(blur_usage=None, log_file=None, usage_db=None)
    context = DefaultOpenSSLContextFactory(key, certificate, TLS_SERVER_METHOD)
    factory = Relay(Transit(usage, reactor.seconds))
    reactor.listenSSL(int(port), factory, context, interface="127.0.0.1")  # type: ignore[attr-defined]
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
