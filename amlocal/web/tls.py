"""Own certificate authority, server certificate and the bundle that clients trust. Made once; `cryptography` is
loaded only to make them."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from amlocal.settings import Settings

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

# Apple's verifier refuses server certificates that live longer.
SERVER_DAYS = 820
CA_DAYS = 3650
FILES = ("ca.pem", "server.pem", "server.key")
RENEW_BEFORE = datetime.timedelta(days=30)


def server_context(settings: Settings) -> ssl.SSLContext:
    """The TLS side of the listening socket; writes whatever certificate is missing, old or for another host."""
    folder = settings.home / "tls"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    own_host = settings.own_host.strip("[]")
    hosts = sorted({"localhost", "127.0.0.1", "::1", own_host, settings.public_host, "*.blob.core.local"})
    if not _is_current(folder, hosts):
        _issue(folder, hosts)
    _write_bundle(folder, settings.ca_bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def _is_current(folder: Path, hosts: list[str]) -> bool:
    try:
        made = json.loads((folder / "server.json").read_text())
        is_whole = made["hosts"] == hosts and made["files"] == _digests(folder)
        expires_at = datetime.datetime.fromisoformat(made["expires_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return is_whole and expires_at - RENEW_BEFORE > datetime.datetime.now(datetime.UTC)


def _digests(folder: Path) -> dict[str, str]:
    """Of the files that belong together: one that is damaged, or of another issue, is told by them."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def _issue(folder: Path, hosts: list[str]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    ca_key, ca = _authority(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    expires_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=SERVER_DAYS)
    certificate = (
        _builder("amlocal", key, issuer=ca.subject, expires_at=expires_at)
        .add_extension(x509.SubjectAlternativeName([_alternative_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write_key(folder / "server.key", key)
    (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made = {"hosts": hosts, "expires_at": expires_at.isoformat(), "files": _digests(folder)}
    (folder / "server.json").write_text(json.dumps(made))


def _authority(folder: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key_path, path = folder / "ca.key", folder / "ca.pem"
    try:
        loaded = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        kept = x509.load_pem_x509_certificate(path.read_bytes())
        is_good = kept.public_key() == loaded.public_key()
        lives_on = kept.not_valid_after_utc - datetime.timedelta(days=SERVER_DAYS) > datetime.datetime.now(datetime.UTC)
        if isinstance(loaded, ec.EllipticCurvePrivateKey) and is_good and lives_on:
            return loaded, kept
    except (OSError, ValueError):
        # Not there, or damaged: clients then have to read the bundle again.
        pass
    key = ec.generate_private_key(ec.SECP256R1())
    expires_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=CA_DAYS)
    certificate = (
        _builder("amlocal own certificate authority", key, issuer=None, expires_at=expires_at)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_path, key)
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key, certificate


def _builder(
    name: str, key: ec.EllipticCurvePrivateKey, *, issuer: x509.Name | None, expires_at: datetime.datetime
) -> x509.CertificateBuilder:
    from cryptography import x509

    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1))
        .not_valid_after(expires_at)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, is_ca: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_name(host: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    from cryptography.hazmat.primitives import serialization

    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)


def _write_bundle(folder: Path, bundle: Path) -> None:
    """requests reads one file only, so ours stands in it behind everything this machine trusts already."""
    parts = [path.read_bytes() for path in _system_bundles() if path != bundle][:1]
    content = b"\n".join([*parts, (folder / "ca.pem").read_bytes()])
    if bundle.exists() and bundle.read_bytes() == content:
        return
    temporary = bundle.with_suffix(".new")
    temporary.write_bytes(content)
    temporary.replace(bundle)


def _system_bundles() -> list[Path]:
    candidates = [ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"]
    try:
        import certifi

        candidates.append(certifi.where())
    except ImportError:
        pass
    return [Path(candidate) for candidate in candidates if candidate and Path(candidate).is_file()]
