"""What a user can say about a certificate, and which of it asks for a new one."""

from __future__ import annotations

import pytest
from pydantic import JsonValue, ValidationError

from certify_core.domain.keys import KeyType
from certify_core.domain.settings import MAX_IDENTIFIERS, CertificateSettings


def settings(**values: JsonValue) -> CertificateSettings:
    return CertificateSettings.model_validate({"identifiers": ["www.example.com", "example.com"]} | values)


def test_names_alone_are_enough() -> None:
    plain = settings()
    assert (plain.authority, plain.key_type, plain.challenge.provider) == ("letsencrypt", KeyType.P256, "http")


@pytest.mark.parametrize(
    "values",
    [
        {"identifers": []},
        {"challenge": {"providr": "http"}},
        {"deployments": [{"target": "files", "params": {}}]},
        {"renewal": {"at_percents": 50}},
    ],
)
def test_an_unknown_field_is_refused_at_every_depth(values: dict[str, JsonValue]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        settings(**values)


@pytest.mark.parametrize("count", [0, MAX_IDENTIFIERS + 1])
def test_there_is_at_least_one_name_and_no_more_than_an_authority_takes(count: int) -> None:
    with pytest.raises(ValidationError, match="identifiers"):
        settings(identifiers=[f"n{number}.example.com" for number in range(count)])


@pytest.mark.parametrize("percent", [0, 100, -1])
def test_renewal_falls_within_the_lifetime(percent: int) -> None:
    with pytest.raises(ValidationError, match="at_percent"):
        settings(renewal={"at_percent": percent})


def test_an_unknown_key_type_is_refused() -> None:
    with pytest.raises(ValidationError, match="ecdsa-p256"):
        settings(key_type="dsa")


def test_names_are_kept_in_canonical_form_once_each() -> None:
    assert settings(identifiers=["Bücher.example", "xn--bcher-kva.example."]).identifiers == ("xn--bcher-kva.example",)


def test_values_never_change_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings(), "name", "other")  # noqa: B010 - mypy knows that it cannot work


@pytest.mark.parametrize(("name", "title"), [("", "www.example.com"), ("Shop", "Shop")])
def test_the_title_is_the_name_or_else_the_first_identifier(name: str, title: str) -> None:
    assert settings(name=name).title == title


def test_what_is_stored_reads_back_equal() -> None:
    wanted = settings(deployments=[{"target": "files", "parameters": {"dir": "/srv"}}])
    assert CertificateSettings.model_validate_json(wanted.model_dump_json()) == wanted


@pytest.mark.parametrize(
    "changed",
    [
        {"identifiers": ["www.example.com"]},
        {"identifiers": ["www.example.com", "example.com", "more.example.com"]},
        {"identifiers": ["www.example.com", "*.example.com"]},
        {"authority": "zerossl"},
        {"key_type": "rsa-2048"},
    ],
)
def test_the_digest_changes_with_what_goes_into_the_certificate(changed: dict[str, JsonValue]) -> None:
    assert settings(**changed).request_digest != settings().request_digest


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Shop"},
        {"identifiers": ["example.com", "www.example.com"]},
        {"identifiers": ["WWW.example.com", "example.com."]},
        {"ca_bundle": "/etc/roots.pem"},
        {"challenge": {"provider": "dns"}},
        {"deployments": [{"target": "files"}]},
        {"renewal": {"automatic": False, "at_percent": 50}},
    ],
)
def test_the_digest_stays_with_everything_else(changed: dict[str, JsonValue]) -> None:
    assert settings(**changed).request_digest == settings().request_digest
