"""What every `DirectAuthority` has to keep, as tests that a plugin author's test class inherits.

    class TestMyAuthority(DirectAuthorityContract):
        @pytest.fixture
        def authority(self, tmp_path):
            return MyAuthority(tmp_path)

The authority has to be able to sign for `names`; override that fixture if these are not among its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.api import CertifyError, DirectAuthority, Identifier, parse_identifier


def request_for(names: Sequence[str], key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """Return a certificate request (PKCS #10, DER) for DNS names, made with `key` or a new one."""
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder(x509.Name([])).add_extension(alternatives, critical=False)
    signed = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


class DirectAuthorityContract:
    """Inherit, give `authority`, and every test below has to pass."""

    @pytest.fixture
    def authority(self) -> DirectAuthority:
        """Return a new authority, ready to sign."""
        raise NotImplementedError("override the fixture `authority`")

    @pytest.fixture
    def names(self) -> Sequence[str]:
        """Return two DNS names that the authority may sign."""
        return ("app.internal", "www.app.internal")

    @pytest.fixture
    def identifiers(self, names: Sequence[str]) -> list[Identifier]:
        """Return the names as the core hands them over."""
        return [parse_identifier(name) for name in names]

    def test_it_keeps_the_protocol(self, authority: DirectAuthority) -> None:
        assert isinstance(authority, DirectAuthority)

    def test_the_leaf_comes_first_and_holds_the_requested_key(
        self, authority: DirectAuthority, names: Sequence[str], identifiers: list[Identifier]
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = _chain(authority.issue(request_for(names, key), identifiers))[0]
        assert leaf.public_key() == key.public_key()

    def test_the_leaf_names_exactly_the_identifiers(
        self, authority: DirectAuthority, names: Sequence[str], identifiers: list[Identifier]
    ) -> None:
        leaf = _chain(authority.issue(request_for(names), identifiers))[0]
        alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert set(alternatives.get_values_for_type(x509.DNSName)) == set(names)

    def test_the_chain_leads_to_the_root(
        self, authority: DirectAuthority, names: Sequence[str], identifiers: list[Identifier]
    ) -> None:
        chain = _chain(authority.issue(request_for(names), identifiers))
        path = [*chain, x509.load_pem_x509_certificate(authority.root_pem().encode())]
        for certificate, issuer in pairwise(path):
            certificate.verify_directly_issued_by(issuer)

    def test_the_chain_leaves_out_the_root(
        self, authority: DirectAuthority, names: Sequence[str], identifiers: list[Identifier]
    ) -> None:
        chain = _chain(authority.issue(request_for(names), identifiers))
        assert x509.load_pem_x509_certificate(authority.root_pem().encode()) not in chain

    def test_the_same_request_may_be_signed_again(
        self, authority: DirectAuthority, names: Sequence[str], identifiers: list[Identifier]
    ) -> None:
        request = request_for(names)
        first = _chain(authority.issue(request, identifiers))[0]
        second = _chain(authority.issue(request, identifiers))[0]
        assert first.serial_number != second.serial_number

    def test_threads_at_once_get_certificates_of_one_root(
        self, authority: DirectAuthority, names: Sequence[str], identifiers: list[Identifier]
    ) -> None:
        request = request_for(names)
        with ThreadPoolExecutor(8) as pool:
            issued = list(pool.map(lambda _: authority.issue(request, identifiers), range(8)))
        assert len({_chain(pem)[-1].issuer for pem in issued}) == 1

    def test_a_request_for_other_names_is_refused(
        self, authority: DirectAuthority, names: Sequence[str], identifiers: list[Identifier]
    ) -> None:
        with pytest.raises(CertifyError):
            authority.issue(request_for(names), identifiers[:1])

    def test_a_request_that_was_tampered_with_is_refused(
        self, authority: DirectAuthority, names: Sequence[str], identifiers: list[Identifier]
    ) -> None:
        request = bytearray(request_for(names))
        request[-1] ^= 1
        with pytest.raises(CertifyError):
            authority.issue(bytes(request), identifiers)

    def test_what_is_no_request_is_refused_with_a_remedy(
        self, authority: DirectAuthority, identifiers: list[Identifier]
    ) -> None:
        with pytest.raises(CertifyError) as refused:
            authority.issue(b"no request", identifiers)
        assert refused.value.remedy


def _chain(pem: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem.encode())
