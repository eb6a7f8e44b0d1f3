"""What a certificate of the local CA says, what clients make of it, and which requests get none."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certify_ca_local import certify_authorities
from certify_ca_local.authority import LocalAuthority
from certify_core.api import InvalidInput, PluginContext, PolicyRefused, parse_identifier
from certify_core.testing.direct_authority import DirectAuthorityContract
from tests.support.local_ca import (
    Key,
    handshake,
    issue,
    issued,
    request,
    root_of,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)


class TestContract(DirectAuthorityContract):
    @pytest.fixture
    def authority(self, folder: Path) -> LocalAuthority:
        return LocalAuthority(folder)


def test_the_hook_offers_the_ca_and_leaves_the_data_folder_alone(tmp_path: Path) -> None:
    offered = certify_authorities(PluginContext(tmp_path))
    assert ([authority.id for authority in offered], list(tmp_path.iterdir())) == (["local"], [])


def test_it_is_valid_for_ninety_days_from_five_minutes_ago(folder: Path) -> None:
    leaf = issued(LocalAuthority(folder, now=lambda: NOW), "app.test")
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (
        NOW - timedelta(minutes=5),
        NOW - timedelta(minutes=5) + timedelta(days=90),
    )


def test_it_holds_all_names_in_the_order_asked_for(authority: LocalAuthority) -> None:
    leaf = issued(authority, "b.test", "a.test", "127.0.0.1", "::1")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["b.test", "a.test", "127.0.0.1", "::1"]


def test_it_is_for_servers_only(authority: LocalAuthority) -> None:
    usage = issued(authority, "app.test").extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_it_signs_no_certificates(authority: LocalAuthority) -> None:
    extensions = issued(authority, "app.test").extensions
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    ("key", "enciphers"),
    [
        (ec.generate_private_key(ec.SECP256R1()), False),
        (ec.generate_private_key(ec.SECP384R1()), False),
        (rsa.generate_private_key(65537, 2048), True),
    ],
    ids=["p256", "p384", "rsa"],
)
def test_only_rsa_keys_encipher_keys(authority: LocalAuthority, key: Key, enciphers: bool) -> None:
    usage = issued(authority, "app.test", key=key).extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment) == (True, enciphers)


def test_it_names_its_own_key_and_the_roots(authority: LocalAuthority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    extensions = issued(authority, "app.test", key=key).extensions
    subject = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuer = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    root = root_of(authority).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert (subject, issuer.key_identifier) == (
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        root.digest,
    )


def test_it_never_outlives_the_root(folder: Path) -> None:
    root = root_of(LocalAuthority(folder, now=lambda: NOW))
    shortly_before_the_end = root.not_valid_after_utc - timedelta(days=10)
    leaf = issued(LocalAuthority(folder, now=lambda: shortly_before_the_end), "app.test")
    assert leaf.not_valid_after_utc == root.not_valid_after_utc


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)],
    ids=["p256", "rsa"],
)
@pytest.mark.parametrize("name", ["localhost", "app.dev.test", "127.0.0.1", "::1"])
def test_a_client_that_trusts_the_root_accepts_the_server(
    authority: LocalAuthority, tmp_path: Path, key: Key, name: str
) -> None:
    pem = issue(authority, "localhost", "*.dev.test", "127.0.0.1", "::1", key=key)
    assert handshake(authority, pem, key, tmp_path, name) == pem


def test_a_client_that_asks_for_another_name_refuses_the_server(authority: LocalAuthority, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(authority, issue(authority, "app.test", key=key), key, tmp_path, "other.test")


def test_a_request_that_leaves_out_a_name_is_refused(authority: LocalAuthority) -> None:
    with pytest.raises(InvalidInput, match=r"for a\.test, not for a\.test, b\.test"):
        authority.issue(request("a.test"), [parse_identifier("a.test"), parse_identifier("b.test")])


def test_a_common_name_counts_as_a_name(authority: LocalAuthority) -> None:
    with pytest.raises(InvalidInput, match=r"for a\.test, b\.test, not for a\.test"):
        authority.issue(request("a.test", common_name="b.test"), [parse_identifier("a.test")])


def test_a_request_with_a_name_that_no_server_has_is_refused(authority: LocalAuthority) -> None:
    with pytest.raises(InvalidInput, match=r"somebody@app\.test"):
        authority.issue(request("app.test", other=x509.RFC822Name("somebody@app.test")), [parse_identifier("app.test")])


def test_a_request_for_nothing_is_refused(authority: LocalAuthority) -> None:
    with pytest.raises(InvalidInput, match="for no name"):
        authority.issue(request(), [])


def test_a_request_signed_by_another_key_is_refused(authority: LocalAuthority) -> None:
    tampered = bytearray(request("app.test"))
    tampered[-1] ^= 1
    with pytest.raises(InvalidInput, match="not signed by the key"):
        authority.issue(bytes(tampered), [parse_identifier("app.test")])


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP521R1()),
    ],
    ids=["rsa-1024", "ed25519", "p521"],
)
def test_keys_that_clients_do_not_take_are_refused(authority: LocalAuthority, key: Key) -> None:
    with pytest.raises(PolicyRefused, match="RSA of 2048 bits or more"):
        issue(authority, "app.test", key=key)
