"""The machine's certificate store as the target sees it, what certificates are called there, and which may go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from certify_core.api import CertificateBundle

MARK = "[Certify]"
"""What the friendly name of every certificate of ours contains."""
Cleanup = Literal["none", "after-expiry", "after-renewal"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A certificate in a store of the machine."""

    thumbprint: str
    friendly_name: str
    not_after: float
    """Seconds since the epoch."""
    has_key: bool
    """Whether the store knows of a private key for it."""


class MachineStore(Protocol):
    """Certificates of the machine, in stores by name (`My`, `WebHosting`)."""

    def put(self, bundle: CertificateBundle, store: str, *, friendly_name: str, exportable: bool) -> bool:
        """Import certificate, key and intermediates; return False if the certificate was there already, with its key.

        Raises:
            DeploymentFailed: Windows refused.
        """

    def find(self, thumbprint: str, store: str) -> Stored | None:
        """Return a certificate, or None."""

    def certificates(self, store: str) -> Sequence[Stored]:
        """Return all certificates of a store."""

    def check_key(self, thumbprint: str, store: str) -> None:
        """Use the private key once.

        Raises:
            DeploymentFailed: the certificate is gone, or its key is missing or cannot be used.
        """

    def grant_read(self, thumbprint: str, store: str, account: str) -> None:
        """Let an account use the private key.

        Raises:
            DeploymentFailed: there is no such account, or Windows refused.
        """

    def may_read(self, thumbprint: str, store: str, account: str) -> bool:
        """Return whether an account is among those that may use the private key.

        Raises:
            DeploymentFailed: the key cannot be opened, or there is no such account.
        """

    def remove(self, thumbprint: str, store: str) -> None:
        """Remove a certificate; none is there afterwards, also if none was before."""


def friendly_name(bundle: CertificateBundle) -> str:
    """Return what a certificate is called in the store: `<primary name> [Certify] - <from> to <to>`."""
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in (bundle.not_before, bundle.not_after))
    return f"{bundle.identifiers[0]} {MARK} - {start:%Y-%m-%d} to {end:%Y-%m-%d}"


def removable(
    found: Iterable[Stored], cleanup: Cleanup, *, now: float, earlier: Collection[str], in_use: Collection[str]
) -> list[Stored]:
    """Return which certificates may go: ours alone, and none that is in use.

    Args:
        found: what is in the store.
        cleanup: which of them: none, the expired ones, or the `earlier` ones as well.
        now: seconds since the epoch.
        earlier: thumbprints that the managed certificate had before.
        in_use: thumbprints that bindings show, that other managed certificates have, or that may have to come back.
    """
    if cleanup == "none":
        return []
    return [
        stored
        for stored in found
        if MARK in stored.friendly_name
        and stored.thumbprint not in in_use
        and (stored.not_after < now or (cleanup == "after-renewal" and stored.thumbprint in earlier))
    ]
