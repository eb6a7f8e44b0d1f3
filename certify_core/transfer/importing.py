"""Takes an encrypted export: reads all of it, decides about everything, and only then writes.

    whole file read and decided ─▶ files, certificates and keys ─▶ all rows in one transaction
                                                                   ─▶ the engine takes it up ─▶ the service's settings

A file with a single wrong bit is refused before anything is written. Killed before the transaction nothing of it is
in the database, and files that lie there already are found as they are by the next try; killed after it, all is there
but perhaps the settings, which hold from the next start alone and come with the next try.
No authority is asked for anything: what was issued is here then, and is put in its places.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from certify_core.contracts import AcmeAuthority
from certify_core.domain.revocation import RevocationState
from certify_core.engine.engine import Engine
from certify_core.errors import LocalFault
from certify_core.files import write_atomically, write_folder_atomically
from certify_core.notifications.channels import ChannelKeeper
from certify_core.transfer.deciding import Deciding
from certify_core.transfer.gathering import Settings
from certify_core.transfer.reading import read_records
from certify_core.transfer.records import (
    CertificateRecord,
    EndRecord,
    ExportRecord,
    FileRecord,
    FolderRecord,
    Record,
    Thing,
)
from certify_core.transfer.report import Report

READABLE = 0o644
"""Permission bits of files outside of the data folder: they hold roots, which are no secret."""


class Importer:
    """Imports into one service; one file at a time."""

    def __init__(self, engine: Engine, channels: ChannelKeeper, settings: Settings, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._channels = channels
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()

    def preview(self, file: BinaryIO, key: bytes, *, replace: bool = False) -> Report:
        """Return what `run` would do now; nothing is written.

        Raises:
            InvalidInput: the passphrase is another one, or something in the file is not what was written.
        """
        return self._decide(file, key, replace=replace)[0]

    def run(self, file: BinaryIO, key: bytes, *, replace: bool = False) -> Report:
        """Import a file; with `replace` what is different here gives way to what is in the file.

        Raises:
            InvalidInput: as for `preview`; nothing is written.
            Conflict: something was changed here meanwhile; the database is as it was.
            LocalFault: there is no room or no permission; the database is as it was, unless it is about the settings:
                these come last, and all else is here then.
        """
        with self._lock:
            report, decided = self._decide(file, key, replace=replace)
            for record in read_records(file, key):
                if not isinstance(record, ExportRecord | EndRecord) and (record.kind, record.id) in decided.written:
                    self._write_files(record)
            with ExitStack() as stack:
                for directory in {account.directory for account, _ in decided.incoming.accounts}:
                    # Nobody opens or uses an account there meanwhile; afterwards all use the one that has come.
                    authority = AcmeAuthority(id=directory, title=directory, directory=directory)
                    stack.enter_context(self._engine.accounts.changing(authority))
                self._engine.store.imports.write(decided.incoming, self._clock())
        self._engine.authorities.offer()
        revocations = (item for each in decided.incoming.certificates for item in each.revocations)
        self._engine.take_up(item.name for item in revocations if item.state is RevocationState.WANTED)
        if decided.settings:
            self._settings.write(decided.settings)
        return report

    def _decide(self, file: BinaryIO, key: bytes, *, replace: bool) -> tuple[Report, Deciding]:
        engine = self._engine
        decided = Deciding(
            engine.store,
            engine.plugins,
            engine.credentials,
            self._channels,
            self._settings,
            self._clock(),
            replace=replace,
        )
        first, last = _ends(read_records(file, key), decided.decide)
        return Report(first.made_at, first.made_by, first.machine, last.left_out, decided.items), decided

    def _write_files(self, record: Thing) -> None:
        try:
            match record:
                case FolderRecord():
                    _write_folder(self._engine.plugins.moved_folders.get(record.id, field="folder"), record)
                case FileRecord():
                    write_atomically(Path(record.id), record.content, mode=READABLE)
                case CertificateRecord():
                    for asset in record.assets:
                        self._engine.store.assets.save(record.id, asset.id, asset.fullchain_pem, asset.private_key_pem)
        except OSError as error:
            raise LocalFault(
                f"{record.id} cannot be written: {error.strerror or error}.",
                "Make room or mend the permissions, then import again.",
            ) from error


def _ends(records: Iterable[Record], decide: Callable[[Thing], None]) -> tuple[ExportRecord, EndRecord]:
    """Decide about everything, and return the first and the last record, which tell of the file itself."""
    for record in records:
        if isinstance(record, ExportRecord):
            first = record
        elif isinstance(record, EndRecord):
            last = record
        else:
            decide(record)
    return first, last


def _write_folder(folder: Path, record: FolderRecord) -> None:
    write_folder_atomically(folder, record.contents)
    for name, file in record.files.items():
        (folder / name).chmod(file.mode)
    folder.chmod(record.mode)
