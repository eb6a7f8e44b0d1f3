"""`certify request`: from names to a certificate in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.service import Service


def test_waiting_ends_with_0_when_the_certificate_is_deployed(service: Service, site: Path) -> None:
    ended = service.certify("request", "done.test", "--ca", "local", "--deploy", f"files:dir={site}", "--wait")
    assert (ended.code, (site / "fullchain.pem").exists()) == (0, True)


def test_waiting_shows_every_step(service: Service, site: Path) -> None:
    ended = service.certify("request", "steps.test", "--ca", "local", "--deploy", f"files:dir={site}", "--wait")
    steps = [line[2:22].strip() for line in ended.out.splitlines()]
    assert steps == ["order created", "saved", "deployed", "verified"]


def test_a_deployment_that_fails_ends_with_1_and_says_why(service: Service, site: Path) -> None:
    ended = service.certify(
        "request", "f.test", "--ca", "local", "--deploy", f"files:dir={site},reload=false", "--wait"
    )
    assert ended.code == 1
    assert "deployment failed" in ended.out
    assert "false" in ended.out


def test_a_name_that_the_authority_refuses_ends_with_1_and_a_remedy(service: Service) -> None:
    ended = service.certify("request", "www.example.com", "--ca", "local", "--wait")
    assert (ended.code, "Choose a public authority" in ended.out) == (1, True)


def test_json_is_all_that_is_on_standard_output(service: Service) -> None:
    ended = service.certify("request", "json.test", "--ca", "local", "--wait", "--json")
    assert ended.json["outcome"] == "succeeded"
    assert ended.json["certificate"]["status"] == "healthy"


def test_asked_again_it_requests_again_and_makes_no_second_one(service: Service) -> None:
    first = service.certify("request", "again.test", "--ca", "local", "--wait", "--json").json["certificate"]
    second = service.certify("request", "again.test", "--ca", "local", "--wait", "--json").json["certificate"]
    assert first["id"] == second["id"]
    assert first["issued"]["serial"] != second["issued"]["serial"]


def test_asked_again_with_other_settings_it_refuses(service: Service) -> None:
    service.certify("request", "other.test", "--ca", "local", "--wait")
    assert service.certify("request", "other.test", "--also", "more.test", "--ca", "local").code == 5


def test_without_waiting_it_ends_at_once(service: Service) -> None:
    ended = service.certify("request", "quick.test", "--ca", "local")
    assert (ended.code, "certify log" in ended.out) == (0, True)


def test_a_secret_is_read_from_a_file(service: Service, site: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    deploy = f"files:dir={site},pfx=site.pfx,pfx_password=@{tmp_path / 'password'}"
    ended = service.certify("request", "secret.test", "--ca", "local", "--deploy", deploy, "--wait", "--json")
    assert ended.code == 0
    assert "correct horse" not in ended.out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["x.test", "--deploy", "files:dir"], "--deploy"),
        (["x.test", "--deploy", "files:{bad"], "--deploy"),
        (["x.test", "--deploy", "files:dir=@/does/not/exist"], "/does/not/exist"),
        (["x.test", "--ca", "local", "--deploy", "nowhere"], "nowhere"),
        (["x.test", "--ca", "local", "--deploy", "files:dir=relative"], "dir"),
        (["x.test", "--ca", "nobody"], "nobody"),
        (["not a name", "--ca", "local"], "not a name"),
        (["*.example.com"], "wildcard"),
        (["x.test", "--key-type", "dsa"], "--key-type"),
        (["x.test", "--ca", "local", "--ca-directory", "https://ca.test/dir"], "--ca-directory"),
        ([], "IDENTIFIER"),
    ],
)
def test_bad_input_ends_with_2_and_names_the_thing(service: Service, arguments: list[str], named: str) -> None:
    ended = service.certify("request", *arguments)
    assert (ended.code, named in ended.err) == (2, True)


def test_bad_input_stores_nothing(service: Service) -> None:
    service.certify("request", "nothing.test", "--ca", "local", "--deploy", "nowhere")
    assert service.certify("show", "nothing.test").code == 4
