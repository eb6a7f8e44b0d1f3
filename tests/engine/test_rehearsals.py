"""CAA records are read for a rehearsal as the authority will read them, with a real name server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from certify_core.acme import AccountKey
from certify_core.api import FailureClass
from certify_core.domain.settings import DeploymentSettings
from certify_core.engine.accounts import AccountKeeper
from certify_core.engine.inspections import Inspections
from certify_core.engine.rehearsals import Outcome, Rehearsals, Step
from certify_core.engine.wanted import Wanted
from certify_core.store import Store
from tests.support.dns_server import DnsServer
from tests.support.plugins import FakeTarget, plugins_with
from tests.support.scripted_server import Reset, ScriptedServer, json_reply
from tests.support.stores import NOW, wanting

US = "ca.test"
REQUIRED = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")


@dataclass
class Surroundings:
    """An authority that calls itself ca.test, a name server, and rehearsals."""

    store: Store
    rehearsals: Rehearsals
    dns: DnsServer
    authority: ScriptedServer

    def steps(self, *names: str, target: str | None = None) -> dict[str, Step]:
        """Rehearse a certificate for these names; return the steps by their names."""
        places = (DeploymentSettings(target=target),) if target else ()
        settings = wanting(*names, authority=f"{self.authority.url}/directory", deployments=places)
        return {step.name: step for step in self.rehearsals.of_settings(settings)}


@pytest.fixture
def surroundings(store: Store, tmp_path: Path) -> Iterator[Surroundings]:
    """All of it."""
    with ScriptedServer() as server, DnsServer() as dns:
        meta = {"caaIdentities": [US]}
        server.on("/directory", json_reply({**dict.fromkeys(REQUIRED, server.url), "meta": meta}))
        wanted = Wanted(plugins_with(tmp_path, FakeTarget()), store.vault, store.credentials)
        accounts = AccountKeeper(store, lambda: 0.0)
        inspections = Inspections(store, wanted)
        rehearsals = Rehearsals(store, wanted, accounts, inspections, resolver=dns.resolver)
        yield Surroundings(store, rehearsals, dns, server)


def test_records_are_held_against_the_certificates_own_authority(surroundings: Surroundings) -> None:
    """The original asked for letsencrypt.org, whichever authority was chosen."""
    surroundings.dns.records["good.test.", "CAA"] = [f'0 issue "{US}"']
    surroundings.dns.records["bad.test.", "CAA"] = ['0 issue "letsencrypt.org"']
    steps = surroundings.steps("good.test", "bad.test")
    assert (steps["CAA of good.test"].outcome, steps["CAA of bad.test"].outcome) == (Outcome.PASSED, Outcome.FAILED)
    failure = steps["CAA of bad.test"].failure
    assert failure is not None
    assert f'bad.test CAA 0 issue "{US}"' in failure.remedy


def test_records_that_cannot_be_read_are_a_warning(surroundings: Surroundings) -> None:
    surroundings.dns.failing.add("dark.test.")
    assert surroundings.steps("dark.test")["CAA of dark.test"].outcome is Outcome.WARNING


def test_nothing_is_asked_of_the_authority_but_its_directory(surroundings: Surroundings) -> None:
    surroundings.steps("shop.test")
    assert {request.path for request in surroundings.authority.received} == {"/directory"}


def test_a_deployment_is_planned_before_there_is_a_certificate(surroundings: Surroundings) -> None:
    step = surroundings.steps("shop.test", target="fake")["deployment to fake"]
    assert (step.outcome, step.told) == (Outcome.PASSED, "write somewhere")


def test_a_dns_challenge_is_left_to_an_order(surroundings: Surroundings) -> None:
    settings = wanting("shop.test", authority=f"{surroundings.authority.url}/directory")
    settings = settings.model_copy(update={"challenge": settings.challenge.model_copy(update={"provider": "dns"})})
    steps = {step.name: step for step in surroundings.rehearsals.of_settings(settings)}
    assert steps["challenge for shop.test"].outcome is Outcome.SKIPPED


def test_an_authority_that_does_not_answer_fails_its_step_and_no_other(surroundings: Surroundings) -> None:
    """With an account there nothing else is asked of it."""
    url = surroundings.authority.url
    account = surroundings.store.accounts.add(f"{url}/directory", AccountKey.generate().to_pem(), NOW)
    surroundings.store.accounts.confirm(replace(account, url=f"{url}/account/1"))
    surroundings.authority.on("/directory", Reset())
    steps = surroundings.steps("shop.test", target="fake")
    failure = steps["authority"].failure
    assert failure is not None
    assert failure.failure_class is FailureClass.AUTHORITY
    assert (steps["CAA"].outcome, steps["deployment to fake"].outcome) == (Outcome.SKIPPED, Outcome.PASSED)
