"""What is deleted while an export is made is not in it, and does not keep the rest from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import JsonValue

from certify_core.domain.authority import NamedAuthority
from certify_core.store import Store
from certify_core.transfer.gathering import Gathering
from certify_core.transfer.records import CertificateRecord
from tests.support.stores import NOW, open_store, wanting


class NoSettings:
    """A service none of whose settings is set."""

    def read(self) -> Mapping[str, JsonValue]:
        """Return nothing."""
        return {}

    def check(self, name: str, value: JsonValue) -> None:
        """Take everything."""

    def write(self, settings: Mapping[str, JsonValue]) -> None:
        """Leave everything."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with two certificates."""
    with open_store(tmp_path) as opened:
        for name in ("goes", "stays"):
            opened.certificates.create(wanting(f"{name}.test"), NOW, name)
        yield opened


def test_a_certificate_that_is_deleted_after_it_was_listed_is_left_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = store.authorities.all

    def deleting() -> Sequence[NamedAuthority]:
        store.certificates.delete("goes")
        return named()

    monkeypatch.setattr(store.authorities, "all", deleting)
    records = Gathering(store, [], NoSettings(), "here", lambda: NOW).records()
    assert [record.id for record in records if isinstance(record, CertificateRecord)] == ["stays"]
