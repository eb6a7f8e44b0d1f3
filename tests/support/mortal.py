"""A service that dies at a chosen point, and what can be seen of its order afterwards."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certify_core.acme import AccountKey, AcmeClient
from certify_core.store.secrets import Vault
from tests.support.chaos_proxy import ChaosProxy
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.stores import secret_keepers

PROJECT = Path(__file__).parents[2]
CERTIFICATE_ID = "mortal"


class MortalService(Service):
    """A service that ends by SIGKILL where it passes `point` first; without one it lives."""

    def __init__(self, data_dir: Path, points_file: Path, point: str | None = None) -> None:
        super().__init__(data_dir, environment={"PYTHONPATH": os.fspath(PROJECT)})
        self._points_file = points_file
        self._point = point

    def points(self) -> list[str]:
        """Return every point that was passed, in order."""
        return self._points_file.read_text().splitlines()

    def want(self, wish: dict[str, Any]) -> None:
        """Ask for a certificate; the service may die before it can answer."""
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            self.call("POST", "/api/managedcertificates", {"id": CERTIFICATE_ID, **wish})

    def _module(self, *arguments: str) -> list[str]:
        point = [] if self._point is None else [self._point]
        return ["tests.support.mortal_service", str(self.data_dir), str(self._points_file), *point]


def ordered_key(data_dir: Path) -> bytes | None:
    """Return the public key of the order that is in the database, or None if there is no order yet."""
    with contextlib.closing(sqlite3.connect(data_dir / "manageditems.db")) as database:
        rows = database.execute("SELECT document FROM certificateorder").fetchall()
    if not rows:
        return None
    (document,) = rows[-1]
    request = x509.load_der_x509_csr(bytes.fromhex(json.loads(document)["csr"]))
    return public_bytes(request)


def public_bytes(holder: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    """Return the public key in a certificate or a signing request."""
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def orders_at_authority(data_dir: Path, authority: Pebble | ChaosProxy) -> int:
    """Return how many orders the authority knows of its account in this data folder."""
    with contextlib.closing(sqlite3.connect(data_dir / "manageditems.db")) as database:
        ((account_id, sealed, url, orders_url),) = database.execute(
            "SELECT id, sealed_key, url, orders_url FROM account WHERE directory = ?", (authority.directory,)
        )
    key = AccountKey.from_pem(Vault.open(data_dir, secret_keepers()).unseal(sealed, account_id).decode())
    client = AcmeClient(authority.directory, key, account_url=url, ca_bundle=authority.ca_bundle, user_agent="tests")
    with contextlib.closing(client):
        return len(list(client.orders(orders_url)))


@contextlib.contextmanager
def static_web_server(root: Path, port: int) -> Iterator[None]:
    """Serve a folder's files over HTTP, as the web server of an administrator does."""
    handler = partial(_Silent, directory=os.fspath(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


class _Silent(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""
