"""The master key's file where the system offers to protect it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from certify_core.api import LocalFault, SecretKeeper
from certify_core.store.secrets import FILE, KEY_BYTES, Vault
from certify_core.testing.secret_keeper import SecretKeeperContract


class Cupboard:
    """A keeper that writes every octet another way, twice, so that it notices what is damaged."""

    title = "A keeper of a test"

    def __init__(self, name: str = "cupboard", *, refuses: bool = False) -> None:
        self.name = name
        self.refuses = refuses

    def protect(self, secret: bytes) -> bytes:
        if self.refuses:
            raise LocalFault("The cupboard is shut.", "Open it.")
        return bytes(octet ^ 0x55 for octet in secret) * 2

    def unprotect(self, protected: bytes) -> bytes:
        first, second = protected[: len(protected) // 2], protected[len(protected) // 2 :]
        secret = bytes(octet ^ 0x55 for octet in first)
        if first != second:
            raise LocalFault("The cupboard has been broken open.", "Restore a backup.")
        return secret


class TestCupboard(SecretKeeperContract):
    @pytest.fixture
    def keeper(self) -> SecretKeeper:
        return Cupboard()


def sealed(folder: Path, *keepers: SecretKeeper) -> bytes:
    return Vault.open(folder, keepers).seal(b"secret", "purpose")


def opened(folder: Path, secret: bytes, *keepers: SecretKeeper) -> bytes:
    return Vault.open(folder, keepers).unseal(secret, "purpose")


def test_the_file_names_its_keeper_and_holds_what_it_made(tmp_path: Path) -> None:
    Vault.open(tmp_path, [Cupboard()])
    name, _, protected = (tmp_path / FILE).read_bytes().partition(b"\n")
    assert (name, len(Cupboard().unprotect(protected))) == (b"protected by cupboard", KEY_BYTES)


def test_what_was_sealed_under_a_protected_key_is_opened_again(tmp_path: Path) -> None:
    assert opened(tmp_path, sealed(tmp_path, Cupboard()), Cupboard()) == b"secret"


def test_a_plain_file_is_taken_over_and_nothing_is_lost(tmp_path: Path) -> None:
    secret, plain = sealed(tmp_path), (tmp_path / FILE).read_bytes()
    found = opened(tmp_path, secret, Cupboard())
    assert (found, plain in (tmp_path / FILE).read_bytes()) == (b"secret", False)


def test_a_plain_file_that_cannot_be_protected_now_stays_as_it_is(tmp_path: Path) -> None:
    secret, plain = sealed(tmp_path), (tmp_path / FILE).read_bytes()
    found = opened(tmp_path, secret, Cupboard(refuses=True))
    assert (found, (tmp_path / FILE).read_bytes()) == (b"secret", plain)


def test_another_keepers_file_is_taken_over(tmp_path: Path) -> None:
    secret = sealed(tmp_path, Cupboard("old"))
    found = opened(tmp_path, secret, Cupboard("new"), Cupboard("old"))
    assert (found, opened(tmp_path, secret, Cupboard("new"))) == (b"secret", b"secret")


def test_a_file_whose_keeper_is_not_here_is_refused_and_left_alone(tmp_path: Path) -> None:
    Vault.open(tmp_path, [Cupboard()])
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(LocalFault, match="is protected by cupboard, which is not available here") as fault:
        Vault.open(tmp_path)
    assert (fault.value.remedy != "", (tmp_path / FILE).read_bytes()) == (True, before)


def test_a_new_key_is_protected_too(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path, [Cupboard()])
    secret = vault.seal(b"secret", "purpose")
    vault.add_key()
    assert (opened(tmp_path, secret, Cupboard()), Vault.open(tmp_path, [Cupboard()]).has_old_keys) == (b"secret", True)


def test_a_protected_file_with_half_a_key_is_damaged(tmp_path: Path) -> None:
    protected = Cupboard().protect(os.urandom(KEY_BYTES // 2))
    (tmp_path / FILE).write_bytes(b"protected by cupboard\n" + protected)
    with pytest.raises(LocalFault, match="is damaged"):
        Vault.open(tmp_path, [Cupboard()])
