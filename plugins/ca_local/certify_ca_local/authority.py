"""The authority as the service sees it: refuse what it may not sign, else sign with the root."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from certify_ca_local.leaf import checked_request, sign
from certify_ca_local.names import refuse_public_names
from certify_ca_local.root import Root, load_or_make
from certify_core.api import Identifier


def _utc_now() -> datetime:
    return datetime.now(UTC)


class LocalAuthority:
    """Signs for internal names. Keeps nothing but its folder, so any number of threads and processes may use it."""

    id = "local"
    title = "Local CA (development and internal names)"

    def __init__(self, folder: Path, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._folder = folder
        self._now = now

    def issue(self, csr_der: bytes, identifiers: Sequence[Identifier]) -> str:
        """Return a certificate for the request's key as PEM; its chain is empty, for the root signs it itself.

        Raises:
            PolicyRefused: a name is public, or the key is of a kind that the local CA does not sign.
            InvalidInput: the request is damaged, or does not ask for exactly these identifiers.
            LocalFault: the root cannot be made or read, or has expired.
        """
        refuse_public_names(identifiers)
        request = checked_request(csr_der, identifiers)
        certificate = sign(self._root(), request.public_key(), identifiers, self._now())
        return certificate.public_bytes(Encoding.PEM).decode("ascii")

    def root_pem(self) -> str:
        """Return the root certificate that clients have to trust, and make it if this is the first use.

        Raises:
            LocalFault: the root cannot be made or read, or has expired.
        """
        return self._root().certificate.public_bytes(Encoding.PEM).decode("ascii")

    def _root(self) -> Root:
        return load_or_make(self._folder, self._now())
