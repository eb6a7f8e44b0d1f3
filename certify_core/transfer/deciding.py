"""Looks at each record of a file beside what is here, and gathers what is to be written; nothing is written here.

What a record needs is either here or comes with a record before it: a certificate's credential, its authority's roots.
"""

from __future__ import annotations

import os
from dataclasses import replace as changed
from pathlib import Path

from pydantic import JsonValue

from certify_core.acme import AccountKey
from certify_core.domain.authority import NamedAuthority
from certify_core.domain.credential import Credential
from certify_core.domain.notification import Channel
from certify_core.engine.authorities import as_authority
from certify_core.engine.credentials import StoredCredentials
from certify_core.engine.wanted import Wanted
from certify_core.errors import CertifyError, InvalidInput, NotFound
from certify_core.notifications.channels import ChannelKeeper
from certify_core.plugins import Plugins
from certify_core.store import Account, Store
from certify_core.store.imports import Incoming
from certify_core.store.tokens import StoredToken
from certify_core.transfer.comparing import (
    Verdict,
    compare_account,
    compare_files,
    compare_setting,
    compare_settings,
    compare_token,
)
from certify_core.transfer.deciding_certificates import DecidingCertificates
from certify_core.transfer.gathering import (
    Settings,
    account_record,
    authority_record,
    channel_record,
    credential_record,
    file_record,
    folder_record,
)
from certify_core.transfer.records import (
    AccountRecord,
    AuthorityRecord,
    CertificateRecord,
    ChannelRecord,
    CredentialRecord,
    FileRecord,
    FolderRecord,
    SettingRecord,
    Thing,
    TokenRecord,
)
from certify_core.transfer.report import Fate, Item


class Deciding:
    """Decides about one file."""

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        credentials: StoredCredentials,
        channels: ChannelKeeper,
        settings: Settings,
        now: float,
        *,
        replace: bool,
    ) -> None:
        self.incoming = Incoming()
        self.settings: dict[str, JsonValue] = {}
        """What is to be written into the service's own."""
        self.items: list[Item] = []
        self.written: set[tuple[str, str]] = set()
        """Kind and id of what is to be written."""
        self._store = store
        self._plugins = plugins
        self._checker = credentials
        self._channels = channels
        self._settings = settings
        self._now = now
        self._replace = replace
        self._credentials = _ComingCredentials(store)
        self._files: set[str] = set()
        """Paths of the files that come with this one."""
        self._named = {item.id: item for item in store.authorities.all()}
        """The authorities that users have named, as they are when the file is imported."""
        self._authorities = plugins.authorities.keeping(as_authority(item.id, item) for item in self._named.values())
        wanted = Wanted(plugins, store.vault, self._credentials, self._authorities)
        self._certificates = DecidingCertificates(store, wanted, self._files, replace=replace)

    def decide(self, record: Thing) -> None:
        """Decide about a record, and keep what is to be written for it."""
        try:
            fate, detail, remedy = self._verdict(record)
        except CertifyError as error:
            fate, detail, remedy = Fate.REFUSED, error.cause, error.remedy
        self.items.append(Item(record.kind, record.id, _name(record), fate, detail, remedy))
        if fate.is_written:
            self.written.add((record.kind, record.id))

    def _verdict(self, record: Thing) -> Verdict:
        match record:
            case FolderRecord():
                verdict = self._folder(record)
            case FileRecord():
                verdict = self._file(record)
            case SettingRecord():
                verdict = self._setting(record)
            case AuthorityRecord():
                verdict = self._authority(record)
            case CredentialRecord():
                verdict = self._credential(record)
            case AccountRecord():
                verdict = self._account(record)
            case ChannelRecord():
                verdict = self._channel(record)
            case TokenRecord():
                verdict = self._token(record)
            case CertificateRecord():
                verdict, incoming = self._certificates.decide(record)
                self.incoming.certificates += incoming
        return verdict

    def _folder(self, record: FolderRecord) -> Verdict:
        folder = self._plugins.moved_folders.get(record.id, field="folder")
        is_here = folder.is_dir() and any(folder.iterdir())
        return compare_files("folder", record.contents, folder_record(folder).contents if is_here else None)

    def _file(self, record: FileRecord) -> Verdict:
        path = Path(record.id)
        remedy = "Put the file where it can be, and change the settings that name it."
        if not path.is_absolute():
            raise InvalidInput("file", f"{record.id} is no path of this system.", remedy)
        if path.exists():
            return compare_files("file", record.content, file_record(record.id).content)
        if not os.access(path.parent, os.W_OK):
            raise InvalidInput("file", f"The service may not write into {path.parent}.", f"Copy {path} there yourself.")
        self._files.add(record.id)
        return compare_files("file", record.content, None)

    def _setting(self, record: SettingRecord) -> Verdict:
        self._settings.check(record.id, record.value)
        verdict = compare_setting(record.value, self._settings.read().get(record.id), replace=self._replace)
        if verdict[0].is_written:
            self.settings[record.id] = record.value
        return verdict

    def _authority(self, record: AuthorityRecord) -> Verdict:
        if self._authorities.is_brought(record.id):
            raise InvalidInput("id", "A plugin brings an authority of this id here.", "Give it another id there.")
        here = self._named.get(record.id)
        verdict = compare_settings(record, authority_record(here) if here else None, replace=self._replace)
        if verdict[0].is_written:
            times = {"created_at": here.created_at if here else self._now, "updated_at": self._now}
            authority = NamedAuthority(**record.settings.model_dump(), id=record.id, version=1, **times)
            self.incoming.authorities.append((authority, here.version if here else None))
            self._named[record.id] = authority
            self._authorities.keep(as_authority(item.id, item) for item in self._named.values())
        return verdict

    def _credential(self, record: CredentialRecord) -> Verdict:
        here = self._credentials.find(record.id)
        known = credential_record(self._store.vault, here) if here else None
        verdict = compare_settings(record, known, replace=self._replace)
        if verdict[0].is_written:
            settings = self._checker.checked(record.settings, {})
            times = {"created_at": here.created_at if here else self._now, "updated_at": self._now}
            credential = Credential(**settings.model_dump(), id=record.id, version=1, **times)
            self._credentials.coming[record.id] = credential
            self.incoming.credentials.append((credential, here.version if here else None))
        return verdict

    def _account(self, record: AccountRecord) -> Verdict:
        AccountKey.from_pem(record.key_pem)
        here = self._store.accounts.find(record.directory)
        verdict = compare_account(record, account_record(here) if here else None, replace=self._replace)
        if verdict[0].is_written:
            account = Account(**dict(record.model_dump(exclude={"kind"})))
            same = here is not None and here.key_pem == record.key_pem
            self.incoming.accounts.append((changed(account, id=here.id) if here and same else account, here))
        return verdict

    def _channel(self, record: ChannelRecord) -> Verdict:
        here = next((channel for channel in self._store.channels.all() if channel.id == record.id), None)
        known = channel_record(self._store.vault, here) if here else None
        verdict = compare_settings(record, known, replace=self._replace)
        if verdict[0].is_written:
            settings = self._channels.checked(record.settings, {}, self._credentials)
            times = {"created_at": here.created_at if here else self._now, "updated_at": self._now}
            channel = Channel(**settings.model_dump(), id=record.id, version=1, summary_at=record.summary_at, **times)
            self.incoming.channels.append((channel, here.version if here else None))
        return verdict

    def _token(self, record: TokenRecord) -> Verdict:
        stored = self._store.tokens.stored()
        here = next((token for token in stored if record.id == token.id or record.digest == token.digest), None)
        verdict = compare_token(record, self._now, is_here=here is not None)
        if verdict[0].is_written:
            self.incoming.tokens.append(StoredToken(**dict(record.model_dump(exclude={"kind"}))))
        return verdict


def _name(record: Thing) -> str:
    match record:
        case CertificateRecord():
            return record.settings.title
        case AccountRecord():
            return record.directory
        case TokenRecord():
            return record.title
        case AuthorityRecord() | CredentialRecord() | ChannelRecord():
            return record.settings.title or record.id
    return record.id


class _ComingCredentials:
    """The credentials as they are when the file is imported."""

    def __init__(self, store: Store) -> None:
        self.coming: dict[str, Credential] = {}
        self._here = store.credentials

    def get(self, credential_id: str) -> Credential:
        """Return one.

        Raises:
            NotFound: there is none.
        """
        return self.coming.get(credential_id) or self._here.get(credential_id)

    def find(self, credential_id: str) -> Credential | None:
        """Return one, or None."""
        try:
            return self.get(credential_id)
        except NotFound:
            return None
