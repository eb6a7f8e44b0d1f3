"""Stored credentials: checked against the provider they are for, sealed, and put under a user's own parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from pydantic import BaseModel, JsonValue, ValidationError

from certify_core.domain.credential import Credential, CredentialSettings
from certify_core.engine.parameters import opened, seal
from certify_core.errors import InvalidInput, NotFound
from certify_core.plugins import Plugins
from certify_core.store import Store
from certify_core.store.credentials import no_credential
from certify_core.store.database import Also, nothing_more
from certify_core.store.secrets import Vault


class Credentials(Protocol):
    """Where credentials are found by their ids."""

    def get(self, credential_id: str, /) -> Credential:
        """Return one.

        Raises:
            NotFound: there is none.
        """


class StoredCredentials:
    """What the faces ask for."""

    def __init__(self, store: Store, plugins: Plugins, clock: Callable[[], float]) -> None:
        self._store = store
        self._plugins = plugins
        self._clock = clock

    def create(self, credential_id: str, settings: CredentialSettings, also: Also = nothing_more) -> Credential:
        """Keep a new credential.

        Raises:
            InvalidInput: names the first wrong field.
            Conflict: the id is taken.
        """
        return self._store.credentials.create(credential_id, self.checked(settings, {}), self._clock(), also)

    def change(
        self, credential_id: str, version: int, settings: CredentialSettings, also: Also = nothing_more
    ) -> Credential:
        """Replace a credential that still has `version`; a masked secret stays as it is.

        Raises:
            InvalidInput: names the first wrong field.
            Conflict: somebody else changed it first.
        """
        current = self._store.credentials.get(credential_id)
        if settings.provider != current.provider:
            raise InvalidInput("provider", "A credential stays with its provider.", "Add another credential.")
        checked = self.checked(settings, current.parameters)
        return self._store.credentials.update(credential_id, version, checked, self._clock(), also)

    def checked(self, settings: CredentialSettings, current: Mapping[str, JsonValue]) -> CredentialSettings:
        """Return settings fit to be stored: the provider exists, every parameter fits, secrets are sealed.

        A masked secret is taken from the `current` parameters.

        Raises:
            InvalidInput: names the first wrong field.
        """
        model = self.model(settings.provider)
        sealed = seal(self._store.vault, model, settings.parameters, current, field="parameters")
        _check_some(model, opened(self._store.vault, sealed))
        return settings.model_copy(update={"parameters": sealed})

    def model(self, provider: str) -> type[BaseModel]:
        """Return the parameters of whatever a credential can be for.

        Raises:
            InvalidInput: nothing has this name.
        """
        plugins = self._plugins
        found = (
            plugins.challenge_providers.find(provider)
            or plugins.deployment_targets.find(provider)
            or plugins.notifiers.find(provider)
        )
        if found is None:
            raise InvalidInput(
                "provider", f"Nothing is named {provider!r}.", "See `certify plugins` for what has parameters."
            )
        return found.parameters


def with_credential(
    vault: Vault,
    credentials: Credentials,
    credential_id: str | None,
    provider: str,
    parameters: Mapping[str, JsonValue],
    *,
    field: str,
) -> dict[str, JsonValue]:
    """Return readable parameters: the credential's, and before them the user's own.

    Raises:
        InvalidInput: there is no such credential, or it is another provider's.
    """
    if credential_id is None:
        return opened(vault, parameters)
    try:
        credential = credentials.get(credential_id)
    except NotFound:
        raise no_credential(credential_id, field) from None
    if credential.provider != provider:
        raise InvalidInput(
            field, f"The credential {credential_id} is for {credential.provider}, not for {provider}.", "Name another."
        )
    return opened(vault, credential.parameters) | opened(vault, parameters)


def _check_some(model: type[BaseModel], parameters: dict[str, JsonValue]) -> None:
    """See that what there is fits; what is missing comes from who uses it."""
    try:
        model.model_validate(parameters)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            if problem["type"] != "missing":
                where = ".".join(str(part) for part in problem["loc"])
                known = ", ".join(model.model_fields)
                raise InvalidInput(
                    f"parameters.{where}".rstrip("."), f"{where}: {problem['msg']}.", f"Parameters: {known}."
                ) from None
