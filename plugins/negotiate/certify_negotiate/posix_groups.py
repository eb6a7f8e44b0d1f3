"""Groups as the system's user database has them (files, LDAP, SSSD)."""

from __future__ import annotations

import os

from certify_negotiate.groups import Groups


def groups_of_user(name: str, realm: str) -> Groups:
    """Return the groups of the user that a name of this realm stands for; none for any other name."""
    import pwd  # on POSIX alone

    user = _user(name, realm)
    if user is None:
        return Groups()
    try:
        entry = pwd.getpwnam(user)
        numbers = os.getgrouplist(user, entry.pw_gid)
    except (KeyError, OSError):
        return Groups()
    return Groups(frozenset(_names(numbers)), are_administrators=entry.pw_uid == 0)


def _user(name: str, realm: str) -> str | None:
    """Return the user of `DOMAIN\\user` or `user@REALM`, if it is of the realm, and a user rather than a service."""
    domain, separator, user = name.partition("\\")
    if not separator:
        user, _, domain = name.rpartition("@")
    is_ours = bool(realm) and domain.casefold() == realm.casefold()
    return user if is_ours and user and "/" not in user else None


def _names(numbers: list[int]) -> list[str]:
    import grp  # on POSIX alone

    found = []
    for number in numbers:
        try:
            found.append(grp.getgrgid(number).gr_name.casefold())
        except KeyError:
            continue
    return found
