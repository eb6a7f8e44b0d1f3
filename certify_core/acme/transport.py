"""HTTPS to one authority: kept connections, verified TLS, time limits, and network trouble in plain words.

One request in, one `Answer` out, whatever its status; what an answer means is decided elsewhere. Redirects are not
followed: a signed request is good for one address only (RFC 8555 section 6.4). Safe for many threads. Imports urllib3
(50 ms, 8 MB) and is itself imported with the first client.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError

from certify_core.acme.answer import Answer
from certify_core.acme.trouble import too_slow, trouble
from certify_core.acme.trust import tls_context
from certify_core.errors import InvalidInput, ProtocolViolation

MAX_BODY = 4 * 1024 * 1024
"""Octets; far more than any certificate chain or directory."""
CONNECT_TIMEOUT = 10.0
"""Seconds until an address that does not answer is given up."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_log = logging.getLogger(__name__)


class Transport:
    """Sends requests to an authority."""

    def __init__(self, ca_bundle: Path | None, user_agent: str, timeout: float, connections: int) -> None:
        """Read the roots.

        Raises:
            InvalidInput: `ca_bundle` cannot be used; names the field ``ca_bundle``.
        """
        self._ca_bundle = ca_bundle
        self._timeout = timeout
        self._headers = {"User-Agent": user_agent}
        self.last_date: tuple[str | None, float] = (None, 0.0)
        """The Date of the last answer, and the monotonic moment at which it came."""
        self._pools = PoolManager(num_pools=4, maxsize=connections, block=True, ssl_context=tls_context(ca_bundle))

    def deadline(self) -> float:
        """Return the monotonic moment at which a call that starts now has to end."""
        return time.monotonic() + self._timeout

    def request(
        self,
        method: str,
        url: str,
        deadline: float,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, once.

        Args:
            method: an HTTP method.
            url: where to.
            deadline: the monotonic moment to give up at.
            body: what to send.
            headers: more headers than the user agent.

        Raises:
            ConnectionBroken: the connection ended before the answer did.
            AuthorityUnavailable: no connection, no trust, or no answer in time.
            ProtocolViolation: the answer is too long or no HTTP.
        """
        _check_scheme(url)
        started = time.monotonic()
        try:
            response = self._open(method, url, deadline, body, {**self._headers, **(headers or {})})
            content = _read(response, url, deadline)
        except HTTPError as error:
            raise trouble(error, url, self._ca_bundle) from error
        self.last_date = (response.headers.get("Date"), time.monotonic())
        _log.debug("%s %s %d %.0f ms", method, url, response.status, (time.monotonic() - started) * 1000)
        return Answer(url, response.status, response.headers, content)

    def close(self) -> None:
        """Close every connection."""
        self._pools.clear()

    def _open(
        self, method: str, url: str, deadline: float, body: bytes | None, headers: dict[str, str]
    ) -> BaseHTTPResponse:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise too_slow(url)
        return self._pools.urlopen(
            method,
            url,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=Timeout(connect=min(CONNECT_TIMEOUT, remaining), read=remaining),
            pool_timeout=remaining,
        )


def _check_scheme(url: str) -> None:
    parts = urlsplit(url)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        return
    raise InvalidInput(
        "authority",
        f"{url!r} is not the https address of an ACME server.",
        "Give the address of the directory, such as https://acme.example/directory.",
    )


def _read(response: BaseHTTPResponse, url: str, deadline: float) -> bytes:
    try:
        return b"".join(_chunks(response, url, deadline))
    except BaseException:
        response.close()  # what is left of it must not be taken for the next answer
        raise
    finally:
        response.release_conn()


def _chunks(response: BaseHTTPResponse, url: str, deadline: float) -> Iterator[bytes]:
    length = 0
    while chunk := response.read1(65_536):
        length += len(chunk)
        if length > MAX_BODY:
            raise ProtocolViolation(
                f"{url} answered more than {MAX_BODY} octets.", "Check that the address is that of an ACME server."
            )
        if time.monotonic() > deadline:
            raise too_slow(url)
        yield chunk
