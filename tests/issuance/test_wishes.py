"""What can be asked of an authority beyond names: chain, lifetime, profile; and a key that stays the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.issuing import issue, request, show
from tests.support.mortal import public_bytes
from tests.support.pebble import Pebble
from tests.support.service import Service

Wish = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def many_roots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An authority that offers three chains."""
    with Pebble(tmp_path_factory.mktemp("pebble"), alternate_roots=2) as running:
        yield running


def deployed(site: Path) -> list[x509.Certificate]:
    """Return the chain in a folder."""
    return x509.load_pem_x509_certificates((site / "fullchain.pem").read_bytes())


def to(site: Path) -> list[dict[str, Any]]:
    """Return a deployment to a folder."""
    return [{"target": "files", "parameters": {"dir": str(site)}}]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_chain_leads_to_the_preferred_root(service: Service, many_roots: Pebble, site: Path, number: int) -> None:
    root = x509.load_pem_x509_certificate(many_roots.root_pem(number).encode())
    (name,) = root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    wish = {
        "identifiers": [f"chain{number}.example.test"],
        "authority": many_roots.directory,
        "ca_bundle": str(many_roots.ca_bundle),
        "challenge": {"provider": "http", "parameters": {"port": many_roots.http_port}},
        "order": {"preferred_chain": str(name.value)},
        "deployments": to(site),
    }
    issue(service, wish)
    deployed(site)[-1].verify_directly_issued_by(root)


def test_a_root_that_is_not_offered_is_a_warning(service: Service, wish: Wish) -> None:
    certificate = issue(service, wish("norooot.example.test", order={"preferred_chain": "Nobody's Root"}))
    entries = service.call("GET", f"/api/managedcertificates/{certificate['id']}/log").body["entries"]
    assert [entry["message"] for entry in entries if entry["kind"] == "warning"] == [
        "no chain leads to Nobody's Root: the authority's first one is taken"
    ]


def test_a_profile_that_the_authority_lacks_is_refused(service: Service, wish: Wish) -> None:
    certificate = issue(service, wish("profile.example.test", order={"profile": "eternal"}))
    assert certificate["failure"]["failure_class"] == "policy"
    assert "eternal" in certificate["failure"]["cause"]


def test_a_lifetime_is_asked_for(service: Service, wish: Wish, site: Path) -> None:
    issue(service, wish("short.example.test", order={"lifetime_days": 7}, deployments=to(site)))
    leaf = deployed(site)[0]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(days=8)


@pytest.mark.parametrize("key_type", ["ecdsa-p256", "rsa-2048"])
def test_a_key_may_stay_the_same(service: Service, wish: Wish, site: Path, key_type: str) -> None:
    wanted = wish(f"keep-{key_type}.example.test", key_type=key_type, reuse_key=True, deployments=to(site))
    certificate = issue(service, wanted)
    before = deployed(site)[0]
    request(service, certificate["id"])
    after = deployed(site)[0]
    assert (public_bytes(after), after.serial_number) == (public_bytes(before), after.serial_number)
    assert after.serial_number != before.serial_number


def test_another_key_type_has_another_key(service: Service, wish: Wish, site: Path) -> None:
    certificate = issue(service, wish("change.example.test", reuse_key=True, deployments=to(site)))
    before = deployed(site)[0]
    change = {"version": certificate["version"], "settings": {"key_type": "ecdsa-p384"}}
    service.call("PATCH", f"/api/managedcertificates/{certificate['id']}", change)
    request(service, certificate["id"])
    assert show(service, certificate["id"])["status"] == "healthy"
    assert public_bytes(deployed(site)[0]) != public_bytes(before)
