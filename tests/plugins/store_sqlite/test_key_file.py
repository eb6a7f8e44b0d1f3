"""The master key that is gone is put back from a backup: a new one would open nothing of what is sealed."""

from __future__ import annotations

from pathlib import Path

from certify_store_sqlite.care import SqliteCare
from tests.support.stores import KEY_PEM, NOW, open_store

DIRECTORY = "https://ca.test/directory"


def sealed(folder: Path) -> None:
    """Put an account into the store: its key is sealed."""
    with open_store(folder) as store:
        store.accounts.add(DIRECTORY, KEY_PEM, NOW)


def key_of_the_account(folder: Path) -> str:
    """Return the account's key."""
    with open_store(folder) as store:
        account = store.accounts.find(DIRECTORY)
        assert account is not None
        return account.key_pem


def test_a_key_that_is_gone_is_put_back(tmp_path: Path, care: SqliteCare) -> None:
    sealed(tmp_path)
    care.back_up("daily")
    (tmp_path / "master.key").unlink()
    care.prepare()
    assert key_of_the_account(tmp_path) == KEY_PEM


def test_a_recovery_puts_back_a_key_that_went_with_the_database(tmp_path: Path, care: SqliteCare) -> None:
    sealed(tmp_path)
    care.back_up("daily")
    for path in [path for path in tmp_path.iterdir() if path.is_file()]:  # as `rm /var/lib/certify/*` does
        path.unlink()
    care.recover()
    assert key_of_the_account(tmp_path) == KEY_PEM


def test_a_damaged_copy_of_the_key_is_not_put_back(tmp_path: Path, care: SqliteCare) -> None:
    sealed(tmp_path)
    care.back_up("daily")
    newest = care.back_up("daily")
    (newest.path / "files" / "master.key").write_bytes(b"damaged")
    (tmp_path / "master.key").unlink()
    care.prepare()
    assert key_of_the_account(tmp_path) == KEY_PEM


def test_a_key_that_is_there_stays(tmp_path: Path, care: SqliteCare) -> None:
    sealed(tmp_path)
    care.back_up("daily")
    with open_store(tmp_path) as store:
        store.rotation.rotate()
    before = (tmp_path / "master.key").read_bytes()
    care.prepare()
    assert (tmp_path / "master.key").read_bytes() == before
