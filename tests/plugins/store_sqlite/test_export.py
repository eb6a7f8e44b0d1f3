"""Exports: every row for other programs, whatever stands in it, and never half of them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from certify_core.api import ExportForm, LocalFault
from certify_store_sqlite.care import SqliteCare
from tests.plugins.store_sqlite.conftest import NAMES
from tests.support.contents import add
from tests.support.stores import KEY_PEM, NOW, database_file, open_store

ODD = "'; DROP TABLE certify_deleted; CREATE TRIGGER \n ü"


def read_back(script: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table that a script makes."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(script.read_text(encoding="utf-8"))
        database.row_factory = sqlite3.Row
        tables = [row["name"] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {table: [dict(row) for row in database.execute(f'SELECT * FROM "{table}"')] for table in tables}


@pytest.fixture
def odd(filled: Path) -> Path:
    """A data folder in which a certificate has a name that looks like SQL, and an account has a sealed key."""
    with open_store(filled) as store:
        store.accounts.add("https://ca.test/directory", KEY_PEM, NOW)
        (first, *_) = store.certificates.page(limit=1).items
        settings = store.certificates.get(first["id"]).settings.model_copy(update={"name": ODD})
        store.certificates.update_settings(first["id"], first["version"], settings, NOW)
    return filled


@pytest.mark.parametrize("form", list(ExportForm))
def test_every_row_is_there_whatever_stands_in_it(
    odd: Path, care: SqliteCare, tmp_path: Path, form: ExportForm
) -> None:
    care.export(tmp_path / "export", form=form)
    content = (
        read_back(tmp_path / "export")
        if form is ExportForm.SQL
        else json.loads((tmp_path / "export").read_text(encoding="utf-8"))
    )
    names = {row["name"] for row in content["managedcertificate"]}
    assert (len(content["managedcertificate"]), ODD in names, len(content["account"])) == (len(NAMES), True, 1)


def test_both_forms_have_the_same_tables_and_columns(odd: Path, care: SqliteCare, tmp_path: Path) -> None:
    for form in ExportForm:
        care.export(tmp_path / form, form=form)
    as_sql, as_json = read_back(tmp_path / "sql"), json.loads((tmp_path / "json").read_text(encoding="utf-8"))
    assert {table: [list(row) for row in rows] for table, rows in as_sql.items()} == {
        table: [list(row) for row in rows] for table, rows in as_json.items()
    }


@pytest.mark.parametrize("form", list(ExportForm))
def test_private_keys_stay_sealed(odd: Path, care: SqliteCare, tmp_path: Path, form: ExportForm) -> None:
    care.export(tmp_path / "export", form=form)
    assert KEY_PEM.splitlines()[1] not in (tmp_path / "export").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", list(ExportForm))
def test_of_a_damaged_database_no_half_export_is_left(
    filled: Path, care: SqliteCare, tmp_path: Path, form: ExportForm
) -> None:
    content = bytearray(database_file(filled).read_bytes())
    content[8192:] = b"\xff" * len(content[8192:])
    database_file(filled).write_bytes(content)
    with pytest.raises(LocalFault, match="cannot be exported"):
        care.export(tmp_path / "export", form=form)
    assert not (tmp_path / "export").exists()


def test_what_is_exported_while_it_is_written_is_of_one_moment(filled: Path, care: SqliteCare, tmp_path: Path) -> None:
    with open_store(filled):
        add(filled, "late.test")
        care.export(tmp_path / "export", form=ExportForm.JSON)
    assert len(json.loads((tmp_path / "export").read_text(encoding="utf-8"))["managedcertificate"]) == len(NAMES) + 1
