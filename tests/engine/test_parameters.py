"""Secret parameters: sealed in what is stored, masked in what is shown, readable for the plugin alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Optional

import pytest
from pydantic import BaseModel, Field, JsonValue, SecretBytes, SecretStr

from certify_core.api import InvalidInput, LocalFault
from certify_core.domain.settings import CertificateSettings, ChallengeSettings, DeploymentSettings
from certify_core.engine.parameters import MASK, masked, opened, seal, secret_fields
from certify_core.store.secrets import Vault

VAULT = Vault(Path("master.key"), b"k" * 32)
SECRET = "correct horse battery staple"


class Account(BaseModel):
    """A part of parameters that holds a secret."""

    user: str
    token: SecretStr
    more: Account | None = None


class Parameters(BaseModel):
    """Parameters with secrets in every place in which one can be."""

    host: str = ""
    plain: SecretStr = SecretStr("")
    optional: SecretStr | None = None
    old_style: Optional[SecretStr] = None  # noqa: UP045 - plugin authors write it so
    annotated: Annotated[SecretStr, Field(min_length=1)] | None = None
    octets: SecretBytes | None = None
    many: list[SecretStr] = []
    named: dict[str, SecretStr] = {}
    account: Account | None = None
    aliased: SecretStr | None = Field(default=None, alias="api-token")


SECRETS: dict[str, JsonValue] = {
    "plain": SECRET,
    "optional": SECRET,
    "old_style": SECRET,
    "annotated": SECRET,
    "octets": SECRET,
    "many": [SECRET, "another"],
    "named": {"one": SECRET},
    "account": {"user": "me", "token": SECRET},
    "api-token": SECRET,
}


def sealed(parameters: dict[str, JsonValue], current: dict[str, JsonValue] | None = None) -> dict[str, JsonValue]:
    """Return parameters as they are stored."""
    return seal(VAULT, Parameters, parameters, current or {}, field="challenge.parameters")


def settings_with(parameters: dict[str, JsonValue]) -> CertificateSettings:
    """Return settings that have these parameters in every place."""
    return CertificateSettings(
        identifiers=("app.test",),
        challenge=ChallengeSettings(parameters=parameters),
        deployments=(DeploymentSettings(target="a", parameters=parameters),) * 2,
    )


def test_whatever_can_hold_a_secret_is_secret() -> None:
    assert secret_fields(Parameters) == {*SECRETS, "aliased"}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_not_readable_in_what_is_stored(name: str) -> None:
    stored = settings_with(sealed({name: SECRETS[name]})).model_dump_json()
    assert (name in stored, SECRET in stored) == (True, False)


@pytest.mark.parametrize("name", SECRETS)
def test_the_plugin_gets_the_secret_as_it_was_given(name: str) -> None:
    assert opened(VAULT, sealed({name: SECRETS[name]})) == {name: SECRETS[name]}


@pytest.mark.parametrize("name", SECRETS)
def test_people_see_a_mask(name: str) -> None:
    shown: Any = masked(settings_with(sealed({name: SECRETS[name], "host": "here"})))
    holders = [shown["challenge"], *shown["deployments"]]
    assert [holder["parameters"] for holder in holders] == [{name: MASK, "host": "here"}] * 3


def test_what_is_no_secret_stays_as_it_is() -> None:
    assert sealed({"host": "here"}) == {"host": "here"}


def test_a_secret_that_was_not_given_is_not_invented() -> None:
    assert sealed({"plain": "", "optional": None}) == {"plain": "", "optional": None}


def test_the_mask_stands_for_the_secret_there_was() -> None:
    current = sealed({"plain": SECRET})
    assert sealed({"plain": MASK, "host": "new"}, current) == {**current, "host": "new"}


def test_a_new_secret_takes_the_place_of_the_one_before() -> None:
    current = sealed({"plain": "old"})
    assert opened(VAULT, sealed({"plain": SECRET}, current)) == {"plain": SECRET}


def test_a_mask_without_a_secret_behind_it_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        sealed({"plain": MASK})
    assert refused.value.field == "challenge.parameters.plain"


@pytest.mark.parametrize("name", ["plain", "host"])
def test_nobody_can_hand_in_something_sealed(name: str) -> None:
    taken_from_elsewhere = sealed({"plain": SECRET})["plain"]
    with pytest.raises(InvalidInput) as refused:
        sealed({name: taken_from_elsewhere})
    assert (refused.value.field, SECRET in str(refused.value)) == (f"challenge.parameters.{name}", False)


def test_what_was_sealed_under_another_master_key_is_a_local_fault() -> None:
    with pytest.raises(LocalFault, match="cannot be decrypted"):
        opened(Vault(Path("master.key"), b"x" * 32), sealed({"plain": SECRET}))


def test_the_settings_that_are_shown_are_json() -> None:
    shown = masked(settings_with(sealed(SECRETS)))
    assert json.loads(json.dumps(shown)) == shown
