"""What an authority is asked to do with an account that exists: take another key for it, close it.

Either is committed as a wish before the authority is asked, so that it can be asked how far it came: after a crash or
a lost answer `settled` finds out, and finishes it (RFC 8555 sections 7.3.5 and 7.3.6).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

from certify_core.acme import AccountKey, AcmeClient, ConnectionBroken, ProblemError
from certify_core.contracts import AcmeAuthority
from certify_core.errors import AuthorityUnavailable, CertifyError
from certify_core.store import Account, Store

_GONE = {"accountDoesNotExist", "unauthorized"}
"""How authorities answer who asks in the name of an account that is closed."""
_log = logging.getLogger(__name__)


class AccountRequests:
    """Asks for changes of accounts; whoever calls is the only one who does so for that account."""

    def __init__(self, store: Store, new_client: Callable[[AcmeAuthority, Account], AcmeClient]) -> None:
        self._store = store
        self._new_client = new_client

    def settled(self, authority: AcmeAuthority, account: Account) -> Account | None:
        """Return an account as the authority has it, finishing what was begun; None if it is closed.

        If it turns out that the authority does not take the next key, the account goes on with the one it has.

        Raises:
            CertifyError: the authority cannot be asked.
        """
        if account.deactivating:
            self.close(authority, account)
            return None
        if account.next_key_pem is None:
            return account
        if self._knows_next_key(authority, account):
            return self._store.accounts.complete_rollover(account)
        try:
            return self.change_key(authority, account)
        except CertifyError as error:
            _log.warning("The account at %s goes on with its old key: %s", authority.directory, error)
        return self._store.accounts.get(account.id)

    def change_key(self, authority: AcmeAuthority, account: Account, others: Sequence[AcmeClient] = ()) -> Account:
        """Have the authority take the account's next key, which is stored; `others` are further clients of it.

        Raises:
            AuthorityUnavailable: whether it did is not known; the next key stays stored.
            CertifyError: it did not; the next key is forgotten.
        """
        next_key = AccountKey.from_pem(account.next_key_pem or "")
        with closing(self._new_client(authority, account)) as client:
            for is_last in (False, True):
                try:
                    client.change_key(next_key, others)
                    break
                except CertifyError as error:
                    # A refusal may be of a repetition, and the answer to the first have been lost.
                    if self._knows_next_key(authority, account):
                        break
                    if isinstance(error, ConnectionBroken) and not is_last:
                        continue  # it never arrived, or the answer that was lost refused no more than its nonce
                    if not isinstance(error, AuthorityUnavailable):
                        self._store.accounts.cancel_rollover(account)
                    raise
        return self._store.accounts.complete_rollover(account)

    def close(self, authority: AcmeAuthority, account: Account) -> None:
        """Have the authority close an account of which it is stored that it should, and forget it here.

        Raises:
            AuthorityUnavailable: whether it did is not known; the wish stays stored.
            CertifyError: it did not; the account stays as it was.
        """
        with closing(self._new_client(authority, account)) as client:
            try:
                if account.url is not None or client.find_account() is not None:
                    client.deactivate()
            except ProblemError as error:
                if error.problem.kind not in _GONE:
                    if not isinstance(error, AuthorityUnavailable):
                        self._store.accounts.set_deactivating(account, False)
                    raise
        self._store.accounts.remove(account)

    def _knows_next_key(self, authority: AcmeAuthority, account: Account) -> bool:
        candidate = replace(account, key_pem=account.next_key_pem or "", url=None)
        with closing(self._new_client(authority, candidate)) as client:
            return client.find_account() is not None
