"""The edge to IIS: what is asked of it, what it may answer, and how a change that somebody crossed is made again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from certify_core.api import DeploymentFailed
from certify_iis.bindings import Change, Site, version_of

PAUSES = (0.5, 2.0, 5.0, 10.0)
"""Seconds between the attempts: a large configuration takes IIS some seconds to write."""


class IisMissing(DeploymentFailed):
    """There is no IIS on this machine."""


class ConfigurationChanged(DeploymentFailed):
    """Somebody else changed the configuration of IIS meanwhile, or is writing it; trying again may help."""


class IisAdmin(Protocol):
    """Reads and changes the sites of one IIS."""

    def sites(self) -> Sequence[Site]:
        """Return all sites with their bindings as they are now.

        Raises:
            DeploymentFailed: there is no IIS, or it cannot be read.
        """

    def version(self) -> str:
        """Return a text that differs as soon as sites or bindings do."""

    def apply(self, changes: Sequence[Change], expected_version: str) -> None:
        """Make all changes with one commit, or none.

        Raises:
            ConfigurationChanged: the sites are not as they were at `expected_version`; nothing has changed.
            DeploymentFailed: IIS refused; what had been changed already was put back.
        """


def carry_out(
    admin: IisAdmin,
    decide: Callable[[Sequence[Site]], Sequence[Change]],
    pause: Callable[[float], None],
) -> Sequence[Change]:
    """Read the sites, decide and apply; again from the start if somebody changed them meanwhile.

    Returns:
        The changes that were made; empty if there was nothing to do.

    Raises:
        DeploymentFailed: IIS refused, or the configuration was changed meanwhile every time.
    """
    for seconds in (*PAUSES, None):
        sites = admin.sites()
        changes = decide(sites)
        if not changes:
            return ()
        try:
            admin.apply(changes, version_of(sites))
        except ConfigurationChanged:
            if seconds is None:
                raise
            pause(seconds)
        else:
            return changes
    raise AssertionError("the last attempt returns or raises")
