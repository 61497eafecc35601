"""TLS for all front-ends: certificates, today's suites, renewal while people talk.

The context is the one that Twisted's CertificateOptions would make (idle connections give
their buffers back), with session tickets on, so that who comes back need not start anew.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

LIFE = timedelta(days=3650)
SUITES_1_2 = b"ECDHE+AESGCM:ECDHE+CHACHA20"
SUITES_1_3 = b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in two files.

    What reads them raises ValueError with a sentence if one of them is no good.
    """

    certificate: Path
    key: Path

    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as people compare it."""
        return self._certificate().fingerprint(hashes.SHA256()).hex(":").upper()

    def context(self) -> SSL.Context:
        """What new connections are made with."""
        self._check()
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_chain_file(str(self.certificate))
        context.use_privatekey_file(str(self.key))
        return _hardened(context)

    def changed(self) -> tuple[int, ...]:
        """Something that is another when one of the files is."""
        try:
            stats = [path.stat() for path in (self.certificate, self.key)]
        except OSError:
            return ()
        return tuple(n for stat in stats for n in (stat.st_mtime_ns, stat.st_ino, stat.st_size))

    def _check(self) -> None:
        if self._certificate().public_key() != self._key().public_key():
            raise ValueError(
                f"the key {self.key} does not fit the certificate {self.certificate}:"
                " write the paths of two files that were made together."
            )

    def _certificate(self) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificates(_content("certificate", self.certificate))[0]
        except ValueError as error:
            if isinstance(error.__cause__, OSError):
                raise
            raise ValueError(f"there is no certificate in {self.certificate}.") from error

    def _key(self) -> PrivateKeyTypes:
        content = _content("key", self.key)
        try:
            return serialization.load_pem_private_key(content, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(
                f"there is no key in {self.key} that can be read:"
                " it should be PEM, without a password."
            ) from error


def _content(what: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"the {what} {path} cannot be read ({(error.strerror or str(error)).lower()}):"
            " write its path, and let the daemon's user read it."
        ) from error


def _hardened(context: SSL.Context) -> SSL.Context:
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(
        SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE
    )
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_cipher_list(SUITES_1_2)
    context.set_tls13_ciphersuites(SUITES_1_3)
    context.set_session_id(b"chatd")
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)  # any certificate: see EXTERNAL
    return context


def make_pair(pair: Pair, names: Iterable[str], now: float) -> None:
    """Make a self-signed certificate for these names, and a key that only we can read.

    :param now: seconds since 1970.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(key, list(dict.fromkeys(names)), datetime.fromtimestamp(now, UTC))
    for path in (pair.key, pair.certificate):
        path.touch(mode=0o600, exist_ok=False)
    pair.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _self_signed(
    key: ec.EllipticCurvePrivateKey, names: list[str], now: datetime
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, hashes.SHA256())
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@implementer(IOpenSSLServerConnectionCreator)
class Credentials:
    """Makes the TLS side of new connections, always from the latest good pair of files."""

    log = Logger()

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self._seen = pair.changed()
        self._context = pair.context()

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Twisted asks for one for each client."""
        return SSL.Connection(self._context)

    def use(self, other: Credentials) -> None:
        """Take another pair, read already, for whoever comes from now on."""
        self.pair, self._seen, self._context = other.pair, other._seen, other._context

    def look_again(self) -> None:
        """Take the files anew if they have changed; a pair that is no good is only told of."""
        seen = self.pair.changed()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            fingerprint = self.pair.fingerprint()
            self._context = self.pair.context()
        except ValueError as error:
            self.log.warn("the old certificate stays in use: {error}", error=error)
        else:
            self.log.info(
                "new connections get {certificate}, its SHA-256 fingerprint is {fingerprint}",
                certificate=self.pair.certificate,
                fingerprint=fingerprint,
            )


def fingerprint_of_peer(transport: Any) -> str | None:
    """SHA-256 of the certificate that a client has shown, as 64 hexadecimal digits."""
    if not hasattr(transport, "getPeerCertificate"):
        return None
    try:
        shown = transport.getPeerCertificate()
    except SSL.Error:
        return None
    return None if shown is None else shown.to_cryptography().fingerprint(hashes.SHA256()).hex()
