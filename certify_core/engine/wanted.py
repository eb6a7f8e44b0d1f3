"""Checks what a user wants against what is installed, and finds who does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel

from certify_core.contracts import AcmeAuthority, Authority, ChallengeProvider, DeploymentTarget
from certify_core.domain.certificate import Issued
from certify_core.domain.settings import CertificateSettings, ChallengeSettings, DeploymentSettings
from certify_core.engine.bundles import bundle_to_come
from certify_core.engine.credentials import Credentials, with_credential
from certify_core.engine.parameters import MASK, seal
from certify_core.engine.signing_requests import with_signing_request
from certify_core.errors import InvalidInput
from certify_core.plugins import Plugins, parse_parameters
from certify_core.store.secrets import Vault


class Wanted:
    """What settings mean with the plugins that are installed."""

    def __init__(self, plugins: Plugins, vault: Vault, credentials: Credentials) -> None:
        self._plugins = plugins
        self._vault = vault
        self._credentials = credentials
        self._by_address: dict[tuple[str, str | None], AcmeAuthority] = {}

    @cached_property
    def _known(self) -> dict[str, AcmeAuthority]:
        """The authorities by directory, for who gives one by its address."""
        known = (item for item in self._plugins.authorities if isinstance(item, AcmeAuthority))
        return {authority.directory: authority for authority in known}

    def checked(self, settings: CertificateSettings, current: CertificateSettings | None = None) -> CertificateSettings:
        """Return settings fit to be stored: everything named exists, every parameter fits, secrets are sealed.

        `current` are the settings that they replace; a masked secret is taken from there.

        Raises:
            InvalidInput: names the first wrong field.
        """
        settings = with_signing_request(settings, current)
        authority = self._checked_authority(settings)
        challenge = settings.challenge
        if isinstance(authority, AcmeAuthority) or challenge != ChallengeSettings():
            challenge = self._checked_challenge(settings, current.challenge if current else None)
        if isinstance(authority, AcmeAuthority):
            self._refuse_wildcards(settings)
        before = current.deployments if current else ()
        same_length = len(before) == len(settings.deployments)
        places = before if same_length else [None] * len(settings.deployments)
        deployments = tuple(
            self._checked_deployment(item, _replaced(item, before, place), field=f"deployments.{index}")
            for index, (item, place) in enumerate(zip(settings.deployments, places, strict=True))
        )
        checked = settings.model_copy(update={"challenge": challenge, "deployments": deployments})
        if checked.csr is not None:
            self._refuse_what_needs_the_key(checked)
        return checked

    def check_request(self, settings: CertificateSettings) -> Authority:
        """See that stored settings still say where and how a certificate can be had, and return the authority.

        Raises:
            InvalidInput: a plugin, a file or a credential is gone, or does not fit any more.
        """
        authority = self._checked_authority(settings)
        if isinstance(authority, AcmeAuthority):
            self._refuse_wildcards(settings)
        return authority

    def authority(self, authority: str, ca_bundle: str | None) -> Authority:
        """Return the authority of this id, or the one behind this directory address."""
        if authority.startswith(("https://", "http://")):
            key = (authority, ca_bundle)
            if key not in self._by_address:  # every step of every order asks for it
                self._by_address[key] = self._at_address(authority, ca_bundle)
            return self._by_address[key]
        return self._plugins.authorities.get(authority, field="authority")

    def rehearsal(self, settings: CertificateSettings) -> str | None:
        """Return the authority for tests where names are validated after the settings' own has refused one."""
        if settings.on_failure.rehearse_at is not None:
            return settings.on_failure.rehearse_at
        authority = self.authority(settings.authority, settings.ca_bundle)
        return authority.rehearsal if isinstance(authority, AcmeAuthority) else None

    def keep_trusted(self, authority: str, settings: CertificateSettings, issued: Issued | None) -> None:
        """See to it that a certificate that is trusted is not replaced by one for tests.

        Raises:
            InvalidInput: it would be.
        """
        if issued is None or issued.staging or not _is_staging(self.authority(authority, settings.ca_bundle)):
            return
        raise InvalidInput(
            "authority",
            f"{settings.title} has a certificate that is trusted, and those of {authority} are for tests only.",
            "Try it with another managed certificate, or delete this one first.",
        )

    def _checked_authority(self, settings: CertificateSettings) -> Authority:
        authority = self.authority(settings.authority, settings.ca_bundle)
        if settings.ca_bundle is not None and not Path(settings.ca_bundle).is_file():
            raise InvalidInput(
                "ca_bundle",
                f"There is no file {settings.ca_bundle}.",
                "Give a PEM file with the authority's TLS roots, readable by the service.",
            )
        self._check_on_failure(settings, authority)
        return authority

    def _check_on_failure(self, settings: CertificateSettings, primary: Authority) -> None:
        names = [settings.authority]
        for index, name in enumerate(settings.on_failure.fallback_authorities):
            field = f"on_failure.fallback_authorities.{index}"
            if name in names:
                raise InvalidInput(field, f"{name} is there already.", "Name each authority once.")
            names.append(name)
            if _is_staging(self._named(name, settings, field)) and not _is_staging(primary):
                raise InvalidInput(
                    field,
                    f"The certificates of {name} are for tests and trusted by nobody.",
                    "Name an authority whose certificates are trusted.",
                )
        rehearsal, field = settings.on_failure.rehearse_at, "on_failure.rehearse_at"
        if rehearsal is None:
            return
        if rehearsal in names or not isinstance(self._named(rehearsal, settings, field), AcmeAuthority):
            raise InvalidInput(
                field, f"Nothing can be rehearsed at {rehearsal}.", "Name another ACME authority, one for tests."
            )

    def _named(self, name: str, settings: CertificateSettings, field: str) -> Authority:
        try:
            return self.authority(name, settings.ca_bundle)
        except InvalidInput as error:
            raise InvalidInput(field, error.cause, error.remedy) from error

    def _at_address(self, directory: str, ca_bundle: str | None) -> AcmeAuthority:
        if not urlsplit(directory).hostname:
            raise InvalidInput(
                "authority", f"{directory!r} names no server.", "Give the whole address of an ACME directory."
            )
        known = self._known.get(directory) or AcmeAuthority(id=directory, title=directory, directory=directory)
        return replace(known, id=directory, title=directory, ca_bundle=ca_bundle)

    def provider(self, settings: ChallengeSettings) -> tuple[ChallengeProvider, BaseModel]:
        """Return the challenge provider and its parameters."""
        provider = self._plugins.challenge_providers.get(settings.provider, field="challenge.provider")
        return provider, self._parse(provider.parameters, settings, provider.name, "challenge")

    def target(self, settings: DeploymentSettings, *, field: str = "deployment") -> tuple[DeploymentTarget, BaseModel]:
        """Return the deployment target and its parameters."""
        target = self._plugins.deployment_targets.get(settings.target, field=f"{field}.target")
        return target, self._parse(target.parameters, settings, target.name, field)

    def _parse(
        self, model: type[BaseModel], settings: ChallengeSettings | DeploymentSettings, name: str, field: str
    ) -> BaseModel:
        parameters = with_credential(
            self._vault,
            self._credentials,
            settings.credential,
            name,
            settings.parameters,
            field=f"{field}.credential",
        )
        return parse_parameters(model, parameters, field=f"{field}.parameters")

    def _checked_challenge(self, settings: CertificateSettings, current: ChallengeSettings | None) -> ChallengeSettings:
        challenge = settings.challenge
        provider = self._plugins.challenge_providers.get(challenge.provider, field="challenge.provider")
        known = current.parameters if current and current.provider == challenge.provider else {}
        parameters = seal(self._vault, provider.parameters, challenge.parameters, known, field="challenge.parameters")
        checked = challenge.model_copy(update={"parameters": parameters})
        self.provider(checked)
        return checked

    def _checked_deployment(
        self, settings: DeploymentSettings, current: DeploymentSettings | None, *, field: str
    ) -> DeploymentSettings:
        target = self._plugins.deployment_targets.get(settings.target, field=f"{field}.target")
        known = current.parameters if current else {}
        parameters = seal(self._vault, target.parameters, settings.parameters, known, field=f"{field}.parameters")
        checked = settings.model_copy(update={"parameters": parameters})
        self.target(checked, field=field)
        return checked

    def _refuse_what_needs_the_key(self, settings: CertificateSettings) -> None:
        bundle = bundle_to_come(settings)
        for index, deployment in enumerate(settings.deployments):
            target, parameters = self.target(deployment)
            try:
                target.plan(bundle, parameters)
            except InvalidInput as error:
                field = f"deployments.{index}.parameters.{error.field}"
                raise InvalidInput(field, error.cause, error.remedy) from error
            except Exception:  # noqa: S112 - what is wrong with the place today may not be so at the deployment
                continue

    def _refuse_wildcards(self, settings: CertificateSettings) -> None:
        provider, _ = self.provider(settings.challenge)
        wildcards = [identifier for identifier in settings.parsed_identifiers if identifier.is_wildcard]
        if wildcards and provider.challenge_type != "dns-01":
            raise InvalidInput(
                "identifiers",
                f"{wildcards[0]} is a wildcard, and {provider.challenge_type} cannot prove control of one "
                "(RFC 8555 section 8.3).",
                "Name each host, or use a dns-01 challenge provider.",
            )


def _is_staging(authority: Authority) -> bool:
    return isinstance(authority, AcmeAuthority) and authority.staging


def _replaced(
    given: DeploymentSettings, before: Sequence[DeploymentSettings], same_place: DeploymentSettings | None
) -> DeploymentSettings | None:
    """Return the earlier settings whose secrets the masks stand for.

    Those that read the same otherwise; else those that had the same place in a list of the same length. One place's
    password must never go to another.
    """
    for item in (same_place, *before):
        if item is not None and item.target == given.target and _reads_as(item, given):
            return item
    return same_place if same_place and same_place.target == given.target else None


def _reads_as(stored: DeploymentSettings, given: DeploymentSettings) -> bool:
    return all(value in (MASK, stored.parameters.get(name)) for name, value in given.parameters.items())
