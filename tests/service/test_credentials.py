"""Stored credentials: kept once, used by many, never shown, and not deleted while somebody needs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.support.issuing import issue, request
from tests.support.service import Answer, Service
from tests.support.stores import stored_bytes
from tests.support.wishes import CERTIFICATES, files_at, wish

CREDENTIALS = "/api/credentials"
PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def credential(service: Service, name: str) -> Iterator[str]:
    """A password for PKCS#12 files, kept under the test's own name."""
    kept = keep(service, name)
    assert kept.status == 201, kept.body
    yield name


def keep(service: Service, credential_id: str, **changes: Any) -> Answer:
    """Keep a credential for the files target."""
    body = {"id": credential_id, "provider": "files", "parameters": {"pfx_password": PASSWORD}, **changes}
    return service.call("POST", CREDENTIALS, body)


def using(credential: str, folder: Path, **more: Any) -> dict[str, Any]:
    """Want a PKCS#12 file with the credential's password."""
    place = {**files_at(folder, pfx=True), "credential": credential}
    return wish(credential, id=credential, deployments=[place], **more)


def password_of(folder: Path, candidates: list[str]) -> str | None:
    """Return which of the passwords opens the deployed file."""
    for candidate in candidates:
        try:
            pkcs12.load_pkcs12((folder / "certificate.pfx").read_bytes(), candidate.encode())
        except ValueError:
            continue
        return candidate
    return None


def test_who_names_it_gets_its_parameters(service: Service, credential: str, tmp_path: Path) -> None:
    issue(service, using(credential, tmp_path))
    assert password_of(tmp_path, [PASSWORD]) == PASSWORD


def test_ones_own_parameters_go_before_it(service: Service, credential: str, tmp_path: Path) -> None:
    wanted = using(credential, tmp_path)
    wanted["deployments"][0]["parameters"]["pfx_password"] = "another"
    issue(service, wanted)
    assert password_of(tmp_path, [PASSWORD, "another"]) == "another"


def test_a_change_reaches_who_uses_it(service: Service, credential: str, tmp_path: Path) -> None:
    issue(service, using(credential, tmp_path))
    change = {"version": 1, "settings": {"parameters": {"pfx_password": "changed"}}}
    assert service.call("PATCH", f"{CREDENTIALS}/{credential}", change).body["version"] == 2
    request(service, credential)
    assert password_of(tmp_path, [PASSWORD, "changed"]) == "changed"


def test_a_change_of_the_title_keeps_the_secret(service: Service, credential: str, tmp_path: Path) -> None:
    service.call("PATCH", f"{CREDENTIALS}/{credential}", {"version": 1, "settings": {"title": "For the shop"}})
    issue(service, using(credential, tmp_path))
    assert password_of(tmp_path, [PASSWORD]) == PASSWORD


def test_a_change_of_what_somebody_else_changed_is_refused(service: Service, credential: str) -> None:
    change = {"version": 1, "settings": {"title": "One"}}
    answers = [service.call("PATCH", f"{CREDENTIALS}/{credential}", change).status for _ in range(2)]
    assert answers == [200, 409]


def test_its_secret_is_never_shown(service: Service, credential: str) -> None:
    answers = [service.call("GET", path).body for path in (CREDENTIALS, f"{CREDENTIALS}/{credential}")]
    assert answers[1]["parameters"] == {"pfx_password": "********"}
    assert PASSWORD not in str(answers)


def test_its_secret_is_not_in_the_database(service: Service, credential: str) -> None:
    assert PASSWORD.encode() not in stored_bytes(service.data_dir)


def test_it_is_not_deleted_while_it_is_used(service: Service, credential: str, tmp_path: Path) -> None:
    issue(service, using(credential, tmp_path, name="The shop"))
    refused = service.call("DELETE", f"{CREDENTIALS}/{credential}")
    assert (refused.status, "is used by The shop" in refused.body["detail"]) == (409, True)
    assert service.call("GET", f"{CREDENTIALS}/{credential}").body["users"] == ["The shop"]


def test_it_is_deleted_when_nobody_uses_it_any_more(service: Service, credential: str, tmp_path: Path) -> None:
    issue(service, using(credential, tmp_path))
    service.call("DELETE", f"{CERTIFICATES}/{credential}")
    assert service.call("DELETE", f"{CREDENTIALS}/{credential}").status == 204
    assert service.call("GET", f"{CREDENTIALS}/{credential}").status == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"provider": "nobody"}, "provider"),
        ({"parameters": {"pfx_password": 3}}, "parameters.pfx_password"),
        ({"parameters": {"unheard": "of"}}, "parameters.unheard"),
        ({"parameters": {}}, "parameters"),
        ({"id": "../up"}, "id"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(
    service: Service, name: str, changes: dict[str, Any], field: str
) -> None:
    answer = keep(service, name, **changes)
    assert (answer.status, answer.body["field"]) == (422, field)


def test_an_id_that_is_taken_is_refused(service: Service, credential: str) -> None:
    assert keep(service, credential).status == 409


@pytest.mark.parametrize("named", ["nowhere", "other"])
def test_a_credential_that_does_not_fit_is_refused_where_it_is_named(
    service: Service, name: str, tmp_path: Path, named: str
) -> None:
    if named == "other":
        keep(service, named, provider="webroot", parameters={"path": str(tmp_path)})
    wanted = wish(name, deployments=[{**files_at(tmp_path), "credential": named}])
    answer = service.call("POST", CERTIFICATES, wanted)
    assert (answer.status, answer.body["field"]) == (422, "deployments.0.credential")


def test_the_command_line_keeps_shows_changes_and_deletes_one(service: Service, name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(f"{PASSWORD}\n")
    added = service.certify("credential", "add", name, f"files:pfx_password=@{secret}", "--title", "Shop")
    changed = service.certify("credential", "edit", name, "--title", "Shops", "--json").json
    deployed = service.certify(
        *("request", f"{name}.internal", "--ca", "local", "--deploy", f"files@{name}:dir={tmp_path},pfx=true", "--wait")
    )
    shown = service.certify("credential", "show", name).out
    refused = service.certify("credential", "delete", name)
    assert (added.code, changed["title"], deployed.code, refused.code) == (0, "Shops", 0, 5)
    assert f"{name}.internal" in shown
    assert password_of(tmp_path, [PASSWORD]) == PASSWORD
