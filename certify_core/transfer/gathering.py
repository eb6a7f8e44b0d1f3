"""Everything that moves to another machine, read from the store as records, secrets opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from certify_core import __version__
from certify_core.domain.authority import AuthoritySettings, NamedAuthority
from certify_core.domain.certificate import Issued, ManagedCertificate
from certify_core.domain.credential import Credential, CredentialSettings
from certify_core.domain.notification import Channel, ChannelSettings
from certify_core.domain.revocation import Revocation
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.parameters import opened
from certify_core.errors import CertifyError, LocalFault, NotFound
from certify_core.files import read_file
from certify_core.store import Account, Store
from certify_core.store.certificates import MAX_PAGE
from certify_core.store.secrets import Vault
from certify_core.store.tokens import StoredToken
from certify_core.transfer.records import (
    AccountRecord,
    AssetRecord,
    AuthorityRecord,
    CertificateRecord,
    ChannelRecord,
    CredentialRecord,
    EndRecord,
    ExportRecord,
    FileRecord,
    FolderRecord,
    MovedFile,
    Record,
    RevocationRecord,
    SettingRecord,
    TokenRecord,
)


class Settings(Protocol):
    """The service's own settings, as far as they move."""

    def read(self) -> Mapping[str, JsonValue]:
        """Return those that are set."""

    def check(self, name: str, value: JsonValue) -> None:
        """See that one may be written; raise `InvalidInput` if not."""

    def write(self, settings: Mapping[str, JsonValue]) -> None:
        """Write settings."""


class Gathering:
    """Reads a store."""

    def __init__(
        self, store: Store, folders: Iterable[Path], settings: Settings, machine: str, clock: Callable[[], float]
    ) -> None:
        """`folders` are those of plugins that move too; `machine` is the name by which people know this one."""
        self._store = store
        self._folders = list(folders)
        self._settings = settings
        self._machine = machine
        self._clock = clock

    def records(self) -> Iterator[Record]:
        """Give every record, in the order in which they can be imported.

        Raises:
            LocalFault: a certificate that is in use, or a file that it needs, cannot be read.
        """
        counts: Counter[str] = Counter()
        left_out: list[str] = []
        yield ExportRecord(made_at=self._clock(), made_by=__version__, machine=self._machine)
        for record in self._things(left_out):
            counts[record.kind] += 1
            yield record
        yield EndRecord(counts=dict(counts), left_out=tuple(left_out))

    def lines(self) -> Iterator[bytes]:
        """Give the records as they are in a file."""
        for record in self.records():
            yield record.model_dump_json(by_alias=True).encode() + b"\n"

    def _things(self, left_out: list[str]) -> Iterator[Record]:
        store, vault = self._store, self._store.vault
        yield from (folder_record(folder) for folder in self._folders if folder.is_dir())
        accounts = store.accounts.all()
        certificates = list(self._certificate_ids())
        authorities = store.authorities.all()
        roots = {account.ca_bundle for account in accounts} | {authority.ca_bundle for authority in authorities}
        roots |= {certificate.settings.ca_bundle for certificate in self._those_here(certificates)}
        yield from (file_record(path) for path in sorted(path for path in roots if path is not None))
        yield from (SettingRecord(id=name, value=value) for name, value in self._settings.read().items())
        yield from (authority_record(authority) for authority in authorities)
        yield from (credential_record(vault, credential) for credential in store.credentials.all())
        yield from (account_record(account) for account in accounts)
        yield from (channel_record(vault, channel) for channel in store.channels.all())
        now = self._clock()
        yield from (token_record(token) for token in store.tokens.stored() if token.expires_at > now)
        for certificate in self._those_here(certificates):
            if certificate.order_id is not None:
                left_out.append(
                    f"The order under way for {certificate.settings.title}: it is made anew when it is due."
                )
            yield certificate_record(store, certificate, left_out)

    def _those_here(self, certificate_ids: Iterable[str]) -> Iterator[ManagedCertificate]:
        """Give the managed certificates with these ids that were not deleted meanwhile."""
        for certificate_id in certificate_ids:
            with suppress(NotFound):
                yield self._store.certificates.get(certificate_id)

    def _certificate_ids(self) -> Iterator[str]:
        after: str | None = None
        while True:
            page = self._store.certificates.page(limit=MAX_PAGE, after=after)
            yield from (item["id"] for item in page.items)
            if page.next is None:
                return
            after = page.next


def folder_record(folder: Path) -> FolderRecord:
    """Return a plugin's folder with its files.

    Raises:
        LocalFault: one of them cannot be read.
    """
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    files = {path.name: MovedFile.model_construct(content=_read(path), mode=_mode(path)) for path in paths}
    return FolderRecord.model_construct(id=folder.name, mode=_mode(folder), files=files)


def file_record(path: str) -> FileRecord:
    """Return a file that settings name.

    Raises:
        LocalFault: it cannot be read.
    """
    return FileRecord.model_construct(id=path, content=_read(Path(path)))


def authority_record(authority: NamedAuthority) -> AuthorityRecord:
    """Return an authority that a user has named."""
    settings = AuthoritySettings.model_validate(authority.model_dump(include=set(AuthoritySettings.model_fields)))
    return AuthorityRecord(id=authority.id, settings=settings)


def credential_record(vault: Vault, credential: Credential) -> CredentialRecord:
    """Return a stored credential with its secrets."""
    settings = CredentialSettings.model_validate(credential.model_dump(include=set(CredentialSettings.model_fields)))
    settings = settings.model_copy(update={"parameters": opened(vault, settings.parameters)})
    return CredentialRecord(id=credential.id, settings=settings)


def account_record(account: Account) -> AccountRecord:
    """Return an account with its keys."""
    return AccountRecord.model_validate(account, from_attributes=True)


def channel_record(vault: Vault, channel: Channel) -> ChannelRecord:
    """Return a channel with its secrets."""
    settings = ChannelSettings.model_validate(channel.model_dump(include=set(ChannelSettings.model_fields)))
    settings = settings.model_copy(update={"parameters": opened(vault, settings.parameters)})
    return ChannelRecord(id=channel.id, settings=settings, summary_at=channel.summary_at)


def token_record(token: StoredToken) -> TokenRecord:
    """Return an access token as it is kept."""
    return TokenRecord.model_validate(token, from_attributes=True)


def readable(vault: Vault, settings: CertificateSettings) -> CertificateSettings:
    """Return a managed certificate's settings with their secrets."""
    challenge = settings.challenge.model_copy(update={"parameters": opened(vault, settings.challenge.parameters)})
    deployments = tuple(
        item.model_copy(update={"parameters": opened(vault, item.parameters)}) for item in settings.deployments
    )
    return settings.model_copy(update={"challenge": challenge, "deployments": deployments})


def certificate_record(store: Store, certificate: ManagedCertificate, left_out: list[str]) -> CertificateRecord:
    """Return a managed certificate with all its certificates and keys; what is not in it is added to `left_out`.

    Raises:
        LocalFault: one that is in use cannot be read.
    """
    revocations = store.revocations.of(certificate.id)
    return CertificateRecord(
        id=certificate.id,
        settings=readable(store.vault, certificate.settings),
        created_at=certificate.created_at,
        updated_at=certificate.updated_at,
        issued=certificate.issued,
        half=certificate.half,
        failure=certificate.failure,
        failure_count=certificate.failure_count,
        retry_at=certificate.retry_at,
        setbacks=certificate.setbacks,
        ari=certificate.ari,
        assets=tuple(_assets(store, certificate, left_out)),
        revocations=tuple(revocation_record(item) for item in revocations),
    )


def revocation_record(revocation: Revocation) -> RevocationRecord:
    """Return what is wanted or known of a certificate that was or is to be revoked."""
    return RevocationRecord.model_validate(revocation, from_attributes=True)


def in_use(certificate: ManagedCertificate | CertificateRecord) -> set[str]:
    """Return the ids of the issued certificates that a managed certificate cannot do without."""
    found: set[str] = set()
    pending: list[Issued | None] = [certificate.issued, certificate.half]
    while pending:
        issued = pending.pop()
        if issued is not None:
            found.add(issued.id)
            pending.append(issued.second)
    return found


def _assets(store: Store, certificate: ManagedCertificate, left_out: list[str]) -> Iterator[AssetRecord]:
    needed = in_use(certificate)
    title = certificate.settings.title
    for issued_id in sorted({*store.assets.issued_ids(certificate.id), *needed}):
        try:
            fullchain, private_key = store.assets.load(certificate.id, issued_id)
        except CertifyError as error:
            if issued_id in needed:
                raise LocalFault(
                    f"{title} cannot be exported: {error.cause}",
                    f"Restore the files, request it again (certify renew {title}) or delete it; nothing was exported.",
                ) from error
            left_out.append(f"The earlier certificate {issued_id} of {title}: {error.cause}")
            continue
        yield AssetRecord(id=issued_id, fullchain_pem=fullchain, private_key_pem=private_key)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _read(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise LocalFault(
            f"{path} cannot be read: {error.strerror or error}.",
            "Mend its permissions, or change the settings that name it; nothing was exported.",
        ) from error
