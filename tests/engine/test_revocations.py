"""Revocations that an authority does not take at once: when it is asked again, and when not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_core.api import FailureClass, PolicyRefused
from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.revocation import Revocation, RevocationReason, RevocationState
from certify_core.engine.accounts import AccountKeeper
from certify_core.engine.events import EventKind, Events
from certify_core.engine.revocations import Revocations
from certify_core.engine.wanted import Wanted
from certify_core.store import Store
from tests.support.certificates import CertificateAuthority
from tests.support.plugins import plugins_with
from tests.support.scripted_server import Reply, ScriptedServer, json_reply, problem_reply
from tests.support.stores import NOW, issue, open_store, wanting

MINUTE = 60.0
REVOKE = "/revoke"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """An authority that revokes as a test says."""
    with ScriptedServer() as running:
        running.on_acme()
        names = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order", "revokeCert": "revoke"}
        running.on("/dir", json_reply({name: f"{running.url}/{path}" for name, path in names.items()}))
        running.on("/account", json_reply({"status": "valid"}, 201, Location=f"{running.url}/account/1"))
        running.on(REVOKE, Reply())
        yield running


class Office:
    """The engine's revocations with a store, and a clock that a test sets."""

    def __init__(self, store: Store, folder: Path, directory: str) -> None:
        self.store = store
        self.now = NOW
        self.told: list[EventKind] = []
        self.woken = 0
        events = Events(lambda: self.now)
        events.subscribe(lambda event: self.told.append(event.kind))
        self._directory = directory
        self.accounts = AccountKeeper(store, lambda: self.now)
        self.wanted = Wanted(plugins_with(folder), store.vault, store.credentials)
        self.revocations = Revocations(
            store, self.wanted, self.accounts, events, lambda: self.now, threading.Lock(), self._wake
        )

    def issued(self) -> ManagedCertificate:
        """Return a certificate of this authority, with its files."""
        settings = wanting("app.test", authority=self._directory)
        certificate = issue(self.store, self.store.certificates.create(settings, NOW))
        assert certificate.issued is not None
        bundle = CertificateAuthority().issue("app.test")
        self.store.assets.save(certificate.id, certificate.issued.id, bundle.fullchain_pem, bundle.private_key_pem)
        return certificate

    def open_account(self) -> None:
        """Have an account at the authority."""
        authority = self.wanted.authority(self._directory, None)
        self.accounts.client(authority)  # type: ignore[arg-type]

    def want(self, reason: RevocationReason = RevocationReason.SUPERSEDED) -> Revocation:
        """Want a new certificate to be revoked."""
        return self.revocations.want(self.issued().id, reason, None, renew=True)

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def office(tmp_path: Path, server: ScriptedServer) -> Iterator[Office]:
    """Where revocations are looked after."""
    with open_store(tmp_path) as store:
        office = Office(store, tmp_path, f"{server.url}/dir")
        yield office
        office.accounts.close()


def test_what_is_wanted_is_kept_before_the_authority_is_asked(office: Office, server: ScriptedServer) -> None:
    wanted = office.want()
    assert office.store.revocations.unfinished() == [wanted.name]
    assert server.requests(REVOKE) == []


def test_one_that_was_left_by_an_earlier_process_is_asked_for_at_once(office: Office, server: ScriptedServer) -> None:
    office.revocations.run(office.want().name)
    assert len(server.requests(REVOKE)) == 1
    assert (office.store.revocations.unfinished(), office.woken, office.told) == ([], 1, [EventKind.REVOKED])


def test_an_authority_that_fails_is_asked_again_after_1_10_and_100_minutes(
    office: Office, server: ScriptedServer
) -> None:
    server.on(REVOKE, Reply(503))
    revocation = office.want()
    waits = []
    for _ in range(3):
        revocation = office.revocations.attempt(revocation)
        assert revocation.next_attempt_at is not None
        waits.append((revocation.next_attempt_at - office.now) / MINUTE)
        office.now = revocation.next_attempt_at
    # Up to a tenth more, so that many that failed together do not come back together.
    assert waits == [pytest.approx(1.05, abs=0.05), pytest.approx(10.5, abs=0.5), pytest.approx(105, abs=5)]


def test_it_is_not_asked_before_the_moment_that_it_named(office: Office, server: ScriptedServer) -> None:
    server.on(REVOKE, problem_reply("rateLimited", 429, Retry_After="7200"), Reply())
    revocation = office.want()
    office.revocations.attempt(revocation)
    wait = office.revocations.run(revocation.name)
    assert wait is not None
    assert (wait >= 7200, len(server.requests(REVOKE))) == (True, 1)


def test_the_job_goes_on_when_the_moment_has_come(office: Office, server: ScriptedServer) -> None:
    server.on(REVOKE, Reply(503), Reply())
    revocation = office.revocations.attempt(office.want())
    assert revocation.next_attempt_at is not None
    office.now = revocation.next_attempt_at
    assert (office.revocations.run(revocation.name), office.revocations.run(revocation.name)) == (0.0, None)
    assert office.told == [EventKind.REVOCATION_FAILED, EventKind.REVOKED]


def test_what_the_authority_refuses_is_not_asked_again(office: Office, server: ScriptedServer) -> None:
    server.on(REVOKE, problem_reply("badRevocationReason", 400))
    refused = office.revocations.attempt(office.want())
    assert (refused.state, office.revocations.run(refused.name)) == (RevocationState.REFUSED, None)
    assert refused.failure is not None
    assert refused.failure.failure_class is FailureClass.POLICY


def test_what_was_refused_may_be_wanted_again_for_another_reason(office: Office, server: ScriptedServer) -> None:
    server.on(REVOKE, problem_reply("badRevocationReason", 400), Reply())
    refused = office.revocations.attempt(office.want(RevocationReason.AFFILIATION_CHANGED))
    again = office.revocations.want(refused.certificate_id, RevocationReason.SUPERSEDED, None, renew=True)
    done = office.revocations.attempt(again)
    assert (done.state, done.reason) == (RevocationState.REVOKED, RevocationReason.SUPERSEDED)


def test_a_key_that_was_called_compromised_stays_so(office: Office) -> None:
    first = office.revocations.attempt(office.want(RevocationReason.KEY_COMPROMISE))
    again = office.revocations.want(first.certificate_id, RevocationReason.SUPERSEDED, None, renew=True)
    assert again.reason is RevocationReason.KEY_COMPROMISE


def test_what_is_revoked_already_is_revoked(office: Office, server: ScriptedServer) -> None:
    server.on(REVOKE, problem_reply("alreadyRevoked", 400))
    assert office.revocations.attempt(office.want()).state is RevocationState.REVOKED


def test_an_authority_that_revokes_nothing_is_a_refusal(office: Office, server: ScriptedServer) -> None:
    server.on_acme()
    refused = office.revocations.attempt(office.want())
    assert refused.failure is not None
    assert (refused.state, "does not revoke" in refused.failure.cause) == (RevocationState.REFUSED, True)


@pytest.mark.parametrize(("reason", "told"), [(RevocationReason.UNSPECIFIED, None), (RevocationReason.SUPERSEDED, 4)])
def test_the_reason_is_told_unless_it_is_unspecified(
    office: Office, server: ScriptedServer, reason: RevocationReason, told: int | None
) -> None:
    office.revocations.attempt(office.want(reason))
    assert server.requests(REVOKE)[0].signed("payload").get("reason") == told


def test_the_account_signs_where_there_is_one(office: Office, server: ScriptedServer) -> None:
    office.open_account()
    office.revocations.attempt(office.want())
    assert server.requests(REVOKE)[0].signed("protected")["kid"] == f"{server.url}/account/1"


def test_the_certificates_own_key_signs_where_there_is_no_account(office: Office, server: ScriptedServer) -> None:
    office.revocations.attempt(office.want())
    assert (server.requests(REVOKE)[0].signed("protected")["jwk"]["kty"], server.requests("/account")) == ("EC", [])


@pytest.mark.parametrize("kind", ["unauthorized", "accountDoesNotExist"])
def test_the_certificates_own_key_signs_where_the_account_may_not(
    office: Office, server: ScriptedServer, kind: str
) -> None:
    office.open_account()
    server.on(REVOKE, problem_reply(kind, 403), Reply())
    assert office.revocations.attempt(office.want()).state is RevocationState.REVOKED
    assert ["kid" in request.signed("protected") for request in server.requests(REVOKE)] == [True, False]


def test_the_private_key_is_kept_only_until_it_is_revoked(office: Office, server: ScriptedServer) -> None:
    server.on(REVOKE, Reply(503), Reply())
    waiting = office.revocations.attempt(office.want())
    done = office.revocations.attempt(waiting)
    found = office.store.revocations.find(done.certificate_id, done.issued_id)
    assert ("PRIVATE KEY" in waiting.private_key_pem, found and found.private_key_pem) == (True, "")


def test_a_wish_outlives_its_managed_certificate(office: Office, server: ScriptedServer) -> None:
    wanted = office.want()
    office.store.certificates.delete(wanted.certificate_id)
    office.store.assets.delete(wanted.certificate_id)
    office.store.revocations.forget(wanted.certificate_id)
    office.revocations.run(wanted.name)
    assert len(server.requests(REVOKE)) == 1
    assert (office.store.revocations.of(wanted.certificate_id), office.told) == ([], [])


def test_an_authority_in_this_process_cannot_revoke(office: Office) -> None:
    certificate = issue(office.store, office.store.certificates.create(wanting("here.test"), NOW))
    assert certificate.issued is not None
    bundle = CertificateAuthority().issue("here.test")
    office.store.assets.save(certificate.id, certificate.issued.id, bundle.fullchain_pem, bundle.private_key_pem)
    with pytest.raises(PolicyRefused, match="cannot revoke"):
        office.revocations.want(certificate.id, RevocationReason.SUPERSEDED, None, renew=True)
    assert office.store.revocations.unfinished() == []
