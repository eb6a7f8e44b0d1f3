"""Killed between the two orders of a pair, the service goes on with the second: none is placed again."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.issuing import show
from tests.support.killing import KILLED
from tests.support.mortal import CERTIFICATE_ID, MortalService, orders_at_authority
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.waiting import eventually
from tests.support.wishes import files_at

POINTS = [
    "finalized: before orders.complete",
    "finalized: after orders.complete",
    "saved: before orders.open",
    "saved: after orders.open",
]


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_pair_is_completed(point: str, tmp_path: Path, pebble: Pebble) -> None:
    data, site = tmp_path / "data", tmp_path / "site"
    doomed = MortalService(data, tmp_path / "points", point)
    doomed.configure(httpChallengeServerPort=pebble.http_port).start()
    doomed.want(
        {
            "identifiers": ["pair.mortal.example.test"],
            "authority": pebble.directory,
            "ca_bundle": str(pebble.ca_bundle),
            "second_key_type": "rsa-2048",
            "deployments": [files_at(site)],
        }
    )
    assert doomed.wait_for_death() == KILLED
    assert not site.exists()

    with contextlib.closing(Service(data).start()) as heir:
        eventually(lambda: show(heir, CERTIFICATE_ID)["status"] == "healthy")
        issued = show(heir, CERTIFICATE_ID)["issued"]

    names = ("fullchain.pem", "fullchain-rsa.pem")
    deployed = [x509.load_pem_x509_certificate((site / name).read_bytes()).serial_number for name in names]
    assert [f"{serial:X}" for serial in deployed] == [issued["serial"], issued["second"]["serial"]]
    assert orders_at_authority(data, pebble) == 2
