"""Accounts at ACME authorities: one per directory, made once, its key saved before the authority hears of it.

What an earlier process left half done with an account (see account_requests.py) is finished before it is used.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from certify_core import __version__
from certify_core.acme import AccountKey, AcmeClient, ExternalAccountBinding
from certify_core.contracts import AcmeAuthority
from certify_core.engine.acceptance import check_binding
from certify_core.engine.account_requests import AccountRequests
from certify_core.engine.silence import Silence
from certify_core.engine.validations import Validations
from certify_core.store import Account, Store

USER_AGENT = f"Certify/{__version__}"


class AccountKeeper:
    """Gives a ready client for an authority, registering an account when there is none."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.connect: Callable[..., AcmeClient] = AcmeClient
        """Makes a client; tests put one of their own here."""
        self.silence = Silence()
        self.validations = Validations()
        self.requests = AccountRequests(store, self.new_client)
        self._store = store
        self._clock = clock
        self._clients: dict[tuple[str, str | None], AcmeClient] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def client(self, authority: AcmeAuthority) -> AcmeClient:
        """Return the client of our account at this authority; calls from many threads share it."""
        key = (authority.directory, authority.ca_bundle)
        client = self._clients.get(key)
        if client is None:
            with self._locks[authority.directory]:
                client = self._clients.get(key)
                if client is None:
                    with self.silence.listening(authority.directory):
                        client = self._ready_client(authority)
                    self._clients[key] = client
        return client

    def register(
        self, authority: AcmeAuthority, contact: Sequence[str] = (), eab: ExternalAccountBinding | None = None
    ) -> Account:
        """Make sure that there is an account with this contact, and return it.

        Raises:
            PolicyRefused: the authority needs an external account binding and none was given.
        """
        with self._locks[authority.directory]:
            account = self._saved_account(authority)
            client = self.new_client(authority, account)
            try:
                return self._confirm(authority, account, client, contact, eab)
            finally:
                client.close()

    def known_client(self, authority: AcmeAuthority) -> AcmeClient | None:
        """Return the client of our account at this authority, None if there is none: then none is opened."""
        account = self._store.accounts.find(authority.directory)
        if account is None or account.url is None or account.deactivating:
            return None
        return self.client(authority)

    @contextmanager
    def changing(self, authority: AcmeAuthority) -> Iterator[list[AcmeClient]]:
        """Be the only one who changes the account at this authority, and have the clients that others work with.

        They are for those who have them already: afterwards new ones are made for the account as it is stored then.
        """
        with self._locks[authority.directory], self.silence.listening(authority.directory):
            keys = [key for key in self._clients if key[0] == authority.directory]
            try:
                yield [self._clients[key] for key in keys]
            finally:
                for key in keys:
                    del self._clients[key]

    def new_client(self, authority: AcmeAuthority, account: Account) -> AcmeClient:
        """Return a client of an account, that its caller closes."""
        return self.connect(
            authority.directory,
            AccountKey.from_pem(account.key_pem),
            account_url=account.url,
            ca_bundle=authority.ca_bundle,
            user_agent=USER_AGENT,
        )

    def orders_url(self, authority: AcmeAuthority) -> str | None:
        """Return where the authority lists our orders, if it does (RFC 8555 section 7.1.2.1)."""
        account = self._store.accounts.find(authority.directory)
        return account.orders_url if account else None

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    def _ready_client(self, authority: AcmeAuthority) -> AcmeClient:
        account = self._saved_account(authority)
        client = self.new_client(authority, account)
        if account.url is None:
            self._confirm(authority, account, client)
        return client

    def _saved_account(self, authority: AcmeAuthority) -> Account:
        found = self._store.accounts.find(authority.directory)
        account = self.requests.settled(authority, found) if found else None
        if account is not None:
            return account
        key = AccountKey.generate().to_pem()
        return self._store.accounts.add(authority.directory, key, self._clock(), ca_bundle=authority.ca_bundle)

    def _confirm(
        self,
        authority: AcmeAuthority,
        account: Account,
        client: AcmeClient,
        contact: Sequence[str] = (),
        eab: ExternalAccountBinding | None = None,
    ) -> Account:
        if eab is None and account.url is None:
            check_binding(authority, client)
        registration = client.register(contact, eab)
        confirmed = replace(
            account,
            url=registration.url,
            orders_url=registration.orders_url,
            contact=tuple(contact),
            eab_kid=eab.kid if eab else account.eab_kid,
            ca_bundle=authority.ca_bundle,
        )
        self._store.accounts.confirm(confirmed)
        return confirmed
