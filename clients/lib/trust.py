"""Whether the one at the other end is who we meant: by authorities, or by remembering.

A certificate that the system's authorities vouch for, for the name of the host, is good.
Any other is remembered when it is met first, as ssh does, and has to stay the same. Once
a certificate is remembered it is the only one accepted, whoever vouches for another.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer


class CertificateRefused(Exception):
    """The server's certificate is not the one we expect; nothing has been sent to it."""


def known_hosts(environment: Mapping[str, str]) -> Path:
    """Where a user's certificates are remembered."""
    base = environment.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "chatd" / "known_hosts"


class Pins:
    """The certificates that are remembered, in a file that only the user can read.

    A line is `host:port AB:CD:…`, the SHA-256 of the certificate; lines may be removed by hand.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, host: str) -> str | None:
        """The fingerprint that is remembered for a host and port."""
        return self._read().get(host)

    def keep(self, host: str, fingerprint: str) -> None:
        """Remember this fingerprint, and no other."""
        self._write({**self._read(), host: fingerprint})

    def drop(self, host: str) -> bool:
        """Forget a host; false if it was not known."""
        pins = self._read()
        known = pins.pop(host, None) is not None
        if known:
            self._write(pins)
        return known

    def _read(self) -> dict[str, str]:
        try:
            lines = self.path.read_text().splitlines()
        except FileNotFoundError:
            return {}
        words = [line.split() for line in lines if not line.startswith("#")]
        return {pair[0]: normal(pair[1]) for pair in words if len(pair) == 2}

    def _write(self, pins: dict[str, str]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        text = "".join(f"{host} {shown(pin)}\n" for host, pin in sorted(pins.items()))
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        new.replace(self.path)


class Trust:
    """Decides on the certificate of one host.

    :param wanted: the fingerprint that the user has been told, if any; then only that is good.
    """

    def __init__(self, host: str, port: int, pins: Pins, wanted: str | None = None) -> None:
        self.host = host
        self.name = f"{host}:{port}"
        self._pins = pins
        self._wanted = wanted

    def judge(self, fingerprint: str, vouched: bool) -> bool:
        """Accept the certificate or not; true if it is remembered from now on.

        :param vouched: whether the authorities vouch for it and for the name of the host.
        :raise CertificateRefused: if it is not the one it should be.
        """
        pin = self._pins.find(self.name)
        expected = self._wanted or pin
        if expected is not None and fingerprint != expected:
            raise CertificateRefused(self._changed(expected, fingerprint))
        if pin is not None or (vouched and self._wanted is None):
            return False
        self._pins.keep(self.name, fingerprint)
        return True

    def _changed(self, expected: str, fingerprint: str) -> str:
        way = "give its fingerprint" if self._wanted else f"chat forget {self.name}"
        return (
            f"The certificate of {self.name} is not the one it should be. Somebody may be"
            f" listening in, or the server has a new one.\n"
            f"  expected {shown(expected)}\n  received {shown(fingerprint)}\n"
            f"If its operator confirms the new one: {way}"
        )


@implementer(IOpenSSLClientConnectionCreator)
class Checked:
    """TLS for one attempt, which goes on with any certificate and says what is to think of it.

    :param authorities: a file of those who may vouch for it, instead of the system's.
    """

    def __init__(self, host: str, authorities: Path | None = None) -> None:
        self._host = host
        self._vouched = True
        self._context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_2_VERSION)
        if authorities is None:
            self._context.set_default_verify_paths()
        else:
            self._context.load_verify_locations(str(authorities))
        self._context.set_verify(SSL.VERIFY_PEER, self._note)

    def clientConnectionForTLS(  # noqa: N802 - Twisted calls it
        self, protocol: TLSMemoryBIOProtocol
    ) -> SSL.Connection:
        connection = SSL.Connection(self._context, None)
        if not is_address(self._host):
            connection.set_tlsext_host_name(self._host.encode("idna"))
        return connection

    def vouched(self, connection: SSL.Connection) -> bool:
        """Whether authorities vouch for the certificate, and it is for this host."""
        verify = verify_ip_address if is_address(self._host) else verify_hostname
        try:
            verify(connection, self._host)
        except (VerificationError, CertificateError):
            return False
        return self._vouched

    def _note(
        self, connection: SSL.Connection, certificate: object, error: int, depth: int, good: int
    ) -> bool:
        self._vouched = self._vouched and bool(good)
        return True


def fingerprint(connection: SSL.Connection) -> str:
    """The SHA-256 of the certificate at the other end, hexadecimal."""
    certificate = connection.get_peer_certificate(as_cryptography=True)
    if not isinstance(certificate, x509.Certificate):
        raise CertificateRefused("The server has no certificate.")
    return certificate.fingerprint(SHA256()).hex()


def normal(text: str) -> str:
    """A fingerprint as people write it, as we compare it."""
    return text.strip().replace(":", "").lower()


def digest(text: str) -> str:
    """A fingerprint that somebody gives us.

    :raise ValueError: if it is none.
    """
    plain = normal(text)
    if len(plain) != 64 or set(plain) - set("0123456789abcdef"):
        raise ValueError(f"{text!r} is no SHA-256, 64 hexadecimal digits")
    return plain


def shown(fingerprint: str) -> str:
    """A fingerprint as the daemon and openssl show it."""
    return ":".join(fingerprint[n : n + 2] for n in range(0, len(fingerprint), 2)).upper()


def is_address(host: str) -> bool:
    """Whether a host is given by its address, which no certificate is chosen by."""
    return isIPAddress(host) or isIPv6Address(host)
