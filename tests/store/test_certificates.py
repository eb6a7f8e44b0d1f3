"""Managed certificates: what is created is there, what changes is guarded by its version, what is deleted is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certify_core.api import CertifyError, Conflict, NotFound
from certify_core.domain.attempts import Outcome
from certify_core.domain.certificate import ManagedCertificate, Status
from certify_core.domain.settings import RenewalSettings
from certify_core.store import Store
from tests.support.stores import DAY, FAILURE, NOW, issue, issued_for, open_store, order_for, wanting

EDITORS = 8


def test_what_is_created_outlives_the_store_that_created_it(tmp_path: Path) -> None:
    with open_store(tmp_path) as first:
        created = first.certificates.create(wanting("app.test", places=2, name="The app"), NOW)
    with open_store(tmp_path) as second:
        assert second.certificates.get(created.id) == created


def test_a_new_one_waits_has_version_one_and_is_due_at_once(store: Store) -> None:
    created = store.certificates.create(wanting(), NOW)
    assert (created.status, created.version) == (Status.WAITING, 1)
    assert store.schedule.claim_due(NOW, 10) == [created.id]


def test_a_new_one_without_automatic_renewal_is_never_due(store: Store) -> None:
    created = store.certificates.create(wanting(renewal=RenewalSettings(automatic=False)), NOW)
    assert (created.next_due_at, store.schedule.next_moment()) == (None, None)


def test_an_id_is_given_once(store: Store) -> None:
    store.certificates.create(wanting("first.test"), NOW, "mine")
    with pytest.raises(Conflict, match="mine"):
        store.certificates.create(wanting("second.test"), NOW, "mine")
    assert store.certificates.get("mine").settings.identifiers == ("first.test",)


def test_a_refused_creation_leaves_no_deployment(store: Store) -> None:
    store.certificates.create(wanting(), NOW, "mine")
    with pytest.raises(Conflict):
        store.certificates.create(wanting(places=3), NOW, "mine")
    assert store.certificates.get("mine").deployments == ()


@pytest.mark.parametrize(
    "what",
    [
        lambda store: store.certificates.get("nothing"),
        lambda store: store.certificates.update_settings("nothing", 1, wanting(), NOW),
        lambda store: store.certificates.delete("nothing"),
        lambda store: store.schedule.request("nothing", NOW),
        lambda store: store.orders.get("nothing"),
        lambda store: store.orders.not_begun("nothing", FAILURE, Outcome(NOW), NOW),
        lambda store: store.deployments.get("nothing"),
    ],
)
def test_what_is_not_there_is_not_found(store: Store, what: object) -> None:
    assert callable(what)
    with pytest.raises(NotFound, match="nothing"):
        what(store)


def test_a_change_raises_the_version_and_clears_the_last_failure(store: Store) -> None:
    created = store.certificates.create(wanting("old.test"), NOW)
    store.orders.not_begun(created.id, FAILURE, Outcome(NOW + DAY), NOW)
    changed = store.certificates.update_settings(created.id, 1, wanting("new.test"), NOW + 1)
    assert store.certificates.get(created.id) == changed
    assert (changed.version, changed.failure, changed.retry_at) == (2, None, None)
    assert store.schedule.claim_due(NOW + 1, 10) == [created.id]


def test_changing_the_names_of_an_issued_certificate_makes_it_due(store: Store) -> None:
    certificate = issue(store, store.certificates.create(wanting("old.test"), NOW))
    store.certificates.update_settings(certificate.id, 1, wanting("new.test"), NOW + 5)
    assert store.schedule.claim_due(NOW + 5, 10) == [certificate.id]


def test_renaming_an_issued_certificate_leaves_its_due_moment(store: Store) -> None:
    certificate = issue(store, store.certificates.create(wanting(), NOW))
    changed = store.certificates.update_settings(certificate.id, 1, wanting(name="New name"), NOW + 5)
    assert changed.next_due_at == certificate.next_due_at


def test_an_edit_while_it_runs_does_not_end_the_claim(store: Store) -> None:
    created = store.certificates.create(wanting(), NOW)
    store.schedule.claim_due(NOW, 1)
    changed = store.certificates.update_settings(created.id, 1, wanting(name="New name"), NOW)
    assert (changed.status, changed.next_due_at, store.schedule.claim_due(NOW, 1)) == (Status.RUNNING, None, [])


def test_a_change_to_an_older_version_is_refused_and_says_which_there_is(store: Store) -> None:
    created = store.certificates.create(wanting(name="The app"), NOW)
    store.certificates.update_settings(created.id, 1, wanting(name="The app", places=1), NOW)
    with pytest.raises(Conflict, match="The app was changed by somebody else: it has version 2, you changed version 1"):
        store.certificates.update_settings(created.id, 1, wanting("late.test"), NOW)


def test_of_editors_at_once_exactly_one_wins(store: Store) -> None:
    created = store.certificates.create(wanting(), NOW)

    def edit(number: int) -> str | None:
        try:
            store.certificates.update_settings(created.id, 1, wanting(name=f"editor {number}"), NOW)
        except Conflict:
            return None
        return f"editor {number}"

    with ThreadPoolExecutor(EDITORS) as pool:
        winners = [name for name in pool.map(edit, range(EDITORS)) if name]
    after = store.certificates.get(created.id)
    assert (winners, after.version) == ([after.settings.name], 2)


def test_edits_and_progress_at_once_lose_nothing_of_each_other(store: Store) -> None:
    created = store.certificates.create(wanting("a.test"), NOW)

    def edit_often() -> None:
        for version in range(1, 41):
            store.certificates.update_settings(created.id, version, wanting("a.test", name=f"v{version}"), NOW)

    def renew_often() -> ManagedCertificate:
        for day in range(40):
            last = issue(store, created, at=NOW + day * DAY)
        return last

    with ThreadPoolExecutor(2) as pool:
        edits, renewals = pool.submit(edit_often), pool.submit(renew_often)
        edits.result()
        last = renewals.result()
    after = store.certificates.get(created.id)
    assert (after.version, after.settings.name, after.issued) == (41, "v40", last.issued)


EDITS = st.lists(st.sampled_from(["edit", "edit what was read before", "read"]), min_size=1, max_size=6)
PROGRESS = st.lists(st.sampled_from(["request", "claim", "renew", "release"]), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(editors=st.lists(EDITS, min_size=2, max_size=4), progress=PROGRESS)
def test_of_parallel_editors_and_the_engine_none_overwrites_what_it_has_not_seen(
    store: Store, editors: list[list[str]], progress: list[str]
) -> None:
    created = store.certificates.create(wanting(), NOW)

    def edit(numbered: tuple[int, list[str]]) -> list[tuple[int, str]]:
        """Edit as one person does; return each version that was accepted, with what it says."""
        (number, steps), seen, accepted = numbered, created.version, []
        for step, kind in enumerate(steps):
            if kind != "edit what was read before":
                seen = store.certificates.get(created.id).version
            if kind == "read":
                continue
            name = f"edit {step} of editor {number}"
            try:
                changed = store.certificates.update_settings(created.id, seen, wanting(name=name), NOW)
            except Conflict:
                continue
            accepted.append((changed.version, name))
            assert changed.version == seen + 1
        return accepted

    def work() -> ManagedCertificate | None:
        """Go on as the engine does; return the certificate when it was issued last."""
        last = None
        for day, step in enumerate(progress):
            if step == "request":
                store.schedule.request(created.id, NOW)
            elif step == "claim":
                store.schedule.claim_due(NOW, 1000)
            elif step == "release":
                store.schedule.release(created.id, NOW)
            else:
                last = issue(store, created, at=NOW + day * DAY)
        return last

    with ThreadPoolExecutor(len(editors) + 1) as pool:
        working = pool.submit(work)
        accepted = sorted(edit for edits in pool.map(edit, enumerate(editors)) for edit in edits)
        last = working.result()
    found = store.certificates.get(created.id)
    store.certificates.delete(created.id)
    # Every version is of one editor, and the last of them is what is there.
    assert [version for version, _ in accepted] == list(range(2, found.version + 1))
    assert found.settings.name == (accepted[-1][1] if accepted else created.settings.name)
    assert found.issued == (last.issued if last else None)


STEPS = st.sampled_from(["edit", "late edit", "request", "claim", "order", "interrupt", "fail", "complete", "release"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, max_size=25))
def test_in_any_interleaving_an_edit_keeps_the_progress_and_progress_keeps_the_edit(
    store: Store, steps: list[str]
) -> None:
    expected = store.certificates.create(wanting(), NOW)
    order = order_for(expected)
    for number, step in enumerate(steps):
        new = wanting(name=f"edit {number}", places=number % 3)
        if step == "edit":
            store.certificates.update_settings(expected.id, expected.version, new, NOW)
            expected = replace(expected, settings=new, version=expected.version + 1, failure=None)
        elif step == "late edit":
            with pytest.raises(CertifyError):
                store.certificates.update_settings(expected.id, expected.version + 1, new, NOW)
        elif step == "request":
            store.schedule.request(expected.id, NOW)
        elif step == "claim":
            store.schedule.claim_due(NOW, 1000)
        elif step == "release":
            store.schedule.release(expected.id, NOW)
        elif step == "order":
            order = order_for(expected)
            store.orders.open(order)
            expected = replace(expected, order_id=order.id)
        elif expected.order_id is None:
            continue
        elif step == "interrupt":
            store.orders.interrupt(order, FAILURE, Outcome(NOW + DAY), NOW)
            expected = replace(expected, failure=FAILURE)
        elif step == "fail":
            store.orders.fail(order, FAILURE, Outcome(NOW + DAY), NOW)
            expected = replace(expected, failure=FAILURE, order_id=None)
        else:
            facts = issued_for(expected.settings)
            store.orders.complete(order, facts, NOW)
            expected = replace(expected, issued=facts, failure=None, order_id=None)
    found = store.certificates.get(expected.id)
    store.certificates.delete(expected.id)
    assert _known(found) == _known(expected)
    assert [item.settings for item in found.deployments] == list(expected.settings.deployments)


def _known(certificate: ManagedCertificate) -> tuple[object, ...]:
    return (
        certificate.version,
        certificate.settings,
        certificate.issued,
        certificate.failure,
        certificate.order_id,
    )


def test_deleting_takes_its_orders_and_deployments_along(store: Store) -> None:
    created = store.certificates.create(wanting(places=2), NOW)
    order = order_for(created)
    store.orders.open(order)
    store.certificates.delete(created.id)
    for gone in (
        lambda: store.orders.get(order.id),
        lambda: store.deployments.get(created.deployments[0].id),
        lambda: store.certificates.get(created.id),
    ):
        with pytest.raises(NotFound):
            gone()


def test_deleting_leaves_the_others(store: Store) -> None:
    first, second = (store.certificates.create(wanting(places=1), NOW) for _ in range(2))
    store.certificates.delete(first.id)
    assert store.certificates.get(second.id) == second


def test_deleting_an_older_version_is_refused(store: Store) -> None:
    created = store.certificates.create(wanting(), NOW)
    store.certificates.update_settings(created.id, 1, wanting(name="Changed"), NOW)
    with pytest.raises(Conflict, match="Changed was changed since version 1"):
        store.certificates.delete(created.id, 1)
    assert store.certificates.get(created.id).version == 2
