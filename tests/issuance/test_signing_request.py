"""A signing request of the user's: its key never comes to us, and everything else is as for any certificate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.issuing import issue, request, show
from tests.support.service import Service
from tests.support.wishes import CERTIFICATES, files_at

Wish = Callable[..., dict[str, Any]]
KEY = ec.generate_private_key(ec.SECP256R1())


def signing_request(*names: str, common_name: str | None = None, key: Any = KEY, hash_: Any = None) -> str:
    """Return a signing request in PEM."""
    subject = [] if common_name is None else [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(key, hash_ or hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def for_csr(wish: Wish, csr: str, **more: Any) -> dict[str, Any]:
    """Say that a certificate for a signing request is wanted."""
    wanted = wish(**more)
    del wanted["identifiers"]
    return wanted | {"csr": csr} | ({"identifiers": more["identifiers"]} if "identifiers" in more else {})


def deployed(folder: Path) -> x509.Certificate:
    """Return the deployed certificate."""
    return x509.load_pem_x509_certificate((folder / "fullchain.pem").read_bytes())


def test_it_is_signed_with_the_users_key(service: Service, wish: Wish, site: Path) -> None:
    csr = signing_request("own.example.test", "www.own.example.test")
    certificate = issue(service, for_csr(wish, csr, deployments=[files_at(site)]))
    assert certificate["status"] == "healthy"
    assert deployed(site).public_key() == KEY.public_key()
    assert certificate["settings"]["identifiers"] == ["own.example.test", "www.own.example.test"]


def test_no_key_is_deployed(service: Service, wish: Wish, site: Path) -> None:
    issue(service, for_csr(wish, signing_request("keyless.example.test"), deployments=[files_at(site)]))
    assert sorted(path.name for path in site.iterdir()) == ["cert.pem", "chain.pem", "fullchain.pem"]


def test_it_is_renewed_with_the_same_key(service: Service, wish: Wish, site: Path) -> None:
    csr = signing_request("again.own.example.test")
    first = issue(service, for_csr(wish, csr, deployments=[files_at(site)]))
    request(service, first["id"])
    renewed = show(service, first["id"])
    assert renewed["issued"]["serial"] != first["issued"]["serial"]
    assert deployed(site).public_key() == KEY.public_key()


def test_the_name_of_the_subject_comes_first(service: Service, wish: Wish) -> None:
    csr = signing_request("www.subject.example.test", common_name="subject.example.test")
    certificate = issue(service, for_csr(wish, csr))
    assert certificate["settings"]["identifiers"] == ["subject.example.test", "www.subject.example.test"]


@pytest.mark.parametrize("key", [KEY, rsa.generate_private_key(65537, 2048)], ids=["ecdsa-p256", "rsa-2048"])
def test_its_kind_of_key_is_shown(service: Service, wish: Wish, key: Any, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.id
    certificate = issue(service, for_csr(wish, signing_request(f"{kind}.example.test", key=key)))
    assert certificate["settings"]["key_type"] == kind


def test_another_signing_request_is_another_certificate(service: Service, wish: Wish, site: Path) -> None:
    name, other = "exchanged.example.test", ec.generate_private_key(ec.SECP384R1())
    first = issue(service, for_csr(wish, signing_request(name), deployments=[files_at(site)]))
    change = {"version": first["version"], "settings": {"csr": signing_request(name, key=other), "key_type": None}}
    changed = service.call("PATCH", f"{CERTIFICATES}/{first['id']}", change)
    request(service, first["id"])
    assert (changed.status, deployed(site).public_key() == other.public_key()) == (200, True)


WEAK = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"csr": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"}, "csr"),
        ({"csr": "no PEM at all"}, "csr"),
        ({"csr": signing_request()}, "csr"),
        ({"csr": signing_request("weak.test", key=WEAK)}, "csr"),
        ({"csr": signing_request("curve.test", key=ec.generate_private_key(ec.SECP521R1()))}, "csr"),
        ({"csr": signing_request("a_b..test")}, "csr"),
        ({"csr": signing_request(*(f"n{number}.test" for number in range(101)))}, "csr"),
        ({"csr": signing_request("a.test"), "identifiers": ["b.test"]}, "identifiers"),
        ({"csr": signing_request("a.test"), "key_type": "rsa-2048"}, "key_type"),
        ({"csr": signing_request("a.test"), "reuse_key": True}, "reuse_key"),
        ({"csr": signing_request("a.test"), "on_failure": {"leave_out_after": 2}}, "on_failure.leave_out_after"),
        ({"csr": signing_request("*.a.test")}, "identifiers"),
    ],
)
def test_what_cannot_be_is_refused_at_once(service: Service, wish: Wish, wanted: dict[str, Any], field: str) -> None:
    answer = service.call("POST", CERTIFICATES, for_csr(wish, wanted["csr"]) | wanted)
    assert (answer.status, answer.body.get("field")) == (422, field)


@pytest.mark.parametrize("parameter", [{"pfx": True}, {"key": "site.key"}])
def test_files_that_need_the_key_are_refused_at_once(
    service: Service, wish: Wish, site: Path, parameter: dict[str, Any]
) -> None:
    wanted = for_csr(wish, signing_request("a.test"), deployments=[files_at(site, **parameter)])
    answer = service.call("POST", CERTIFICATES, wanted)
    (name,) = parameter
    assert (answer.status, answer.body["field"]) == (422, f"deployments.0.parameters.{name}")


def test_the_command_line_takes_a_file(service: Service, wish: Wish, tmp_path: Path) -> None:
    file = tmp_path / "request.pem"
    file.write_text(signing_request("file.example.test"))
    ca = ["--ca-directory", wish()["authority"], "--ca-bundle", wish()["ca_bundle"]]
    ended = [service.certify("request", "--csr", str(file), *ca, "--wait", "--json") for _ in range(2)]
    serials = {end.json["certificate"]["issued"]["serial"] for end in ended}
    assert ([end.code for end in ended], len(serials)) == ([0, 0], 2)
    assert len(service.call("GET", f"{CERTIFICATES}?name=file.example.test").body["items"]) == 1


def test_the_command_line_exchanges_and_removes_it(service: Service, wish: Wish, tmp_path: Path, site: Path) -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    (tmp_path / "new.pem").write_text(signing_request("edited.example.test", key=other))
    certificate = issue(service, for_csr(wish, signing_request("edited.example.test"), deployments=[files_at(site)]))
    exchanged = service.certify("edit", certificate["id"], "--csr", str(tmp_path / "new.pem"))
    request(service, certificate["id"])
    with_request = deployed(site).public_key() == other.public_key()
    removed = service.certify("edit", certificate["id"], "--no-csr")
    request(service, certificate["id"])
    assert (exchanged.code, with_request, removed.code, (site / "privkey.pem").exists()) == (0, True, 0, True)


def test_one_with_other_names_takes_its_place_as_it_is(service: Service, wish: Wish, site: Path) -> None:
    other = rsa.generate_private_key(65537, 2048)
    certificate = issue(service, for_csr(wish, signing_request("before.example.test"), deployments=[files_at(site)]))
    change = {"version": 1, "settings": {"csr": signing_request("after.example.test", key=other)}}
    changed = service.call("PATCH", f"{CERTIFICATES}/{certificate['id']}", change)
    request(service, certificate["id"])
    assert (changed.status, deployed(site).public_key() == other.public_key()) == (200, True)


def test_a_file_that_is_not_pem_is_a_usage_error(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "request.der"
    file.write_bytes(x509.load_pem_x509_csr(signing_request("der.test").encode()).public_bytes(Encoding.DER))
    ended = service.certify("request", "--csr", str(file))
    assert (ended.code, "is not PEM" in ended.err) == (2, True)


def test_a_compromised_key_is_not_certified_again_by_a_detour(service: Service, wish: Wish) -> None:
    name, other = "detour.example.test", ec.generate_private_key(ec.SECP256R1())
    compromised = signing_request(name)
    certificate = issue(service, for_csr(wish, compromised))
    address = f"{CERTIFICATES}/{certificate['id']}"
    service.call("POST", f"{address}/revoke", {"reason": "keyCompromise"})
    for version, csr in ((1, signing_request(name, key=other)), (2, compromised)):
        service.call("PATCH", address, {"version": version, "settings": {"csr": csr}})
        request(service, certificate["id"])
    found = show(service, certificate["id"])
    assert "is compromised" in found["failure"]["cause"]
