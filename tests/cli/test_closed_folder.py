"""Who has a token needs no access to the data folder, which is closed to him: this needs root."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.another_account import NOBODY, as_account, belonging_to, open_folder
from tests.support.service import Service
from tests.support.tokens import make_token


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that all accounts can reach."""
    with open_folder() as made:
        yield made


@pytest.fixture
def closed(folder: Path) -> Iterator[Service]:
    """A service whose data folder is root's alone."""
    running = Service(folder / "data").start()
    yield running
    running.close()


def ended(service: Service, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as another account, with no more in its environment than what is given and where the service is."""
    return subprocess.run(
        [*as_account(NOBODY), sys.executable, "-m", "certify_core.cli", *arguments],
        env={
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "CERTIFY_DATA_DIR": str(service.data_dir),
            "CERTIFY_PORT": str(urlsplit(service.url).port),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_token_is_enough(closed: Service) -> None:
    listed = ended(closed, "list", CERTIFY_TOKEN=make_token(closed, "reader"))
    assert (listed.returncode, listed.stderr) == (0, "")


def test_without_one_it_is_said_what_is_missing(closed: Service) -> None:
    listed = ended(closed, "list")
    assert (listed.returncode, "Permission denied" in listed.stderr, "CERTIFY_TOKEN" in listed.stderr) == (
        3,
        True,
        True,
    )


def test_doctor_asks_the_service_with_an_operators_token(closed: Service) -> None:
    asked = ended(closed, "doctor", CERTIFY_TOKEN=make_token(closed, "operator"))
    assert f"checked by the service at {closed.url}" in asked.stdout


def test_doctor_does_not_claim_to_know_what_it_cannot_see(closed: Service) -> None:
    asked = ended(closed, "doctor")
    assert ("Whether the service runs cannot be seen" in asked.stdout, "does not run" in asked.stdout) == (True, False)


def test_by_https_a_copy_of_the_root_is_enough(folder: Path) -> None:
    service = Service(folder / "data").configure(useHTTPS=True).start()
    mine = belonging_to(NOBODY, folder / "mine")
    (mine / "api-tls").mkdir()
    (mine / "api-tls" / "root.pem").write_bytes((service.data_dir / "api-tls" / "root.pem").read_bytes())
    token = make_token(service, "reader")
    listed = ended(service, "list", "--data-dir", str(mine), CERTIFY_TOKEN=token, CERTIFY_USE_HTTPS="true")
    service.close()
    assert (listed.returncode, listed.stderr) == (0, "")
