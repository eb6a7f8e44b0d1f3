"""What the target asks for: strings of a command line, or values of JSON."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from certify_deploy_files.parameters import Endpoint, FilesParameters

FOLDER = str(Path("/etc/ssl/site").absolute())
README = Path(__file__).parents[3] / "plugins" / "deploy_files" / "README.md"


def test_a_folder_is_enough() -> None:
    assert FilesParameters.model_validate({"dir": FOLDER}).fullchain == "fullchain.pem"


def test_the_strings_of_a_command_line_become_values() -> None:
    given = {"dir": FOLDER, "pfx": "true", "mode": "0640", "reload_timeout": "2.5", "verify": "[::1]:443"}
    parameters = FilesParameters.model_validate(given)
    assert (parameters.pfx, parameters.key_mode, parameters.reload_timeout, parameters.endpoint) == (
        "certificate.pfx",
        0o640,
        2.5,
        Endpoint("::1", 443),
    )


def test_json_switches_files_with_booleans() -> None:
    parameters = FilesParameters.model_validate({"dir": FOLDER, "pfx": True, "chain": False})
    assert (parameters.pfx, parameters.chain) == ("certificate.pfx", "")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("dir", "etc/ssl", "not an absolute path"),
        ("key", "../privkey.pem", "not a plain file name"),
        ("key", "..", "not a plain file name"),
        ("fullchain", "sub/fullchain.pem", "not a plain file name"),
        ("fullchain", "sub\\fullchain.pem", "not a plain file name"),
        ("der", "c:site.der", "not a plain file name"),
        ("pfx", "a\0b", "not a plain file name"),
        ("chain", "a" * 201, "at most 200 characters"),
        ("mode", "640 ", "match pattern"),
        ("mode", "0999", "match pattern"),
        ("mode", "rw-r-----", "match pattern"),
        ("owner", "www-data:", "match pattern"),
        ("owner", "a b", "match pattern"),
        ("reload", "sh -c 'unfinished", "cannot be split"),
        ("reload_timeout", "0", "greater than 0"),
        ("verify", "localhost", "not host:port"),
        ("verify", "::1:443", "not host:port"),
        ("verify", "localhost:70000", "not host:port"),
        ("verify", "https://localhost:443", "not host:port"),
        ("pfx_encryption", "rc2", "'aes256' or 'legacy'"),
        ("unknown", "1", "not permitted"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(field: str, value: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        FilesParameters.model_validate({"dir": FOLDER, field: value})
    assert refused.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"key": "one.pem", "fullchain": "one.pem"}, "same name"),
        ({"key": "one.pem", "fullchain": "ONE.pem"}, "same name"),
        ({"key": "", "certificate": "", "chain": "", "fullchain": ""}, "every file is switched off"),
        ({"pfx": "true", "pfx_encryption": "legacy"}, "needs a pfx_password"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FilesParameters.model_validate({"dir": FOLDER, **given})


def test_the_password_does_not_show() -> None:
    parameters = FilesParameters.model_validate({"dir": FOLDER, "pfx_password": "hunter2"})
    assert "hunter2" not in f"{parameters!r} {parameters} {parameters.model_dump_json()}"


@pytest.mark.parametrize("text", ["localhost:443", "[::1]:443", "192.0.2.1:8443"])
def test_an_endpoint_is_shown_as_it_was_given(text: str) -> None:
    assert str(FilesParameters.model_validate({"dir": FOLDER, "verify": text}).endpoint) == text


def test_the_readme_describes_every_parameter_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\|", README.read_text(encoding="utf-8"), re.MULTILINE)
    described = {name: default.strip("`") for name, default in rows if name.islower()}
    defaults = FilesParameters.model_validate({"dir": FOLDER}).model_dump(mode="json") | {"dir": "(required)"}
    assert described == {name: str(default).removesuffix(".0") for name, default in defaults.items()}
