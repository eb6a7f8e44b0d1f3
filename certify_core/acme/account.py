"""The account at an authority: opened, found, signed for by another key, closed (RFC 8555 section 7.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from certify_core.acme.answer import Answer
from certify_core.acme.directory import KEY_CHANGE, NEW_ACCOUNT, Directory
from certify_core.acme.eab import ExternalAccountBinding
from certify_core.acme.keys import AccountKey
from certify_core.acme.refusals import ProblemError
from certify_core.acme.resources import Registration, registration_in
from certify_core.acme.session import Session
from certify_core.errors import PolicyRefused


class AccountClient:
    """The part of the client that looks after its account; safe for many threads.

    What the authority refuses raises `ProblemError` (with its problem document), and what it does not answer, or not
    as RFC 8555 wants, `AuthorityUnavailable` or `ProtocolViolation`.
    """

    def __init__(
        self,
        directory_url: str,
        key: AccountKey,
        *,
        account_url: str | None = None,
        ca_bundle: Path | str | None = None,
        user_agent: str,
        timeout: float = 30.0,
        connections: int = 32,
    ) -> None:
        """Prepare; nothing is asked of the authority yet.

        Args:
            directory_url: the address of the ACME directory.
            key: the account's key.
            account_url: the account's address, if it is registered.
            ca_bundle: PEM file with the roots of the authority's own web server; the system's if None.
            user_agent: how we introduce ourselves.
            timeout: seconds that a call may last, repetitions included.
            connections: how many are kept open at most.

        Raises:
            InvalidInput: `ca_bundle` cannot be used; names the field ``ca_bundle``.
        """
        from certify_core.acme.transport import Transport  # brings urllib3: 50 ms and 8 MB

        self._transport = Transport(Path(ca_bundle) if ca_bundle else None, user_agent, timeout, connections)
        self._directory = Directory(directory_url, self._transport)
        self._session = Session(self._transport, self._directory, key, account_url)

    @property
    def account_url(self) -> str | None:
        """The account's address; None until it is registered."""
        return self._session.account_url

    @property
    def terms_of_service(self) -> str | None:
        """Address of the terms that `register` agrees to."""
        return self._directory.meta().terms_of_service

    @property
    def needs_eab(self) -> bool:
        """Whether accounts need an external account binding (RFC 8555 section 7.3.4)."""
        return self._directory.meta().external_account_required

    def register(self, contact: Sequence[str] = (), eab: ExternalAccountBinding | None = None) -> Registration:
        """Make sure that the key has an account, agreeing to the terms of service (RFC 8555 section 7.3).

        An account that exists already is found by its key, and gets `contact` if any is given.

        Args:
            contact: mail addresses, with or without ``mailto:``.
            eab: what ties the account to a customer of the authority, where it wants that.
        """
        addresses = [address if ":" in address else f"mailto:{address}" for address in contact]
        payload: dict[str, object] = {"termsOfServiceAgreed": True}
        if addresses:
            payload["contact"] = addresses
        if eab is not None:
            payload["externalAccountBinding"] = eab.bind(self._session.key, self._directory.address(NEW_ACCOUNT))
        answer = self._post_to(NEW_ACCOUNT, payload)
        registration = registration_in(answer)
        self._session.account_url = registration.url
        if addresses and answer.status == 200 and answer.json().get("contact") != addresses:
            self._session.post(registration.url, orjson.dumps({"contact": addresses}))
        return registration

    def find_account(self) -> Registration | None:
        """Return the account of the key, None if the authority knows none (RFC 8555 section 7.3.1)."""
        try:
            answer = self._post_to(NEW_ACCOUNT, {"onlyReturnExisting": True})
        except ProblemError as error:
            if error.problem.kind == "accountDoesNotExist":
                return None
            raise
        registration = registration_in(answer)
        self._session.account_url = registration.url
        return registration

    def change_key(self, new: AccountKey, others: Sequence[AccountClient] = ()) -> None:
        """Have `new` sign for the account from now on (RFC 8555 section 7.3.5).

        Args:
            new: a key that no account has.
            others: further clients of the same account; they sign with it as well, and ask nothing meanwhile.

        Raises:
            PolicyRefused: the authority does not let keys be changed.
            AuthorityUnavailable: which of the two keys counts now is unknown; ask by `find_account`.
        """
        url = self._directory.optional(KEY_CHANGE)
        if url is None:
            raise PolicyRefused(
                f"{self._directory.url} does not let accounts change their key.", "Deactivate it and open another one."
            )
        self._session.change_key(url, new, [other._session for other in others])

    def deactivate(self) -> None:
        """Close the account for good (RFC 8555 section 7.3.6)."""
        self._session.post(self._session.known_account(), orjson.dumps({"status": "deactivated"}))

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def _post_to(self, name: str, payload: Mapping[str, object]) -> Answer:
        body = orjson.dumps(payload)
        url = self._directory.address(name)
        post = self._session.post_with_key if name == NEW_ACCOUNT else self._session.post
        try:
            return post(url, body)
        except ProblemError as error:
            if error.problem.status != 404:
                raise
            self._directory.forget()
            moved_to = self._directory.address(name)
            if moved_to == url:
                raise
        return post(moved_to, body)
