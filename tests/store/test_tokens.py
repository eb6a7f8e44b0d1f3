"""Access tokens at rest: found by their digest until they expire or are ended, and nowhere themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from certify_core.api import NotFound
from certify_core.domain.access import AccessToken, Role, new_token, token_digest
from certify_core.store import Store
from certify_core.store.tokens import SHOWN_EXPIRED
from tests.support.stores import DAY, NOW, stored_bytes


def keep(store: Store, token: str, *, now: float = NOW) -> AccessToken:
    """Keep a token for a day."""
    return store.tokens.create(
        token_digest(token), title="monitoring", role=Role.READER, created_by="anna", now=now, expires_at=now + DAY
    )


def test_a_token_is_found_until_it_expires(store: Store) -> None:
    token = new_token()
    kept = keep(store, token)
    digest = token_digest(token)
    assert [store.tokens.find(digest, moment) for moment in (NOW, NOW + DAY - 1, NOW + DAY)] == [kept, kept, None]


def test_another_token_is_not_found(store: Store) -> None:
    keep(store, new_token())
    assert store.tokens.find(token_digest(new_token()), NOW) is None


def test_the_token_itself_is_not_kept(store: Store, tmp_path: Path) -> None:
    token = new_token()
    keep(store, token)
    assert (token.encode() in stored_bytes(tmp_path), b"monitoring" in stored_bytes(tmp_path)) == (False, True)


def test_a_token_that_was_ended_is_not_found(store: Store) -> None:
    token = new_token()
    store.tokens.delete(keep(store, token).id)
    assert (store.tokens.find(token_digest(token), NOW), store.tokens.all()) == (None, [])


def test_what_is_not_there_cannot_be_ended(store: Store) -> None:
    with pytest.raises(NotFound, match="no token nothing"):
        store.tokens.delete("nothing")


def test_the_newest_is_listed_first_and_what_expired_long_ago_not_at_all(store: Store) -> None:
    later = NOW + DAY + SHOWN_EXPIRED + 1
    keep(store, new_token())
    kept = [keep(store, new_token(), now=later), keep(store, new_token(), now=later + 1)]
    assert store.tokens.all() == kept[::-1]
