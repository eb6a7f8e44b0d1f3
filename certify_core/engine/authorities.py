"""The authorities that users have named: chosen by their id, as those that plugins bring are."""

from __future__ import annotations

from collections.abc import Callable

from certify_core.contracts import AcmeAuthority
from certify_core.domain.authority import AuthoritySettings, NamedAuthority
from certify_core.errors import Conflict, InvalidInput
from certify_core.plugins import Plugins
from certify_core.store import Store
from certify_core.store.database import Also, nothing_more

NAMED = 5
"""So many users of an authority are named at most where it cannot be removed."""


class NamedAuthorities:
    """What the faces ask for."""

    def __init__(self, store: Store, plugins: Plugins, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        """`changed` is called whenever an authority is another one than before."""
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self._changed = changed
        self.offer()

    def create(self, authority_id: str, settings: AuthoritySettings, also: Also = nothing_more) -> NamedAuthority:
        """Keep a new authority.

        Raises:
            InvalidInput: a plugin brings one of this id; names the field ``name``.
            Conflict: the id is taken.
        """
        self.check(authority_id)
        authority = self._store.authorities.create(authority_id, settings, self._clock(), also)
        self.offer()
        return authority

    def change(
        self, authority_id: str, version: int, settings: AuthoritySettings, also: Also = nothing_more
    ) -> NamedAuthority:
        """Replace an authority that still has `version`.

        Raises:
            Conflict: somebody else changed it first.
        """
        authority = self._store.authorities.update(authority_id, version, settings, self._clock(), also)
        self.offer()
        return authority

    def delete(self, authority_id: str, also: Also = nothing_more) -> None:
        """Remove an authority.

        Raises:
            Conflict: managed certificates name it; says which.
        """
        users = [name for _, name in self._store.accounts.users([authority_id])]
        if users:
            more = f" and {len(users) - NAMED} more" if len(users) > NAMED else ""
            raise Conflict(
                f"The authority {authority_id} is used by {', '.join(users[:NAMED])}{more}.",
                "Choose another one for them first.",
            )
        self._store.authorities.delete(authority_id, also)
        self.offer()

    def check(self, authority_id: str) -> None:
        """See that a new authority may have this id.

        Raises:
            InvalidInput: a plugin brings one of this id; names the field ``name``.
        """
        if self._plugins.authorities.is_brought(authority_id):
            raise InvalidInput(
                "name", f"{authority_id} is an authority that a plugin brings.", "Give this one another name."
            )

    def offer(self) -> None:
        """Have those in the store be chosen from; done by itself after each change that is made here."""
        self._plugins.authorities.keep(as_authority(item.id, item) for item in self._store.authorities.all())
        self._changed()


def as_authority(authority_id: str, settings: AuthoritySettings) -> AcmeAuthority:
    """Return what a user says about an authority as those look that plugins bring."""
    return AcmeAuthority(
        id=authority_id,
        title=settings.title or authority_id,
        directory=settings.directory,
        ca_bundle=settings.ca_bundle,
        staging=settings.staging,
        needs_eab=settings.needs_eab,
        rehearsal=settings.rehearsal,
    )
