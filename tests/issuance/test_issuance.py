"""From names to a certificate in place, through a real ACME server."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.issuing import issue, outcome_of, request, show
from tests.support.nginx import Nginx
from tests.support.pebble import Pebble
from tests.support.service import Service

Wish = Callable[..., dict[str, Any]]


def files(site: Path, **parameters: Any) -> dict[str, Any]:
    """Return a deployment to a folder."""
    return {"target": "files", "parameters": {"dir": str(site), **parameters}}


def split_endpoint(endpoint: str) -> tuple[str, int]:
    """Return host and port."""
    host, _, port = endpoint.rpartition(":")
    return host, int(port)


def deployed(site: Path) -> x509.Certificate:
    """Return the certificate in a folder."""
    return x509.load_pem_x509_certificate((site / "fullchain.pem").read_bytes())


def names(certificate: x509.Certificate) -> list[str]:
    """Return the alternative names of a certificate."""
    value = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(address) for address in value.get_values_for_type(x509.IPAddress)]
    return sorted([*value.get_values_for_type(x509.DNSName), *addresses])


def test_a_certificate_is_issued_saved_deployed_and_verified(service: Service, wish: Wish, site: Path) -> None:
    created = service.call("POST", "/api/managedcertificates", wish("www.example.test", deployments=[files(site)]))
    kinds = [event["kind"] for event in outcome_of(service, created.body["operation"])]
    assert kinds == [
        "order created",
        "order placed",
        "challenge presented",
        "validated",
        "finalized",
        "saved",
        "deployed",
        "verified",
        "settled",
    ]


def test_a_certificate_is_healthy_when_it_is_in_place(service: Service, wish: Wish, site: Path) -> None:
    certificate = issue(service, wish("healthy.example.test", deployments=[files(site)]))
    assert certificate["status"] == "healthy"


def test_all_names_are_in_one_certificate(service: Service, wish: Wish, site: Path) -> None:
    wanted = [f"n{number}.example.test" for number in range(12)]
    issue(service, wish(*wanted, deployments=[files(site)]))
    assert names(deployed(site)) == sorted(wanted)


def test_a_name_of_another_alphabet_is_issued_for_its_a_label(service: Service, wish: Wish, site: Path) -> None:
    issue(service, wish("bücher.example.test", deployments=[files(site)]))
    assert names(deployed(site)) == ["xn--bcher-kva.example.test"]


def test_an_ip_address_gets_a_certificate(service: Service, wish: Wish, site: Path) -> None:
    issue(service, wish("127.0.0.1", deployments=[files(site)]))
    assert names(deployed(site)) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("key_type", "size"),
    [("rsa-2048", 2048), ("rsa-3072", 3072), ("rsa-4096", 4096), ("ecdsa-p256", 256), ("ecdsa-p384", 384)],
)
def test_the_key_is_of_the_kind_that_was_asked_for(
    service: Service, wish: Wish, site: Path, key_type: str, size: int
) -> None:
    issue(service, wish(f"{key_type}.example.test", key_type=key_type, deployments=[files(site)]))
    key = load_pem_private_key((site / "privkey.pem").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey if key_type.startswith("rsa") else ec.EllipticCurvePrivateKey)
    assert key.key_size == size


def test_the_chain_leads_to_the_authoritys_root(service: Service, wish: Wish, site: Path, pebble: Pebble) -> None:
    issue(service, wish("chain.example.test", deployments=[files(site)]))
    leaf, intermediate = x509.load_pem_x509_certificates((site / "fullchain.pem").read_bytes())
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(x509.load_pem_x509_certificate(pebble.root_pem().encode()))


def test_a_request_replaces_the_certificate_with_a_new_key(service: Service, wish: Wish, site: Path) -> None:
    certificate = issue(service, wish("again.example.test", deployments=[files(site)]))
    before = deployed(site)
    request(service, certificate["id"])
    assert deployed(site).public_key() != before.public_key()


def test_one_account_serves_all_certificates(service: Service, wish: Wish, pebble: Pebble) -> None:
    for number in range(3):
        issue(service, wish(f"account{number}.example.test"))
    accounts = service.call("GET", "/api/accounts").body["accounts"]
    assert [account["directory"] for account in accounts] == [pebble.directory]


def test_nginx_serves_the_new_certificate_after_its_reload(
    service: Service, wish: Wish, site: Path, tmp_path: Path
) -> None:
    certificate = issue(service, wish("nginx.example.test", deployments=[files(site)]))
    with Nginx(tmp_path / "nginx", site) as nginx:
        verified = files(site, reload=nginx.reload_command, verify=nginx.endpoint)
        change = {"version": certificate["version"], "settings": {"deployments": [verified]}}
        service.call("PATCH", f"/api/managedcertificates/{certificate['id']}", change)
        request(service, certificate["id"])
        served = ssl.get_server_certificate(split_endpoint(nginx.endpoint))
    assert x509.load_pem_x509_certificate(served.encode()) == deployed(site)


def test_the_log_tells_every_step(service: Service, wish: Wish) -> None:
    certificate = issue(service, wish("logged.example.test"))
    entries = service.call("GET", f"/api/managedcertificates/{certificate['id']}/log").body["entries"]
    assert [entry["kind"] for entry in entries][-2:] == ["saved", "settled"]


def test_a_name_that_is_refused_fails_with_cause_and_remedy(service: Service, wish: Wish, pebble: Pebble) -> None:
    pebble.set_servfail("unreachable.example.test")
    certificate = issue(service, wish("unreachable.example.test"))
    assert certificate["status"] == "error"
    assert certificate["failure"]["failure_class"] == "user"
    assert "unreachable.example.test" in certificate["failure"]["cause"]
    assert certificate["failure"]["remedy"]


def test_after_a_failure_it_is_tried_again_in_a_minute(service: Service, wish: Wish, pebble: Pebble) -> None:
    pebble.set_servfail("retried.example.test")
    certificate = issue(service, wish("retried.example.test"))
    assert certificate["failure_count"] == 1
    assert certificate["retry_at"] == certificate["next_due_at"]


def test_a_request_that_succeeds_after_a_failure_forgets_it(service: Service, wish: Wish, pebble: Pebble) -> None:
    pebble.set_servfail("healed.example.test")
    certificate = issue(service, wish("healed.example.test"))
    pebble.clear_servfail("healed.example.test")
    request(service, certificate["id"])
    assert show(service, certificate["id"])["failure"] is None


def test_many_certificates_are_issued_side_by_side(service: Service, wish: Wish) -> None:
    created = [
        service.call("POST", "/api/managedcertificates", wish(f"m{number}.example.test")).body for number in range(40)
    ]
    for item in created:
        outcome_of(service, item["operation"])
    assert {show(service, item["id"])["status"] for item in created} == {"healthy"}
