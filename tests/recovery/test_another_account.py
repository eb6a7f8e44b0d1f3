"""The service's account may change: what one account has kept secret, the next one reads.

The services are real ones, of root at first and then of an account without any right of its own: this needs root.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from certify_core.api import ServiceWish
from certify_systemd.manager import Systemd
from tests.support.another_account import NOBODY, as_account, belonging_to, open_folder
from tests.support.degraded import found
from tests.support.issuing import issue, request, show
from tests.support.service import Service
from tests.support.systemd_programs import Programs
from tests.support.waiting import eventually
from tests.support.wishes import CERTIFICATES, files_at, wish

PASSWORD = "correct-horse-battery"
CREDENTIAL = {"id": "pfx", "provider": "files", "parameters": {"pfx_password": PASSWORD}}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that all accounts can reach, with a folder `site` of the other account in it."""
    with open_folder() as made:
        belonging_to(NOBODY, made / "site")
        yield made


@pytest.fixture
def before(folder: Path) -> Iterator[Service]:
    """The service as root, stopped: it has a credential, and a certificate that needs it where it is deployed."""
    service = Service(folder / "data").start()
    service.call("POST", "/api/credentials", CREDENTIAL)
    target = {**files_at(folder / "site", pfx="site.pfx"), "credential": "pfx"}
    issue(service, wish("site.internal", id="site", deployments=[target]))
    service.stop()
    for file in (folder / "site").iterdir():
        file.unlink()
    yield service
    service.close()


@pytest.fixture
def after(before: Service) -> Iterator[Service]:
    """The service as the other account, not started yet."""
    service = Service(before.data_dir, before=as_account(NOBODY))
    yield service
    service.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    """systemd, with stand-ins for its programs; what gives files to accounts is the system's own."""
    Programs(tmp_path, monkeypatch)
    (tmp_path / "units").mkdir()
    return Systemd(tmp_path / "units", tmp_path)


def put_in_place_again(service: Service, folder: Path) -> bytes:
    """Have the certificate that there is put in place again; return its file with the password of the credential."""
    service.call("POST", f"{CERTIFICATES}/site/deploy")
    eventually(lambda: (folder / "site" / "site.pfx").exists() and show(service, "site")["status"] == "healthy")
    return (folder / "site" / "site.pfx").read_bytes()


def test_installed_for_another_account_it_opens_key_and_credential_of_the_one_before(
    before: Service, after: Service, folder: Path, systemd: Systemd
) -> None:
    systemd.install(ServiceWish(("certify",), before.data_dir, account="nobody"))
    after.start()
    issued = show(after, "site")["issued"]
    key, certificate, _ = pkcs12.load_key_and_certificates(put_in_place_again(after, folder), PASSWORD.encode())
    assert certificate is not None
    assert (f"{certificate.serial_number:X}", key is not None) == (issued["serial"].lstrip("0"), True)


def test_installed_for_another_account_it_renews(
    before: Service, after: Service, folder: Path, systemd: Systemd
) -> None:
    systemd.install(ServiceWish(("certify",), before.data_dir, account="nobody"))
    after.start()
    earlier = show(after, "site")["issued"]["serial"]
    request(after, "site")
    eventually(lambda: show(after, "site")["status"] == "healthy")
    assert show(after, "site")["issued"]["serial"] != earlier


def test_installed_for_another_account_nothing_is_left_of_the_one_before(
    before: Service, after: Service, systemd: Systemd
) -> None:
    systemd.install(ServiceWish(("certify",), before.data_dir, account="nobody"))
    after.start()
    assert "permissions" in found(after)


def test_an_account_that_does_not_own_the_folder_ends_with_the_reason(after: Service) -> None:
    line = after.launch()
    assert ("Permission denied" in line, "as its owner" in line, after.wait_for_death()) == (True, True, 1)


class TestWhereOnlyTheFolderItselfWasGiven:
    @pytest.fixture(autouse=True)
    def given(self, before: Service) -> None:
        """Give the folder to the other account, and nothing in it."""
        os.chown(before.data_dir, NOBODY, NOBODY)

    def test_it_ends_with_the_reason_and_what_mends_it(self, after: Service) -> None:
        line = after.launch()
        assert ("Permission denied" in line, "certify doctor --fix" in line) == (True, True)
        assert after.wait_for_death() == 1

    def test_doctor_as_root_mends_it_down_to_the_last_file(self, before: Service, after: Service, folder: Path) -> None:
        before.certify("doctor", "--fix")
        after.start()
        pfx = put_in_place_again(after, folder)
        assert pkcs12.load_pkcs12(pfx, PASSWORD.encode()).key is not None
        assert "permissions" in found(after)


def test_what_root_has_left_in_the_folder_doctor_gives_back_while_the_service_runs(
    before: Service, after: Service, systemd: Systemd
) -> None:
    systemd.install(ServiceWish(("certify",), before.data_dir, account="nobody"))
    after.start()
    stray = next((before.data_dir / "assets").rglob("privkey.sealed"))
    os.chown(stray, 0, 0)
    named = found(after)["foreign-owner"]
    mended = after.certify("doctor", "--fix", "--json").json
    assert (str(stray) in named["what"], [repair["fixed"] for repair in mended["repairs"]]) == (True, [True])
    assert stray.stat().st_uid == NOBODY
