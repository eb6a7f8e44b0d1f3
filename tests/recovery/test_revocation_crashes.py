"""Killed at any point of a revocation, the authority hears of it after the next start, and the certificate is replaced.

The points are named as in the crash matrix of orders; a run that nothing harms proves that the table is complete.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.support.issuing import issue, show
from tests.support.killing import KILLED
from tests.support.mortal import CERTIFICATE_ID, MortalService, orders_at_authority
from tests.support.pebble import Pebble
from tests.support.samples import some_on_windows
from tests.support.service import Service
from tests.support.waiting import eventually

STEPS = ["assets.load", "revocations.want", "authority.revoke", "revocations.complete"]
"""What happens, in this order; every one of these is a point before and a point after."""
POINTS = [f"new: {when} {step}" for step in STEPS for when in ("before", "after")]
WISH = {"reason": "keyCompromise"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder for deployed files."""
    return tmp_path / "site"


@pytest.fixture
def serial(tmp_path: Path, site: Path, pebble: Pebble) -> str:
    """The serial number of a certificate that keeps its key, in a data folder whose service has ended."""
    service = Service(tmp_path / "data").configure(httpChallengeServerPort=pebble.http_port).start()
    wish: dict[str, Any] = {
        "id": CERTIFICATE_ID,
        "identifiers": ["revoked.example.test"],
        "authority": pebble.directory,
        "ca_bundle": str(pebble.ca_bundle),
        "reuse_key": True,
        "deployments": [{"target": "files", "parameters": {"dir": str(site)}}],
    }
    certificate = issue(service, wish)
    assert (service.stop(), certificate["status"]) == (0, "healthy")
    found: str = certificate["issued"]["serial"]
    return found


def revoked(tmp_path: Path, point: str | None = None) -> MortalService:
    """Ask for the revocation; the service may die before it can answer."""
    service = MortalService(tmp_path / "data", tmp_path / "points", point).start()
    with contextlib.suppress(urllib3.exceptions.HTTPError):
        service.call("POST", f"/api/managedcertificates/{CERTIFICATE_ID}/revoke", WISH)
    return service


def is_replaced(service: Service, serial: str) -> bool:
    """Whether another certificate is in place."""
    certificate = show(service, CERTIFICATE_ID)
    return bool(certificate["status"] == "healthy" and certificate["issued"]["serial"] != serial)


def test_the_table_names_every_point(tmp_path: Path, serial: str) -> None:
    service = revoked(tmp_path)
    eventually(lambda: is_replaced(service, serial))
    service.close()
    assert service.points()[: len(POINTS)] == POINTS


@pytest.mark.parametrize("point", some_on_windows(POINTS, every=3))
def test_what_was_wanted_is_revoked_and_replaced_once(
    point: str, tmp_path: Path, serial: str, site: Path, pebble: Pebble
) -> None:
    before, key = (site / "cert.pem").read_text(), (site / "privkey.pem").read_text()
    assert revoked(tmp_path, point).wait_for_death() == KILLED
    is_wanted = POINTS.index(point) >= POINTS.index("new: after revocations.want")
    heir = Service(tmp_path / "data").start()
    try:
        if is_wanted:
            eventually(lambda: is_replaced(heir, serial))
        revocations = show(heir, CERTIFICATE_ID)["revocations"]
    finally:
        heir.close()
    assert [item["state"] for item in revocations] == ["revoked"] * is_wanted
    assert pebble.certificate_status(before)["Status"] == ("Revoked" if is_wanted else "Valid")
    assert orders_at_authority(tmp_path / "data", pebble) == 1 + is_wanted
    assert ((site / "privkey.pem").read_text() == key) != is_wanted, "a compromised key is never used again"
