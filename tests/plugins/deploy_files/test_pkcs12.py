"""The PFX file, opened by other programs than the one that wrote it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from certify_core.api import CertificateBundle
from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.target import FilesTarget
from tests.support.certificates import CertificateAuthority, rsa_key
from tests.support.openssl import openssl

Parameters = Callable[..., FilesParameters]
BOTH = pytest.mark.parametrize("encryption", ["aes256", "legacy"])


def contents(path: Path, password: str, *options: str) -> str:
    """Return what openssl finds in a file."""
    return openssl("pkcs12", "-in", path, "-passin", f"pass:{password}", *options)


@BOTH
def test_openssl_finds_the_key_in_it(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path, encryption: str
) -> None:
    target.apply(bundle, parameters(pfx="site.pfx", pfx_password="pass word", pfx_encryption=encryption))
    assert bundle.private_key_pem in contents(folder / "site.pfx", "pass word", "-nocerts", "-nodes")


@BOTH
def test_openssl_finds_certificate_and_chain_in_it(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path, encryption: str
) -> None:
    target.apply(bundle, parameters(pfx="site.pfx", pfx_password="p", pfx_encryption=encryption))
    found = contents(folder / "site.pfx", "p", "-nokeys")
    assert (bundle.certificate_pem in found, bundle.chain_pem in found) == (True, True)


@pytest.mark.parametrize(
    ("encryption", "algorithm"), [("aes256", "AES-256-CBC"), ("legacy", "pbeWithSHA1And3-KeyTripleDES-CBC")]
)
def test_it_is_encrypted_as_asked(
    target: FilesTarget,
    bundle: CertificateBundle,
    parameters: Parameters,
    folder: Path,
    encryption: str,
    algorithm: str,
) -> None:
    target.apply(bundle, parameters(pfx="site.pfx", pfx_password="p", pfx_encryption=encryption))
    bags = [
        line for line in contents(folder / "site.pfx", "p", "-info", "-noout").splitlines() if "bag:" in line.lower()
    ]
    assert [algorithm in line for line in bags if "Shrouded" in line] == [True]


def test_an_empty_password_opens_it(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path
) -> None:
    target.apply(bundle, parameters(pfx="site.pfx"))
    assert bundle.private_key_pem in contents(folder / "site.pfx", "", "-nocerts", "-nodes")


@BOTH
def test_it_holds_rsa_keys_too(
    target: FilesTarget, authority: CertificateAuthority, parameters: Parameters, folder: Path, encryption: str
) -> None:
    key = rsa_key()
    target.apply(
        authority.issue("app.test", key=key), parameters(pfx="site.pfx", pfx_password="p", pfx_encryption=encryption)
    )
    found = pkcs12.load_pkcs12((folder / "site.pfx").read_bytes(), b"p").key
    form = Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    assert found is not None
    assert found.private_bytes(*form) == key.private_bytes(*form)


def test_it_bears_the_certificate_s_name(
    target: FilesTarget, authority: CertificateAuthority, parameters: Parameters, folder: Path
) -> None:
    target.apply(authority.issue("app.test", name="Büro"), parameters(pfx="site.pfx"))
    found = pkcs12.load_pkcs12((folder / "site.pfx").read_bytes(), None).cert
    assert found is not None
    assert found.friendly_name == "Büro".encode()


@pytest.mark.parametrize(
    "changed", [{"pfx_password": "another"}, {"pfx_encryption": "legacy"}, {"pfx_password": ""}], ids=str
)
def test_another_password_or_encryption_makes_it_anew(
    target: FilesTarget,
    bundle: CertificateBundle,
    parameters: Parameters,
    folder: Path,
    changed: dict[str, str],
) -> None:
    before = {"pfx": "site.pfx", "pfx_password": "p"}
    target.apply(bundle, parameters(**before))
    differing = [
        each.subject for each in target.plan(bundle, parameters(**before | changed)) if each.detail == "replaced"
    ]
    assert differing == [str(folder / "site.pfx")]
