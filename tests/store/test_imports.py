"""What comes from another machine is written as a whole, and never over what was changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from certify_core.domain.access import Role
from certify_core.domain.certificate import DeploymentStatus, Issued, ManagedCertificate
from certify_core.domain.credential import Credential
from certify_core.domain.schedule import due
from certify_core.errors import Conflict
from certify_core.store import Store
from certify_core.store.imports import Incoming, IncomingCertificate
from certify_core.store.tokens import StoredToken
from tests.support.stores import DAY, FAILURE, NOW, issue, issued_for, revocation_of, wanting

SETTINGS = wanting("coming.test", places=2)
LATER = NOW + 60 * DAY


def coming(issued: Issued | None = None, **others: object) -> ManagedCertificate:
    """Return a managed certificate of another machine."""
    certificate = ManagedCertificate("c1", 1, SETTINGS, NOW, NOW, issued=issued)
    return replace(certificate, **others)  # type: ignore[arg-type]


def credential(version: int = 1, title: str = "") -> Credential:
    """Return a credential as it is stored."""
    parameters = {"pfx_password": "sealed"}
    return Credential(
        id="k", provider="files", title=title, parameters=parameters, version=version, created_at=NOW, updated_at=NOW
    )


def take(store: Store, certificate: ManagedCertificate, **others: object) -> ManagedCertificate:
    """Import a managed certificate and return it as it is here."""
    item = IncomingCertificate(certificate, **others)  # type: ignore[arg-type]
    store.imports.write(Incoming(certificates=[item]), LATER)
    return store.certificates.get(certificate.id)


def test_what_was_issued_is_here_and_due_when_it_would_have_been(store: Store) -> None:
    certificate = coming(issued_for(SETTINGS, at=LATER))
    here = take(store, certificate)
    assert (here.issued, here.order_id, here.next_due_at) == (certificate.issued, None, due(certificate).at)


def test_every_deployment_of_what_was_issued_is_due(store: Store) -> None:
    here = take(store, coming(issued_for(SETTINGS)))
    assert {(item.status, item.next_attempt_at) for item in here.deployments} == {(DeploymentStatus.PENDING, LATER)}


def test_without_a_certificate_there_is_nothing_to_deploy(store: Store) -> None:
    here = take(store, coming())
    assert {item.status for item in here.deployments} == {DeploymentStatus.NONE}


def test_how_the_last_attempts_went_is_known_here(store: Store) -> None:
    here = take(store, coming(failure=FAILURE, failure_count=3, retry_at=LATER + DAY))
    assert (here.failure, here.failure_count, here.next_due_at) == (FAILURE, 3, LATER + DAY)


def test_a_revocation_comes_once(store: Store) -> None:
    certificate = coming(issued_for(SETTINGS))
    revocation = replace(revocation_of(certificate), certificate_id="c1")
    take(store, certificate, revocations=[revocation])
    take(store, certificate, revocations=[revocation], before=1, takes_settings=False)
    assert [item.issued_id for item in store.revocations.of("c1")] == [revocation.issued_id]


def test_a_newer_certificate_takes_the_place_and_its_places_keep_their_ids(store: Store) -> None:
    before = issue(store, store.certificates.create(SETTINGS, NOW, "c1"))
    newer = issued_for(SETTINGS, at=LATER)
    here = take(store, coming(newer), before=before.version, takes_settings=False)
    assert (here.issued, here.version, here.settings) == (newer, before.version + 1, before.settings)
    assert [item.id for item in here.deployments] == [item.id for item in before.deployments]
    assert {item.status for item in here.deployments} == {DeploymentStatus.PENDING}


def test_settings_alone_take_no_certificate_away(store: Store) -> None:
    before = issue(store, store.certificates.create(wanting("coming.test"), NOW, "c1"))
    here = take(store, coming(), before=before.version, takes_issued=False)
    assert (here.issued, len(here.deployments)) == (before.issued, 2)


def under_way(store: Store) -> int:
    """Have a certificate here be requested just now; return its version."""
    store.certificates.create(SETTINGS, NOW, "c1")
    store.schedule.claim_due(NOW, 1)
    return 1


def changed(store: Store) -> int:
    """Change one here; return the version before."""
    store.certificates.create(SETTINGS, NOW, "c1")
    store.certificates.update_settings("c1", 1, wanting("other.test"), NOW)
    return 1


def deleted(store: Store) -> int:
    """Have none here that was there; return its version."""
    return 1


@pytest.mark.parametrize("before", [under_way, changed, deleted])
def test_what_was_changed_meanwhile_keeps_everything_out(store: Store, before: Callable[[Store], int]) -> None:
    item = IncomingCertificate(coming(issued_for(SETTINGS)), before=before(store))
    with pytest.raises(Conflict):
        store.imports.write(Incoming(credentials=[(credential(), None)], certificates=[item]), LATER)
    assert store.credentials.all() == []


def test_what_was_made_meanwhile_keeps_everything_out(store: Store) -> None:
    store.certificates.create(wanting("other.test"), NOW, "c1")
    incoming = Incoming(credentials=[(credential(), None)], certificates=[IncomingCertificate(coming())])
    with pytest.raises(Conflict):
        store.imports.write(incoming, LATER)
    assert store.credentials.all() == []


def test_a_credential_takes_the_place_of_the_version_that_was_seen_alone(store: Store) -> None:
    store.imports.write(Incoming(credentials=[(credential(), None)]), NOW)
    store.imports.write(Incoming(credentials=[(credential(title="second"), 1)]), NOW)
    with pytest.raises(Conflict):
        store.imports.write(Incoming(credentials=[(credential(title="third"), 1)]), NOW)
    (kept,) = store.credentials.all()
    assert (kept.title, kept.version) == ("second", 2)


def test_an_account_comes_with_the_key_that_its_authority_is_being_asked_to_take(store: Store) -> None:
    first = store.accounts.add("https://ca.test", "one", NOW)
    second = replace(first, id="other", key_pem="two", next_key_pem="three", url="https://ca.test/1", deactivating=True)
    store.imports.write(Incoming(accounts=[(second, first)]), NOW)
    assert store.accounts.all() == [second]


def test_an_account_that_was_closed_meanwhile_is_not_opened_again(store: Store) -> None:
    first = store.accounts.add("https://ca.test", "one", NOW)
    store.accounts.remove(first)
    with pytest.raises(Conflict):
        store.imports.write(Incoming(accounts=[(first, first)]), NOW)


def test_a_token_opens_here_too(store: Store) -> None:
    token = StoredToken("t", "Monitoring", Role.READER, "me", NOW, NOW + DAY, "a digest")
    store.imports.write(Incoming(tokens=[token]), NOW)
    found = store.tokens.find("a digest", NOW)
    assert (found and found.title, store.tokens.stored()) == ("Monitoring", [token])
