"""Reading an `applicationHost.config`, and the preview without IIS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from certify_core.api import InvalidInput
from certify_iis.__main__ import main
from certify_iis.bindings import Binding, Certificate
from certify_iis.configuration import parse_sites, read_sites
from tests.plugins.iis.sites import CONFIGURATIONS, configuration

BAD = {
    "no XML": b"hello",
    "another document": b"<html/>",
    "a site without an id": b"<configuration><system.applicationHost><sites><site name='a'/></sites>"
    b"</system.applicationHost></configuration>",
    "a document type": b"<!DOCTYPE configuration [<!ENTITY a 'b'>]><configuration/>",
    "nothing": b"",
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_configuration_is_refused(case: str) -> None:
    with pytest.raises(InvalidInput, match="is no configuration of IIS") as refused:
        parse_sites(BAD[case])
    assert refused.value.remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_sites(tmp_path / "none.config")


def test_a_configuration_without_sites_has_none() -> None:
    assert parse_sites(b"<configuration/>") == []


def test_certificates_are_those_that_are_given_beside_the_file() -> None:
    given = Certificate("D" * 40, "My")
    (_, app) = configuration("small", {"*:443:app.test": given})
    assert [binding.certificate for binding in app.bindings] == [Certificate(), given]


@pytest.mark.parametrize(
    ("information", "parts"),
    [
        ("*:443:app.test", ("*", 443, "app.test")),
        ("192.0.2.1:8443:", ("192.0.2.1", 8443, "")),
        ("[2001:db8::1]:443:app.test", ("2001:db8::1", 443, "app.test")),
        (":443:app.test", ("*", 443, "app.test")),
        ("808:*", ("808", 0, "")),
    ],
)
def test_an_information_is_taken_apart(information: str, parts: tuple[str, int, str]) -> None:
    binding = Binding("https", information)
    assert (binding.ip, binding.port, binding.host) == parts


def test_the_preview_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(CONFIGURATIONS / "small.config"), "app.test", "blank_host=true"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "action  subject                         detail",
        "add     Default Web Site: https *:443:  without SNI",
        "bind    App: https *:443:app.test       had no certificate",
    ]


def test_the_preview_is_json_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    main([str(CONFIGURATIONS / "small.config"), "app.test", "--json"])
    (change,) = json.loads(capsys.readouterr().out)
    assert (change["action"], change["subject"]) == ("bind", "App: https *:443:app.test")


@pytest.mark.parametrize("wrong", [["no_such=1"], ["port=0"]])
def test_the_preview_says_which_parameter_is_wrong(capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    code = main([str(CONFIGURATIONS / "small.config"), "app.test", *wrong])
    assert (code, capsys.readouterr().err.startswith(wrong[0].split("=")[0])) == (2, True)
