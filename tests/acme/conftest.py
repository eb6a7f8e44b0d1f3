"""Fixtures of the ACME tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from certify_core.acme import AccountKey, AcmeClient
from tests.support.http01 import Http01Responder
from tests.support.issuance import Connect
from tests.support.pebble import Pebble
from tests.support.scripted_server import ScriptedServer


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make clients that are closed after the test."""
    with ExitStack() as clients:

        def connect(directory: str, **options: object) -> AcmeClient:
            key = options.pop("key", None) or AccountKey.generate()
            client = AcmeClient(directory, key, user_agent="certify-tests/1", **options)  # type: ignore[arg-type]
            clients.callback(client.close)
            return client

        yield connect


@pytest.fixture
def client(pebble: Pebble, connect: Connect) -> AcmeClient:
    """A client with a new account at Pebble."""
    client = connect(pebble.directory, ca_bundle=pebble.ca_bundle)
    client.register()
    return client


@pytest.fixture
def responder(pebble: Pebble) -> Iterator[Http01Responder]:
    """What answers Pebble's http-01 requests."""
    with Http01Responder(pebble.http_port) as running:
        yield running


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A web server that does what the test tells it."""
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def scripted(server: ScriptedServer, connect: Connect) -> AcmeClient:
    """A client of the scripted server, with an account there."""
    return connect(server.on_acme(), account_url=f"{server.url}/me", timeout=5.0)
