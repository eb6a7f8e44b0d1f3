"""What becomes of the managed certificates of a file, each with all its certificates and keys."""

from __future__ import annotations

from collections.abc import Container

from certify_core.domain.certificate import ManagedCertificate, Status
from certify_core.domain.revocation import Revocation
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.wanted import Wanted
from certify_core.engine.x509 import belong_together
from certify_core.errors import InvalidInput, NotFound
from certify_core.store import Store
from certify_core.store.imports import IncomingCertificate
from certify_core.transfer.comparing import Here, Verdict, compare_certificate, differences, is_newer
from certify_core.transfer.gathering import in_use, readable
from certify_core.transfer.records import AssetRecord, CertificateRecord
from certify_core.transfer.report import Fate


class DecidingCertificates:
    """Decides about managed certificates."""

    def __init__(self, store: Store, wanted: Wanted, files: Container[str], *, replace: bool) -> None:
        """`files` are the paths of those that come with the same file."""
        self._store = store
        self._wanted = wanted
        self._files = files
        self._replace = replace

    def decide(self, record: CertificateRecord) -> tuple[Verdict, list[IncomingCertificate]]:
        """Return what becomes of a record, and what is to be written for it.

        Raises:
            CertifyError: it cannot be here.
        """
        self._check_assets(record)
        current = self._current(record.id)
        twin = self._twin(record) if current is None else None
        if twin is not None:
            what = f"There is one for the same names here, with the id {twin}."
            remedy = "Delete one of the two: both would be ordered, and deployed over each other."
            return (Fate.CONFLICT, what, remedy), []
        here = self._here(current) if current else None
        fate, detail, remedy = compare_certificate(record, here, replace=self._replace)
        if not fate.is_written:
            return (fate, detail, remedy), []
        incoming = self._incoming(record, current, here)
        if fate is Fate.CREATE:
            issued = record.issued
            detail = f"Its certificate {issued.serial} comes with it." if issued else "None was issued yet."
        return (fate, detail, remedy), [incoming]

    def _incoming(
        self, record: CertificateRecord, current: ManagedCertificate | None, here: Here | None
    ) -> IncomingCertificate:
        settings = self._checked(record.settings)
        if current is not None:
            self._wanted.keep_trusted(settings.authority, settings, current.issued)
        certificate = ManagedCertificate(
            id=record.id,
            version=1,
            settings=settings,
            created_at=record.created_at,
            updated_at=record.updated_at,
            issued=record.issued,
            half=record.half,
            failure=record.failure,
            failure_count=record.failure_count,
            retry_at=record.retry_at,
            setbacks=record.setbacks,
            ari=record.ari,
        )
        return IncomingCertificate(
            certificate,
            [Revocation(certificate_id=record.id, **dict(item)) for item in record.revocations],
            before=current.version if current else None,
            takes_settings=here is None or bool(differences(record.settings, here.settings)),
            takes_issued=here is None or is_newer(record.issued, here.issued),
        )

    def _checked(self, settings: CertificateSettings) -> CertificateSettings:
        coming = settings.ca_bundle in self._files
        checked = self._wanted.checked(settings.model_copy(update={"ca_bundle": None}) if coming else settings)
        return checked.model_copy(update={"ca_bundle": settings.ca_bundle})

    def _check_assets(self, record: CertificateRecord) -> None:
        remedy = "Export it again where it is in use."
        lacking = in_use(record) - {asset.id for asset in record.assets}
        if lacking:
            raise InvalidInput("assets", f"The certificate {min(lacking)} is not in the file.", remedy)
        for asset in record.assets:
            if not belong_together(asset.fullchain_pem, asset.private_key_pem):
                raise InvalidInput("assets", f"Certificate and key of {asset.id} do not belong together.", remedy)
            self._check_folder(record.id, asset)

    def _check_folder(self, certificate_id: str, asset: AssetRecord) -> None:
        """See that a folder, which is never written twice, is missing or has what is to be in it."""
        folder, assets = f"assets/{certificate_id}/{asset.id} of the data folder", self._store.assets
        lacking = assets.lacking(certificate_id, asset.id)
        if lacking is None:
            if assets.load(certificate_id, asset.id) == (asset.fullchain_pem, asset.private_key_pem):
                return
            cause = f"There are other files in {folder}."
        elif lacking.parent.exists():
            cause = f"{lacking.name} is missing in {folder}."
        else:
            return
        raise InvalidInput("assets", cause, "Move that folder away if nothing needs it, then import again.")

    def _twin(self, record: CertificateRecord) -> str | None:
        """Return the id of a managed certificate here of the same name and for the same identifiers."""
        for twin_id in self._store.certificates.ids_named(record.settings.title):
            if set(self._store.certificates.get(twin_id).settings.identifiers) == set(record.settings.identifiers):
                return twin_id
        return None

    def _current(self, certificate_id: str) -> ManagedCertificate | None:
        try:
            return self._store.certificates.get(certificate_id)
        except NotFound:
            return None

    def _here(self, current: ManagedCertificate) -> Here:
        return Here(
            settings=readable(self._store.vault, current.settings),
            issued=current.issued,
            running=current.status is Status.RUNNING or current.order_id is not None,
        )
