"""Secrets are sealed for one purpose under one key; certificates are folders that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify_core.api import LocalFault
from certify_core.store import Store
from certify_core.store.secrets import Vault
from tests.support.stores import KEY_PEM

VAULT = Vault(Path("master.key"), b"k" * 32)
CHAIN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@given(secret=st.binary(max_size=200), purpose=st.text(max_size=20))
def test_what_was_sealed_comes_back(secret: bytes, purpose: str) -> None:
    assert VAULT.unseal(VAULT.seal(secret, purpose), purpose) == secret


def test_the_same_secret_never_looks_the_same() -> None:
    assert len({VAULT.seal(b"secret", "purpose") for _ in range(100)}) == 100


def test_another_key_opens_nothing() -> None:
    with pytest.raises(LocalFault, match="cannot be decrypted"):
        Vault(Path("master.key"), b"x" * 32).unseal(VAULT.seal(b"secret", "purpose"), "purpose")


def test_a_secret_cannot_be_moved_to_another_purpose() -> None:
    with pytest.raises(LocalFault, match="The secret for account 2"):
        VAULT.unseal(VAULT.seal(b"secret", "account 1"), "account 2")


@given(position=st.integers(0, 34), flip=st.integers(1, 255))
def test_one_damaged_byte_anywhere_is_noticed(position: int, flip: int) -> None:
    sealed = bytearray(VAULT.seal(b"secret", "purpose"))
    sealed[position] ^= flip
    with pytest.raises(LocalFault):
        VAULT.unseal(bytes(sealed), "purpose")


@given(length=st.integers(0, 34))
def test_a_truncated_secret_is_noticed(length: int) -> None:
    with pytest.raises(LocalFault) as fault:
        VAULT.unseal(VAULT.seal(b"secret", "purpose")[:length], "purpose")
    assert "master.key" in fault.value.remedy


def test_the_text_of_the_error_holds_no_secret() -> None:
    with pytest.raises(LocalFault) as fault:
        Vault(Path("master.key"), b"x" * 32).unseal(VAULT.seal(b"hidden words", "purpose"), "purpose")
    assert "hidden" not in f"{fault.value}{fault.value.__cause__}"


def test_a_data_folder_keeps_its_key(tmp_path: Path) -> None:
    sealed = Vault.open(tmp_path).seal(b"secret", "purpose")
    assert Vault.open(tmp_path).unseal(sealed, "purpose") == b"secret"


def test_every_data_folder_has_a_key_of_its_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Vault.open(tmp_path / name)
    assert (tmp_path / "one/master.key").read_bytes() != (tmp_path / "two/master.key").read_bytes()


def test_only_the_owner_reads_the_master_key(tmp_path: Path) -> None:
    Vault.open(tmp_path)
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"short", b"k" * 31, b"k" * 33, b"k" * 63])
def test_a_damaged_master_key_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "master.key").write_bytes(content)
    with pytest.raises(LocalFault, match="damaged"):
        Vault.open(tmp_path)
    assert (tmp_path / "master.key").read_bytes() == content


def test_a_master_key_that_cannot_be_read_is_a_local_fault(tmp_path: Path) -> None:
    (tmp_path / "master.key").mkdir()
    with pytest.raises(LocalFault, match="cannot be read"):
        Vault.open(tmp_path)


def test_a_certificate_comes_back_with_its_key(store: Store) -> None:
    store.assets.save("app", "1", CHAIN, KEY_PEM)
    assert store.assets.load("app", "1") == (CHAIN, KEY_PEM)


def test_no_file_of_the_assets_holds_a_readable_key(store: Store, tmp_path: Path) -> None:
    store.assets.save("app", "1", CHAIN, KEY_PEM)
    files = {path.name: path.read_bytes() for path in (tmp_path / "assets").rglob("*") if path.is_file()}
    assert files.keys() == {"fullchain.pem", "privkey.sealed"}
    assert [name for name, content in files.items() if b"nobody may ever read" in content] == []


def test_saving_again_after_a_crash_changes_nothing(store: Store) -> None:
    store.assets.save("app", "1", CHAIN, KEY_PEM)
    store.assets.save("app", "1", CHAIN, "another key")
    assert store.assets.load("app", "1") == (CHAIN, KEY_PEM)


def test_a_key_of_another_certificate_is_not_accepted(store: Store, tmp_path: Path) -> None:
    for issued_id in ("1", "2"):
        store.assets.save("app", issued_id, CHAIN, KEY_PEM)
    (tmp_path / "assets/app/1/privkey.sealed").replace(tmp_path / "assets/app/2/privkey.sealed")
    with pytest.raises(LocalFault, match="cannot be decrypted"):
        store.assets.load("app", "2")


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"\xff\xfe\x00")])
@pytest.mark.parametrize("name", ["fullchain.pem", "privkey.sealed"])
def test_files_that_are_gone_or_damaged_are_a_local_fault(
    store: Store, tmp_path: Path, name: str, damage: object
) -> None:
    store.assets.save("app", "1", CHAIN, KEY_PEM)
    assert callable(damage)
    damage(tmp_path / "assets/app/1" / name)
    with pytest.raises(LocalFault) as fault:
        store.assets.load("app", "1")
    assert fault.value.remedy


def test_deleting_takes_every_certificate_of_that_id_alone(store: Store) -> None:
    for certificate_id in ("app", "other"):
        store.assets.save(certificate_id, "1", CHAIN, KEY_PEM)
    store.assets.delete("app")
    assert store.assets.load("other", "1") == (CHAIN, KEY_PEM)
    with pytest.raises(LocalFault):
        store.assets.load("app", "1")
