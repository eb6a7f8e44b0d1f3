"""A name that cannot be validated is left out if the settings say so, and comes back by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.issuing import issue, request, show
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.wishes import files_at

Wish = Callable[..., dict[str, Any]]


def names_in(folder: Path) -> set[str]:
    """Return the names of a deployed certificate."""
    certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(alternatives.get_values_for_type(x509.DNSName))


@pytest.fixture
def partial(service: Service, wish: Wish, pebble: Pebble, site: Path, request: pytest.FixtureRequest) -> Any:
    """Return a managed certificate for two names, one of which leads nowhere and was left out after two failures."""
    stem = request.node.name.replace("_", "-")[-40:].strip("-")
    good, bad = f"good.{stem}.test", f"bad.{stem}.test"
    pebble.set_servfail(bad)
    wanted = wish(good, bad, deployments=[files_at(site)], on_failure={"leave_out_after": 2})
    certificate = issue(service, wanted)
    for _ in range(2):
        again(service, certificate)
    return show(service, certificate["id"]) | {"good": good, "bad": bad}


def again(service: Service, certificate: dict[str, Any]) -> list[dict[str, Any]]:
    """Request the certificate again."""
    return request(service, certificate["id"])


def test_a_name_that_failed_too_often_is_left_out(partial: dict[str, Any], site: Path) -> None:
    assert partial["issued"]["left_out"] == [partial["bad"]]
    assert names_in(site) == {partial["good"]}


def test_that_is_a_warning_with_its_reason(partial: dict[str, Any]) -> None:
    assert partial["status"] == "warning"
    assert partial["failure"]["identifiers"] == [partial["bad"]]
    assert partial["due_reason"] == "names that were left out are tried again"


def test_what_is_wanted_is_not_forgotten(partial: dict[str, Any]) -> None:
    assert partial["settings"]["identifiers"] == [partial["good"], partial["bad"]]


def test_a_mended_name_comes_back(service: Service, partial: dict[str, Any], pebble: Pebble, site: Path) -> None:
    pebble.clear_servfail(partial["bad"])
    again(service, partial)
    certificate = show(service, partial["id"])
    assert (certificate["status"], certificate["issued"]["left_out"]) == ("healthy", [])
    assert names_in(site) == {partial["good"], partial["bad"]}


def test_trying_it_in_vain_harms_nothing(service: Service, partial: dict[str, Any]) -> None:
    again(service, partial)
    certificate = show(service, partial["id"])
    assert (certificate["issued"], certificate["failure_count"]) == (partial["issued"], 0)
    assert certificate["setbacks"]["complete_at"] >= partial["setbacks"]["complete_at"]


def test_without_the_setting_no_name_is_left_out(service: Service, wish: Wish, pebble: Pebble) -> None:
    pebble.set_servfail("bad.whole.test")
    certificate = issue(service, wish("good.whole.test", "bad.whole.test"))
    for _ in range(3):
        again(service, certificate)
    assert show(service, certificate["id"])["issued"] is None
