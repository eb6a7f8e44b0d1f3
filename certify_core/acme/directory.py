"""The directory: where an authority takes which request, and what it asks of accounts (RFC 8555 section 7.1.1).

It is fetched when first needed, again after a day, and again after `forget`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from certify_core.acme.answer import Answer
from certify_core.acme.refusals import refusal_of
from certify_core.acme.repeat import repeated
from certify_core.errors import ProtocolViolation

if TYPE_CHECKING:
    from certify_core.acme.transport import Transport

MAX_AGE = 86_400.0
"""Seconds after which it is fetched again."""
NEW_NONCE, NEW_ACCOUNT, NEW_ORDER = "newNonce", "newAccount", "newOrder"
RENEWAL_INFO, KEY_CHANGE, REVOKE_CERT = "renewalInfo", "keyChange", "revokeCert"
_REQUIRED = (NEW_NONCE, NEW_ACCOUNT, NEW_ORDER)
_REMEDY = "Check that the address is that of an ACME directory, such as https://acme.example/directory."


@dataclass(frozen=True, slots=True)
class Meta:
    """What an authority says about itself; absent members are empty."""

    terms_of_service: str | None = None
    external_account_required: bool = False
    profiles: Mapping[str, str] = field(default_factory=dict)
    """Name and description of each (draft-ietf-acme-profiles)."""
    caa_identities: tuple[str, ...] = ()
    """By which names in CAA records the authority recognises itself (RFC 8659)."""


class Directory:
    """One authority's directory; safe for many threads."""

    def __init__(self, url: str, transport: Transport, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._document: dict[str, Any] | None = None
        self._fetched_at = 0.0

    def address(self, name: str) -> str:
        """Return where requests of this name go.

        Raises:
            AuthorityUnavailable: the directory cannot be fetched.
            ProtocolViolation: what is there is no ACME directory.
        """
        return str(self._current()[name])

    def optional(self, name: str) -> str | None:
        """Return where requests of this name go, None if the authority does not take any; raises as `address` does."""
        address = self._current().get(name)
        return address if isinstance(address, str) and address else None

    def meta(self) -> Meta:
        """Return what the authority says about itself; raises as `address` does."""
        from acme import messages  # 80 ms and 8 MB, spent when an account is registered and at no other time

        meta = self._current().get("meta")
        parsed = messages.Directory.Meta.from_json(meta if isinstance(meta, dict) else {})
        terms, profiles, identities = parsed.terms_of_service, parsed.profiles, parsed.caa_identities
        return Meta(
            terms_of_service=terms if isinstance(terms, str) else None,
            external_account_required=parsed.external_account_required is True,
            profiles={str(name): str(text) for name, text in profiles.items()} if isinstance(profiles, Mapping) else {},
            caa_identities=tuple(map(str, identities)) if isinstance(identities, list | tuple) else (),
        )

    def forget(self) -> None:
        """Fetch it again before it is used next: an address in it was not found."""
        with self._lock:
            self._document = None

    def _current(self) -> dict[str, Any]:
        with self._lock:
            if self._document is None or self._clock() - self._fetched_at > MAX_AGE:
                self._document = self._fetch()
                self._fetched_at = self._clock()
            return self._document

    def _fetch(self) -> dict[str, Any]:
        deadline = self._transport.deadline()
        answer = repeated(lambda: self._transport.request("GET", self.url, deadline))
        if 300 <= answer.status < 400:
            raise ProtocolViolation(
                f"The directory {self.url} has moved to {answer.headers.get('Location', 'an unnamed place')}.",
                "Set the authority's address to the new one.",
            )
        if not answer.is_success:
            raise refusal_of(answer, remedy=_REMEDY if answer.status < 429 else None)
        return self._checked(answer)

    def _checked(self, answer: Answer) -> dict[str, Any]:
        document = answer.json()
        missing = [name for name in _REQUIRED if not isinstance(document.get(name), str)]
        if missing:
            raise ProtocolViolation(f"{self.url} is no ACME directory: it has no {' and no '.join(missing)}.", _REMEDY)
        return document
