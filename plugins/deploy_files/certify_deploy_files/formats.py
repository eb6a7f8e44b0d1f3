"""Writes a bundle in the formats that servers read: PEM, PKCS#12 (RFC 7292) and DER.

Nothing here touches a file. A PKCS#12 file is new every time, as its salts are random, so each format brings its own
answer to "is this the same?".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, PKCS12PrivateKeyTypes

from certify_core.api import CertificateBundle, DeploymentFailed, InvalidInput
from certify_deploy_files.owner import Owner, resolve_owner
from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.replacement import FileState

PUBLIC_MODE = 0o644

_PBES2 = bytes.fromhex("06092a864886f70d01050d")
"""The object identifier of PBES2 (RFC 8018 appendix A.4), in DER."""
_PBE_3DES = bytes.fromhex("060a2a864886f70d010c0103")
"""The object identifier of pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292 appendix C), in DER."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One file as it should be."""

    path: Path
    state: FileState
    is_same: Callable[[bytes], bool] = field(repr=False)
    """Whether another content says the same."""


def render(bundle: CertificateBundle, parameters: FilesParameters) -> list[Rendered]:
    """Return the files that are wanted, in the order in which they are put in place.

    The key comes first and the full chain last: a server that watches its certificate finds the key there already. The
    second certificate of a pair has files of its own, named after its kind of key.

    Raises:
        InvalidInput: a file with the private key is wanted, and the user keeps that key.
        DeploymentFailed: key and certificate do not belong together, or this machine does not know the owner.
    """
    owner = resolve_owner(parameters.owner)
    if bundle.second is None:
        return _files(bundle, parameters, owner)
    second = _Material.read(bundle.second)
    kind = "rsa" if isinstance(second.certificate.public_key(), rsa.RSAPublicKey) else "ecdsa"
    return _files(bundle.second, parameters.named_after(kind), owner) + _files(bundle, parameters, owner)


def _files(bundle: CertificateBundle, parameters: FilesParameters, owner: Owner | None) -> list[Rendered]:
    if not bundle.private_key_pem:
        parameters = _without_key(parameters)
    material = _Material.read(bundle)

    def file(name: str, content: bytes, mode: int, is_same: Callable[[bytes], bool] | None = None) -> Rendered:
        return Rendered(parameters.dir / name, FileState(content, mode, owner), is_same or content.__eq__)

    files: list[Rendered] = []
    if parameters.key:
        files.append(file(parameters.key, bundle.private_key_pem.encode(), parameters.key_mode))
    if parameters.pfx:
        content, is_same = _pkcs12(material, parameters)
        files.append(file(parameters.pfx, content, parameters.key_mode, is_same))
    public = {
        parameters.der: material.certificate.public_bytes(Encoding.DER),
        parameters.chain: bundle.chain_pem.encode(),
        parameters.certificate: bundle.certificate_pem.encode(),
        parameters.fullchain: bundle.fullchain_pem.encode(),
    }
    files.extend(file(name, content, PUBLIC_MODE) for name, content in public.items() if name)
    return files


def _without_key(parameters: FilesParameters) -> FilesParameters:
    """Leave the key's file out, unless somebody has named it."""
    named = "pfx" if parameters.pfx else "key" if parameters.key and "key" in parameters.model_fields_set else None
    if named is not None:
        raise InvalidInput(
            named,
            "There is no private key to write: the certificate was requested with a signing request.",
            f"Leave the parameter {named} out.",
        )
    return parameters.model_copy(update={"key": ""})


@dataclass(frozen=True, slots=True)
class _Material:
    """A bundle, parsed."""

    name: bytes
    key: PKCS12PrivateKeyTypes | None = field(repr=False)
    certificate: x509.Certificate
    chain: list[x509.Certificate]

    @classmethod
    def read(cls, bundle: CertificateBundle) -> _Material:
        try:
            key = load_pem_private_key(bundle.private_key_pem.encode(), None) if bundle.private_key_pem else None
            certificate = x509.load_pem_x509_certificate(bundle.certificate_pem.encode())
            chain = x509.load_pem_x509_certificates(bundle.chain_pem.encode()) if bundle.chain_pem else []
        except ValueError:
            # The parser's own words may quote what it could not read, and that may be the key.
            raise DeploymentFailed(
                f"Key, certificate or chain of {bundle.name} cannot be read.", "Renew the certificate."
            ) from None
        form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        if key is not None and key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
            raise DeploymentFailed(
                f"The private key of {bundle.name} does not belong to its certificate.", "Renew the certificate."
            )
        return cls(bundle.name.encode(), key, certificate, chain)  # type: ignore[arg-type]


def _pkcs12(material: _Material, parameters: FilesParameters) -> tuple[bytes, Callable[[bytes], bool]]:
    password = parameters.pfx_password.get_secret_value().encode() or None
    content = pkcs12.serialize_key_and_certificates(
        material.name,
        material.key,
        material.certificate,
        material.chain,
        _encryption(password, legacy=parameters.pfx_encryption == "legacy"),
    )
    return content, partial(_is_same_pkcs12, content, password)


def _encryption(password: bytes | None, *, legacy: bool) -> KeySerializationEncryption:
    if password is None:
        return NoEncryption()
    builder = PrivateFormat.PKCS12.encryption_builder()
    if legacy:
        builder = builder.key_cert_algorithm(PBES.PBESv1SHA1And3KeyTripleDESCBC)
        builder = builder.hmac_hash(hashes.SHA1())  # noqa: S303 - all that old readers know
    else:
        builder = builder.key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
    return builder.build(password)


def _marks(content: bytes) -> tuple[bool, bool]:
    """Return by which of our algorithms a PKCS#12 file is encrypted."""
    return _PBES2 in content, _PBE_3DES in content


def _is_same_pkcs12(wanted: bytes, password: bytes | None, there: bytes) -> bool:
    if _marks(there) != _marks(wanted):
        return False
    try:
        return _contents(there, password) == _contents(wanted, password)
    except ValueError:  # another password, or no PKCS#12 at all
        return False


def _contents(content: bytes, password: bytes | None) -> object:
    parsed = pkcs12.load_pkcs12(content, password)
    key = parsed.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) if parsed.key else None
    return key, parsed.cert, parsed.additional_certs
