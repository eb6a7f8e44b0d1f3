"""Plugins that tests make up: registered as any plugin is, they remember what they are told and do what a test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from certify_core.api import (
    AcmeAuthority,
    Authority,
    CertificateBundle,
    Challenge,
    ChallengeProvider,
    DeploymentTarget,
    Identifier,
    PlannedChange,
    PluginContext,
    Undo,
    hookimpl,
)
from certify_core.plugins import Plugins


class PlaceParameters(BaseModel):
    """What the made-up plugins ask for."""

    model_config = ConfigDict(extra="forbid")

    place: str = "somewhere"
    password: SecretStr | None = None


def _nothing() -> None:
    """Go well."""


class FakeTarget:
    """A deployment target that remembers what it is asked to do, and does at each step what a test says."""

    title = "A target of a test"
    parameters = PlaceParameters

    def __init__(
        self,
        name: str = "fake",
        *,
        apply: Callable[[], None] = _nothing,
        verify: Callable[[], None] = _nothing,
        undo: Callable[[], None] | None = _nothing,
    ) -> None:
        self.name = name
        self.steps: list[str] = []
        self.bundles: list[CertificateBundle] = []
        self.passwords: list[str] = []
        self.do_apply = apply
        self.do_verify = verify
        self.do_undo = undo

    def plan(self, bundle: CertificateBundle, parameters: PlaceParameters) -> Sequence[PlannedChange]:
        """Say where it goes."""
        return [PlannedChange("write", parameters.place, bundle.thumbprint)]

    def apply(self, bundle: CertificateBundle, parameters: PlaceParameters) -> Undo | None:
        """Remember it, and do as the test says."""
        self.steps.append("apply")
        self.bundles.append(bundle)
        if parameters.password is not None:
            self.passwords.append(parameters.password.get_secret_value())
        self.do_apply()
        return None if self.do_undo is None else self._undo

    def verify(self, bundle: CertificateBundle, parameters: PlaceParameters) -> None:
        """Remember it, and do as the test says."""
        self.steps.append("verify")
        self.do_verify()

    def _undo(self) -> None:
        self.steps.append("roll back")
        assert self.do_undo is not None
        self.do_undo()


class FakeProvider:
    """A challenge provider that presents nothing."""

    title = "A challenge provider of a test"
    parameters = PlaceParameters

    def __init__(self, name: str, challenge_type: str) -> None:
        self.name = name
        self.challenge_type = challenge_type

    def present(self, challenge: Challenge, parameters: PlaceParameters) -> None:
        """Do nothing."""

    def check(self, challenge: Challenge, parameters: PlaceParameters) -> None:
        """Do nothing."""

    def clean_up(self, challenge: Challenge, parameters: PlaceParameters) -> None:
        """Do nothing."""


class FakeDirectAuthority:
    """An authority in the same process that never has to sign."""

    id = "local"
    title = "An authority of a test"

    def issue(self, csr_der: bytes, identifiers: Sequence[Identifier]) -> str:
        """Refuse."""
        raise NotImplementedError

    def root_pem(self) -> str:
        """Refuse."""
        raise NotImplementedError


class MadeUp:
    """A plugin that offers what a test gives it."""

    def __init__(
        self,
        targets: Sequence[DeploymentTarget] = (),
        providers: Sequence[ChallengeProvider] = (),
        authorities: Sequence[Authority] = (),
    ) -> None:
        self._targets = targets
        self._providers = providers
        self._authorities = authorities

    @hookimpl
    def certify_deployment_targets(self) -> list[Any]:
        """Offer the targets."""
        return list(self._targets)

    @hookimpl
    def certify_challenge_providers(self) -> list[Any]:
        """Offer the challenge providers."""
        return list(self._providers)

    @hookimpl
    def certify_authorities(self) -> list[Any]:
        """Offer the authorities."""
        return list(self._authorities)


def plugins_with(folder: Path, *targets: DeploymentTarget) -> Plugins:
    """Return plugins that offer these targets, an http-01 and a dns-01 provider, and an authority of each kind."""
    plugins = Plugins(PluginContext(folder))
    record = plugins.register(
        "made-up",
        MadeUp(
            targets,
            [FakeProvider("http", "http-01"), FakeProvider("dns", "dns-01")],
            [FakeDirectAuthority(), AcmeAuthority("acme", "An ACME authority", "https://authority.test/directory")],
        ),
    )
    assert record.error is None, record.error
    return plugins
