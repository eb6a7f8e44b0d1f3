"""The plan as a table: what was wanted last time, what there is, what is wanted now."""

from __future__ import annotations

from typing import Any

import pytest

from certify_core.configuration.documents import Kind
from certify_core.configuration.plan import Scope, Step, Wish, plan, same_source
from certify_core.domain.configured import Configured

KEY = (Kind.CERTIFICATE, "shop")
A, B, C = ({"authority": name} for name in "abc")


def known(base: dict[str, Any] | None, source: str = "/etc/certify", file: str = "a.yaml") -> dict[Any, Configured]:
    """Return what is known of the last time."""
    if base is None:
        return {}
    return {KEY: Configured(KEY[0], KEY[1], "id", source, file, base, b"key", 0.0)}


def step(
    base: dict[str, Any] | None, present: dict[str, Any] | None, wanted: dict[str, Any] | None, **scope: Any
) -> Step | None:
    """Return the only step of a plan."""
    steps = plan(
        [Wish(KEY, wanted)] if wanted is not None else [],
        {KEY: present} if present is not None else {},
        known(base),
        Scope("/etc/certify", **scope),
    )
    return steps[0] if steps else None


@pytest.mark.parametrize(
    ("base", "present", "wanted", "action", "forced"),
    [
        (None, None, A, "create", "create"),
        (None, A, A, "adopt", "adopt"),
        (None, B, A, "conflict", "change"),
        (A, A, A, "unchanged", "unchanged"),
        (A, A, B, "change", "change"),
        (A, B, A, "conflict", "change"),
        (A, B, B, "unchanged", "unchanged"),
        (A, B, C, "conflict", "change"),
        (A, None, A, "conflict", "create"),
    ],
)
def test_what_is_wanted(base: Any, present: Any, wanted: Any, action: str, forced: str) -> None:
    done, with_force = step(base, present, wanted), step(base, present, wanted, force=True)
    assert done is not None
    assert with_force is not None
    assert (done.action, with_force.action) == (action, forced)


@pytest.mark.parametrize(
    ("base", "present", "scope", "action"),
    [
        (A, A, {}, "left"),
        (A, A, {"prune": True}, "delete"),
        (A, B, {"prune": True}, "conflict"),
        (A, B, {"prune": True, "force": True}, "delete"),
        (A, None, {"prune": True}, "release"),
    ],
)
def test_what_is_not_wanted_any_more(base: Any, present: Any, scope: dict[str, Any], action: str) -> None:
    done = step(base, present, None, **scope)
    assert done is not None
    assert done.action == action


def test_what_no_file_has_made_is_never_deleted() -> None:
    assert step(None, A, None, prune=True, force=True) is None


def test_what_another_folder_has_made_is_never_deleted() -> None:
    steps = plan([], {KEY: A}, known(A, "/home/other"), Scope("/etc/certify", prune=True, force=True))
    assert steps == []


def test_what_a_file_had_said_that_is_broken_now_is_not_deleted() -> None:
    assert step(A, A, None, prune=True, spared={"a.yaml"}) is None


def test_what_another_folder_applies_is_a_conflict() -> None:
    (found,) = plan([Wish(KEY, A)], {KEY: A}, known(A, "/home/other"), Scope("/etc/certify"))
    assert (found.action, found.reason) == ("conflict", "It is applied from /home/other.")


def test_fields_are_named_before_and_after_and_who_changed_them() -> None:
    base, present = {"authority": "a", "renewal.at_percent": 50}, {"authority": "b", "renewal.at_percent": 50}
    found = step(base, present, {"authority": "a", "renewal.at_percent": 60})
    assert found is not None
    changes = [(change.field, change.before, change.after, change.by_hand) for change in found.changes]
    assert changes == [("authority", "b", "a", True), ("renewal.at_percent", 50, 60, False)]
    assert found.reason == "Changed by hand: authority."


def test_a_field_that_a_newer_version_has_brought_was_changed_by_nobody() -> None:
    found = step({"authority": "a"}, {"authority": "a", "new": 1}, {"authority": "a", "new": 2})
    assert found is not None
    assert found.action == "change"


def test_a_parameter_that_was_added_by_hand_was_changed_by_hand() -> None:
    found = step(A, {**A, "challenge.parameters.port": 81}, A)
    assert found is not None
    assert found.action == "conflict"


def test_secrets_are_shown_as_nothing_but_secrets() -> None:
    found = step(None, {"p": {"digest": "1"}}, {"p": {"digest": "2"}})
    assert found is not None
    assert [(change.before, change.after) for change in found.changes] == [("(secret)", "(secret)")]


def test_what_is_deleted_goes_in_the_other_order() -> None:
    gone = {
        (kind, "x"): Configured(kind, "x", "id", "/etc/certify", "a.yaml", A, b"", 0.0)
        for kind in (Kind.AUTHORITY, Kind.CREDENTIAL, Kind.CERTIFICATE)
    }
    steps = plan([], dict.fromkeys(gone, A), gone, Scope("/etc/certify", prune=True))
    assert [step.kind for step in steps] == [Kind.CERTIFICATE, Kind.CREDENTIAL, Kind.AUTHORITY]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/etc/certify", "/etc/certify", True),
        ("/etc/certify", "/etc/certify/shop.yaml", True),
        ("C:\\certify\\shop.yaml", "C:\\certify", True),
        ("/etc/certify", "/etc/certify2", False),
        ("/etc/certify/a.yaml", "/etc/certify/b.yaml", False),
    ],
)
def test_a_file_and_its_folder_are_the_same_source(one: str, other: str, *, same: bool) -> None:
    assert same_source(one, other) is same
