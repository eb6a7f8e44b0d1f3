"""Killed at any point of an order's way, the service goes on with the same order after its next start.

The points are named by tests/support/mortal_service.py: the order's last committed state, and what comes before or
after it. A run that nothing harms proves that the table below is complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.issuing import show
from tests.support.killing import KILLED
from tests.support.mortal import (
    CERTIFICATE_ID,
    MortalService,
    ordered_key,
    orders_at_authority,
    public_bytes,
    static_web_server,
)
from tests.support.pebble import Pebble
from tests.support.samples import some_on_windows
from tests.support.service import Service
from tests.support.waiting import eventually

STEPS = {
    "new": ["orders.open"],
    "prepared": [
        *("assets.probe", "webroot.clean_up", "webroot.present", "webroot.check"),
        *("accounts.add", "authority.register", "accounts.confirm", "authority.new_order", "orders.save"),
    ],
    "placed": ["authority.authorizations", "orders.save"],
    "challenged": ["webroot.present", "webroot.check", "orders.save"],
    "presented": ["authority.answer", "orders.save"],
    "validating": ["authority.order", "webroot.clean_up", "orders.save"],
    "validated": ["authority.finalize", "orders.save"],
    "finalized": ["authority.order", "authority.certificate", "assets.save", "orders.complete"],
    "saved": ["assets.load", "files.apply", "files.verify", "deployments.save"],
}
"""What happens in each state, in this order; every one of these is a point before and a point after."""
POINTS = [f"{state}: {when} {step}" for state, steps in STEPS.items() for step in steps for when in ("before", "after")]


@pytest.fixture
def webroot(tmp_path: Path, pebble: Pebble) -> Iterator[Path]:
    """The document root of a web server that answers where the authority looks."""
    root = tmp_path / "webroot"
    root.mkdir()
    with static_web_server(root, pebble.http_port):
        yield root


@pytest.fixture
def wish(tmp_path: Path, pebble: Pebble, webroot: Path) -> dict[str, Any]:
    """A certificate that is shown by files in a web server's folder, and deployed to a folder."""
    return {
        "identifiers": ["mortal.example.test"],
        "authority": pebble.directory,
        "ca_bundle": str(pebble.ca_bundle),
        "challenge": {"provider": "webroot", "parameters": {"path": str(webroot), "port": pebble.http_port}},
        "deployments": [{"target": "files", "parameters": {"dir": str(tmp_path / "site")}}],
    }


def _is_healthy(service: Service) -> bool:
    return bool(show(service, CERTIFICATE_ID)["status"] == "healthy")


def test_the_table_names_every_point(tmp_path: Path, wish: dict[str, Any]) -> None:
    service = MortalService(tmp_path / "data", tmp_path / "points").start()
    try:
        service.want(wish)
        eventually(lambda: _is_healthy(service))
    finally:
        service.close()
    assert list(dict.fromkeys(service.points())) == POINTS


@pytest.mark.parametrize("point", some_on_windows(POINTS, every=5))
def test_a_killed_service_continues_the_same_order(
    point: str, tmp_path: Path, wish: dict[str, Any], pebble: Pebble, webroot: Path
) -> None:
    doomed = MortalService(tmp_path / "data", tmp_path / "points", point).start()
    doomed.want(wish)
    assert doomed.wait_for_death() == KILLED
    key = ordered_key(tmp_path / "data")

    heir = Service(tmp_path / "data").start()
    try:
        eventually(lambda: _is_healthy(heir))
    finally:
        heir.close()

    certificate = x509.load_pem_x509_certificate((tmp_path / "site" / "cert.pem").read_bytes())
    assert key in {None, public_bytes(certificate)}, "it was issued for another key"
    assert orders_at_authority(tmp_path / "data", pebble) == 1, "it was ordered again"
    assert list(webroot.iterdir()) == [], "a challenge was left behind"
