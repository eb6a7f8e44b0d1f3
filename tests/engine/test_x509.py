"""Keys, signing requests as openssl reads them, and what is not accepted as an issued certificate."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from certify_core.api import KeyType, ProtocolViolation, parse_identifier
from certify_core.engine.x509 import check_issued, key_of_type, key_to_pem, leads_to, make_csr, make_key, split_chain
from tests.support.certificates import CertificateAuthority
from tests.support.openssl import openssl

NAMES = ("app.test", "*.app.test", "müller.test", "192.0.2.7", "2001:db8::7", "::ffff:192.0.2.1")
IDENTIFIERS = tuple(parse_identifier(name) for name in NAMES)
SIZES = {
    KeyType.RSA_2048: "2048 bit",
    KeyType.RSA_3072: "3072 bit",
    KeyType.RSA_4096: "4096 bit",
    KeyType.P256: "256 bit",
    KeyType.P384: "384 bit",
}


def said_of(folder: Path, content: bytes, *arguments: str) -> str:
    """Return what openssl says about a file of this content."""
    path = folder / "file"
    path.write_bytes(content)
    return openssl(*arguments, "-in", path)


def request_with(private_key_pem: str) -> bytes:
    """Return a signing request with a key."""
    key = load_pem_private_key(private_key_pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return make_csr(key, [parse_identifier("app.test")])


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    """Who signs."""
    return CertificateAuthority()


@pytest.mark.parametrize("key_type", KeyType)
def test_openssl_takes_every_kind_of_key(tmp_path: Path, key_type: KeyType) -> None:
    pem = key_to_pem(make_key(key_type))
    said = said_of(tmp_path, pem.encode(), "pkey", "-noout", "-text", "-check")
    assert (pem.startswith("-----BEGIN PRIVATE KEY-----"), SIZES[key_type] in said, "is valid" in said) == (True,) * 3


def test_every_key_is_a_new_one() -> None:
    assert len({key_to_pem(make_key(KeyType.P256)) for _ in range(20)}) == 20


@pytest.mark.parametrize("key_type", KeyType)
def test_a_key_is_kept_only_for_the_type_that_it_has(key_type: KeyType) -> None:
    pem = key_to_pem(make_key(key_type))
    kept = {other: key for other in KeyType if (key := key_of_type(pem, other)) is not None}
    assert {other: key_to_pem(key) for other, key in kept.items()} == {key_type: pem}


def test_a_key_of_a_kind_that_is_not_asked_for_is_not_kept() -> None:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert [key_of_type(pem, key_type) for key_type in KeyType] == [None] * len(KeyType)


@pytest.mark.parametrize("key_type", KeyType)
def test_openssl_takes_the_signing_request_of_every_kind_of_key(tmp_path: Path, key_type: KeyType) -> None:
    request = make_csr(make_key(key_type), IDENTIFIERS)
    said = said_of(tmp_path, request, "req", "-inform", "DER", "-noout", "-verify", "-text")
    assert ("self-signature verify OK" in said, SIZES[key_type] in said) == (True, True)


def test_the_signing_request_holds_every_name_in_order_and_no_subject(tmp_path: Path) -> None:
    said = said_of(tmp_path, make_csr(make_key(KeyType.P256), IDENTIFIERS), "req", "-inform", "DER", "-noout", "-text")
    lines = [line.strip() for line in said.splitlines()]
    names = lines[lines.index("X509v3 Subject Alternative Name:") + 1]
    assert "Subject:" in lines
    assert names == (
        "DNS:app.test, DNS:*.app.test, DNS:xn--mller-kva.test, IP Address:192.0.2.7, "
        "IP Address:2001:DB8:0:0:0:0:0:7, IP Address:0:0:0:0:0:FFFF:C000:201"
    )


@pytest.mark.parametrize("key_type", KeyType)
def test_a_certificate_for_the_key_and_the_names_is_accepted(
    authority: CertificateAuthority, key_type: KeyType
) -> None:
    bundle = authority.issue("app.test", key=make_key(key_type))
    facts = check_issued(bundle.fullchain_pem, request_with(bundle.private_key_pem), [parse_identifier("app.test")])
    assert (facts.thumbprint, facts.not_before, facts.not_after) == (
        bundle.thumbprint,
        bundle.not_before,
        bundle.not_after,
    )


def test_every_kind_of_name_is_recognised(authority: CertificateAuthority) -> None:
    key = make_key(KeyType.P256)
    bundle = authority.issue(*(identifier.value for identifier in IDENTIFIERS), key=key)
    facts = check_issued(bundle.fullchain_pem, request_with(key_to_pem(key)), IDENTIFIERS)
    assert facts.issuer == "CN=Test Intermediate"


def test_more_names_than_were_asked_for_are_accepted(authority: CertificateAuthority) -> None:
    bundle = authority.issue("app.test", "www.app.test")
    facts = check_issued(bundle.fullchain_pem, request_with(bundle.private_key_pem), [parse_identifier("app.test")])
    assert facts.thumbprint == bundle.thumbprint


def test_the_serial_is_the_one_that_openssl_shows(authority: CertificateAuthority, tmp_path: Path) -> None:
    bundle = authority.issue("app.test")
    said = said_of(tmp_path, bundle.certificate_pem.encode(), "x509", "-noout", "-serial")
    facts = check_issued(bundle.fullchain_pem, request_with(bundle.private_key_pem), [])
    assert facts.serial == said.strip().removeprefix("serial=").lstrip("0")


def test_a_certificate_for_another_key_is_refused(authority: CertificateAuthority) -> None:
    bundle, other = authority.issue("app.test"), authority.issue("app.test")
    with pytest.raises(ProtocolViolation, match="another private key"):
        check_issued(bundle.fullchain_pem, request_with(other.private_key_pem), [parse_identifier("app.test")])


@pytest.mark.parametrize("asked", ["other.test", "*.app.test", "www.app.test", "192.0.2.8", "2001:db8::7"])
def test_a_certificate_that_lacks_a_name_is_refused_and_the_name_is_said(
    authority: CertificateAuthority, asked: str
) -> None:
    bundle = authority.issue("app.test", "192.0.2.7")
    with pytest.raises(ProtocolViolation) as refused:
        check_issued(
            bundle.fullchain_pem,
            request_with(bundle.private_key_pem),
            [parse_identifier("app.test"), parse_identifier(asked)],
        )
    assert refused.value.cause == f"The certificate lacks {asked}."


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "<html>Service unavailable</html>",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n",
        "\x00\uffff",
    ],
)
def test_what_is_no_certificate_is_refused(authority: CertificateAuthority, garbage: str) -> None:
    with pytest.raises(ProtocolViolation, match="not a certificate"):
        check_issued(garbage, request_with(authority.issue("app.test").private_key_pem), [])


def self_signed(key: ec.EllipticCurvePrivateKey, names: x509.ExtensionType | None) -> str:
    """Return a certificate with these alternative names, or with none."""
    now, subject = datetime.now(UTC), x509.Name([])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + timedelta(days=1))
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def test_a_certificate_without_alternative_names_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(ProtocolViolation, match=r"lacks app\.test"):
        check_issued(self_signed(key, None), request_with(key_to_pem(key)), [parse_identifier("app.test")])


def test_alternative_names_that_cannot_be_read_are_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    unreadable = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x82")
    with pytest.raises(ProtocolViolation):
        check_issued(self_signed(key, unreadable), request_with(key_to_pem(key)), [parse_identifier("app.test")])


def test_upper_case_in_a_certificate_s_names_is_the_same_name() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("APP.Test"), x509.IPAddress(ipaddress.ip_address("192.0.2.7"))])
    asked = [parse_identifier("app.test"), parse_identifier("192.0.2.7")]
    assert check_issued(self_signed(key, names), request_with(key_to_pem(key)), asked).serial == "1"


def test_the_error_about_a_foreign_key_shows_no_key(authority: CertificateAuthority) -> None:
    bundle, other = authority.issue("app.test"), authority.issue("app.test")
    with pytest.raises(ProtocolViolation) as refused:
        check_issued(bundle.fullchain_pem, request_with(other.private_key_pem), [])
    assert other.private_key_pem.splitlines()[1] not in str(refused.value)


@pytest.mark.parametrize("separator", ["", "\n", "\r\n\n"])
def test_a_chain_is_split_after_its_first_certificate(authority: CertificateAuthority, separator: str) -> None:
    bundle = authority.issue("app.test")
    leaf, chain = split_chain(bundle.certificate_pem + separator + bundle.chain_pem + authority.root_pem)
    assert (leaf, chain) == (bundle.certificate_pem, bundle.chain_pem + authority.root_pem)


def test_a_lone_certificate_has_no_chain(authority: CertificateAuthority) -> None:
    bundle = authority.issue("app.test")
    assert split_chain(f"\n{bundle.certificate_pem}\n\n") == (bundle.certificate_pem, "")


@pytest.mark.parametrize(("common_name", "leads"), [("Test Root", True), ("Test Intermediate", False), ("Test", False)])
def test_a_chain_leads_to_who_issued_its_last_certificate(
    authority: CertificateAuthority, common_name: str, leads: bool
) -> None:
    assert leads_to(authority.issue("app.test").fullchain_pem, common_name) is leads


def test_what_is_no_chain_leads_nowhere() -> None:
    assert leads_to("<html>Service unavailable</html>", "Test Root") is False
