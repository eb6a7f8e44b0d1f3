"""Turns `user` or `user:group`, names or numbers, into the numbers that the file system keeps."""

from __future__ import annotations

from certify_core.api import DeploymentFailed

try:
    import grp
    import pwd
except ImportError:  # Windows, where files have other owners
    _POSIX = False
else:
    _POSIX = True

Owner = tuple[int, int]
"""User and group id."""


def resolve_owner(text: str) -> Owner | None:
    """Return the ids; None if `text` is empty.

    Raises:
        DeploymentFailed: this machine has no such user or group, or no such owners at all.
    """
    if not text:
        return None
    if not _POSIX:
        raise DeploymentFailed(
            f"The owner {text} cannot be set on this system.", "Leave owner empty; files inherit the folder's rights."
        )
    user, _, group = text.partition(":")
    return _user_id(user), _group_id(group) if group else _primary_group(user)


def _user_id(user: str) -> int:
    if user.isdecimal():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise DeploymentFailed(
            f"There is no user {user!r} on this machine.", "Make the user, or correct the parameter owner."
        ) from None


def _group_id(group: str) -> int:
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise DeploymentFailed(
            f"There is no group {group!r} on this machine.", "Make the group, or correct the parameter owner."
        ) from None


def _primary_group(user: str) -> int:
    try:
        return pwd.getpwuid(_user_id(user)).pw_gid
    except KeyError:
        raise DeploymentFailed(
            f"The user {user} is unknown on this machine, so it has no primary group.",
            "Give the group too: owner=user:group.",
        ) from None
