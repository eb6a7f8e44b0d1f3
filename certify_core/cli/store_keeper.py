"""The care of the store for `certify db`: by the running service, or without one by this process itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import click

from certify_core.care import CaredStore, ExportForm, StoreCare
from certify_core.cli.client import Client, Document
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.ownership import given_to_owner
from certify_core.contracts import PluginContext
from certify_core.errors import CertifyError, NotFound
from certify_core.plugins import Plugins
from certify_core.service.care_views import backup_view, recovery_view, report_view
from certify_core.service.config import read_configuration
from certify_core.service.lock import DataFolderLock

PATIENCE = 3600.0
"""Seconds: a large database takes a while."""
REOPENING = 120.0
"""Seconds in which a service has to have closed its store, replaced it and opened it again."""
PAUSE = 0.2


class StoreKeeper(Protocol):
    """What `certify db` asks for; all answers are the API's documents."""

    def check(self) -> Document:
        """Check the database in full."""

    def back_up(self) -> Document:
        """Make a backup."""

    def backups(self) -> list[Document]:
        """Return the backups, the newest first."""

    def restore(self, backup: str) -> Document:
        """Put a backup back and return the report."""

    def recover(self) -> Document:
        """Recover the database and return the report."""

    def export(self, target: Path, form: ExportForm) -> None:
        """Write all rows to a new file."""


@contextmanager
def store_keeper(data_dir: Path) -> Iterator[StoreKeeper]:
    """Give the running service, or, if there is none, this process in its place.

    Raises:
        ServiceRefused: a service has the data folder, and does not answer.
    """
    try:
        client = Client(data_dir)
        client.get("/api/database")
    except ServiceRefused as error:
        if error.exit_code != Exit.UNREACHABLE:
            raise
        unreachable = error
    else:
        yield ServedStore(client)
        return
    with given_to_owner(data_dir):
        lock = DataFolderLock(data_dir)
        try:
            lock.acquire()
        except CertifyError:
            raise unreachable from None
        try:
            yield _Alone(_care(data_dir))
        except CertifyError as error:
            code = Exit.NOT_FOUND if isinstance(error, NotFound) else Exit.FAILED
            raise ServiceRefused(code, error.cause, error.remedy) from error
        finally:
            lock.release()


def _care(data_dir: Path) -> StoreCare:
    configuration = read_configuration(data_dir)
    if configuration.danger is not None:
        raise configuration.danger
    plugins = Plugins.load(PluginContext(data_dir, configuration.settings))
    provider = plugins.stores.get(configuration.config.store, field="store")
    if not isinstance(provider, CaredStore):
        raise ServiceRefused(
            Exit.FAILED, f"Certify does not look after {provider.title}.", "Check and back it up as its manual says."
        )
    return provider.care(plugins.context)


class ServedStore:
    """The store of the running service."""

    def __init__(self, client: Client, *, reopening: float = REOPENING) -> None:
        """`reopening` is how many seconds the service has to have replaced its store."""
        self._client = client
        self._reopening = reopening

    def check(self) -> Document:
        """Have it checked."""
        report: Document = self._client.post("/api/database/check", patience=PATIENCE)
        return report

    def back_up(self) -> Document:
        """Have a backup made."""
        backup: Document = self._client.post("/api/database/backups", patience=PATIENCE)
        return backup

    def backups(self) -> list[Document]:
        """Ask for the backups."""
        items: list[Document] = self._client.get("/api/database/backups")["items"]
        return items

    def restore(self, backup: str) -> Document:
        """Have a backup put back."""
        return self._replaced("/api/database/restore", {"backup": backup})

    def recover(self) -> Document:
        """Have it recovered."""
        return self._replaced("/api/database/recover", {"confirm": True})

    def export(self, target: Path, form: ExportForm) -> None:
        """Write what the service exports."""
        content = self._client.download("/api/database/export", form=form, patience=PATIENCE)
        with target.open("xb") as file:
            file.write(content)

    def _replaced(self, path: str, body: object) -> Document:
        """Have the store replaced and wait until the service answers again: there is nothing that could tell of it."""
        before = self._client.get("/api/database")["recovery"]
        self._client.post(path, body)
        deadline = time.monotonic() + self._reopening
        while time.monotonic() < deadline:
            time.sleep(PAUSE)
            try:
                report: Any = self._client.get("/api/database")["recovery"]
            except ServiceRefused:
                continue
            if report != before and report is not None:
                answer: Document = report
                return answer
        raise ServiceRefused(
            Exit.FAILED, "The service has not replaced the database.", "Its log (logs/session.log) says why."
        )


class _Alone:
    """This process, while no service has the data folder."""

    def __init__(self, care: StoreCare) -> None:
        self._care = care

    def check(self) -> Document:
        return report_view(self._care.check(full=True))

    def back_up(self) -> Document:
        return backup_view(self._care.back_up("asked"))

    def backups(self) -> list[Document]:
        return [backup_view(backup) for backup in self._care.backups()]

    def restore(self, backup: str) -> Document:
        return recovery_view(self._care.restore(backup))

    def recover(self) -> Document:
        return recovery_view(self._care.recover())

    def export(self, target: Path, form: ExportForm) -> None:
        if target.exists():
            raise click.FileError(str(target), "it is there already")
        self._care.export(target, form=form)
