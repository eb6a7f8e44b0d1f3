"""Which earlier certificates are removed from the store: none that anybody uses or that may have to come back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_iis.bindings import SNI, Binding, Certificate
from certify_iis.target import IisTarget
from tests.plugins.iis.conftest import Machine, Parameters
from tests.plugins.iis.sites import site
from tests.support.certificates import CertificateAuthority


@pytest.fixture
def three(authority: CertificateAuthority) -> list[CertificateBundle]:
    """A certificate and its two successors."""
    return [authority.issue("app.test") for _ in range(3)]


def kept(machine: Machine, bundles: list[CertificateBundle]) -> list[bool]:
    return [("My", bundle.thumbprint) in machine.store.contents() for bundle in bundles]


CLEANUP = {
    "none": [True, True, True],
    "after-expiry": [True, True, True],
    "after-renewal": [False, True, True],
}


@pytest.mark.parametrize("cleanup", CLEANUP)
def test_clean_up_removes_what_it_is_told_and_keeps_the_one_before(
    machine: Machine, target: IisTarget, three: list[CertificateBundle], parameters: Parameters, cleanup: str
) -> None:
    for bundle in three:
        target.apply(bundle, parameters(cleanup=cleanup))
    assert kept(machine, three) == CLEANUP[cleanup]


def test_deploying_again_keeps_the_one_before(
    machine: Machine, target: IisTarget, three: list[CertificateBundle], parameters: Parameters
) -> None:
    for bundle in (*three[:2], three[1]):
        target.apply(bundle, parameters(cleanup="after-renewal"))
    assert kept(machine, three[:2]) == [True, True]


def test_what_has_expired_is_removed(
    machine: Machine, target: IisTarget, three: list[CertificateBundle], parameters: Parameters
) -> None:
    for bundle in three[:2]:
        target.apply(bundle, parameters())
    machine.clock.ahead = 365 * 86400
    target.apply(three[2], parameters())
    assert kept(machine, three) == [False, True, True]


def test_what_a_binding_still_shows_is_never_removed(
    machine: Machine, target: IisTarget, three: list[CertificateBundle], parameters: Parameters
) -> None:
    for bundle in three[:2]:
        target.apply(bundle, parameters())
    in_use = Binding("https", "*:9999:other.test", SNI, Certificate(three[0].thumbprint, "My"))
    machine.iis.set_sites(*machine.iis.sites(), site(in_use, number=7, started=False))
    target.apply(three[2], parameters(cleanup="after-renewal", replace_previous="false"))
    assert kept(machine, three) == [True, True, True]


def test_what_another_managed_certificate_has_is_never_removed_even_expired(
    machine: Machine, target: IisTarget, authority: CertificateAuthority, parameters: Parameters
) -> None:
    other = replace(authority.issue("other.test"), name="Other", not_after=1.0)
    target.apply(other, parameters(mode="store-only"))
    for _ in range(3):
        target.apply(authority.issue("app.test"), parameters(cleanup="after-renewal"))
    assert kept(machine, [other]) == [True]


def test_a_certificate_of_somebody_else_is_never_removed(
    machine: Machine, target: IisTarget, authority: CertificateAuthority, parameters: Parameters
) -> None:
    foreign = replace(authority.issue("app.test"), not_after=1.0)
    machine.store.put(foreign, "My", friendly_name="app.test", exportable=False)
    target.apply(authority.issue("app.test"), parameters(cleanup="after-renewal"))
    assert kept(machine, [foreign]) == [True]


def test_a_certificate_that_cannot_be_removed_fails_nothing(
    machine: Machine, target: IisTarget, three: list[CertificateBundle], parameters: Parameters
) -> None:
    machine.store.removes = False
    for bundle in three:
        target.apply(bundle, parameters(cleanup="after-renewal"))
    assert kept(machine, three) == [True, True, True]


def test_nothing_is_removed_before_the_new_one_is_seen_to_be_served(
    machine: Machine, target: IisTarget, three: list[CertificateBundle], parameters: Parameters
) -> None:
    for bundle in three[:2]:
        target.apply(bundle, parameters(cleanup="after-renewal"))
    machine.front.silent = True
    with pytest.raises(DeploymentFailed, match="No TLS handshake"):
        target.apply(three[2], parameters(cleanup="after-renewal"))
    assert kept(machine, three) == [True, True, False]
