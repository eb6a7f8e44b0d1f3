"""What every `CaredStore` has to keep, as tests that a plugin author's test class inherits.

    class TestMyStore(StoreCareContract):
        @pytest.fixture
        def provider(self):
            return MyStore()

As with `StoreContract`, `context` leads to a database that is empty when a test begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from certify_core.api import CaredStore, ExportForm, NotFound, PluginContext, StoreCare


def _set(engine: Engine, value: int) -> None:
    with engine.execution_options(certify_writes=True).begin() as connection:
        connection.execute(text("UPDATE counter SET value = :value"), {"value": value})


class StoreCareContract:
    """Inherit, give `provider`, and every test below has to pass."""

    @pytest.fixture
    def provider(self) -> Any:
        """Return the provider: a `StoreProvider` and a `CaredStore`."""
        raise NotImplementedError("override the fixture `provider`")

    @pytest.fixture
    def context(self, tmp_path: Path) -> PluginContext:
        """Return what leads the provider to an empty database."""
        return PluginContext(tmp_path)

    @pytest.fixture
    def care(self, provider: Any, context: PluginContext) -> StoreCare:
        """Return what looks after the database."""
        care: StoreCare = provider.care(context)
        return care

    @pytest.fixture
    def engine(self, provider: Any, context: PluginContext) -> Iterator[Engine]:
        """Open the database, with one counter at 1."""
        engine: Engine = provider.open(context)
        with engine.execution_options(certify_writes=True).begin() as connection:
            connection.execute(text("CREATE TABLE counter (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)"))
        with engine.execution_options(certify_writes=True).begin() as connection:
            connection.execute(text("INSERT INTO counter (id, value) VALUES (1, 1)"))
        yield engine
        engine.dispose()

    def _value(self, provider: Any, context: PluginContext) -> int:
        engine = provider.open(context)
        try:
            with engine.connect() as connection:
                return int(connection.execute(text("SELECT value FROM counter")).scalar_one())
        finally:
            engine.dispose()

    def test_it_keeps_the_protocol(self, provider: Any, care: StoreCare) -> None:
        assert isinstance(provider, CaredStore)
        assert isinstance(care, StoreCare)

    def test_a_store_that_is_not_there_yet_needs_nothing(self, care: StoreCare) -> None:
        assert care.prepare() is None

    def test_a_store_in_use_is_sound(self, engine: Engine, care: StoreCare) -> None:
        assert care.check().sound

    def test_a_sound_store_is_not_recovered(self, engine: Engine, care: StoreCare) -> None:
        engine.dispose()
        assert care.prepare() is None

    def test_nothing_is_missed_of_a_store_in_use(self, engine: Engine, care: StoreCare) -> None:
        _set(engine, 2)
        assert [list(care.missed()), list(care.missed())] == [[], []]

    def test_a_backup_is_listed(self, engine: Engine, care: StoreCare) -> None:
        made = care.back_up("asked")
        assert [(backup.id, backup.reason, backup.fault) for backup in care.backups()] == [(made.id, "asked", "")]

    def test_a_backup_is_put_back(self, engine: Engine, care: StoreCare, provider: Any, context: PluginContext) -> None:
        made = care.back_up("asked")
        _set(engine, 2)
        engine.dispose()
        care.restore(made.id)
        assert self._value(provider, context) == 1

    def test_a_recovery_of_a_sound_store_loses_nothing(
        self, engine: Engine, care: StoreCare, provider: Any, context: PluginContext
    ) -> None:
        care.back_up("asked")
        _set(engine, 2)
        engine.dispose()
        assert (care.recover().complete, self._value(provider, context)) == (True, 2)

    def test_a_backup_that_there_is_not_is_refused(self, engine: Engine, care: StoreCare) -> None:
        with pytest.raises(NotFound):
            care.restore("never made")

    @pytest.mark.parametrize("form", list(ExportForm))
    def test_all_rows_are_exported(self, engine: Engine, care: StoreCare, tmp_path: Path, form: ExportForm) -> None:
        care.export(tmp_path / "export", form=form)
        assert "counter" in (tmp_path / "export").read_text()
