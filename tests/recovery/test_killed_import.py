"""Killed anywhere in an import: the database has all of it or nothing, and the next try brings the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from certify_core.domain.credential import CredentialSettings
from certify_core.domain.setbacks import NO_SETBACKS
from certify_core.transfer.records import (
    AssetRecord,
    CertificateRecord,
    CredentialRecord,
    EndRecord,
    ExportRecord,
    FolderRecord,
    MovedFile,
    Record,
)
from tests.support.certificates import CertificateAuthority
from tests.support.killing import KILLED
from tests.support.moving import file_of
from tests.support.stores import NOW, issued_for, open_store, secret_keepers, wanting

PROJECT = Path(__file__).parents[2]
CERTIFICATES = 2
WRITES = 1 + CERTIFICATES + 1
"""A folder, the files of each certificate, and one transaction: see the test that counts them."""


def records() -> list[Record]:
    """Return two managed certificates, a credential and a folder of a plugin."""
    authority = CertificateAuthority()
    folder = {"root.pem": MovedFile.model_construct(content=b"a root", mode=0o644)}
    found: list[Record] = [
        ExportRecord(made_at=NOW, made_by="0", machine="test"),
        FolderRecord.model_construct(id="ca_local", mode=0o755, files=folder),
        CredentialRecord(id="pfx", settings=CredentialSettings(provider="files", parameters={"pfx_password": "x"})),
    ]
    for number in range(CERTIFICATES):
        bundle = authority.issue(f"{number}.test")
        settings = wanting(f"{number}.test")
        issued = issued_for(settings)
        asset = AssetRecord(id=issued.id, fullchain_pem=bundle.fullchain_pem, private_key_pem=bundle.private_key_pem)
        found.append(
            CertificateRecord(
                id=f"c{number}",
                settings=settings,
                created_at=NOW,
                updated_at=NOW,
                issued=issued,
                half=None,
                failure=None,
                failure_count=0,
                retry_at=None,
                setbacks=NO_SETBACKS,
                ari=None,
                assets=(asset,),
                revocations=(),
            )
        )
    return [*found, EndRecord(counts={}, left_out=())]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An encrypted export."""
    path = tmp_path / "export"
    path.write_bytes(file_of(*records()))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a store that has nothing."""
    folder = tmp_path / "data"
    folder.mkdir()
    with open_store(folder):
        pass
    return folder


def import_until(folder: Path, file: Path, write: int) -> int:
    """Import in a process that dies before the write of this number; return how it ended."""
    command = [sys.executable, "-m", "tests.support.mortal_import", str(folder), str(file), str(write)]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode


def rows_in(folder: Path) -> list[str]:
    """Return what the database has of the import; every certificate in it has its files and its key."""
    with open_store(folder, secret_keepers()) as store:
        ids = [item["id"] for item in store.certificates.page().items]
        for certificate_id in ids:
            issued = store.certificates.get(certificate_id).issued
            assert issued is not None
            assert "PRIVATE KEY" in store.assets.load(certificate_id, issued.id)[1]
        return [*ids, *(credential.id for credential in store.credentials.all())]


def test_there_are_no_more_writes_than_are_tried(folder: Path, file: Path) -> None:
    assert (import_until(folder, file, WRITES), import_until(folder, file, WRITES + 1)) == (KILLED, 0)


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_killed_before_any_write_the_database_has_nothing_and_the_next_try_brings_all(
    folder: Path, file: Path, write: int
) -> None:
    assert import_until(folder, file, write) == KILLED
    assert rows_in(folder) == []
    assert import_until(folder, file, WRITES + 1) == 0
    assert rows_in(folder) == ["c0", "c1", "pfx"]
