"""The selftest of IIS, against one in memory with real handshakes: it tries all, leaves nothing, says what is wrong."""

from __future__ import annotations

import pytest

from certify_core.api import DeploymentFailed, LocalFault, NothingToTest
from certify_iis.administration import IisMissing
from certify_iis.bindings import SNI, Site
from certify_iis.selftest import IisSelfTest
from certify_iis.throwaway import DOMAIN, new_bundle, rsa_key
from tests.plugins.iis.conftest import Machine
from tests.plugins.iis.sites import http, https, site

LOOKS = ["rights", "iis", "iis-sites", "stores"]
BINDS = ["iis-binding", "iis-binding-ecdsa", "iis-binding-plain"]
CHANGES = ["store-rsa", "store-ecdsa", "store-key-access", *BINDS, "iis-crossed", "iis-central-store"]
ACCOUNT = "NT AUTHORITY\\NETWORK SERVICE"


def selftest(machine: Machine, *, central: bool = True) -> IisSelfTest:
    """Return the selftest of a machine."""
    machine.store.accounts.add(ACCOUNT)
    return IisSelfTest(
        machine.iis,
        machine.store,
        require=lambda: None,
        reader=lambda: ACCOUNT,
        version=lambda: "Version 10.0",
        has_central_store=lambda: central,
        port=lambda: machine.front.port,
        seconds=3,
        pause=lambda _: None,
    )


def run(tested: IisSelfTest, name: str) -> str:
    """Run one step."""
    return next(step for step in tested.steps() if step.name == name).run()


def test_it_looks_first_and_says_of_the_rest_that_it_changes_something(machine: Machine) -> None:
    steps = selftest(machine).steps()
    assert [(step.name, step.changes) for step in steps] == [
        *((name, False) for name in LOOKS),
        *((name, True) for name in CHANGES),
    ]


@pytest.mark.parametrize("name", LOOKS)
def test_looking_changes_nothing(machine: Machine, name: str) -> None:
    before = machine.state()
    assert run(selftest(machine), name)
    assert machine.state() == before


@pytest.mark.parametrize("name", CHANGES)
def test_what_it_makes_is_gone_afterwards(machine: Machine, name: str) -> None:
    before = machine.state()
    assert run(selftest(machine), name)
    assert machine.state() == before


@pytest.mark.parametrize("name", ["store-rsa", "store-ecdsa"])
def test_that_windows_keeps_the_file_of_a_key_is_told(machine: Machine, name: str) -> None:
    assert "Windows keeps the file of its key" in run(selftest(machine), name)


def test_the_report_holds_no_name_of_a_site_or_a_host(machine: Machine) -> None:
    told = " ".join(step.run() for step in selftest(machine).steps())
    assert [name for name in ("Site 1", "app.test") if name in told] == []


def test_sites_are_counted_by_their_kinds_of_bindings(machine: Machine) -> None:
    machine.iis.set_sites(site(http("*:80:a.test"), https("*:443:a.test", SNI)), site(started=False, number=2))
    assert run(selftest(machine), "iis-sites").startswith("2 sites, 1 of them started; bindings: 1 http, 1 https;")


@pytest.mark.parametrize("name", BINDS)
def test_a_binding_that_does_not_show_its_certificate_fails_and_is_gone(machine: Machine, name: str) -> None:
    before = machine.state()
    machine.front.silent = True
    with pytest.raises(DeploymentFailed, match="No TLS handshake"):
        run(selftest(machine), name)
    assert machine.state() == before


def test_a_key_that_cannot_be_used_fails_and_its_certificate_is_gone(machine: Machine) -> None:
    machine.store.keys_work = False
    with pytest.raises(LocalFault):
        run(selftest(machine), "store-rsa")
    assert machine.store.contents() == set()


def test_what_an_interrupted_selftest_left_is_taken_away(machine: Machine) -> None:
    host = f"left.{DOMAIN}"
    left = new_bundle(host, rsa_key())
    machine.iis.set_sites(*machine.iis.sites(), site(https(f"*:8443:{host}", SNI), number=2))
    machine.store.put(left, "My", friendly_name=f"{host} [Certify] - then to now", exportable=False)
    run(selftest(machine), "iis-binding")
    assert (machine.iis.sites()[1].bindings, machine.store.contents()) == ((), set())


def test_a_site_that_is_stopped_is_not_used(machine: Machine) -> None:
    machine.iis.set_sites(site(http("*:80:app.test"), started=False))
    with pytest.raises(NothingToTest, match="no site that is started"):
        run(selftest(machine), "iis-binding")


def test_without_the_central_store_there_is_nothing_to_test_of_it(machine: Machine) -> None:
    with pytest.raises(NothingToTest, match="central certificate store"):
        run(selftest(machine, central=False), "iis-central-store")


@pytest.mark.parametrize("name", ["iis", "iis-sites", *BINDS, "iis-crossed", "iis-central-store"])
def test_without_iis_there_is_nothing_to_test_of_it(
    machine: Machine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> list[Site]:
        raise IisMissing("IIS is not installed on this machine.")

    monkeypatch.setattr(machine.iis, "sites", missing)
    with pytest.raises(NothingToTest, match="no IIS"):
        run(selftest(machine), name)
