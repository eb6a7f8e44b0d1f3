"""Network trouble in plain words: from what the HTTP library raises to an error with cause and remedy."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from urllib3 import exceptions

from certify_core.acme.answer import ConnectionBroken
from certify_core.errors import AuthorityUnavailable, CertifyError, ProtocolViolation

_LATER = "It is tried again by itself; if this lasts, look at the authority's status page and this machine's network."

_PLAIN: tuple[tuple[type[Exception], str, str], ...] = (
    (
        exceptions.NameResolutionError,
        "The name of {host} cannot be resolved.",
        "Check the authority's address and this machine's DNS servers.",
    ),
    (
        exceptions.NewConnectionError,
        "{host} cannot be reached: {reason}.",
        "Check address, port and firewall. " + _LATER,
    ),
    (exceptions.ConnectTimeoutError, "{host} does not accept connections in time.", "Check the firewall. " + _LATER),
    (exceptions.ReadTimeoutError, "{url} did not answer in time.", _LATER),
    (exceptions.EmptyPoolError, "Every connection to {host} is busy.", _LATER),
)
"""Type, cause and remedy; the first that fits is taken, so that subclasses come before their bases."""


def trouble(error: exceptions.HTTPError, url: str, ca_bundle: Path | None) -> CertifyError:
    """Return the error that says why `url` gave no answer; `ca_bundle` is what TLS was checked by."""
    host = urlsplit(url).netloc
    reason = _reason(error)
    for kind, cause, remedy in _PLAIN:
        if isinstance(error, kind):
            return AuthorityUnavailable(cause.format(host=host, url=url, reason=reason), remedy)
    if isinstance(error, exceptions.SSLError):
        return AuthorityUnavailable(f"TLS with {host} failed: {reason}.", _tls_remedy(ca_bundle))
    if isinstance(error, exceptions.ProtocolError):
        return ConnectionBroken(f"{host} broke the connection off: {reason}.", _LATER)
    return ProtocolViolation(f"{url} answered with what is no HTTP: {reason}.", "Check that the address is right.")


def too_slow(url: str) -> AuthorityUnavailable:
    """Return the error for a time limit that passed between two octets or two attempts."""
    return AuthorityUnavailable(f"{url} did not answer in time.", _LATER)


def _tls_remedy(ca_bundle: Path | None) -> str:
    if ca_bundle is not None:
        return f"Check that {ca_bundle} holds the root of the authority's web server, and this machine's clock."
    return (
        "For a private authority give its root certificates as ca_bundle; for a public one check this machine's clock "
        "and its system's root certificates."
    )


def _reason(error: BaseException) -> str:
    """Return the innermost cause in a few words; urllib3 wraps what the system says in itself or in its arguments."""
    for inner in (error, error.__cause__, *error.args):
        if isinstance(inner, ssl.SSLCertVerificationError):
            return inner.verify_message
        if isinstance(inner, ssl.SSLError) and inner.reason:
            return inner.reason.lower().replace("_", " ")
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror.lower()
    return str(error.args[-1]).rstrip(".") if error.args else type(error).__name__
