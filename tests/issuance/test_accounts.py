"""Accounts at authorities that want to know whose they are (external account binding, RFC 8555 section 7.3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.issuing import issue, request, show
from tests.support.pebble import EAB_KEYS, Pebble
from tests.support.service import Service

KID = "kid-1"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An authority that opens accounts for customers alone."""
    with Pebble(tmp_path_factory.mktemp("pebble"), eab=True) as running:
        yield running


@pytest.fixture
def service(tmp_path: Path, guarded: Pebble) -> Iterator[Service]:
    """A service that has no account yet."""
    running = Service(tmp_path / "data").configure(httpChallengeServerPort=guarded.http_port).start()
    yield running
    running.close()


@pytest.fixture
def hmac_file(tmp_path: Path) -> Path:
    """The HMAC key as a customer has it."""
    file = tmp_path / "hmac"
    file.write_text(f"{EAB_KEYS[KID]}\n")
    return file


def wish(guarded: Pebble) -> dict[str, Any]:
    """Say what is wanted."""
    return {
        "identifiers": ["eab.example.test"],
        "authority": guarded.directory,
        "ca_bundle": str(guarded.ca_bundle),
    }


def add(service: Service, guarded: Pebble, hmac_file: Path) -> int:
    """Open the account on the command line; return the exit code."""
    where = ("--ca", guarded.directory, "--ca-bundle", str(guarded.ca_bundle))
    return service.certify(
        *("account", "add", *where, "--contact", "admin@example.test"),
        *("--eab-kid", KID, "--eab-hmac-file", str(hmac_file)),
    ).code


def test_without_a_binding_it_is_refused_with_a_remedy(service: Service, guarded: Pebble) -> None:
    certificate = issue(service, wish(guarded))
    assert certificate["failure"]["failure_class"] == "policy"
    assert "certify account add" in certificate["failure"]["remedy"]


def test_with_an_account_that_is_bound_it_is_issued(service: Service, guarded: Pebble, hmac_file: Path) -> None:
    certificate = issue(service, wish(guarded))
    assert add(service, guarded, hmac_file) == 0
    request(service, certificate["id"])
    assert show(service, certificate["id"])["status"] == "healthy"


def test_an_account_is_listed_without_any_key(service: Service, guarded: Pebble, hmac_file: Path) -> None:
    add(service, guarded, hmac_file)
    ((account),) = service.call("GET", "/api/accounts").body["accounts"]
    assert account["eab_kid"] == KID
    assert account["contact"] == ["mailto:admin@example.test"]
    assert EAB_KEYS[KID] not in str(account)


def test_a_wrong_hmac_key_is_refused(service: Service, guarded: Pebble, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("d3Jvbmc")
    assert add(service, guarded, wrong) != 0
