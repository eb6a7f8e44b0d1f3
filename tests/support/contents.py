"""What is in a store, as far as anybody would notice."""

from __future__ import annotations

from pathlib import Path

from tests.support.stores import NOW, open_store, wanting


def names(folder: Path) -> list[str]:
    """Return the names of all managed certificates."""
    with open_store(folder) as store:
        return sorted(item["name"] for item in store.certificates.page(limit=500).items)


def add(folder: Path, name: str) -> None:
    """Add a managed certificate."""
    with open_store(folder) as store:
        store.certificates.create(wanting(name), NOW)


def delete(folder: Path, name: str) -> None:
    """Delete the managed certificates of a name."""
    with open_store(folder) as store:
        for certificate_id in store.certificates.ids_named(name):
            store.certificates.delete(certificate_id)
