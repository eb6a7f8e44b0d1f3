"""Secrets come in and never go out: not in an answer, not in the database, not in a log, not in another's place."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.support.issuing import issue, outcome_of, request, show
from tests.support.service import Service
from tests.support.stores import stored_bytes
from tests.support.wishes import CERTIFICATES, files_at, wish

MASK = "********"
PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def certificate(service: Service, name: str, tmp_path: Path) -> dict[str, Any]:
    """A certificate with a deployed PKCS#12 file that has a password."""
    place = files_at(tmp_path / "site", pfx=True, pfx_password=PASSWORD)
    return issue(service, wish(name, id=name, deployments=[place]))


def opens(pfx: Path, password: str) -> bool:
    """Whether the password opens the PKCS#12 file."""
    try:
        pkcs12.load_pkcs12(pfx.read_bytes(), password.encode())
    except ValueError:
        return False
    return True


def written(folder: Path) -> bytes:
    """Return all bytes of all files below a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_plugin_gets_the_secret_itself(certificate: dict[str, Any], tmp_path: Path) -> None:
    assert opens(tmp_path / "site" / "certificate.pfx", PASSWORD)


def test_an_answer_shows_a_mask(certificate: dict[str, Any]) -> None:
    assert certificate["settings"]["deployments"][0]["parameters"]["pfx_password"] == MASK


@pytest.mark.parametrize("rest", ["", "/log", "/plan"])
def test_no_view_of_a_certificate_shows_the_secret(service: Service, certificate: dict[str, Any], rest: str) -> None:
    answer = service.call("GET", f"{CERTIFICATES}/{certificate['id']}{rest}")
    assert (answer.status, PASSWORD in str(answer.body)) == (200, False)


def test_the_answer_to_its_own_creation_shows_no_secret(service: Service, name: str, tmp_path: Path) -> None:
    place = files_at(tmp_path / "site", pfx=True, pfx_password=PASSWORD)
    created = service.call("POST", CERTIFICATES, wish(name, deployments=[place]))
    events = outcome_of(service, created.body["operation"])
    assert (created.status, PASSWORD in str(created.body) + str(events)) == (201, False)


@pytest.mark.parametrize(
    "wrong",
    [{"pfx_password": [PASSWORD]}, {"pfx_password": PASSWORD, "dir": 7}, {"pfx_password": {"sealed": PASSWORD}}],
    ids=["of the wrong type", "beside a mistake", "in a sealed form"],
)
def test_a_refusal_shows_no_secret(service: Service, name: str, tmp_path: Path, wrong: dict[str, Any]) -> None:
    answer = service.call("POST", CERTIFICATES, wish(name, deployments=[files_at(tmp_path, **wrong)]))
    assert (answer.status, PASSWORD in str(answer.body)) == (422, False)


def test_the_database_holds_no_secret(service: Service, certificate: dict[str, Any]) -> None:
    assert certificate["id"].encode() in stored_bytes(service.data_dir)
    assert PASSWORD.encode() not in stored_bytes(service.data_dir)


def test_no_file_of_the_data_folder_holds_a_secret(service: Service, certificate: dict[str, Any]) -> None:
    assert PASSWORD.encode() not in written(service.data_dir)


def test_the_mask_keeps_the_secret_when_something_else_changes(
    service: Service, certificate: dict[str, Any], tmp_path: Path
) -> None:
    (place,) = certificate["settings"]["deployments"]
    place["parameters"]["dir"] = str(tmp_path / "moved")
    change = {"version": 1, "settings": {"deployments": [place]}}
    changed = service.call("PATCH", f"{CERTIFICATES}/{certificate['id']}", change)
    request(service, certificate["id"])
    assert changed.body["settings"]["deployments"][0]["parameters"]["pfx_password"] == MASK
    assert opens(tmp_path / "moved" / "certificate.pfx", PASSWORD)


def test_a_new_secret_takes_the_old_ones_place(service: Service, certificate: dict[str, Any], tmp_path: Path) -> None:
    place = files_at(tmp_path / "site", pfx=True, pfx_password="another")
    service.call("PATCH", f"{CERTIFICATES}/{certificate['id']}", {"version": 1, "settings": {"deployments": [place]}})
    request(service, certificate["id"])
    assert opens(tmp_path / "site" / "certificate.pfx", "another")


def test_a_change_of_something_else_deploys_nothing_again(service: Service, certificate: dict[str, Any]) -> None:
    change = {"version": 1, "settings": {"name": "Shop"}}
    changed = service.call("PATCH", f"{CERTIFICATES}/{certificate['id']}", change).body
    assert [place["status"] for place in changed["deployments"]] == ["deployed"]


def test_the_mask_is_no_secret_of_a_new_certificate(service: Service, name: str, tmp_path: Path) -> None:
    answer = service.call("POST", CERTIFICATES, wish(name, deployments=[files_at(tmp_path, pfx_password=MASK)]))
    assert (answer.status, answer.body["field"]) == (422, "deployments.0.parameters.pfx_password")


def test_the_mask_brings_no_secret_to_another_place(
    service: Service, certificate: dict[str, Any], tmp_path: Path
) -> None:
    places = [files_at(tmp_path / "new", pfx=True, pfx_password=MASK), *certificate["settings"]["deployments"]]
    change = {"version": 1, "settings": {"deployments": places}}
    answer = service.call("PATCH", f"{CERTIFICATES}/{certificate['id']}", change)
    assert (answer.status, answer.body.get("field")) == (422, "deployments.0.parameters.pfx_password")
    assert show(service, certificate["id"])["version"] == 1


def test_private_keys_are_sealed_in_the_data_folder(
    service: Service, certificate: dict[str, Any], tmp_path: Path
) -> None:
    body = (tmp_path / "site" / "privkey.pem").read_bytes().splitlines()[1]
    assert b"PRIVATE KEY" not in written(service.data_dir / "assets")
    assert body not in written(service.data_dir)


def test_only_the_services_user_can_read_the_assets(service: Service, certificate: dict[str, Any]) -> None:
    assets = service.data_dir / "assets"
    modes = {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in (assets, *(assets / certificate["id"]).rglob("*"))
    }
    assert modes == {(True, 0o700), (False, 0o600)}


@pytest.mark.parametrize("file", ["api.token", "master.key", "manageditems.db"])
def test_only_the_services_user_can_read_what_opens_everything(service: Service, file: str) -> None:
    assert stat.S_IMODE((service.data_dir / file).stat().st_mode) == 0o600


def test_only_the_services_user_can_enter_a_data_folder_that_the_service_made(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    service.close()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_new_master_key_changes_nothing_that_can_be_seen(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    try:
        place = files_at(tmp_path / "site", pfx=True, pfx_password=PASSWORD)
        issue(service, wish("rotated.internal", id="rotated", deployments=[place]))
        before = (tmp_path / "data/master.key").read_bytes()
        rotated = service.certify("secrets", "rotate", "--json").json
        service.stop()
        service.start()
        request(service, "rotated")
        certificate = show(service, "rotated")
    finally:
        service.close()
    assert rotated == {"resealed": 2, "unreadable": 0}
    assert (certificate["status"], opens(tmp_path / "site/certificate.pfx", PASSWORD)) == ("healthy", True)
    assert before not in (tmp_path / "data/master.key").read_bytes()
