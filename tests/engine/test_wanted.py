"""What a user wants is checked before it is stored: everything named exists, every parameter fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from certify_core.api import AcmeAuthority, InvalidInput
from certify_core.domain.settings import CertificateSettings, ChallengeSettings, DeploymentSettings
from certify_core.engine.parameters import MASK
from certify_core.engine.wanted import Wanted
from certify_core.store import Store
from tests.support.plugins import FakeTarget, PlaceParameters, plugins_with

FAKE = {"target": "fake"}


@pytest.fixture
def wanted(tmp_path: Path, store: Store) -> Wanted:
    """The check with made-up plugins: targets `fake` and `other`, providers `http` and `dns`."""
    return Wanted(plugins_with(tmp_path, FakeTarget("fake"), FakeTarget("other")), store.vault, store.credentials)


def settings(**values: Any) -> CertificateSettings:
    """Return settings for app.test."""
    return CertificateSettings.model_validate({"identifiers": ["app.test"], "authority": "acme", **values})


def to_places(*places: tuple[str, str | None], target: str = "fake") -> CertificateSettings:
    """Return settings that deploy to places, each with a password."""
    return settings(
        deployments=[
            {"target": target, "parameters": {"place": place, **({"password": word} if word else {})}}
            for place, word in places
        ]
    )


def passwords(wanted: Wanted, checked: CertificateSettings) -> dict[str, str]:
    """Return which password each place gets."""
    found = {}
    for item in checked.deployments:
        _, parameters = wanted.target(item)
        assert isinstance(parameters, PlaceParameters)
        assert parameters.password is not None
        found[parameters.place] = parameters.password.get_secret_value()
    return found


def test_settings_without_secrets_are_stored_as_they_are(wanted: Wanted) -> None:
    given = settings(challenge={"provider": "dns"}, deployments=[FAKE, {"target": "other"}])
    assert wanted.checked(given) == given


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"authority": "nobody"}, "authority"),
        ({"ca_bundle": "/nowhere/roots.pem"}, "ca_bundle"),
        ({"challenge": {"provider": "smoke"}}, "challenge.provider"),
        ({"challenge": {"parameters": {"plaice": "x"}}}, "challenge.parameters.plaice"),
        ({"challenge": {"parameters": {"place": 7}}}, "challenge.parameters.place"),
        ({"challenge": {"parameters": {"password": MASK}}}, "challenge.parameters.password"),
        ({"challenge": {"parameters": {"password": {"sealed": "x"}}}}, "challenge.parameters.password"),
        ({"identifiers": ["*.app.test"]}, "identifiers"),
        ({"deployments": [{"target": "smoke"}]}, "deployments.0.target"),
        ({"deployments": [FAKE, {"target": "smoke"}]}, "deployments.1.target"),
        ({"deployments": [FAKE, FAKE | {"parameters": {"plaice": "x"}}]}, "deployments.1.parameters.plaice"),
        ({"deployments": [FAKE | {"parameters": {"password": MASK}}]}, "deployments.0.parameters.password"),
    ],
)
def test_the_first_wrong_field_is_named_with_a_remedy(wanted: Wanted, values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        wanted.checked(settings(**values))
    assert (refused.value.field, bool(refused.value.cause), bool(refused.value.remedy)) == (field, True, True)


def test_what_does_not_exist_is_refused_with_what_does(wanted: Wanted) -> None:
    with pytest.raises(InvalidInput) as refused:
        wanted.checked(settings(deployments=[{"target": "smoke"}]))
    assert "fake, other" in refused.value.remedy


def test_a_bundle_of_roots_that_exists_is_accepted(wanted: Wanted, tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.touch()
    given = settings(authority="https://authority.test/directory", ca_bundle=str(roots))
    assert wanted.checked(given) == given


def test_a_wildcard_is_accepted_where_it_can_be_proven(wanted: Wanted) -> None:
    given = settings(identifiers=["*.app.test"], challenge={"provider": "dns"})
    assert wanted.checked(given) == given


def test_an_authority_that_asks_no_challenge_takes_a_wildcard(wanted: Wanted) -> None:
    given = settings(identifiers=["*.app.test"], authority="local")
    assert wanted.checked(given) == given


def test_a_challenge_for_an_authority_that_asks_none_is_checked_and_sealed_all_the_same(wanted: Wanted) -> None:
    given = settings(authority="local", challenge={"parameters": {"password": "hidden words"}})
    with pytest.raises(InvalidInput) as refused:
        wanted.checked(settings(authority="local", challenge={"provider": "smoke"}))
    assert (refused.value.field, "hidden" in wanted.checked(given).model_dump_json()) == ("challenge.provider", False)


def test_an_address_is_an_authority_by_itself(wanted: Wanted) -> None:
    address = "https://other.test/directory"
    assert wanted.authority(address, "/roots.pem") == AcmeAuthority(address, address, address, "/roots.pem")


def test_secrets_are_sealed_and_the_plugin_gets_them(wanted: Wanted) -> None:
    checked = wanted.checked(to_places(("here", "hidden words")))
    assert ("hidden" in checked.model_dump_json(), passwords(wanted, checked)) == (False, {"here": "hidden words"})


def test_the_error_about_a_wrong_parameter_shows_no_secret(wanted: Wanted) -> None:
    with pytest.raises(InvalidInput) as refused:
        wanted.checked(settings(challenge={"parameters": {"password": ["hidden words"]}}))
    assert "hidden" not in f"{refused.value!r}{refused.value.cause}{refused.value.remedy}"


def test_a_challenge_s_mask_stands_for_the_secret_of_the_same_provider(wanted: Wanted) -> None:
    before = wanted.checked(settings(challenge={"parameters": {"password": "hidden words"}}))
    after = wanted.checked(settings(challenge={"parameters": {"password": MASK, "place": "new"}}), before)
    assert after.challenge.parameters["password"] == before.challenge.parameters["password"]


def test_a_challenge_s_mask_does_not_stand_for_another_provider_s_secret(wanted: Wanted) -> None:
    before = wanted.checked(settings(challenge={"parameters": {"password": "hidden words"}}))
    with pytest.raises(InvalidInput) as refused:
        wanted.checked(settings(challenge={"provider": "dns", "parameters": {"password": MASK}}), before)
    assert refused.value.field == "challenge.parameters.password"


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (["a", "b"], {"a": "A", "b": "B"}),
        (["b", "a"], {"a": "A", "b": "B"}),
        (["b"], {"b": "B"}),
        (["a", "moved"], {"a": "A", "moved": "B"}),
    ],
)
def test_each_place_keeps_its_own_password_behind_the_mask(
    wanted: Wanted, places: list[str], expected: dict[str, str]
) -> None:
    before = wanted.checked(to_places(("a", "A"), ("b", "B")))
    after = wanted.checked(to_places(*((place, MASK) for place in places)), before)
    assert passwords(wanted, after) == expected


def test_places_that_read_the_same_keep_their_passwords_by_their_order(wanted: Wanted) -> None:
    before = wanted.checked(to_places(("same", "A"), ("same", "B")))
    after = wanted.checked(to_places(("same", MASK), ("same", MASK)), before)
    assert after.deployments == before.deployments


@pytest.mark.parametrize("places", [["moved"], ["a", "b", "new"], ["new", "a", "b"]])
def test_where_it_is_not_clear_whose_password_is_masked_it_is_asked_for(wanted: Wanted, places: list[str]) -> None:
    before = wanted.checked(to_places(("a", "A"), ("b", "B")))
    with pytest.raises(InvalidInput) as refused:
        wanted.checked(to_places(*((place, MASK) for place in places)), before)
    assert "password" in refused.value.field


def test_a_mask_never_stands_for_another_target_s_secret(wanted: Wanted) -> None:
    before = wanted.checked(to_places(("a", "A")))
    with pytest.raises(InvalidInput) as refused:
        wanted.checked(to_places(("a", MASK), target="other"), before)
    assert refused.value.field == "deployments.0.parameters.password"


def test_a_place_that_was_not_touched_is_stored_as_before(wanted: Wanted) -> None:
    before = wanted.checked(to_places(("a", "A"), ("b", "B")))
    after = wanted.checked(to_places(("a", MASK), ("b", "new")), before)
    assert (after.deployments[0], after.deployments[1] == before.deployments[1]) == (before.deployments[0], False)


def test_a_plugin_that_is_gone_is_found_out_when_it_is_needed(wanted: Wanted) -> None:
    with pytest.raises(InvalidInput, match="gone"):
        wanted.target(DeploymentSettings(target="gone"))
    with pytest.raises(InvalidInput, match="gone"):
        wanted.provider(ChallengeSettings(provider="gone"))
