"""Which groups of this machine somebody is in."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Groups:
    """Somebody's groups."""

    names: frozenset[str] = frozenset()
    """Case-folded; never empty text."""
    are_administrators: bool = False
    """Whether the system itself takes him for an administrator."""


def groups_of(name: str, realm: str) -> Groups:
    """Return the groups of `DOMAIN\\user` or `user@REALM`; none for who is not known here.

    `realm` is the one whose users are this machine's users; the system itself says which those are where it can.
    """
    if os.name == "nt":
        from certify_negotiate.windows_groups import groups_of_account

        return groups_of_account(name)
    from certify_negotiate.posix_groups import groups_of_user

    return groups_of_user(name, realm)
