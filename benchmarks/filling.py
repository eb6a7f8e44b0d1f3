"""Databases with many managed certificates, made through the store itself."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from certify_core.contracts import PluginContext
from certify_core.domain.certificate import Issued, ManagedCertificate, Status
from certify_core.domain.settings import CertificateSettings
from certify_core.plugins import Plugins
from certify_core.store import Store
from certify_core.store.rows import certificate_row, with_due
from certify_core.store.tables import CERTIFICATES

DAY = 86_400.0


@contextlib.contextmanager
def open_store(data_dir: Path) -> Iterator[Store]:
    """Give the store of a data folder."""
    data_dir.mkdir(parents=True, exist_ok=True)
    context = PluginContext(data_dir)
    store = Store(Plugins.load(context).stores.get("sqlite", field="store").open(context), data_dir)
    try:
        yield store
    finally:
        store.close()


def fill_with_issued(data_dir: Path, count: int) -> None:
    """Add certificates that are healthy and will be for a month."""
    now = time.time()
    with open_store(data_dir) as store, store._database.write() as connection:
        for first in range(0, count, 1000):
            rows = [certificate_row(_issued(number, now)) for number in range(first, min(first + 1000, count))]
            connection.execute(insert(CERTIFICATES), rows)


def fill_with_wanted(data_dir: Path, wishes: list[dict[str, Any]]) -> None:
    """Add certificates that are due at once."""
    with open_store(data_dir) as store:
        for wish in wishes:
            store.certificates.create(CertificateSettings.model_validate(wish), time.time())


def _issued(number: int, now: float) -> ManagedCertificate:
    settings = CertificateSettings(identifiers=(f"host{number}.example.test", f"www.host{number}.example.test"))
    issued = Issued(
        id=f"i{number}",
        serial=f"{number:032X}",
        thumbprint=f"{number:040X}",
        issuer="CN=Benchmark",
        not_before=now - DAY,
        not_after=now + 89 * DAY,
        request_digest=settings.request_digest,
    )
    certificate = ManagedCertificate(f"c{number:08}", 1, settings, now, now, status=Status.HEALTHY, issued=issued)
    return with_due(certificate)
