"""By which roots an authority's own TLS certificate is checked: the system's, or those of a file."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.errors import InvalidInput

_FIELD = "ca_bundle"
_REMEDY = "Give a PEM file with the root certificates of the authority's own web server, or none to trust the system's."


def tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Return a context that verifies chain and host name.

    Raises:
        InvalidInput: the file is missing, cannot be read, or holds no certificate that is still valid; names the
            field ``ca_bundle``.
    """
    if ca_bundle is None:
        return ssl.create_default_context()
    context = ssl.create_default_context(cadata=_read(ca_bundle))
    # Who names a certificate wants it trusted, whether it is a root, an intermediate or the server's own.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # Python 3.13 turns away roots that lack extensions nobody looks at; private ones often do. Chain, name and dates
    # are checked all the same.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _read(path: Path) -> bytes:
    try:
        pem = path.read_bytes()
    except FileNotFoundError as error:
        raise InvalidInput(_FIELD, f"The CA bundle {path} does not exist.", _REMEDY) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidInput(_FIELD, f"The CA bundle {path} cannot be read: {reason}.", _REMEDY) from error
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise InvalidInput(_FIELD, f"The CA bundle {path} holds no readable PEM certificate.", _REMEDY) from error
    last_end = max(certificate.not_valid_after_utc for certificate in certificates)
    if last_end < datetime.now(UTC):
        raise InvalidInput(
            _FIELD,
            f"Every certificate in the CA bundle {path} has expired, the last one on {last_end:%Y-%m-%d %H:%M} UTC.",
            "Put the authority's current root certificates into the file.",
        )
    return b"".join(certificate.public_bytes(Encoding.DER) for certificate in certificates)
