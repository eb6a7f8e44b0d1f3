"""What of a request goes into the audit trail: names of fields always, values only if they are no secret."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from certify_core.service.audit_fields import DEEPEST, LONGEST_LIST, LONGEST_TEXT, MASK, SHOWN, audit_fields

SECRET = "correct horse"
NAMES = st.one_of(st.sampled_from(sorted(SHOWN)), st.text(max_size=5))
DOCUMENTS = st.recursive(
    st.sampled_from([SECRET, "www.example.com", 1, True, None]),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=3)),
    max_leaves=20,
)


def fields(document: object) -> JsonValue:
    """Return what is entered of a document."""
    return audit_fields(orjson.dumps(document))


@pytest.mark.parametrize(
    ("sent", "entered"),
    [
        ({"identifiers": ["a.test", "b.test"]}, {"identifiers": ["a.test", "b.test"]}),
        ({"version": 1, "settings": {"renewal": {"at_percent": 50}}},) * 2,
        ({"account_key": "-----BEGIN"}, {"account_key": MASK}),
        ({"eab": {"kid": "k", "hmac_key": SECRET}}, {"eab": {"kid": "k", "hmac_key": MASK}}),
        ({"something_new": 5}, {"something_new": MASK}),
    ],
)
def test_values_that_are_no_secret_are_entered_and_others_masked(sent: object, entered: object) -> None:
    assert fields(sent) == entered


@given(st.dictionaries(NAMES, DOCUMENTS, max_size=3))
def test_nothing_below_parameters_is_entered(document: dict[str, object]) -> None:
    assert SECRET not in str(fields({"parameters": document, "deployments": [{"parameters": document}]}))


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"', b"NaN", b"\xff", b"[" * 5000])
def test_what_is_no_json_object_is_not_entered(body: bytes) -> None:
    assert audit_fields(body) is None


def test_long_texts_and_lists_are_cut() -> None:
    assert fields({"name": "x" * 1000, "identifiers": ["a"] * 1000}) == {
        "name": "x" * LONGEST_TEXT,
        "identifiers": ["a"] * LONGEST_LIST,
    }


def test_what_is_nested_without_end_is_cut() -> None:
    document: object = "leaf"
    for _ in range(100):
        document = {"name": document}
    assert str(fields(document)).count("name") == DEEPEST
