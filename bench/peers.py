"""The servers that chatd is compared with."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from bench.generator import FOLDER, NotMeasured
from bench.relay.peers import Socat, Wormhole
from bench.servers import Program

SBIN = os.pathsep.join(("/usr/local/sbin", "/usr/sbin"))

INSPIRCD = """\
<config format="xml">
<server name="bench.localhost" description="bench" network="bench">
<admin name="bench" nick="bench" email="bench@bench.localhost">
<pid file="{folder}/inspircd.pid">
<module name="ssl_gnutls">
<sslprofile name="bench" provider="gnutls" certfile="{certificate}" keyfile="{key}"
    priority="SECURE256:-VERS-ALL:+VERS-TLS1.3:SECURE128">
<bind address="127.0.0.1" port="{port}" type="clients" sslprofile="bench">
<connect name="main" allow="*" timeout="60" pingfreq="600" softsendq="50M" hardsendq="100M"
    recvq="1M" threshold="100000" commandrate="1000000000" fakelag="no" limit="100000"
    localmax="100000" globalmax="100000" maxchans="100" resolvehostnames="no"
    useconnflood="no" usednsbl="no">
<performance netbuffersize="65534" somaxconn="4096" softlimit="100000" clonesonconnect="no">
<log method="file" type="*" level="sparse" target="{folder}/inspircd.log">
"""

NGIRCD = """\
[Global]
Name = bench.localhost
Info = bench
Listen = 127.0.0.1
MotdPhrase = bench
{user}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 100
MaxPenaltyTime = 0
PingTimeout = 600
MaxNickLength = 20
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = {certificate}
KeyFile = {key}
Ports = {port}
"""


class Words(Program):
    """The chat server that comes with Twisted."""

    arguments = ("--pass", "anything")

    def command(self, folder: Path) -> list[str]:
        pair = self._place.pair
        words = [sys.executable, "-m", "bench.words"]
        return [*words, str(self.port), str(pair.certificate), str(pair.key)]


class InspIRCd(Program):
    """InspIRCd, where it is installed."""

    def command(self, folder: Path) -> list[str]:
        pair = self._place.pair
        path = folder / "inspircd.conf"
        path.write_text(
            INSPIRCD.format(
                folder=folder, certificate=pair.certificate, key=pair.key, port=self.port
            )
        )
        root = ["--runasroot"] if os.geteuid() == 0 else []
        return [_program("inspircd"), *root, "--nofork", "--config", str(path)]


class NgIRCd(Program):
    """ngIRCd, where it is installed."""

    def command(self, folder: Path) -> list[str]:
        pair = self._place.pair
        path = folder / "ngircd.conf"
        user = "ServerUID = root\nServerGID = root" if os.geteuid() == 0 else ""
        path.write_text(
            NGIRCD.format(certificate=pair.certificate, key=pair.key, port=self.port, user=user)
        )
        return [_program("ngircd"), "--nodaemon", "--config", str(path)]


class Floor(Program):
    """The least that a server can do: one record and one write for each message and client."""

    options: tuple[str, ...] = ()

    def command(self, folder: Path) -> list[str]:
        pair = self._place.pair
        floor = [str(FOLDER / "floord"), str(self.port)]
        return [*floor, str(pair.certificate), str(pair.key), *self.options]


class JoiningFloor(Floor):
    """The floor, which joins what is pending for a client into one record."""

    options = ("batch",)


PEERS: dict[str, type[Program]] = {
    "words": Words,
    "inspircd": InspIRCd,
    "ngircd": NgIRCd,
    "floor": Floor,
    "floor+batch": JoiningFloor,
    "wormhole": Wormhole,
    "socat": Socat,
}
"""All that chatd can be compared with."""


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=SBIN)
    if found is None:
        raise NotMeasured(f"{name} is not installed")
    return found
