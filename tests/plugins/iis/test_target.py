"""The target `iis`: import, check the key, bind, see it served, clean up; and nothing half-changed when that fails."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from certify_core.api import CertificateBundle, DeploymentFailed, PluginContext
from certify_core.testing.deployment_target import DeploymentTargetContract, Observe
from certify_iis import certify_deployment_targets
from certify_iis.bindings import SNI, Certificate
from certify_iis.parameters import IisParameters
from certify_iis.target import IisTarget
from tests.plugins.iis.conftest import Machine, Parameters
from tests.plugins.iis.sites import FOREIGN, http, https, site
from tests.support.certificates import CertificateAuthority


class TestContract(DeploymentTargetContract):
    """With the machine's store."""

    @pytest.fixture
    def target(self, machine: Machine) -> IisTarget:
        return machine.target()

    @pytest.fixture
    def parameters(self, machine: Machine) -> IisParameters:
        return IisParameters(port=machine.front.port, verify_timeout=5, cleanup="after-renewal")

    @pytest.fixture
    def observe(self, machine: Machine) -> Observe:
        return machine.state


class TestContractWithCentralStore(DeploymentTargetContract):
    """With the central certificate store."""

    @pytest.fixture
    def target(self, machine: Machine) -> IisTarget:
        return machine.target()

    @pytest.fixture
    def parameters(self, machine: Machine) -> IisParameters:
        values = {"ccs_path": str(machine.central), "ccs_password": "secret", "port": machine.front.port}
        return IisParameters.model_validate({**values, "verify_timeout": 5})

    @pytest.fixture
    def observe(self, machine: Machine) -> Observe:
        return machine.state


def test_the_hook_offers_the_target_on_every_system(tmp_path: Path) -> None:
    assert [target.name for target in certify_deployment_targets(PluginContext(tmp_path))] == ["iis"]


def test_a_machine_without_iis_is_told_so_when_planning(tmp_path: Path, bundle: CertificateBundle) -> None:
    reason = "IIS is not installed" if sys.platform == "win32" else "works on Windows alone"
    (target,) = certify_deployment_targets(PluginContext(tmp_path))
    with pytest.raises(DeploymentFailed, match=reason) as failed:
        target.plan(bundle, IisParameters())
    assert failed.value.remedy


# What is planned


def test_the_plan_is_a_table_of_all_that_is_done_and_left(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    port = machine.front.port
    machine.iis.set_sites(
        site(http("*:80:app.test")),
        site(https("*:444:app.test", 0, FOREIGN), https("*:444:x.test", 0, FOREIGN), number=2),
    )
    rows = [(change.action, change.subject) for change in target.plan(bundle, parameters())]
    assert rows == [
        ("import", f"My\\{bundle.thumbprint}"),
        ("add", f"Site 1: https *:{port}:app.test"),
        ("leave", "Site 2: https *:444:app.test"),
    ]


def test_a_plan_where_all_is_in_place_changes_nothing(
    target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    target.apply(bundle, parameters())
    assert {change.detail for change in target.plan(bundle, parameters())} == {"unchanged"}


# What is deployed


def test_a_renewed_certificate_replaces_its_predecessor_also_where_no_host_tells(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, renewed: CertificateBundle, parameters: Parameters
) -> None:
    target.apply(bundle, parameters())
    blank = https(f"127.0.0.1:{machine.front.port}:", 0, Certificate(bundle.thumbprint, "My"))
    machine.iis.set_sites(*machine.iis.sites(), site(blank, number=2))
    machine.target().apply(renewed, parameters())
    assert set(machine.shown().values()) == {renewed.thumbprint}


def test_all_bindings_of_a_deployment_are_one_commit(
    machine: Machine, target: IisTarget, authority: CertificateAuthority, parameters: Parameters
) -> None:
    names = [f"n{number}.test" for number in range(10)]
    machine.iis.set_sites(*(site(http(f"*:80:{name}"), number=number) for number, name in enumerate(names, 1)))
    target.apply(authority.issue(*names), parameters())
    assert (len(machine.shown()), machine.iis.commits) == (10, 1)


def test_a_site_that_somebody_adds_meanwhile_is_kept(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    machine.iis.somebody_adds(site(http("*:80:late.test"), number=9))
    target.apply(bundle, parameters())
    assert [each.id for each in machine.iis.sites()] == [1, 9]


def test_the_bindings_of_two_managed_certificates_stay_apart(
    machine: Machine, target: IisTarget, authority: CertificateAuthority, parameters: Parameters
) -> None:
    machine.iis.set_sites(site(http("*:80:a.wild.test")), site(http("*:80:b.wild.test"), number=2))
    exact, wildcard = authority.issue("a.wild.test"), authority.issue("*.wild.test")
    for each in (exact, wildcard, exact):
        target.apply(each, parameters())
    port = machine.front.port
    assert machine.shown() == {f"*:{port}:a.wild.test": exact.thumbprint, f"*:{port}:b.wild.test": wildcard.thumbprint}


def test_an_account_may_use_the_key(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    target.apply(bundle, parameters(grant_read="IIS AppPool\\Shop"))
    assert machine.store.readers == [(bundle.thumbprint, "IIS AppPool\\Shop")]


def test_store_only_imports_and_binds_nothing(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    target.apply(bundle, parameters(mode="store-only", store="WebHosting"))
    assert (machine.store.contents(), machine.shown()) == ({("WebHosting", bundle.thumbprint)}, {})


def test_the_friendly_name_is_the_primary_name_and_the_validity(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    target.apply(bundle, parameters())
    stored = machine.store.find(bundle.thumbprint, "My")
    assert stored is not None
    assert stored.friendly_name.startswith("app.test [Certify] - 20")


def test_a_stopped_site_is_bound_and_not_asked(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    machine.iis.set_sites(site(https("*:1:app.test", SNI), started=False))
    target.apply(bundle, parameters(stopped="true"))
    assert machine.shown() == {"*:1:app.test": bundle.thumbprint}


def test_the_central_store_has_a_file_for_each_name_and_the_machine_none(
    machine: Machine, target: IisTarget, authority: CertificateAuthority, parameters: Parameters
) -> None:
    bundle = authority.issue("app.test", "*.app.test")
    target.apply(bundle, parameters(ccs_path=str(machine.central), ccs_password="secret"))
    files = sorted(path.name for path in machine.central.iterdir())
    assert (files, machine.store.contents()) == (["_.app.test.pfx", "app.test.pfx"], set())


def test_of_a_pair_the_second_certificate_is_said_to_be_left_out(
    target: IisTarget, bundle: CertificateBundle, renewed: CertificateBundle, parameters: Parameters
) -> None:
    planned = target.plan(replace(bundle, second=renewed), parameters())
    assert [change.subject for change in planned if change.action == "leave"] == [renewed.thumbprint]
