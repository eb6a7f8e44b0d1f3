"""`certify list`, `show`, `edit`, `renew`, `delete`, `log` and the rest, against a running service."""

from __future__ import annotations

from pathlib import Path

import pytest

from certify_core import __version__
from tests.support.service import Service


@pytest.fixture
def certificate(service: Service, request: pytest.FixtureRequest) -> str:
    """The name of a certificate that was issued."""
    name = f"{request.node.name.replace('_', '-').replace('[', '-').replace(']', '')[:50].strip('-')}.test"
    assert service.certify("request", name, "--ca", "local", "--wait").code == 0
    return name


def test_a_list_in_a_pipe_has_one_whole_line_for_each(service: Service, certificate: str) -> None:
    lines = [line.split() for line in service.certify("list", "--limit", "1000").out.splitlines()]
    (line,) = [line for line in lines if line[0] == certificate]
    assert (line[1], len(line[-1])) == ("healthy", 32)


def test_a_search_finds_part_of_a_name(service: Service, certificate: str) -> None:
    items = service.certify("list", "--search", certificate[5:-5], "--json").json["items"]
    assert [item["name"] for item in items] == [certificate]


def test_a_status_that_nobody_has_lists_nobody(service: Service, certificate: str) -> None:
    assert service.certify("list", "--status", "deploying").out == "No managed certificates.\n"


def test_a_limit_says_that_there_are_more(service: Service, certificate: str) -> None:
    service.certify("request", f"more-{certificate}", "--ca", "local", "--wait")
    assert service.certify("list", "--limit", "1", "--json").json["more"] is True


def test_show_finds_by_name_and_by_id(service: Service, certificate: str) -> None:
    by_name = service.certify("show", certificate, "--json").json
    assert service.certify("show", by_name["id"], "--json").json == by_name


def test_show_tells_status_and_issuer(service: Service, certificate: str) -> None:
    out = service.certify("show", certificate).out
    assert "healthy" in out
    assert "Certify Local CA" in out


def test_a_name_that_two_have_is_a_conflict(service: Service, certificate: str) -> None:
    service.call("POST", "/api/managedcertificates", {"identifiers": [certificate], "authority": "local"})
    assert service.certify("show", certificate).code == 5


@pytest.mark.parametrize("command", ["show", "log", "edit --name x", "renew", "delete --yes"])
def test_what_is_not_there_ends_with_4(service: Service, command: str) -> None:
    name, *options = command.split()
    assert service.certify(name, "nobody.test", *options).code == 4


def test_another_name_makes_another_certificate(service: Service, certificate: str) -> None:
    before = service.certify("show", certificate, "--json").json
    assert service.certify("edit", certificate, "--add", f"api.{certificate}").code == 0
    service.certify("renew", certificate, "--wait")
    after = service.certify("show", certificate, "--json").json
    assert after["settings"]["identifiers"] == [certificate, f"api.{certificate}"]
    assert after["issued"]["serial"] != before["issued"]["serial"]


def test_an_edit_of_an_old_version_is_a_conflict(service: Service, certificate: str) -> None:
    assert service.certify("edit", certificate, "--name", "one").code == 0
    assert service.certify("edit", "one", "--name", "two", "--version", "1").code == 5


def test_an_edit_of_nothing_is_refused(service: Service, certificate: str) -> None:
    assert service.certify("edit", certificate).code == 2


def test_deployments_can_be_replaced_and_removed(service: Service, certificate: str, site: Path) -> None:
    deployed = service.certify("edit", certificate, "--deploy", f"files:dir={site}", "--json").json
    assert [item["target"] for item in deployed["deployments"]] == ["files"]
    assert service.certify("edit", certificate, "--no-deploy", "--json").json["deployments"] == []


def test_renewal_brings_a_new_certificate(service: Service, certificate: str) -> None:
    before = service.certify("show", certificate, "--json").json["issued"]["serial"]
    assert service.certify("renew", certificate, "--wait").code == 0
    assert service.certify("show", certificate, "--json").json["issued"]["serial"] != before


def test_all_due_starts_what_waits_after_a_failure(service: Service) -> None:
    refused = service.certify("request", "all-due.example.com", "--ca", "local", "--wait", "--json").json
    started = service.certify("renew", "--all-due", "--wait", "--json")
    assert refused["certificate"]["id"] in [item["certificate_id"] for item in started.json["renewals"]]
    service.certify("delete", "all-due.example.com", "--yes")


def test_renewing_nothing_in_particular_is_refused(service: Service) -> None:
    assert service.certify("renew").code == 2


def test_delete_asks_and_takes_no_for_an_answer(service: Service, certificate: str) -> None:
    assert service.certify("delete", certificate, stdin="n\n").code == 1
    assert service.certify("show", certificate).code == 0


def test_delete_removes(service: Service, certificate: str) -> None:
    assert service.certify("delete", certificate, "--yes").code == 0
    assert service.certify("show", certificate).code == 4


def test_the_log_tells_what_happened(service: Service, certificate: str) -> None:
    assert "order created" in service.certify("log", certificate).out


def test_the_log_has_no_more_entries_than_asked_for(service: Service, certificate: str) -> None:
    assert len(service.certify("log", certificate, "--limit", "1", "--json").json) == 1


def test_authorities_are_listed(service: Service) -> None:
    assert "letsencrypt-staging" in service.certify("authority", "list").out


def test_accounts_are_listed(service: Service) -> None:
    assert service.certify("account", "list", "--json").json == []


def test_plugins_are_listed_with_what_they_offer(service: Service) -> None:
    assert "deployment_targets:files" in service.certify("plugins").out


@pytest.mark.parametrize("arguments", [["plugins", "--json"], ["plugins", "list", "--json"]])
def test_plugins_are_listed_with_and_without_the_word(service: Service, arguments: list[str]) -> None:
    assert "deploy_files" in [item["name"] for item in service.certify(*arguments).json]


def test_what_a_target_takes_is_shown(service: Service) -> None:
    (files,) = service.certify("plugins", "show", "files", "--json").json
    (folder,) = [item for item in files["parameters"] if item["name"] == "dir"]
    assert (folder["type"], folder["required"]) == ("path", True)
    assert "certify request NAME --deploy 'files:dir=…'" in service.certify("plugins", "show", "files").out


def test_a_secret_parameters_default_is_shown_to_nobody(service: Service) -> None:
    line = next(line for line in service.certify("plugins", "show", "files").out.splitlines() if "pfx_password" in line)
    assert "(secret)" in line


def test_the_versions_of_both_sides_are_told(service: Service) -> None:
    assert service.certify("version", "--json").json == {"command": __version__, "service": __version__}
