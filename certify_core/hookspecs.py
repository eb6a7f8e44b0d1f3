"""The hooks a plugin may keep. Each is called once, when the service starts, and returns what the plugin offers.

A plugin is a module (or any object) named by an entry point of group `certify.plugins`:

    # pyproject.toml
    [project.entry-points."certify.plugins"]
    hello = "certify_hello"

    # certify_hello.py
    from certify_core.api import hookimpl

    @hookimpl
    def certify_deployment_targets(context):
        return [HelloTarget()]
"""

from __future__ import annotations

from collections.abc import Sequence
from logging import Handler
from pathlib import Path

import pluggy

from certify_core.contracts import (
    Authority,
    ChallengeProvider,
    DeploymentTarget,
    FolderKeeper,
    HealthCheck,
    Notifier,
    PluginContext,
    SecretKeeper,
    StoreProvider,
)
from certify_core.selftests import SelfTest
from certify_core.service_managers import ServiceManager
from certify_core.sign_ins import SignIn

PROJECT = "certify"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class HookSpecs:
    """All hooks; added in 0.1 unless the description says otherwise."""

    @hookspec
    def certify_stores(self, context: PluginContext) -> Sequence[StoreProvider]:  # type: ignore[empty-body]
        """Return storage: one is chosen by the name in serviceconfig.json (``store``, default ``sqlite``)."""

    @hookspec
    def certify_challenge_providers(self, context: PluginContext) -> Sequence[ChallengeProvider]:  # type: ignore[empty-body]
        """Return ways to show control of names; settings choose one by name."""

    @hookspec
    def certify_deployment_targets(self, context: PluginContext) -> Sequence[DeploymentTarget]:  # type: ignore[empty-body]
        """Return places where certificates are put; settings choose any number by name."""

    @hookspec
    def certify_authorities(self, context: PluginContext) -> Sequence[Authority]:  # type: ignore[empty-body]
        """Return certificate authorities; settings choose one by id."""

    @hookspec
    def certify_service_managers(self, context: PluginContext) -> Sequence[ServiceManager]:  # type: ignore[empty-body]
        """Return what has operating systems run the service: the first one that is here is used."""

    @hookspec
    def certify_sign_ins(self, context: PluginContext) -> Sequence[SignIn]:  # type: ignore[empty-body]
        """Return ways to sign in with an account that people have elsewhere; all are offered."""

    @hookspec
    def certify_log_handlers(self, context: PluginContext) -> Sequence[Handler]:  # type: ignore[empty-body]
        """Return named handlers of `logging` that write to the system's log: warnings and errors go to all."""

    @hookspec
    def certify_secret_keepers(self, context: PluginContext) -> Sequence[SecretKeeper]:  # type: ignore[empty-body]
        """Return what protects the master key on this system: the first one is used, without any the file is plain."""

    @hookspec
    def certify_folder_keepers(self, context: PluginContext) -> Sequence[FolderKeeper]:  # type: ignore[empty-body]
        """Return what closes a data folder to others when the service has just made it; all are used."""

    @hookspec
    def certify_health_checks(self, context: PluginContext) -> Sequence[HealthCheck]:  # type: ignore[empty-body]
        """Return health checks: all are run at start, daily, and by `certify doctor`."""

    @hookspec
    def certify_selftests(self, context: PluginContext) -> Sequence[SelfTest]:  # type: ignore[empty-body]
        """Return what a real machine is tried with: `certify selftest` runs those of the suite that it is given."""

    @hookspec
    def certify_notifiers(self, context: PluginContext) -> Sequence[Notifier]:  # type: ignore[empty-body]
        """Return ways to tell people; channels choose one by name."""

    @hookspec
    def certify_moved_folders(self, context: PluginContext) -> Sequence[Path]:  # type: ignore[empty-body]
        """Return folders in the data folder that belong into an encrypted export: all that are there are in it."""
