"""The ACME client: one account at one authority, all that Certify asks of it, in our own types (RFC 8555)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import urljoin

import orjson

from certify_core.acme.account import AccountClient
from certify_core.acme.answer import Answer
from certify_core.acme.ari import suggestion_in
from certify_core.acme.base64url import ALPHABET, to_base64url
from certify_core.acme.directory import NEW_ORDER, RENEWAL_INFO, REVOKE_CERT
from certify_core.acme.pem_chain import MEDIA_TYPE, chain_in
from certify_core.acme.refusals import refusal_of
from certify_core.acme.repeat import repeated
from certify_core.acme.resources import (
    Authorization,
    OrderStatus,
    authorization_in,
    new_order_in,
    order_in,
    order_urls_in,
)
from certify_core.acme.retry_after import moment_of
from certify_core.domain.ari import Suggestion
from certify_core.domain.identifiers import Identifier
from certify_core.errors import PolicyRefused, ProtocolViolation

PARALLEL_READS = 8
"""Authorizations that are read at the same time."""
_BY_LIFETIME = "It is asked again by itself; until then the certificate is renewed by its lifetime."
_LINK = re.compile(r'<(?P<target>[^>]*)>\s*;[^,]*\brel="?(?P<relation>[\w-]+)"?')


class AcmeClient(AccountClient):
    """One account at one authority; its methods may be called from many threads at once.

    Whatever needs the authority raises `ProblemError` when it refuses (with its problem document), and
    `AuthorityUnavailable` or `ProtocolViolation` when it does not answer, or not as RFC 8555 wants.
    """

    @cached_property
    def _readers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=PARALLEL_READS, thread_name_prefix="acme-read")

    @property
    def profiles(self) -> Mapping[str, str]:
        """The certificate profiles that the authority offers, with their descriptions."""
        return self._directory.meta().profiles

    @property
    def caa_identities(self) -> tuple[str, ...]:
        """By which names in CAA records the authority recognises itself; empty if it does not say (RFC 8659)."""
        return self._directory.meta().caa_identities

    @property
    def suggests_renewals(self) -> bool:
        """Whether the authority says when to renew its certificates, and takes `replaces` (RFC 9773)."""
        return self._directory.optional(RENEWAL_INFO) is not None

    def authority_time(self) -> float | None:
        """Return what time it is at the authority, in seconds since the epoch; None if it does not say.

        Told by the Date of its last answer (RFC 9110 section 6.6.1); asks for the directory if there was none yet.
        """
        if self._transport.last_date[0] is None:
            self._directory.address(NEW_ORDER)
        date, came = self._transport.last_date
        moment = moment_of(date)
        return None if moment is None else moment + time.monotonic() - came

    def new_order(
        self,
        identifiers: Sequence[Identifier],
        *,
        profile: str | None = None,
        not_after: float | None = None,
        replaces: str | None = None,
    ) -> OrderStatus:
        """Order a certificate (RFC 8555 section 7.4).

        Args:
            identifiers: the names.
            profile: one of `profiles`, where the authority has them (draft-ietf-acme-profiles).
            not_after: the end of validity that is wished for, in seconds since the epoch; many authorities refuse it.
            replaces: the ARI identifier of the certificate that this one replaces (RFC 9773 section 5).

        Raises:
            ConnectionBroken: the authority may have taken the order; look for it in `orders`.
        """
        wanted = [{"type": identifier.type, "value": identifier.value} for identifier in identifiers]
        payload: dict[str, object] = {"identifiers": wanted}
        if profile is not None:
            payload["profile"] = profile
        if not_after is not None:
            payload["notAfter"] = datetime.fromtimestamp(not_after, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if replaces is not None:
            payload["replaces"] = replaces
        return new_order_in(self._post_to(NEW_ORDER, payload))

    def order(self, url: str) -> OrderStatus:
        """Return how an order stands."""
        return order_in(self._session.get(url), url)

    def orders(self, orders_url: str) -> Iterator[str]:
        """Yield the addresses of the account's orders, page by page (RFC 8555 section 7.1.2.1)."""
        seen: set[str] = set()
        url: str | None = orders_url
        while url is not None and url not in seen:
            seen.add(url)
            answer = self._session.get(url)
            yield from order_urls_in(answer)
            url = next(iter(_links(answer, "next")), None)

    def authorizations(self, urls: Sequence[str]) -> list[Authorization]:
        """Return authorizations in the order of their addresses, read in parallel (RFC 8555 section 7.5)."""
        if len(urls) == 1:
            return [self._authorization(urls[0])]
        return list(self._readers.map(self._authorization, urls))

    def answer(self, offer_url: str) -> None:
        """Tell the authority that the answer to a challenge is ready to be looked at (RFC 8555 section 7.5.1)."""
        self._session.post(offer_url, b"{}")

    def finalize(self, order: OrderStatus | str, csr_der: bytes) -> OrderStatus:
        """Send the signing request of an order that is ready (RFC 8555 section 7.4).

        Args:
            order: the order, or its `finalize` address; with the address alone the returned `url` is what the
                authority gives in its Location, and may be empty.
            csr_der: a PKCS#10 request as DER.
        """
        finalize_url, order_url = (order, None) if isinstance(order, str) else (order.finalize, order.url)
        payload = orjson.dumps({"csr": to_base64url(csr_der)})
        return order_in(self._session.post(finalize_url, payload), order_url)

    def certificate(self, url: str) -> str:
        """Return the certificate and its chain as PEM, the certificate itself first (RFC 8555 section 7.4.2)."""
        return chain_in(self._session.get(url, accept=MEDIA_TYPE))

    def certificates(self, url: str) -> list[str]:
        """Return every chain that the authority offers for a certificate, its first choice first (section 7.4.2)."""
        answer = self._session.get(url, accept=MEDIA_TYPE)
        others = [self._session.get(link, accept=MEDIA_TYPE) for link in _links(answer, "alternate")]
        return [chain_in(each) for each in (answer, *others)]

    def revoke(self, certificate_der: bytes, reason_code: int) -> None:
        """Revoke a certificate (RFC 8555 section 7.6), in the account's name, or if there is none in the key's own.

        Args:
            certificate_der: the certificate, without its chain.
            reason_code: a CRLReason of RFC 5280 section 5.3.1; 0 goes without saying, as is wanted there.

        Raises:
            PolicyRefused: the authority does not revoke on request.
        """
        url = self._directory.optional(REVOKE_CERT)
        if url is None:
            raise PolicyRefused(f"{self._directory.url} does not revoke certificates.", "Ask the authority itself.")
        payload: dict[str, object] = {"certificate": to_base64url(certificate_der)}
        if reason_code:
            payload["reason"] = reason_code
        post = self._session.post if self.account_url else self._session.post_with_key
        post(url, orjson.dumps(payload))

    def renewal_info(self, ari_id: str) -> Suggestion | None:
        """Return when the authority wants a certificate renewed, None if it never says so (RFC 9773 section 4).

        Args:
            ari_id: what names the certificate; made by `certify_core.acme.certificate_id`.
        """
        base = self._directory.optional(RENEWAL_INFO)
        if base is None:
            return None
        answer = self._read(f"{base.rstrip('/')}/{ari_id}")
        if answer.status == 404:  # is it the certificate that is not known, or has the address moved?
            self._directory.forget()
            moved_to = self._directory.optional(RENEWAL_INFO)
            if moved_to not in (base, None):
                answer = self._read(f"{str(moved_to).rstrip('/')}/{ari_id}")
        if not answer.is_success:
            raise refusal_of(answer, remedy=_BY_LIFETIME)
        return suggestion_in(answer)

    def key_authorization(self, token: str) -> str:
        """Return what answers a challenge (RFC 8555 section 8.1).

        Raises:
            ProtocolViolation: the token has characters that no token may have; it could name another file, say.
        """
        if not ALPHABET.fullmatch(token):
            raise ProtocolViolation(f"{self._directory.url} gave a token that is no base64url.", "It is ordered anew.")
        return f"{token}.{self._session.key.thumbprint}"

    def close(self) -> None:
        """Close every connection."""
        self._readers.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _read(self, url: str) -> Answer:
        """Ask for what is open to everybody."""
        deadline = self._transport.deadline()
        return repeated(lambda: self._transport.request("GET", url, deadline))

    def _authorization(self, url: str) -> Authorization:
        return authorization_in(self._session.get(url))


def _links(answer: Answer, relation: str) -> list[str]:
    """Return the addresses of an answer's links of one relation (RFC 8288)."""
    found = (
        match
        for header in answer.headers.getlist("Link")
        for match in _LINK.finditer(header)
        if match["relation"] == relation
    )
    return [urljoin(answer.url, match["target"]) for match in found]
