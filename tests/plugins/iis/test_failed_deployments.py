"""Deployments that fail leave everything as it was, with one clear message; and what is wrong later is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from certify_core.api import CertificateBundle, DeploymentFailed, InvalidInput
from certify_iis.bindings import NO_CERTIFICATE, SNI, Certificate
from certify_iis.pfx import pack
from certify_iis.target import IisTarget
from tests.plugins.iis.conftest import Machine, Parameters
from tests.plugins.iis.sites import FOREIGN, http, https, site

Break = Callable[[Machine], None]


def refuse_binding(machine: Machine) -> None:
    machine.iis.locked = True


def break_key(machine: Machine) -> None:
    machine.store.keys_work = False


def silence(machine: Machine) -> None:
    machine.front.silent = True


def cross_every_time(machine: Machine) -> None:
    machine.iis.somebody_adds(*(site(http("*:80:z.test"), number=number) for number in range(50, 60)))


@pytest.mark.parametrize("broken", [refuse_binding, break_key, silence])
def test_after_a_failure_everything_is_as_it_was(
    machine: Machine,
    target: IisTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    broken: Break,
) -> None:
    target.apply(bundle, parameters())
    before = machine.state()
    broken(machine)
    with pytest.raises(DeploymentFailed) as failed:
        target.apply(renewed, parameters())
    machine.iis.locked = False
    assert (bool(failed.value.remedy), machine.state()) == (True, before)


def test_a_configuration_that_is_always_changed_leaves_no_certificate_behind(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    cross_every_time(machine)
    with pytest.raises(DeploymentFailed):
        target.apply(bundle, parameters())
    assert (machine.store.contents(), machine.shown()) == (set(), {})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sites": "Gone"}, "no site 'Gone'"),
        ({"mode": "update-only"}, "No binding of IIS matches app.test"),
        ({"grant_read": "nobody"}, "no account 'nobody'"),
        ({"ccs_path": "/no/such/folder", "ccs_password": "secret"}, r"Cannot write .*no.such.folder.app\.test\.pfx"),
    ],
)
def test_each_bad_input_has_one_clear_message_and_changes_nothing(
    machine: Machine,
    target: IisTarget,
    bundle: CertificateBundle,
    parameters: Parameters,
    values: dict[str, str],
    words: str,
) -> None:
    before = machine.state()
    with pytest.raises(DeploymentFailed, match=words) as failed:
        target.apply(bundle, parameters(**values))
    assert (bool(failed.value.remedy), machine.state()) == (True, before)


@pytest.mark.parametrize("call", ["plan", "apply"])
def test_a_file_of_the_central_store_that_the_password_does_not_open_is_told_and_stays(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters, call: str
) -> None:
    (machine.central / "www.app.test.pfx").write_bytes(pack(bundle, "theirs", legacy=False))
    before = machine.state()
    with pytest.raises(DeploymentFailed, match=r"www\.app\.test\.pfx does not open with ccs_password") as failed:
        getattr(target, call)(bundle, parameters(ccs_path=str(machine.central), ccs_password="secret"))
    assert (bool(failed.value.remedy), machine.state()) == (True, before)


def test_a_site_that_is_deleted_between_plan_and_apply_is_told(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    chosen = parameters(sites="Site 1")
    target.plan(bundle, chosen)
    machine.iis.remove_site(1)
    with pytest.raises(DeploymentFailed, match="no site 'Site 1'"):
        target.apply(bundle, chosen)


def test_a_machine_that_cannot_be_changed_is_not_touched(
    machine: Machine, bundle: CertificateBundle, parameters: Parameters
) -> None:
    def refuse() -> None:
        raise DeploymentFailed("Not elevated.", "Elevate it.")

    before = machine.state()
    with pytest.raises(DeploymentFailed, match="Not elevated"):
        machine.target(refuse).apply(bundle, parameters())
    assert machine.state() == before


@pytest.mark.parametrize("field", ["store", "ccs_path"])
def test_a_certificate_without_its_key_is_refused_with_the_parameter(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters, field: str
) -> None:
    values = {"ccs_path": str(machine.central)} if field == "ccs_path" else {}
    with pytest.raises(InvalidInput) as refused:
        target.plan(replace(bundle, private_key_pem=""), parameters(**values))
    assert refused.value.field == field


def test_a_certificate_that_is_gone_from_the_store_is_noticed(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    target.apply(bundle, parameters())
    machine.store.remove(bundle.thumbprint, "My")
    with pytest.raises(DeploymentFailed, match=bundle.thumbprint):
        target.verify(bundle, parameters())


def test_a_binding_that_somebody_changed_is_noticed(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    target.apply(bundle, parameters())
    machine.iis.set_sites(site(https("*:444:app.test", SNI, FOREIGN)))
    with pytest.raises(DeploymentFailed, match=r"https \*:444:app.test of Site 1 does not have"):
        target.verify(bundle, parameters())


def test_undo_keeps_a_certificate_that_somebody_uses_by_now(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    undo = target.apply(bundle, parameters())
    theirs = https("*:9443:theirs.test", SNI, Certificate(bundle.thumbprint, "My"))
    machine.iis.set_sites(*machine.iis.sites(), site(theirs, number=2))
    undo()
    assert machine.store.contents() == {("My", bundle.thumbprint)}


def test_undo_leaves_what_somebody_changed_since(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    undo = target.apply(bundle, parameters())
    theirs = https(f"*:{machine.front.port}:app.test", SNI, FOREIGN)
    machine.iis.set_sites(site(theirs))
    undo()
    assert list(machine.iis.sites()[0].bindings) == [theirs]


def test_a_binding_that_had_no_certificate_has_none_after_undo(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    bare = https(f"*:{machine.front.port}:app.test", SNI, NO_CERTIFICATE)
    machine.iis.set_sites(site(bare))
    target.apply(bundle, parameters())()
    assert list(machine.iis.sites()[0].bindings) == [bare]


def test_a_ledger_that_cannot_be_read_is_begun_anew(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    machine.ledger.parent.mkdir()
    machine.ledger.write_text("{")
    target.apply(bundle, parameters())
    assert list(json.loads(machine.ledger.read_text())["deployed"]) == ["app.test"]
