"""A store on a real SQLite file, and the values that tests put into it."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from certify_core.api import Failure, FailureClass, PluginContext, SecretKeeper
from certify_core.domain.ari import Origin
from certify_core.domain.certificate import Issued, ManagedCertificate
from certify_core.domain.order import Order
from certify_core.domain.revocation import Revocation, RevocationReason
from certify_core.domain.settings import CertificateSettings, DeploymentSettings
from certify_core.store import Store
from certify_store_sqlite import FILE, SqliteStore

NOW = 1_800_000_000.0
DAY = 86_400.0
KEY_DIGEST = "a key pair"
FAILURE = Failure(failure_class=FailureClass.AUTHORITY, cause="The authority is silent.", remedy="Wait.")
ORIGIN = Origin(
    ari_id="AQ.Ag", authority="ca", directory="https://ca.test/directory", account="https://ca.test/account/1"
)
KEY_PEM = (
    "-----BEGIN PRIVATE KEY-----\nnobody may ever read this line in the database file\n-----END PRIVATE KEY-----\n"
)


def sqlite_engine(folder: Path) -> Engine:
    """Return the engine of the database in a data folder."""
    return SqliteStore().open(PluginContext(folder))


@contextlib.contextmanager
def open_store(folder: Path, keepers: Sequence[SecretKeeper] = ()) -> Iterator[Store]:
    """Give the store of a data folder, whose master key these keepers protect."""
    engine = sqlite_engine(folder)
    try:
        with contextlib.closing(Store(engine, folder, keepers)) as store:
            yield store
    finally:
        engine.dispose()


def secret_keepers() -> list[SecretKeeper]:
    """Return what protects the master key on this system."""
    if os.name != "nt":
        return []
    from certify_windows_dpapi.keeper import DpapiKeeper

    return [DpapiKeeper()]


def database_file(folder: Path) -> Path:
    """Return the file that holds the database."""
    return folder / FILE


@contextlib.contextmanager
def behind_its_back(folder: Path) -> Iterator[Connection]:
    """Give a connection by which a test changes the database of a data folder, as only the store itself could."""
    engine = sqlite_engine(folder)
    try:
        with engine.execution_options(certify_writes=True).begin() as connection:
            yield connection
    finally:
        engine.dispose()


def stored_bytes(folder: Path) -> bytes:
    """Return everything that the database has written, the log of the last transactions too."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{FILE}*")))


def wanting(*identifiers: str, places: int = 0, **others: Any) -> CertificateSettings:
    """Return settings for these names, deployed to so many places."""
    deployments = tuple(place(str(number)) for number in range(places))
    return CertificateSettings(
        identifiers=identifiers or ("app.test",), **{"authority": "local", "deployments": deployments, **others}
    )


def place(name: str) -> DeploymentSettings:
    """Return settings of one deployment."""
    return DeploymentSettings(target="files", parameters={"dir": f"/places/{name}"})


def issued_for(
    settings: CertificateSettings, *, at: float = NOW, days: float = 90, origin: Origin | None = None
) -> Issued:
    """Return facts of a certificate issued now."""
    number = uuid.uuid4().hex.upper()
    return Issued(
        id=number[:16],
        serial=number,
        thumbprint=number,
        issuer="CN=Test",
        not_before=at,
        not_after=at + days * DAY,
        request_digest=settings.request_digest,
        authority=settings.authority,
        origin=origin,
    )


def order_for(certificate: ManagedCertificate) -> Order:
    """Return a new order, not stored yet."""
    return Order(
        id=uuid.uuid4().hex,
        certificate_id=certificate.id,
        authority=certificate.settings.authority,
        ca_bundle=None,
        identifiers=certificate.settings.parsed_identifiers,
        request_digest=certificate.settings.request_digest,
        wishes=certificate.settings.order,
        challenge=certificate.settings.challenge,
        private_key_pem=KEY_PEM,
        csr_der=b"a signing request",
        created_at=NOW,
    )


def issue(
    store: Store, certificate: ManagedCertificate, *, at: float = NOW, origin: Origin | None = None
) -> ManagedCertificate:
    """Take a certificate through an order, from claimed to issued."""
    order = order_for(certificate)
    store.orders.open(order)
    return store.orders.complete(order, issued_for(certificate.settings, at=at, origin=origin), at)


def revocation_of(
    certificate: ManagedCertificate,
    reason: RevocationReason = RevocationReason.SUPERSEDED,
    *,
    renew: bool = True,
    issued_id: str | None = None,
) -> Revocation:
    """Return the wish to revoke the current certificate, or another one."""
    assert certificate.issued is not None
    return Revocation(
        certificate_id=certificate.id,
        issued_id=issued_id or certificate.issued.id,
        serial=certificate.issued.serial,
        authority=ORIGIN.directory,
        ca_bundle="/etc/roots.pem",
        certificate_pem="a certificate",
        private_key_pem=KEY_PEM,
        key_digest=KEY_DIGEST,
        reason=reason,
        renew=renew,
        wanted_at=NOW,
    )
