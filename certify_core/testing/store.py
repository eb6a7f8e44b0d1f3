"""What every `StoreProvider` has to keep, as tests that a plugin author's test class inherits.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def provider(self):
            return MyStore()

        @pytest.fixture
        def context(self, tmp_path):
            return PluginContext(tmp_path, {"mystore": {"url": url_of_an_empty_database()}})

`context` leads to a database that is empty when a test begins, by default one in a new data folder. One of the tests
opens the provider in another process: provider and settings have to bear being pickled.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from certify_core.api import PluginContext, StoreProvider

WRITERS = 4
ADDITIONS = 25
KILLED = 9


def _writing(engine: Engine) -> Engine:
    """Return the engine as those use it who will write."""
    return engine.execution_options(certify_writes=True)


def _count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT value FROM counter WHERE id = 1")).scalar_one())


def _counted(engine: Engine) -> int:
    with engine.connect() as connection:
        return _count(connection)


def _set_count(connection: Connection, value: int) -> None:
    connection.execute(text("UPDATE counter SET value = :value WHERE id = 1"), {"value": value})


def _commit_and_die(provider: StoreProvider, context: PluginContext) -> None:
    writer = _writing(provider.open(context))
    with writer.begin() as connection:
        _set_count(connection, 42)
    with writer.begin() as connection:
        _set_count(connection, 43)
        os._exit(KILLED)  # without a chance to put anything in order, as when it is killed


class StoreContract:
    """Inherit, give `provider`, and every test below has to pass."""

    @pytest.fixture
    def provider(self) -> StoreProvider:
        """Return the provider."""
        raise NotImplementedError("override the fixture `provider`")

    @pytest.fixture
    def context(self, tmp_path: Path) -> PluginContext:
        """Return what leads the provider to an empty database."""
        return PluginContext(tmp_path)

    @pytest.fixture
    def engine(self, provider: StoreProvider, context: PluginContext) -> Iterator[Engine]:
        """Open the database, with one counter and what belongs to it."""
        engine = provider.open(context)
        with _writing(engine).begin() as connection:
            connection.execute(text("CREATE TABLE counter (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)"))
            connection.execute(
                text(
                    "CREATE TABLE note (id INTEGER PRIMARY KEY, "
                    "counter_id INTEGER NOT NULL REFERENCES counter (id) ON DELETE CASCADE)"
                )
            )
            connection.execute(text("INSERT INTO counter (id, value) VALUES (1, 0)"))
        yield engine
        engine.dispose()

    def test_it_keeps_the_protocol(self, provider: StoreProvider) -> None:
        assert isinstance(provider, StoreProvider)

    def test_who_opens_it_again_finds_what_was_committed(
        self, provider: StoreProvider, context: PluginContext, engine: Engine
    ) -> None:
        with _writing(engine).begin() as connection:
            _set_count(connection, 42)
        engine.dispose()
        again = provider.open(context)
        found = _counted(again)
        again.dispose()
        assert found == 42

    def test_two_that_have_it_open_see_each_other_s_commits(
        self, provider: StoreProvider, context: PluginContext, engine: Engine
    ) -> None:
        other = provider.open(context)
        with _writing(other).begin() as connection:
            _set_count(connection, 42)
        other.dispose()
        assert _counted(engine) == 42

    def test_a_killed_process_leaves_all_it_committed_and_nothing_else(
        self, provider: StoreProvider, context: PluginContext, engine: Engine
    ) -> None:
        process = multiprocessing.get_context("spawn").Process(target=_commit_and_die, args=(provider, context))
        process.start()
        process.join()
        assert (process.exitcode, _counted(engine)) == (KILLED, 42)

    def test_a_failed_transaction_leaves_nothing(self, engine: Engine) -> None:
        with pytest.raises(ZeroDivisionError), _writing(engine).begin() as connection:
            _set_count(connection, 42)
            connection.execute(text("INSERT INTO note (id, counter_id) VALUES (1, 1)"))
            _ = 1 / 0
        with engine.connect() as connection:
            notes = connection.execute(text("SELECT id FROM note")).all()
            assert (_count(connection), notes) == (0, [])

    def test_after_a_failed_transaction_the_next_one_works(self, engine: Engine) -> None:
        with pytest.raises(IntegrityError), _writing(engine).begin() as connection:
            connection.execute(text("INSERT INTO counter (id, value) VALUES (1, 1)"))
        with _writing(engine).begin() as connection:
            _set_count(connection, 42)
        assert _counted(engine) == 42

    def test_what_refers_to_nothing_is_refused(self, engine: Engine) -> None:
        with pytest.raises(IntegrityError), _writing(engine).begin() as connection:
            connection.execute(text("INSERT INTO note (id, counter_id) VALUES (1, 7)"))

    def test_deleting_takes_along_what_belongs_to_it(self, engine: Engine) -> None:
        with _writing(engine).begin() as connection:
            connection.execute(text("INSERT INTO note (id, counter_id) VALUES (1, 1)"))
            connection.execute(text("DELETE FROM counter WHERE id = 1"))
        with engine.connect() as connection:
            assert connection.execute(text("SELECT id FROM note")).all() == []

    def test_what_is_not_committed_is_seen_by_nobody_else(self, engine: Engine) -> None:
        with _writing(engine).begin() as connection:
            _set_count(connection, 42)
            assert _counted(engine) == 0

    def test_of_writers_at_once_none_fails_and_no_update_is_lost(self, engine: Engine) -> None:
        writer = _writing(engine)

        def add(_: int) -> None:
            for _ in range(ADDITIONS):
                with writer.begin() as connection:
                    _set_count(connection, _count(connection) + 1)

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(add, range(WRITERS)))
        assert _counted(engine) == WRITERS * ADDITIONS

    def test_writers_that_have_it_open_by_themselves_lose_no_update_either(
        self, provider: StoreProvider, context: PluginContext, engine: Engine
    ) -> None:
        def add(_: int) -> None:
            own = provider.open(context)
            for _ in range(ADDITIONS):
                with _writing(own).begin() as connection:
                    _set_count(connection, _count(connection) + 1)
            own.dispose()

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(add, range(WRITERS)))
        assert _counted(engine) == WRITERS * ADDITIONS

    def test_readers_are_served_while_somebody_writes(self, engine: Engine) -> None:
        with _writing(engine).begin() as connection, ThreadPoolExecutor(WRITERS) as pool:
            _set_count(connection, 42)
            assert list(pool.map(lambda _: _counted(engine), range(WRITERS))) == [0] * WRITERS

    def test_a_reader_sees_one_state_until_it_ends(self, engine: Engine) -> None:
        with engine.connect() as reader:
            before = _count(reader)
            with _writing(engine).begin() as connection:
                _set_count(connection, 42)
            assert (before, _count(reader), _counted(engine)) == (0, 0, 42)
