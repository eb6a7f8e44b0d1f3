"""HTTPS to one authority: kept connections, verified TLS, time limits, and network trouble in plain words.

One request in, one `Answer` out, whatever its status; what an answer means is decided elsewhere. Redirects are not
followed: a signed request is good for one address only (RFC 8555 section 6.4). Safe for many threads.
"""

from __future__ import annotations

import logging
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from certify_core.acme.retry_after import seconds_to_wait
from certify_core.acme.trust import tls_context
from certify_core.errors import AuthorityUnavailable, InvalidInput, ProtocolViolation

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPHeaderDict

MAX_BODY = 4 * 1024 * 1024
"""Octets; far more than any certificate chain or directory."""
CONNECT_TIMEOUT = 10.0
"""Seconds until an address that does not answer is given up."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_LATER = (
    "It is tried again by itself; if this lasts, look at the authority's status page and at this machine's network."
)
_log = logging.getLogger(__name__)


class ConnectionBroken(AuthorityUnavailable):
    """The connection ended in the middle; whether the authority acted on the request is unknown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    url: str
    status: int
    headers: HTTPHeaderDict
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds that the authority asks us to wait, if it does."""
        return seconds_to_wait(self.headers.get("Retry-After"), self.headers.get("Date"), time.time())

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body.

        Raises:
            ProtocolViolation: it is something else.
        """
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            raise ProtocolViolation(
                f"{self.url} answered {self.content_type or 'something without a type'} where ACME has a JSON object.",
                "Check that the address is that of an ACME server and that no proxy answers in its place.",
            )
        return document


class Transport:
    """Sends requests to an authority."""

    def __init__(self, ca_bundle: Path | None, user_agent: str, timeout: float, connections: int) -> None:
        """Read the roots.

        Raises:
            InvalidInput: `ca_bundle` cannot be used; names the field ``ca_bundle``.
        """
        import urllib3  # 50 ms and 8 MB that a service without ACME accounts need not spend

        self._ca_bundle = ca_bundle
        self._timeout = timeout
        self._headers = {"User-Agent": user_agent}
        self._pools = urllib3.PoolManager(
            num_pools=4, maxsize=connections, block=True, ssl_context=tls_context(ca_bundle)
        )

    def deadline(self) -> float:
        """Return the monotonic moment at which a call that starts now has to end."""
        return time.monotonic() + self._timeout

    def request(self, method: str, url: str, deadline: float, *, body: bytes | None = None, **headers: str) -> Answer:
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
        from urllib3.exceptions import HTTPError

        _check_scheme(url)
        started = time.monotonic()
        try:
            response = self._open(method, url, deadline, body, {**self._headers, **(headers or {})})
            try:
                content = _read(response, url, deadline)
            except BaseException:
                response.close()
                raise
            finally:
                response.release_conn()
        except HTTPError as error:
            raise self._trouble(error, url) from error
        _log.debug("%s %s %d %.0f ms", method, url, response.status, (time.monotonic() - started) * 1000)
        return Answer(url, response.status, response.headers, content)

    def close(self) -> None:
        """Close every connection."""
        self._pools.clear()

    def _open(
        self, method: str, url: str, deadline: float, body: bytes | None, headers: dict[str, str]
    ) -> BaseHTTPResponse:
        from urllib3 import Timeout

        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise _too_slow(url)
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

    def _trouble(self, error: Exception, url: str) -> AuthorityUnavailable | ProtocolViolation:
        from urllib3 import exceptions

        host = urlsplit(url).netloc
        match error:
            case exceptions.NameResolutionError():
                return AuthorityUnavailable(
                    f"The name of {url} cannot be resolved.", "Check its spelling and this machine's DNS servers."
                )
            case exceptions.SSLError():
                return AuthorityUnavailable(f"TLS with {host} failed: {_tls_reason(error)}.", self._tls_remedy())
            case exceptions.ConnectTimeoutError():
                return AuthorityUnavailable(
                    f"{host} does not accept connections in time.", "Check firewall and proxy on the way; " + _LATER
                )
            case exceptions.NewConnectionError():
                return AuthorityUnavailable(
                    f"{host} cannot be reached: {_root_reason(error)}.", "Check address, port and firewall. " + _LATER
                )
            case exceptions.ReadTimeoutError():
                return _too_slow(url)
            case exceptions.EmptyPoolError():
                return AuthorityUnavailable(f"Every connection to {host} is busy.", _LATER)
            case exceptions.ProtocolError():
                return ConnectionBroken(f"{host} broke the connection off: {_root_reason(error)}.", _LATER)
            case _:
                return ProtocolViolation(
                    f"{url} answered with what is no HTTP: {_root_reason(error)}.", "Check that the address is right."
                )

    def _tls_remedy(self) -> str:
        if self._ca_bundle is None:
            return (
                "For a private authority give its root certificates as ca_bundle; for a public one check this "
                "machine's clock and its system's root certificates."
            )
        return f"Check that {self._ca_bundle} holds the root of the authority's web server, and this machine's clock."


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
    body = bytearray()
    while chunk := response.read1(65_536):
        body += chunk
        if len(body) > MAX_BODY:
            raise ProtocolViolation(
                f"{url} answered more than {MAX_BODY} octets.", "Check that the address is that of an ACME server."
            )
        if time.monotonic() > deadline:
            raise _too_slow(url)
    return bytes(body)


def _too_slow(url: str) -> AuthorityUnavailable:
    return AuthorityUnavailable(f"{url} did not answer in time.", _LATER)


def _tls_reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return reason.verify_message
    if isinstance(reason, ssl.SSLError) and reason.reason:
        return reason.reason.lower().replace("_", " ")
    return str(reason)


def _root_reason(error: BaseException) -> str:
    for argument in (error.__cause__, *error.args):
        if isinstance(argument, OSError) and argument.strerror:
            return argument.strerror.lower()
    return next((str(a) for a in reversed(error.args) if not isinstance(a, OSError)), type(error).__name__)
