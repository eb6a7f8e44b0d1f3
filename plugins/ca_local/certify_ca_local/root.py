"""The root: a key and its certificate in one folder, made once and never replaced by itself.

The folder appears with both files or not at all. If it is there but the files are not in order, people who trust the
root have to decide what follows, so that is an error and never a reason to make a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from certify_ca_local.names import name_constraints
from certify_core.api import LocalFault, read_file, write_folder_atomically

CERTIFICATE_FILE = "root.pem"
KEY_FILE = "root.key"
LIFETIME = timedelta(days=3652)
BACKDATING = timedelta(minutes=5)
"""Certificates start this long ago, for clients whose clock is slow."""


@dataclass(frozen=True, slots=True)
class Root:
    """The root certificate and the key that signs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def load_or_make(folder: Path, now: datetime) -> Root:
    """Return the root in `folder`, which is made if there is no such folder.

    Raises:
        LocalFault: the folder cannot be written, or the root in it is damaged or has expired.
    """
    if not folder.exists():
        _make(folder, now)
    root = _load(folder)
    end = root.certificate.not_valid_after_utc
    if end <= now:
        raise LocalFault(
            f"The local CA's root {folder / CERTIFICATE_FILE} expired on {end:%Y-%m-%d}.",
            f"Move {folder} away; the next request makes a new root, which clients have to trust.",
        )
    return root


def key_usage(*, sign_certificates: bool = False, encipher_keys: bool = False) -> x509.KeyUsage:
    """Return the key usage of a root, or of a server's certificate (RFC 5280 section 4.2.1.3)."""
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_encipherment=encipher_keys,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _make(folder: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    files = {
        CERTIFICATE_FILE: _self_signed(key, now).public_bytes(Encoding.PEM),
        KEY_FILE: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }
    try:
        write_folder_atomically(folder, files)
        # Clients are given the root from here; only the key is a secret.
        (folder / CERTIFICATE_FILE).chmod(0o644)
        folder.chmod(0o755)
    except FileExistsError:
        return  # another thread or process was first: its root is as good
    except OSError as error:
        raise LocalFault(
            f"The local CA cannot be made in {folder}: {error}.",
            "Check that the service may write to its data folder and that the disk is not full.",
        ) from error


def _self_signed(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    key_identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    name = x509.Name(
        # Part of the key's own name in it lets people tell the roots of two machines apart.
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Certify Local CA {key_identifier.digest.hex()[:8]}")]
    )
    return (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATING)
        .not_valid_after(now - BACKDATING + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(name_constraints(), critical=True)
        .add_extension(key_identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _load(folder: Path) -> Root:
    try:
        certificate = x509.load_pem_x509_certificate(read_file(folder / CERTIFICATE_FILE))
        key = load_pem_private_key(read_file(folder / KEY_FILE), password=None)
    except OSError as error:
        raise _damaged(folder, f"{error.filename} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError):
        # The parser's own words could quote what it read: not to be shown of a key.
        raise _damaged(folder, f"{CERTIFICATE_FILE} or {KEY_FILE} is not what was written") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise _damaged(folder, f"{KEY_FILE} is not the key of {CERTIFICATE_FILE}")
    return Root(certificate, key)


def _damaged(folder: Path, what: str) -> LocalFault:
    return LocalFault(
        f"The local CA in {folder} is damaged: {what}.",
        f"Restore {CERTIFICATE_FILE} and {KEY_FILE} from a backup; or move the folder away, and the next request "
        "makes a new root, which clients have to trust.",
    )
