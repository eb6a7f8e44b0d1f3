"""The root is made once, whoever asks first, and never replaced by itself."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from certify_ca_local.authority import LocalAuthority
from certify_core.api import LocalFault
from tests.support.local_ca import (
    issue,
    root_of,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_the_root_signs_leaves_only(authority: LocalAuthority) -> None:
    constraints = root_of(authority).extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(ca=True, path_length=0))


def test_the_root_lives_ten_years(folder: Path) -> None:
    root = root_of(LocalAuthority(folder, now=lambda: NOW))
    assert root.not_valid_after_utc.year - NOW.year == 9 + (root.not_valid_after_utc.month == 1)


def test_the_roots_of_two_machines_have_different_names(tmp_path: Path) -> None:
    one, other = LocalAuthority(tmp_path / "one"), LocalAuthority(tmp_path / "other")
    assert root_of(one).subject != root_of(other).subject


def test_the_root_outlives_a_restart(authority: LocalAuthority, folder: Path) -> None:
    before = authority.root_pem()
    assert LocalAuthority(folder).root_pem() == before


def test_only_the_owner_reads_the_key_and_everybody_the_certificate(authority: LocalAuthority, folder: Path) -> None:
    authority.root_pem()
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"root.pem": 0o644, "root.key": 0o600}


def test_first_uses_at_once_make_one_root(authority: LocalAuthority) -> None:
    with ThreadPoolExecutor(16) as pool:
        roots = set(pool.map(lambda _: authority.root_pem(), range(32)))
    assert len(roots) == 1


def test_first_uses_in_several_processes_make_one_root(folder: Path) -> None:
    # Objects that share nothing but the folder, as two processes do.
    start = threading.Barrier(8)

    def first_use(_: int) -> str:
        authority = LocalAuthority(folder)
        start.wait()
        return authority.root_pem()

    with ThreadPoolExecutor(8) as pool:
        roots = set(pool.map(first_use, range(8)))
    assert (len(roots), sorted(path.name for path in folder.parent.iterdir())) == (1, ["ca_local"])


def test_an_expired_root_is_an_error_with_a_remedy(folder: Path) -> None:
    root = root_of(LocalAuthority(folder, now=lambda: NOW))
    with pytest.raises(LocalFault, match=r"expired on .* Move .* away"):
        LocalAuthority(folder, now=lambda: root.not_valid_after_utc).root_pem()


def test_a_folder_that_cannot_be_made_is_a_local_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LocalFault, match="cannot be made"):
        LocalAuthority(tmp_path / "file" / "ca_local").root_pem()


DAMAGES = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:60]),
    "overwritten": lambda path: path.write_bytes(os.urandom(200)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", ["root.key", "root.pem"])
class TestDamage:
    def test_it_is_an_error_with_a_remedy(
        self, authority: LocalAuthority, folder: Path, file: str, damage: str
    ) -> None:
        authority.root_pem()
        DAMAGES[damage](folder / file)
        with pytest.raises(LocalFault, match=rf"is damaged: .*{file}.*from a backup"):
            issue(authority, "app.test")

    def test_it_never_makes_a_new_root(self, authority: LocalAuthority, folder: Path, file: str, damage: str) -> None:
        authority.root_pem()
        DAMAGES[damage](folder / file)
        before = contents(folder)
        with pytest.raises(LocalFault):
            LocalAuthority(folder).root_pem()
        assert contents(folder) == before

    def test_restored_files_work_at_once(self, authority: LocalAuthority, folder: Path, file: str, damage: str) -> None:
        root = authority.root_pem()
        good = (folder / file).read_bytes()
        DAMAGES[damage](folder / file)
        (folder / file).write_bytes(good)
        assert authority.root_pem() == root


def test_the_key_of_another_root_is_an_error(authority: LocalAuthority, folder: Path, tmp_path: Path) -> None:
    authority.root_pem()
    LocalAuthority(tmp_path / "other").root_pem()
    (folder / "root.key").write_bytes((tmp_path / "other" / "root.key").read_bytes())
    with pytest.raises(LocalFault, match="not the key of"):
        authority.root_pem()


def test_an_empty_folder_is_an_error_as_its_files_were_lost(authority: LocalAuthority, folder: Path) -> None:
    folder.mkdir()
    with pytest.raises(LocalFault, match="from a backup"):
        authority.root_pem()


def test_the_key_is_in_no_repr(authority: LocalAuthority, folder: Path) -> None:
    authority.root_pem()
    assert "PrivateKey" not in repr(authority)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
