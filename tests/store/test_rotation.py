"""The master key is changed while everything goes on; killed anywhere, nothing secret is lost."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from certify_core.api import LocalFault
from certify_core.domain.settings import CertificateSettings, DeploymentSettings
from certify_core.engine.parameters import opened
from certify_core.store import Store
from certify_core.store.secrets import PARAMETER
from tests.support.killing import KILLED
from tests.support.stores import KEY_PEM, NOW, open_store, order_for, wanting

PROJECT = Path(__file__).parents[2]
CHAIN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
PASSWORD = "correct horse"
CERTIFICATES = 3
WRITES = 10
"""So many writes there are in a rotation of what `filled` makes: see the test that counts them."""


def filled(folder: Path) -> None:
    """Put something secret in every place that can hold one."""
    with open_store(folder) as store:
        store.accounts.add("https://ca.test/directory", KEY_PEM, NOW)
        for number in range(CERTIFICATES):
            certificate = store.certificates.create(with_password(store), NOW, f"c{number}")
            store.orders.open(order_for(certificate))
            store.assets.save(certificate.id, f"i{number}", CHAIN, KEY_PEM)


def with_password(store: Store) -> CertificateSettings:
    """Return settings with a password that is sealed as the engine does it."""
    sealed = base64.b64encode(store.vault.seal(f'"{PASSWORD}"'.encode(), PARAMETER)).decode()
    place = DeploymentSettings(target="files", parameters={"dir": "/site", "pfx_password": {"sealed": sealed}})
    return wanting("a.test").model_copy(update={"deployments": (place,)})


def secrets_of(store: Store) -> set[str]:
    """Return every secret that can be opened; there are to be three: keys, passwords, and nothing else."""
    found = {account.key_pem for account in store.accounts.all()}
    for number in range(CERTIFICATES):
        certificate = store.certificates.get(f"c{number}")
        assert certificate.order_id is not None
        found.add(store.orders.get(certificate.order_id).private_key_pem)
        found.add(store.assets.load(certificate.id, f"i{number}")[1])
        for settings in (certificate.settings.deployments[0], certificate.deployments[0].settings):
            found.add(str(opened(store.vault, settings.parameters)["pfx_password"]))
    return found


def keys_in(folder: Path) -> int:
    """Return how many keys are in the key file."""
    return len((folder / "master.key").read_bytes()) // 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with secrets."""
    filled(tmp_path)
    return tmp_path


def test_everything_is_sealed_under_the_new_key(folder: Path) -> None:
    with open_store(folder) as store:
        resealed = store.rotation.rotate()
    key_file = folder / "master.key"
    key_file.write_bytes(key_file.read_bytes()[:32])
    with open_store(folder) as store:
        assert secrets_of(store) == {KEY_PEM, PASSWORD}
    assert (resealed.secrets, resealed.unreadable) == (1 + 3 * CERTIFICATES, 0)


def test_what_runs_meanwhile_can_open_what_it_holds(folder: Path) -> None:
    with open_store(folder) as store:
        held = store.vault.seal(b"held", "somebody")
        store.rotation.rotate()
        assert store.vault.unseal(held, "somebody") == b"held"


def test_the_next_start_forgets_the_earlier_key(folder: Path) -> None:
    before = (folder / "master.key").read_bytes()
    with open_store(folder) as store:
        store.rotation.rotate()
        store.rotation.finish()
    after = (folder / "master.key").read_bytes()
    assert (keys_in(folder), before in after) == (1, False)


def test_what_was_written_late_under_the_earlier_key_is_not_lost(folder: Path) -> None:
    with open_store(folder) as store:
        late = with_password(store)
        store.rotation.rotate()
        store.certificates.update_settings("c0", 1, late, NOW)
    with open_store(folder) as store:
        store.rotation.finish()
        assert secrets_of(store) == {KEY_PEM, PASSWORD}


def test_the_same_parameter_stays_the_same_in_all_places(folder: Path) -> None:
    with open_store(folder) as store:
        store.rotation.rotate()
        certificate = store.certificates.get("c0")
    assert certificate.settings.deployments[0] == certificate.deployments[0].settings


def test_what_no_key_opens_is_counted_and_stays(folder: Path) -> None:
    file = folder / "assets/c0/i0/privkey.sealed"
    file.write_bytes(b"damaged")
    with open_store(folder) as store:
        assert store.rotation.rotate().unreadable == 1
    assert file.read_bytes() == b"damaged"


def test_without_room_for_the_new_key_nothing_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with open_store(folder) as store:
        monkeypatch.setattr("certify_core.store.secrets.write_atomically", full)
        with pytest.raises(LocalFault, match="No space left"):
            store.rotation.rotate()
        assert secrets_of(store) == {KEY_PEM, PASSWORD}


def rotate_until(folder: Path, write: int) -> int:
    """Rotate in a process that dies before the write of this number; return how it ended."""
    command = [sys.executable, "-m", "tests.support.mortal_rotation", str(folder), str(write)]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode


def test_there_are_no_more_writes_than_are_tried(folder: Path) -> None:
    assert rotate_until(folder, WRITES + 1) == 0


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_killed_before_any_write_nothing_is_lost(folder: Path, write: int) -> None:
    assert rotate_until(folder, write) == KILLED
    with open_store(folder) as store:
        store.rotation.finish()
        assert (secrets_of(store), keys_in(folder)) == ({KEY_PEM, PASSWORD}, 1)
