"""Accounts at an authority as seen from outside of the service: opened by another program, asked for by their key."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from certify_core.acme import AccountKey, AcmeClient
from certify_core.domain.keys import KeyType
from tests.support.chaos_proxy import ChaosProxy
from tests.support.pebble import Pebble
from tests.support.service import Service


@contextlib.contextmanager
def client_at(authority: Pebble | ChaosProxy, key: AccountKey) -> Iterator[AcmeClient]:
    """Give a client of another program that has this key."""
    client = AcmeClient(authority.directory, key, ca_bundle=authority.ca_bundle, user_agent="another program")
    with contextlib.closing(client):
        yield client


def opened_elsewhere(authority: Pebble | ChaosProxy, key_type: KeyType = KeyType.P256) -> AccountKey:
    """Return the key of an account that another program has opened."""
    key = AccountKey.generate(key_type)
    with client_at(authority, key) as client:
        client.register()
    return key


def address_of(authority: Pebble | ChaosProxy, key: AccountKey) -> str | None:
    """Return the address of the account that the authority has for a key, None if it has none."""
    with client_at(authority, key) as client:
        found = client.find_account()
    return found.url if found else None


def account_at(service: Service, authority: Pebble | ChaosProxy) -> dict[str, Any]:
    """Return the service's account at an authority."""
    accounts = service.call("GET", "/api/accounts").body["accounts"]
    ((account),) = [account for account in accounts if account["directory"] == authority.directory]
    found: dict[str, Any] = account
    return found
