"""What root does at the command line leaves nothing that the service, which runs as another user, cannot use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Service

NOBODY = 65534


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Service]:
    """A service that is stopped, with a data folder that belongs to nobody."""
    service = Service(tmp_path / "data").start()
    assert service.stop() == 0
    for path in (service.data_dir, *service.data_dir.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    yield service
    service.close()


def not_nobodys(folder: Path) -> list[str]:
    """Return what in a folder belongs to somebody else."""
    paths = (folder, *folder.rglob("*"))
    return sorted(path.name for path in paths if (path.lstat().st_uid, path.lstat().st_gid) != (NOBODY, NOBODY))


def test_settings_belong_to_who_has_the_folder(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    service.data_dir.mkdir()
    os.chown(service.data_dir, NOBODY, NOBODY)
    assert service.certify("config", "set", "logLevel", "debug").code == 0
    assert ((service.data_dir / "serviceconfig.json").exists(), not_nobodys(service.data_dir)) == (True, [])


def test_a_backup_belongs_to_who_has_the_folder(owned: Service) -> None:
    before = set(owned.data_dir.rglob("*"))
    assert owned.certify("db", "backup").code == 0
    assert (set(owned.data_dir.rglob("*")) > before, not_nobodys(owned.data_dir)) == (True, [])


def test_a_file_that_has_another_name_elsewhere_stays_roots(owned: Service, tmp_path: Path) -> None:
    elsewhere = tmp_path / "shadow"
    elsewhere.write_text("root's")
    os.link(elsewhere, owned.data_dir / "link")
    owned.certify("config", "set", "logLevel", "debug")
    assert elsewhere.stat().st_uid == 0
