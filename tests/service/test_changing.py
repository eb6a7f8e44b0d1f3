"""PATCH and DELETE of a managed certificate: nobody's change is lost, and only what changed is done again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.gate import Gate
from tests.support.issuing import issue, show
from tests.support.service import Answer, Service
from tests.support.waiting import eventually
from tests.support.wishes import CERTIFICATES, files_at, resting, wish

Change = Callable[..., Answer]


def names_in(file: Path) -> list[str]:
    """Return the DNS names of the certificate in a file."""
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


@pytest.fixture
def change(service: Service, name: str) -> Change:
    """Change settings of the test's certificate, by default as one who has read its first version."""

    def send(version: int = 1, **settings: Any) -> Answer:
        return service.call("PATCH", f"{CERTIFICATES}/{name}", {"version": version, "settings": settings})

    return send


@pytest.fixture
def certificate(service: Service, name: str) -> dict[str, Any]:
    """A certificate that is left alone."""
    created: dict[str, Any] = service.call("POST", CERTIFICATES, resting(name, id=name, name="Shop")).body
    return created


def test_what_is_not_mentioned_stays(change: Change, certificate: dict[str, Any]) -> None:
    changed = change(key_type="rsa-2048").body
    assert changed["settings"] == {**certificate["settings"], "key_type": "rsa-2048"}


def test_an_object_is_merged(change: Change, certificate: dict[str, Any]) -> None:
    assert change(renewal={"at_percent": 50}).body["settings"]["renewal"] == {
        "automatic": False,
        "at_percent": 50,
        "begins": "at-once",
    }


def test_a_list_is_replaced(change: Change, certificate: dict[str, Any], name: str) -> None:
    assert change(identifiers=[f"www.{name}"]).body["settings"]["identifiers"] == [f"www.{name}"]


def test_null_means_the_default(change: Change, certificate: dict[str, Any], name: str) -> None:
    assert change(name=None).body["name"] == name


def test_a_change_makes_a_new_version(change: Change, certificate: dict[str, Any]) -> None:
    assert (certificate["version"], change(name="Store").body["version"]) == (1, 2)


def test_a_change_of_another_version_is_a_conflict(change: Change, certificate: dict[str, Any], name: str) -> None:
    change(name="First")
    late = change(name="Second")
    assert (late.status, "version 2" in late.body["detail"]) == (409, True)


def test_a_refused_change_leaves_everything_as_it_was(
    service: Service, change: Change, certificate: dict[str, Any], name: str
) -> None:
    change(version=7, name="Second")
    assert show(service, name) == certificate


def test_of_two_editors_at_once_one_is_told_of_the_other(
    service: Service, change: Change, certificate: dict[str, Any], name: str
) -> None:
    together = threading.Barrier(2)

    def edit(title: str) -> tuple[int, str]:
        together.wait(30)
        return change(name=title).status, title

    with ThreadPoolExecutor(2) as pool:
        (done, winner), (conflict, _) = sorted(pool.map(edit, ["first", "second"]))
    assert (done, conflict) == (200, 409)
    assert (show(service, name)["name"], show(service, name)["version"]) == (winner, 2)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("version", {"settings": {}}),
        ("version", {"version": "one", "settings": {}}),
        ("settings", {"version": 1}),
        ("settings", {"version": 1, "settings": []}),
        ("nonsense", {"version": 1, "settings": {}, "nonsense": 1}),
        ("nonsense", {"version": 1, "settings": {"nonsense": 1}}),
        ("identifiers", {"version": 1, "settings": {"identifiers": None}}),
        ("identifiers", {"version": 1, "settings": {"identifiers": ["two words"]}}),
        ("key_type", {"version": 1, "settings": {"key_type": "dsa"}}),
        ("authority", {"version": 1, "settings": {"authority": "unheard-of"}}),
        ("deployments.0.target", {"version": 1, "settings": {"deployments": [{"target": "moon"}]}}),
    ],
)
def test_a_wrong_change_is_refused_by_the_fields_name(
    service: Service, certificate: dict[str, Any], name: str, field: str, body: dict[str, Any]
) -> None:
    answer = service.call("PATCH", f"{CERTIFICATES}/{name}", body)
    assert (answer.status, answer.body["field"]) == (422, field)
    assert show(service, name) == certificate


def test_other_names_bring_another_certificate_to_every_place(
    service: Service, change: Change, name: str, tmp_path: Path
) -> None:
    first = issue(service, wish(name, id=name, deployments=[files_at(tmp_path / "site")]))
    change(identifiers=[name, f"www.{name}"])
    eventually(lambda: show(service, name)["issued"]["serial"] != first["issued"]["serial"])
    eventually(lambda: show(service, name)["status"] == "healthy")
    assert names_in(tmp_path / "site" / "cert.pem") == [name, f"www.{name}"]


def test_another_title_brings_no_other_certificate(service: Service, change: Change, name: str) -> None:
    first = issue(service, wish(name, id=name))
    changed = change(name="Shop").body
    assert (changed["status"], changed["due_reason"]) == ("healthy", "its lifetime runs out")
    assert changed["issued"] == first["issued"]


def test_a_new_place_is_deployed_to_and_the_old_one_left_alone(
    service: Service, change: Change, name: str, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    first = issue(service, wish(name, id=name, deployments=[files_at(old)]))
    before = {path.name: path.stat().st_ino for path in old.iterdir()}
    change(deployments=[files_at(new), files_at(old)])
    eventually(lambda: show(service, name)["status"] == "healthy" and new.exists())
    assert (new / "fullchain.pem").read_bytes() == (old / "fullchain.pem").read_bytes()
    assert {path.name: path.stat().st_ino for path in old.iterdir()} == before
    assert show(service, name)["issued"] == first["issued"]


def test_a_deleted_certificate_is_gone(service: Service, certificate: dict[str, Any], name: str) -> None:
    answer = service.call("DELETE", f"{CERTIFICATES}/{name}")
    assert (answer.status, answer.body) == (204, "")
    assert service.call("GET", f"{CERTIFICATES}/{name}").status == 404


def test_a_deleted_certificates_key_is_gone_and_what_was_deployed_stays(
    service: Service, name: str, tmp_path: Path
) -> None:
    issue(service, wish(name, id=name, deployments=[files_at(tmp_path / "site")]))
    service.call("DELETE", f"{CERTIFICATES}/{name}")
    assert not (service.data_dir / "assets" / name).exists()
    assert (tmp_path / "site" / "privkey.pem").exists()


def test_the_id_of_a_deleted_certificate_is_free_again(
    service: Service, certificate: dict[str, Any], name: str
) -> None:
    service.call("DELETE", f"{CERTIFICATES}/{name}")
    assert service.call("POST", CERTIFICATES, resting(name, id=name)).status == 201


def test_deleting_what_somebody_has_changed_since_is_a_conflict(
    service: Service, change: Change, certificate: dict[str, Any], name: str
) -> None:
    change(name="Store")
    assert service.call("DELETE", f"{CERTIFICATES}/{name}?version=1").status == 409
    assert show(service, name)["name"] == "Store"


def test_deleting_the_version_that_was_read_deletes(service: Service, certificate: dict[str, Any], name: str) -> None:
    assert service.call("DELETE", f"{CERTIFICATES}/{name}?version=1").status == 204


def test_a_certificate_can_be_deleted_while_it_is_deployed(
    service: Service, name: str, tmp_path: Path, gate: Gate
) -> None:
    service.call("POST", CERTIFICATES, wish(name, id=name, deployments=[files_at(tmp_path, reload=gate.command)]))
    gate.wait_for_arrival()
    deleted = service.call("DELETE", f"{CERTIFICATES}/{name}")
    gate.let_go()
    assert (deleted.status, service.call("GET", f"{CERTIFICATES}/{name}").status) == (204, 404)


@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("DELETE", ""), ("POST", "/request"), ("GET", "/log"), ("GET", "/plan")],
)
def test_what_is_not_there_is_not_found(service: Service, name: str, method: str, rest: str) -> None:
    answer = service.call(method, f"{CERTIFICATES}/{name}{rest}")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert name in answer.body["detail"]


def test_what_is_not_there_cannot_be_changed(change: Change) -> None:
    assert change(name="Shop").status == 404
