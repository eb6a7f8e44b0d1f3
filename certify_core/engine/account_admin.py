"""What people do with accounts: change the key, bring an account from elsewhere, close one."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from certify_core.acme import AccountKey, ProblemError, Registration
from certify_core.contracts import AcmeAuthority
from certify_core.domain.keys import KeyType
from certify_core.engine.accounts import AccountKeeper
from certify_core.errors import CertifyError, Conflict, InvalidInput, NotFound
from certify_core.plugins import Plugins
from certify_core.store import Account, Store

SHOWN = 10
"""So many certificates are named at most in a refusal."""
_log = logging.getLogger(__name__)


class AccountAdmin:
    """Changes accounts; each change survives a crash at any point (see account_requests.py)."""

    def __init__(self, plugins: Plugins, store: Store, keeper: AccountKeeper, clock: Callable[[], float]) -> None:
        self._plugins = plugins
        self._store = store
        self._keeper = keeper
        self._clock = clock

    def rollover(self, account_id: str, key_type: KeyType, ca_bundle: str | None = None) -> Account:
        """Have a new key of this type sign for an account (RFC 8555 section 7.3.5).

        Orders under way go on with it, and names that are just being validated are waited for. `ca_bundle` is the file
        with the directory's TLS roots, if it has moved.

        Raises:
            NotFound: there is no such account.
            AuthorityUnavailable: which key the authority has is not known; that is found out before the next use.
            CertifyError: the authority has refused, and the key is the one that it was.
        """
        authority = self._authority_of(self._store.accounts.get(account_id), ca_bundle)
        with self._keeper.validations.paused(authority.directory), self._keeper.changing(authority) as clients:
            settled = self._keeper.requests.settled(authority, self._store.accounts.get(account_id))
            if settled is None:
                raise NotFound(f"The account {account_id} is closed.", "A new one is opened with the next request.")
            key = AccountKey.generate(key_type)
            account = self._store.accounts.begin_rollover(settled, key.to_pem())
            return self._keeper.requests.change_key(authority, account, clients)

    def take_over(self, authority: AcmeAuthority, key: AccountKey, *, replaces: bool = False) -> Account:
        """Keep the account that an authority has for a key of the user's; with `replaces` also instead of another one.

        Raises:
            Conflict: there is another account at this authority, and it is not to be replaced.
            InvalidInput: the authority has no active account for this key; names the field ``account_key``.
        """
        with self._keeper.changing(authority):
            present = self._store.accounts.find(authority.directory)
            same = present is not None and AccountKey.from_pem(present.key_pem).thumbprint == key.thumbprint
            if present is not None and present.url is not None and not same and not replaces:
                raise Conflict(
                    f"There is already an account at {authority.directory}: {present.url}.",
                    "Give --replace to forget its key here and use the imported one; or deactivate it first.",
                )
            account = Account(
                id=present.id if present and same else uuid.uuid4().hex,
                directory=authority.directory,
                key_pem=key.to_pem(),
                created_at=present.created_at if present and same else self._clock(),
                eab_kid=present.eab_kid if present and same else None,
                ca_bundle=authority.ca_bundle,
            )
            found = self._found(authority, account)
            account = replace(account, url=found.url, orders_url=found.orders_url, contact=found.contact)
            self._store.accounts.put(account)
            return account

    def deactivate(self, account_id: str, *, force: bool = False, ca_bundle: str | None = None) -> None:
        """Close an account for good and forget it; a later order opens another one (RFC 8555 section 7.3.6).

        Raises:
            NotFound: there is no such account.
            Conflict: managed certificates use its authority, and it is not forced.
            CertifyError: the authority does not close it, or does not answer (then it is closed before the next use).
        """
        account = self._store.accounts.get(account_id)
        used_by = self.used_by(account)
        if used_by and not force:
            names = ", ".join(name for _, name in used_by[:SHOWN])
            more = f" and {len(used_by) - SHOWN} more" if len(used_by) > SHOWN else ""
            raise Conflict(
                f"{len(used_by)} managed certificates use {account.directory}: {names}{more}.",
                "Choose another authority for them or delete them first; or force it, and they get a new account.",
            )
        authority = self._authority_of(account, ca_bundle)
        with self._keeper.changing(authority):
            settled = self._keeper.requests.settled(authority, self._store.accounts.get(account_id))
            if settled is not None:
                self._store.accounts.set_deactivating(settled, True)
                self._keeper.requests.close(authority, settled)

    def used_by(self, account: Account) -> list[tuple[str, str]]:
        """Return id and name of the managed certificates that are ordered at an account's authority."""
        return self._store.accounts.users([account.directory, *self.authority_ids(account.directory)])

    def authority_ids(self, directory: str) -> list[str]:
        """Return the ids of the authorities that have this directory."""
        return [item.id for item in self._acme_authorities() if item.directory == directory]

    def finish(self) -> None:
        """Finish what an earlier process has begun, as far as the authorities answer; the rest follows with its use."""
        for account_id in self._store.accounts.unfinished():
            try:
                authority = self._authority_of(self._store.accounts.get(account_id))
                with self._keeper.changing(authority):
                    self._keeper.requests.settled(authority, self._store.accounts.get(account_id))
            except CertifyError as error:
                _log.warning("What was begun with account %s waits for its next use: %s", account_id, error)

    def _found(self, authority: AcmeAuthority, account: Account) -> Registration:
        with closing(self._keeper.new_client(authority, account)) as client:
            try:
                found = client.find_account()
            except ProblemError as error:
                if error.problem.kind != "unauthorized":
                    raise
                raise InvalidInput("account_key", error.cause, "Import the key of an active account.") from error
        if found is None or found.status != "valid":
            raise InvalidInput(
                "account_key",
                f"{authority.title} has no active account for this key.",
                "Check that key and authority belong together; staging and production have accounts of their own.",
            )
        return found

    def _authority_of(self, account: Account, ca_bundle: str | None = None) -> AcmeAuthority:
        directory = account.directory
        known = next((item for item in self._acme_authorities() if item.directory == directory), None)
        authority = known or AcmeAuthority(id=directory, title=directory, directory=directory)
        return replace(authority, ca_bundle=ca_bundle or account.ca_bundle or authority.ca_bundle)

    def _acme_authorities(self) -> list[AcmeAuthority]:
        return [item for item in self._plugins.authorities if isinstance(item, AcmeAuthority)]
