"""Puts together what was salvaged and what a backup has: of every row the newest version, and nothing that was deleted.

- A row that was deleted after the version at hand was made stays deleted.
- What is found on pages that nothing leads to, is older than the backup and not in it, was deleted before the backup.
- A row of the backup that was not salvaged and not deleted was lost: the backup's version takes its place.
- A row that refers to one that is lost goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from certify_core.api import RowFate, Source
from certify_store_sqlite.guards import DELETED
from certify_store_sqlite.rows import Rows, Version

Parents = Mapping[str, Sequence[tuple[str, str]]]
"""The foreign keys of each table: the column, and the table that it refers to."""


def merge(salvaged: Rows, backup: Rows | None, backup_change: int) -> tuple[Rows, list[RowFate]]:
    """Return the rows that the recovered database gets, and what became of those that are not simply kept."""
    merged = Rows(salvaged.tables)
    fates: list[RowFate] = []
    deletions = _deletions(salvaged, backup)
    for table, key, version in salvaged.all():
        in_backup = backup is not None and key in backup.of(table)
        abandoned = version.source is Source.FRAGMENTS and backup is not None and not in_backup
        if _is_deleted(table, key, version, deletions) or (abandoned and version.change <= backup_change):
            continue
        merged.add(table, version.row, version.source)
        if version.source is Source.FRAGMENTS:
            fates.append(RowFate(table, key, Source.FRAGMENTS, "Found on a page that nothing led to."))
        elif version.source is Source.JOURNAL:
            fates.append(RowFate(table, key, Source.JOURNAL, "Written again from the journal."))
    for table, key, version in backup.all() if backup is not None else ():
        if table not in merged.tables or _is_deleted(table, key, version, deletions):
            continue
        kept = merged.of(table).get(key)
        if kept is None or kept.change < version.change:
            merged.add(table, version.row, Source.BACKUP)
            fates.append(RowFate(table, key, Source.BACKUP, "As it was when that was made."))
    return merged, fates


def drop_orphans(rows: Rows, parents: Parents) -> list[RowFate]:
    """Remove rows that refer to rows that are lost, and return which."""
    fates = []
    for table, columns in parents.items():
        for column, parent in columns:
            present = {version.row[rows.tables[parent].key[0]] for version in rows.of(parent).values()}
            for key, version in list(rows.of(table).items()):
                if version.row[column] is not None and version.row[column] not in present:
                    del rows.versions[table][key]
                    what = f"It belongs to {version.row[column]!r} of {parent}, which is lost."
                    fates.append(RowFate(table, key, Source.NOWHERE, what))
    return fates


def _deletions(*found: Rows | None) -> dict[tuple[str, str], int]:
    """Return the newest deletion that is remembered of each row."""
    deletions: dict[tuple[str, str], int] = {}
    for rows in found:
        for version in _versions(rows):
            name, key = str(version.row["name"]), str(version.row["key"])
            deletions[name, key] = max(deletions.get((name, key), 0), version.change)
    return deletions


def _versions(rows: Rows | None) -> Iterable[Version]:
    return rows.of(DELETED).values() if rows is not None else ()


def _is_deleted(table: str, key: str, version: Version, deletions: Mapping[tuple[str, str], int]) -> bool:
    return table != DELETED and deletions.get((table, key), 0) > version.change
