"""The rows that a recovery works with: of each key the newest version that holds, and where it was found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from certify_core.api import Source
from certify_store_sqlite.seals import COLUMN, Value, change_of, row_holds

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Table:
    """What has to be known of a table to recognise its rows."""

    name: str
    columns: tuple[str, ...]
    """In the order in which a record has them."""
    key: tuple[str, ...]
    rowid: str | None = None
    """The column that is another name of the rowid, if there is one: a record holds NULL in its place."""

    def key_of(self, row: Row) -> str:
        """Return the key of a row as the triggers write it: JSON."""
        return json.dumps([row.get(name) for name in self.key], separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a row."""

    row: Row
    source: Source

    @property
    def change(self) -> int:
        """The number of the change that made it; later ones are greater."""
        seal = self.row[COLUMN]
        assert isinstance(seal, bytes)  # noqa: S101 - only rows that hold become versions
        return change_of(seal)


@dataclass(slots=True)
class Rows:
    """The newest version of every row, by table and key."""

    tables: Mapping[str, Table]
    versions: dict[str, dict[str, Version]] = field(default_factory=dict)
    _known: dict[tuple[str, Value], Row] = field(default_factory=dict)
    """Rows that hold, by their seals: most are met again and again, in the file, on its pages and in the WAL."""

    def add(self, table: str, row: Row, source: Source) -> bool:
        """Take a row if it is what was written; return whether it is."""
        seal = row.get(COLUMN)
        if self._known.get((table, seal)) == row:
            return True
        if not row_holds(table, row):
            return False
        self._known[table, seal] = row
        key = self.tables[table].key_of(row)
        kept = self.versions.setdefault(table, {})
        found = Version(row, source)
        if key not in kept or kept[key].change < found.change:
            kept[key] = found
        return True

    def add_record(self, rowid: int, values: Sequence[Value], source: Source) -> None:
        """Take a record of whichever table it is of: its seal says so."""
        for table in self.tables.values():
            if len(values) != len(table.columns):
                continue
            row = dict(zip(table.columns, values, strict=True))
            if table.rowid is not None:
                row[table.rowid] = rowid
            if self.add(table.name, row, source):
                return

    def of(self, table: str) -> Mapping[str, Version]:
        """Return the rows of a table by key."""
        return self.versions.get(table, {})

    def all(self) -> Sequence[tuple[str, str, Version]]:
        """Return table, key and version of every row."""
        return [(table, key, version) for table, kept in self.versions.items() for key, version in kept.items()]
