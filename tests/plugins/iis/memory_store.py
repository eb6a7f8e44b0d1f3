"""A machine's certificate stores in memory, and the mishaps that tests wish for."""

from __future__ import annotations

from collections.abc import Sequence

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_iis.store import Stored


class MemoryStore:
    """Keeps the contract of `MachineStore`; the rest is for tests."""

    def __init__(self) -> None:
        self.bundles: dict[str, CertificateBundle] = {}
        self.readers: list[tuple[str, str]] = []
        """Thumbprints, and the accounts that may read their keys."""
        self.accounts = {"IIS AppPool\\Shop"}
        self.keys_work = True
        self.removes = True
        self._stores: dict[tuple[str, str], Stored] = {}

    def put(self, bundle: CertificateBundle, store: str, *, friendly_name: str, exportable: bool) -> bool:
        if self.find(bundle.thumbprint, store):
            return False
        self.bundles[bundle.thumbprint] = bundle
        self._stores[store, bundle.thumbprint] = Stored(bundle.thumbprint, friendly_name, bundle.not_after, True)
        return True

    def find(self, thumbprint: str, store: str) -> Stored | None:
        return self._stores.get((store, thumbprint))

    def certificates(self, store: str) -> Sequence[Stored]:
        return [stored for (name, _), stored in self._stores.items() if name == store]

    def check_key(self, thumbprint: str, store: str) -> None:
        if not self.find(thumbprint, store) or not self.keys_work:
            raise DeploymentFailed(f"The key of {thumbprint} cannot be used.", "Import it again.")

    def grant_read(self, thumbprint: str, store: str, account: str) -> None:
        if account not in self.accounts:
            raise DeploymentFailed(f"There is no account {account!r}.", "Correct grant_read.")
        self.readers.append((thumbprint, account))

    def may_read(self, thumbprint: str, store: str, account: str) -> bool:
        return (thumbprint, account) in self.readers

    def remove(self, thumbprint: str, store: str) -> None:
        if not self.removes:
            raise DeploymentFailed(f"Refused to remove {thumbprint}.", "See why.")
        self._stores.pop((store, thumbprint), None)

    def contents(self) -> set[tuple[str, str]]:
        """Return store and thumbprint of everything there is."""
        return set(self._stores)
