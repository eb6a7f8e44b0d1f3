"""The certificate of the API itself, where it is offered by HTTPS: made here, and renewed here without anybody's help.

`api-tls/` in the data folder holds a root, which clients trust, and what it has signed for this machine's names. The
root lasts ten years; by its name constraints (RFC 5280 section 4.2.1.10) it can sign for those names alone, so it is of
no use against anybody else. Clients have to be told of another one, so it is replaced only if it is damaged, ends, or
cannot sign for the one host that is set; other names that came later are left out of what it signs.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certify_core.domain.keys import KeyType
from certify_core.engine.x509 import key_to_pem, make_key
from certify_core.errors import LocalFault
from certify_core.files import read_file, write_atomically
from certify_core.service.servers import ROOT_FILE, TLS_FOLDER

ROOT_LIFETIME = timedelta(days=3650)
LIFETIME = timedelta(days=90)
RENEW_BEFORE = timedelta(days=30)
BACKDATING = timedelta(minutes=5)
"""Certificates start this long ago, for clients whose clock is slow."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Signed:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def to_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM) + key_to_pem(self.key).encode()


class OwnCertificate:
    """The certificate of one service, for `names`: DNS names and addresses of this machine."""

    def __init__(
        self,
        data_dir: Path,
        names: Sequence[str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        host: str = "localhost",
    ) -> None:
        """`host` is the one of the names by which this machine itself calls the API."""
        self.names = tuple(names)
        self._host = host.lower()
        self._left_out: frozenset[str] = frozenset()
        self._root_file = data_dir / ROOT_FILE
        self._root_key_file = data_dir / TLS_FOLDER / "root.key"
        self.file = data_dir / TLS_FOLDER / "server.pem"
        """Certificate and key, as TLS wants them."""
        self.ends: datetime | None = None
        """When the certificate ends; None before `ensure`."""
        self._now = now

    def ensure(self) -> bool:
        """Make what is missing, damaged, or ends soon; return whether the certificate is another one now.

        Raises:
            LocalFault: the files cannot be read or written.
        """
        try:
            self.file.parent.mkdir(mode=0o700, exist_ok=True)
            root = self._root()
            names = self._covered(root)
            server = _read(self.file)
            changed = server is None or not self._is_good(server, root, names)
            if server is None or changed:
                server = _signed_by(root, names, self._now())
                write_atomically(self.file, server.to_pem())
        except OSError as error:
            raise LocalFault(
                f"The API's certificate in {self.file.parent} cannot be kept: {error.strerror or error}.",
                "Make room or mend its permissions; or set useHTTPS to false.",
            ) from error
        self.ends = server.certificate.not_valid_after_utc
        return changed

    @property
    def is_valid(self) -> bool:
        """Whether there is a certificate that has not ended, although it may end soon."""
        server = _read(self.file)
        return server is not None and self._now() < server.certificate.not_valid_after_utc

    def _root(self) -> _Signed:
        root = _read(self._root_key_file)
        if root is None or not self._is_of_use(root.certificate):
            if self._root_key_file.exists():
                _log.warning("The API has a new root certificate, which its clients have to trust: %s", self._root_file)
            root = _new_root(self.names, self._now())
            write_atomically(self._root_key_file, root.to_pem())
        public = root.certificate.public_bytes(Encoding.PEM)
        if not self._root_file.exists() or read_file(self._root_file) != public:
            write_atomically(self._root_file, public, mode=0o644)
        return root

    def _is_of_use(self, root: x509.Certificate) -> bool:
        """Whether a root stays. A clock that is slow is no reason against it, as that will be set right."""
        permitted = _permitted(root)
        if not permitted or (self._host in self.names and not _covers(permitted, self._host)):
            return False
        return self._now() < root.not_valid_after_utc - LIFETIME

    def _covered(self, root: _Signed) -> tuple[str, ...]:
        """Return the names that the root can sign for; the others are told of once."""
        permitted = _permitted(root.certificate)
        left_out = frozenset(name for name in self.names if not _covers(permitted, name))
        if left_out - self._left_out:
            _log.warning(
                "The API's root certificate cannot sign for %s, so its certificate is without. To have them in it, "
                "move %s away and start again: clients then have to trust the new root.",
                ", ".join(sorted(left_out)),
                self.file.parent,
            )
        self._left_out = left_out
        return tuple(name for name in self.names if name not in left_out)

    def _is_good(self, server: _Signed, root: _Signed, expected: Sequence[str]) -> bool:
        certificate, now = server.certificate, self._now()
        try:
            certificate.verify_directly_issued_by(root.certificate)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        lasts = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE
        return lasts and list(names) == _general_names(expected)


def _read(path: Path) -> _Signed | None:
    """Return certificate and key of a file; None if there is none, or it is not what was written."""
    if not path.is_file():
        return None
    content = read_file(path)
    try:
        certificate = x509.load_pem_x509_certificate(content)
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return _Signed(certificate, key)


def _new_root(names: Sequence[str], now: datetime) -> _Signed:
    key = _new_key()
    subject = _subject(f"Certify API of {names[0]} {x509.random_serial_number() % 0x10000:04x}")
    # Begins long ago: made while the clock was ahead, it is good once that is set right, and need not be replaced.
    authority = x509.BasicConstraints(ca=True, path_length=0)
    builder = _builder(subject, subject, key, now, ROOT_LIFETIME, authority, backdating=ROOT_LIFETIME)
    constraints = x509.NameConstraints(permitted_subtrees=_constraints(names), excluded_subtrees=None)
    certificate = builder.add_extension(constraints, critical=True).add_extension(
        _key_usage(signs_certificates=True), critical=True
    )
    return _Signed(certificate.sign(key, hashes.SHA256()), key)


def _signed_by(root: _Signed, names: Sequence[str], now: datetime) -> _Signed:
    """Return a certificate whose subject is empty and whose names are critical (RFC 5280 section 4.2.1.6)."""
    key, nobody = _new_key(), x509.BasicConstraints(ca=False, path_length=None)
    issuer = root.key.public_key()
    certificate = (
        _builder(root.certificate.subject, x509.Name([]), key, now, LIFETIME, nobody)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
        .sign(root.key, hashes.SHA256())
    )
    return _Signed(certificate, key)


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    lifetime: timedelta,
    constraints: x509.BasicConstraints,
    backdating: timedelta = BACKDATING,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - backdating)
        .not_valid_after(now + lifetime)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _new_key() -> ec.EllipticCurvePrivateKey:
    key = make_key(KeyType.P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - by its type
    return key


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_names(names: Sequence[str]) -> list[x509.GeneralName]:
    return [_general_name(name) for name in names]


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _constraints(names: Sequence[str]) -> list[x509.GeneralName]:
    """Return what the root may sign at most: a constraint is about networks, and about names with all below them."""
    found = _general_names(names)
    return [
        x509.IPAddress(ipaddress.ip_network(item.value)) if isinstance(item, x509.IPAddress) else item for item in found
    ]


def _permitted(root: x509.Certificate) -> list[x509.GeneralName]:
    """Return what a root may sign at most; nothing if it does not say."""
    try:
        return root.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    except (x509.ExtensionNotFound, ValueError):
        return []


def _covers(permitted: Sequence[x509.GeneralName], name: str) -> bool:
    return _constraints([name])[0] in permitted
