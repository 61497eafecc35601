"""What files go through without chatd."""

from __future__ import annotations

import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from bench.generator import NotMeasured
from bench.relay.trips import Trip
from bench.servers import Program
from tests.daemon import free_port

BLOCK = 1 << 16
"""Bytes that socat moves at once; its own default is an eighth, and hardly slower."""


class Wormhole(Program):
    """The relay of magic-wormhole, over TLS; it has nothing but bytes between two who agree."""

    def command(self, folder: Path) -> list[str]:
        if find_spec("wormhole_transit_relay") is None:
            raise NotMeasured("magic-wormhole-transit-relay is not installed")
        pair = self._place.pair
        relay = [sys.executable, "-m", "bench.relay.wormhole"]
        return [*relay, str(self.port), str(pair.certificate), str(pair.key)]

    @contextmanager
    def trips(self, count: int, size: int) -> Iterator[list[Trip]]:
        """So many pairs that agree."""
        yield [self._trip() for _ in range(count)]

    def _trip(self) -> Trip:
        token = secrets.token_hex(32)
        lines = [f"please relay {token} for side {secrets.token_hex(8)}" for _ in range(2)]
        return Trip(self.port, self.port, lines[0], lines[1])


class Socat(Program):
    """The least that a relay can do: decrypt and encrypt again. It serves one file, and ends."""

    def command(self, folder: Path) -> list[str]:
        if shutil.which("socat") is None:
            raise NotMeasured("socat is not installed")
        self._out_port = free_port()
        pair = self._place.pair
        tls = f"bind=127.0.0.1,reuseaddr,verify=0,cert={pair.certificate},key={pair.key}"
        ends = [f"OPENSSL-LISTEN:{port},{tls}" for port in (self.port, self._out_port)]
        return ["socat", "-u", "-d", "-d", "-b", str(BLOCK), *ends]

    @contextmanager
    def trips(self, count: int, size: int) -> Iterator[list[Trip]]:
        """The one."""
        yield [Trip(self.port, self._out_port)]

    def _listens(self, output: Path) -> bool:
        return "listening on" in output.read_text()  # it would take who tries for the sender
