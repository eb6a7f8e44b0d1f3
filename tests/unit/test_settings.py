"""The service's settings: read from four places, named with their line where they are wrong, changed without loss."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from certify_core.errors import InvalidInput
from certify_core.service.config import change_settings, read_configuration, variable_of
from certify_core.service.settings import ServiceConfig

FILE = "serviceconfig.json"


def written(folder: Path, text: str | bytes | dict[str, Any]) -> Path:
    """Write the file; return its folder."""
    content = json.dumps(text) if isinstance(text, dict) else text
    (folder / FILE).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    configuration = read_configuration(tmp_path, environ={})
    assert (configuration.config.port, configuration.sources, configuration.problems) == (9696, {}, ())


@pytest.mark.parametrize("key", ["port", "Port", "PORT"])
def test_keys_are_found_in_any_case(tmp_path: Path, key: str) -> None:
    assert read_configuration(written(tmp_path, {key: 1234}), environ={}).config.port == 1234


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    written(tmp_path, {"port": 1, "logLevel": "error"})
    environment = {"CERTIFY_PORT": "2", "CERTIFY_LOG_LEVEL": "debug"}
    configuration = read_configuration(tmp_path, {"port": 3}, environment)
    assert (configuration.config.port, configuration.config.logLevel) == (3, "debug")
    assert configuration.sources == {"port": "command line", "logLevel": "CERTIFY_LOG_LEVEL"}


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("port", "CERTIFY_PORT"),
        ("httpChallengeServerPort", "CERTIFY_HTTP_CHALLENGE_SERVER_PORT"),
        ("enableAutoPortNegotiation", "CERTIFY_ENABLE_AUTO_PORT_NEGOTIATION"),
    ],
)
def test_the_variable_of_a_setting_is_its_name_in_capitals(name: str, variable: str) -> None:
    assert variable_of(name) == variable


def test_what_plugins_read_is_what_holds(tmp_path: Path) -> None:
    written(tmp_path, {"httpChallengeServerPort": 1, "Mine": {"A": 1}})
    environment = {"CERTIFY_HTTP_CHALLENGE_SERVER_PORT": "8080"}
    settings = read_configuration(tmp_path, environ=environment).settings
    assert settings == {"httpchallengeserverport": "8080", "mine": {"A": 1}}


WRONG = [
    ('{\n  "host": "localhost",\n  "Port": 70000\n}', "line 3", "port"),
    ('{\n\n  "port": "many"\n}', "line 3", "port"),
    ('{"port": null}', "line 1", "port"),
    ('{"port": true}', "line 1", "port"),
    ('{"host": 7}', "line 1", "host"),
    ('{"host": "0.0.0.0"}', "0.0.0.0", "host"),
    ('{"host": "::"}', "::", "host"),
    ('{"host": "192.0.2.1"}', "192.0.2.1", "host"),
    ('{"host": "www.example.com"}', "www.example.com", "host"),
    ('{"logLevel": "loud"}', "line 1", "logLevel"),
    ('{"enableAutoPortNegotiation": "perhaps"}', "line 1", "enableAutoPortNegotiation"),
    ('{"heartbeatUrl": "file:///etc/passwd"}', "line 1", "heartbeatUrl"),
    ('{"port": 1,\n"Port": 2}', "line 2", "port"),
]


@pytest.mark.parametrize(("text", "named", "field"), WRONG)
def test_a_wrong_value_is_named_with_its_line_and_the_default_holds(
    tmp_path: Path, text: str, named: str, field: str
) -> None:
    configuration = read_configuration(written(tmp_path, text), environ={})
    (problem,) = configuration.problems
    assert (problem.field, named in problem.cause, FILE in problem.cause) == (field, True, True)
    assert configuration.config == read_configuration(tmp_path / "nowhere", environ={}).config


def test_every_wrong_value_is_named(tmp_path: Path) -> None:
    configuration = read_configuration(written(tmp_path, {"port": -1, "logLevel": "loud"}), environ={})
    assert {problem.field for problem in configuration.problems} == {"port", "logLevel"}


def test_a_wrong_value_does_not_spoil_the_others(tmp_path: Path) -> None:
    configuration = read_configuration(written(tmp_path, {"port": -1, "host": "127.0.0.2"}), environ={})
    assert configuration.config.host == "127.0.0.2"


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    (problem,) = read_configuration(tmp_path, environ={"CERTIFY_PORT": "many"}).problems
    assert "CERTIFY_PORT" in problem.cause


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"port": 9696,}', "line 1, column"),
        ('{\n"port": 9696\n"host": ""}', "line 3, column"),
        ("", "line 1"),
        ("[]", "not a JSON object"),
        ('"port"', "not a JSON object"),
        (b'{"host": "\xff"}', FILE),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_line(tmp_path: Path, text: str | bytes, named: str) -> None:
    (problem,) = read_configuration(written(tmp_path, text), environ={}).problems
    assert (problem.field, named in problem.cause) == (FILE, True)


@pytest.mark.parametrize("text", ["{", '{"store": 7}'])
def test_no_database_is_opened_while_nobody_knows_which_is_meant(tmp_path: Path, text: str) -> None:
    assert read_configuration(written(tmp_path, text), environ={}).danger is not None


def test_another_fault_is_no_reason_not_to_work(tmp_path: Path) -> None:
    assert read_configuration(written(tmp_path, {"logLevel": "loud"}), environ={}).danger is None


def test_a_changed_setting_leaves_everything_else_as_it_is(tmp_path: Path) -> None:
    written(tmp_path, {"Port": 1, "powershellExecutionPolicy": "Bypass", "nested": {"B": [1, None]}})
    change_settings(tmp_path, {"port": "9697", "LOGLEVEL": "debug"})
    assert json.loads((tmp_path / FILE).read_text()) == {
        "Port": 9697,
        "powershellExecutionPolicy": "Bypass",
        "nested": {"B": [1, None]},
        "logLevel": "debug",
    }


def test_a_setting_is_taken_out_in_every_spelling(tmp_path: Path) -> None:
    change_settings(written(tmp_path, '{"Port": 1, "PORT": 2, "host": ""}'), {"port": None})
    assert json.loads((tmp_path / FILE).read_text()) == {"host": ""}


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [("port", "many", "port"), ("host", "0.0.0.0", "host"), ("colour", "red", "colour")],
)
def test_what_would_be_wrong_is_not_written(tmp_path: Path, name: str, value: str, field: str) -> None:
    written(tmp_path, {"port": 1})
    with pytest.raises(InvalidInput) as refused:
        change_settings(tmp_path, {"logLevel": "debug", name: value})
    assert (refused.value.field, (tmp_path / FILE).read_text()) == (field, '{"port": 1}')


def test_a_file_that_cannot_be_read_is_not_overwritten(tmp_path: Path) -> None:
    written(tmp_path, "{")
    with pytest.raises(InvalidInput, match="line 1"):
        change_settings(tmp_path, {"port": 1})
    assert (tmp_path / FILE).read_text() == "{"


class TestHostThatOthersCanReach:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "www.example.com"])
    def test_it_is_listened_on_with_https(self, tmp_path: Path, host: str) -> None:
        configuration = read_configuration(written(tmp_path, {"host": host, "UseHTTPS": True}), environ={})
        assert (configuration.config.host, configuration.problems) == (host, ())

    def test_https_may_be_said_elsewhere(self, tmp_path: Path) -> None:
        written(tmp_path, {"host": "0.0.0.0"})
        configuration = read_configuration(tmp_path, environ={"CERTIFY_USE_HTTPS": "true"})
        assert (configuration.config.host, configuration.problems) == ("0.0.0.0", ())

    def test_where_https_is_taken_away_it_is_not_listened_on_either(self, tmp_path: Path) -> None:
        written(tmp_path, '{"useHTTPS": true,\n"host": "0.0.0.0"}')
        configuration = read_configuration(tmp_path, environ={"CERTIFY_USE_HTTPS": "false"})
        (problem,) = configuration.problems
        assert (configuration.config.host, problem.field, "line 2" in problem.cause) == ("localhost", "host", True)

    def test_a_wrong_wish_for_https_is_none(self, tmp_path: Path) -> None:
        configuration = read_configuration(written(tmp_path, {"useHTTPS": "perhaps", "host": "0.0.0.0"}), environ={})
        assert {problem.field for problem in configuration.problems} == {"useHTTPS", "host"}

    def test_it_is_set_where_there_is_https(self, tmp_path: Path) -> None:
        change_settings(written(tmp_path, {"useHTTPS": True}), {"host": "0.0.0.0"})
        assert json.loads((tmp_path / FILE).read_text())["host"] == "0.0.0.0"

    def test_both_are_set_together(self, tmp_path: Path) -> None:
        change_settings(tmp_path, {"host": "0.0.0.0", "useHTTPS": True})
        assert json.loads((tmp_path / FILE).read_text()) == {"host": "0.0.0.0", "useHTTPS": True}

    @pytest.mark.parametrize("value", [False, None])
    def test_https_is_not_taken_from_it(self, tmp_path: Path, value: bool | None) -> None:
        written(tmp_path, {"useHTTPS": True, "host": "0.0.0.0"})
        with pytest.raises(InvalidInput) as refused:
            change_settings(tmp_path, {"useHTTPS": value})
        assert refused.value.field == "host"


def test_one_wrong_setting_may_be_mended_before_the_other(tmp_path: Path) -> None:
    change_settings(written(tmp_path, {"port": -1, "logLevel": "loud"}), {"port": 1})
    assert json.loads((tmp_path / FILE).read_text()) == {"port": 1, "logLevel": "loud"}


def test_every_setting_is_documented_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", page, re.MULTILINE))
    defaults = {name: json.dumps(field.default) for name, field in ServiceConfig.model_fields.items()}
    assert {name: rows.get(name) for name in defaults} == defaults
