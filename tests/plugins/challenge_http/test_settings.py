"""What the plugin offers, and what it takes from settings, parameters and authorities."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pydantic import ValidationError

from certify_challenge_http import certify_challenge_providers
from certify_challenge_http.listening import HttpParameters, HttpProvider
from certify_challenge_http.webroot import WebrootParameters, WebrootProvider
from certify_core.api import Challenge, ChallengeFailed, ChallengeProvider, InvalidInput, PluginContext
from certify_core.service.settings import ServiceConfig
from certify_core.testing.challenge_provider import new_challenge
from tests.support.http_exchange import is_open
from tests.support.scripted_server import Reply, ScriptedServer

SETTING = "httpchallengeserverport"


def http_provider(folder: Path, **settings: int | str) -> ChallengeProvider:
    """Return the provider `http` of a service with these settings."""
    return certify_challenge_providers(PluginContext(folder, settings))[0]


def test_the_plugin_offers_both_ways(tmp_path: Path) -> None:
    assert [one.name for one in certify_challenge_providers(PluginContext(tmp_path))] == ["http", "webroot"]


@pytest.mark.parametrize("kind", [int, str])
def test_the_port_is_the_services_setting(tmp_path: Path, port: int, challenge: Challenge, kind: type) -> None:
    provider = http_provider(tmp_path, **{SETTING: kind(port)})
    provider.present(challenge, HttpParameters())
    opened = is_open(port)
    provider.clean_up(challenge, HttpParameters())
    assert opened


@pytest.mark.parametrize("written", [8080, "8080"])
def test_the_setting_means_what_it_means_to_the_service(written: int | str) -> None:
    assert (
        HttpParameters.model_validate({"port": written}).port
        == ServiceConfig.model_validate({SETTING: written}).httpChallengeServerPort
    )


@pytest.mark.parametrize("wrong", [0, 65_536, -1, "eighty", ""])
def test_a_setting_that_is_no_port_is_refused_by_its_name(tmp_path: Path, wrong: int | str) -> None:
    with pytest.raises(InvalidInput) as refused:
        http_provider(tmp_path, **{SETTING: wrong})
    assert refused.value.field == "httpChallengeServerPort"


def test_without_setting_and_parameter_the_port_is_80(tmp_path: Path, challenge: Challenge) -> None:
    with pytest.raises(ChallengeFailed, match="on port 80 "):
        http_provider(tmp_path).check(challenge, HttpParameters())


@pytest.mark.parametrize("wrong", [0, 65_536, "http"])
def test_a_parameter_that_is_no_port_is_refused(wrong: int | str) -> None:
    with pytest.raises(ValidationError, match="port"):
        HttpParameters.model_validate({"port": wrong})


def test_a_document_root_has_to_be_an_absolute_path() -> None:
    with pytest.raises(ValidationError, match="has to be an absolute path"):
        WebrootParameters.model_validate({"path": "var/www"})


@pytest.mark.parametrize("token", ["", "../up", "a/b", "a\\b", "a b", "a\r\nX: y", "a\n", "ä", ".", "a=", "a\0"])
@pytest.mark.parametrize("way", ["http", "webroot"])
def test_a_token_that_is_not_base64url_is_refused(tmp_path: Path, port: int, way: str, token: str) -> None:
    challenge = dataclasses.replace(new_challenge("app.test", "http-01"), token=token)
    with pytest.raises(ChallengeFailed, match="not base64url"):
        present(way, challenge, tmp_path, port)


@pytest.mark.parametrize("way", ["http", "webroot"])
def test_a_wildcard_is_refused(tmp_path: Path, port: int, way: str) -> None:
    with pytest.raises(ChallengeFailed, match=r"\*\.app\.test is a wildcard"):
        present(way, new_challenge("*.app.test", "http-01"), tmp_path, port)


def present(way: str, challenge: Challenge, root: Path, port: int) -> None:
    """Present a challenge by one of the two providers."""
    if way == "http":
        HttpProvider(port).present(challenge, HttpParameters())
    else:
        WebrootProvider().present(challenge, WebrootParameters(path=root, port=port))


def test_another_server_that_answers_on_our_port_is_noticed(challenge: Challenge) -> None:
    with ScriptedServer() as server:
        server.on(f"/.well-known/acme-challenge/{challenge.token}", Reply(200, b"Welcome"))
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(ChallengeFailed, match=f"Something else than Certify answers on port {port}"):
            HttpProvider(port).check(challenge, HttpParameters())
