"""TLS: what is spoken, which certificates are good, and how they are renewed."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from OpenSSL import SSL
from twisted.logger import capturedLogs

from chatd.frontends.tls import Credentials, Pair, fingerprint_of_peer, make_pair

NOW = 1_700_000_000.0


def made(folder: Path, name: str = "chat.example.org") -> Pair:
    folder.mkdir(exist_ok=True)
    pair = Pair(folder / "certificate.pem", folder / "key.pem")
    make_pair(pair, [name, "localhost", "127.0.0.1"], NOW)
    return pair


def client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect(
    credentials: Credentials, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> tuple[ssl.SSLObject, SSL.Connection]:
    """Let a client and the server shake hands, and the client read what comes then."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = context.wrap_bio(to_client, to_server, session=session)
    far: Any = credentials.serverConnectionForTLS(None)  # type: ignore[arg-type]
    far.set_accept_state()
    for step in (near.do_handshake, far.do_handshake) * 3:
        try:
            step()
        except (ssl.SSLWantReadError, SSL.WantReadError):
            pass
        finally:
            _carry(far, to_client, to_server)
    with pytest.raises(ssl.SSLWantReadError):
        near.read()
    return near, far


def _carry(far: SSL.Connection, to_client: ssl.MemoryBIO, to_server: ssl.MemoryBIO) -> None:
    if to_server.pending:
        far.bio_write(to_server.read())
    with suppress(SSL.WantReadError):
        to_client.write(far.bio_read(65536))


def serial(near: ssl.SSLObject) -> int:
    shown = near.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number


def test_newest_first(tmp_path: Path) -> None:
    """A client of today gets TLS 1.3 with AES-GCM."""
    near, _ = connect(Credentials(made(tmp_path)), client())
    assert near.version() == "TLSv1.3"
    assert near.cipher() is not None and near.cipher()[0] == "TLS_AES_128_GCM_SHA256"  # type: ignore[index]


def test_one_older(tmp_path: Path) -> None:
    """TLS 1.2 is spoken with forward secrecy and AEAD suites."""
    context = client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    near, _ = connect(Credentials(made(tmp_path)), context)
    assert near.version() == "TLSv1.2"
    cipher = near.cipher()
    assert cipher is not None and cipher[0].startswith("ECDHE-")


@pytest.mark.parametrize("ciphers", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256"])
def test_no_weak_suites(tmp_path: Path, ciphers: str) -> None:
    """Suites without forward secrecy, or with CBC, are refused."""
    context = client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    with pytest.raises(SSL.Error):
        connect(Credentials(made(tmp_path)), context)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nothing_older(tmp_path: Path) -> None:
    """TLS 1.1 is refused, even to a client that would take anything."""
    context = client()
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(SSL.Error, match="unsupported protocol"):
        connect(Credentials(made(tmp_path)), context)


def test_who_comes_back_resumes(tmp_path: Path) -> None:
    """A session ticket spares a client that comes back the whole handshake."""
    credentials, context = Credentials(made(tmp_path)), client()
    first, _ = connect(credentials, context)
    again, _ = connect(credentials, context, first.session)
    assert (first.session_reused, again.session_reused) == (False, True)


def test_client_certificate(tmp_path: Path) -> None:
    """A client may show any certificate, and its fingerprint is known; it need not show one."""
    credentials, own = Credentials(made(tmp_path)), made(tmp_path / "client", "ada")
    context = client()
    context.load_cert_chain(own.certificate, own.key)
    _, far = connect(credentials, context)
    assert fingerprint_of_peer(_Transport(far)) == own.fingerprint().replace(":", "").lower()
    _, far = connect(credentials, client())
    assert fingerprint_of_peer(_Transport(far)) is None


class _Transport:
    def __init__(self, connection: SSL.Connection) -> None:
        self.getPeerCertificate = connection.get_peer_certificate


def test_made_certificate(tmp_path: Path) -> None:
    """The certificate that we make is P-256, has all the names, and only we can read its key."""
    pair = made(tmp_path)
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["chat.example.org", "localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1")]
    assert certificate.public_key().curve.name == "secp256r1"  # type: ignore[union-attr]
    assert pair.key.stat().st_mode & 0o777 == 0o600
    assert pair.fingerprint().count(":") == 31


def test_made_certificate_is_believed(tmp_path: Path) -> None:
    """A client that pins the certificate accepts it for its names."""
    pair = made(tmp_path)
    context = ssl.create_default_context(cafile=str(pair.certificate))
    context.check_hostname = False
    near, _ = connect(Credentials(pair), context)
    assert near.version() == "TLSv1.3"


def refusal(pair: Pair) -> str:
    with pytest.raises(ValueError) as caught:
        pair.context()
    return str(caught.value)


def test_key_of_another(tmp_path: Path) -> None:
    """A key that does not fit its certificate is one sentence."""
    one, other = made(tmp_path / "one"), made(tmp_path / "other")
    assert refusal(Pair(one.certificate, other.key)) == (
        f"the key {other.key} does not fit the certificate {one.certificate}:"
        " write the paths of two files that were made together."
    )


def test_nothing_there(tmp_path: Path) -> None:
    """A file that cannot be read is one sentence."""
    pair = made(tmp_path)
    pair.key.unlink()
    assert refusal(pair) == (
        f"the key {pair.key} cannot be read (no such file or directory):"
        " write its path, and let the daemon's user read it."
    )


def test_not_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the daemon's user may not read is one sentence."""
    pair = made(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", _forbidden)
    assert refusal(pair).startswith(f"the certificate {pair.certificate} cannot be read (perm")


def _forbidden(path: Path) -> bytes:
    raise PermissionError(13, "Permission denied", str(path))


def test_no_pem(tmp_path: Path) -> None:
    """Files that hold something else are one sentence each."""
    pair = made(tmp_path)
    good = pair.key.read_bytes()
    pair.key.write_text("nonsense")
    assert refusal(pair).startswith(f"there is no key in {pair.key} that can be read")
    pair.key.write_bytes(good)
    pair.certificate.write_text("nonsense")
    assert refusal(pair) == f"there is no certificate in {pair.certificate}."


def test_locked_key(tmp_path: Path) -> None:
    """Nobody is there to type a key's password when a daemon starts."""
    pair = made(tmp_path)
    key = load_pem_private_key(pair.key.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    pair.key.write_bytes(locked)
    assert refusal(pair).endswith("it should be PEM, without a password.")


def renew(pair: Pair, folder: Path) -> Pair:
    """Put new files in the place of the old, as tools for certificates do."""
    fresh = made(folder)
    os.replace(fresh.certificate, pair.certificate)
    os.replace(fresh.key, pair.key)
    return pair


def test_renewed_files_are_noticed(tmp_path: Path) -> None:
    """When the files change, new clients get the new certificate, and old ones stay."""
    pair = made(tmp_path)
    credentials = Credentials(pair)
    before, far = connect(credentials, client())
    renew(pair, tmp_path / "new")
    credentials.look_again()
    after, _ = connect(credentials, client())
    assert serial(after) != serial(before)
    far.send(b"still here")


def test_unchanged_files_are_left_alone(tmp_path: Path) -> None:
    """A look at files that are as they were says nothing."""
    credentials = Credentials(made(tmp_path))
    with capturedLogs() as logs:
        credentials.look_again()
    assert logs == []


def test_half_renewed_files_change_nothing(tmp_path: Path) -> None:
    """While only one of the two is new the old pair stays in use, and the log says so once."""
    pair = made(tmp_path)
    credentials = Credentials(pair)
    before, _ = connect(credentials, client())
    fresh = made(tmp_path / "new")
    os.replace(fresh.certificate, pair.certificate)
    with capturedLogs() as logs:
        credentials.look_again()
        credentials.look_again()
    assert [event["log_level"].name for event in logs] == ["warn"]
    assert serial(connect(credentials, client())[0]) == serial(before)
    os.replace(fresh.key, pair.key)
    credentials.look_again()
    assert serial(connect(credentials, client())[0]) != serial(before)


def test_vanished_files_change_nothing(tmp_path: Path) -> None:
    """Without its files the daemon goes on with what it has."""
    pair = made(tmp_path)
    credentials = Credentials(pair)
    pair.key.unlink()
    with capturedLogs() as logs:
        credentials.look_again()
    assert len(logs) == 1
    assert connect(credentials, client())[0].version() == "TLSv1.3"
