"""`certify doctor` and `certify config`, with a service and without one."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from certify_core.api import Severity
from certify_core.health.installation import other_version
from tests.support.permissions import REMEDY, TOO_OPEN, WELL, open_to_others
from tests.support.ports import free_port
from tests.support.service import Ended, Service


@pytest.fixture
def stopped(tmp_path: Path) -> Service:
    """A service that has run and stopped, with a port of its own."""
    service = Service(tmp_path / "data").configure(host="127.0.0.1", port=free_port()).start(port=None)
    service.stop()
    return service


def codes(ended: Ended) -> dict[str, str]:
    """Return what doctor found: the severity by code."""
    return {item["code"]: item["severity"] for item in ended.json["findings"]}


def test_a_service_that_is_well_ends_doctor_with_0(service: Service) -> None:
    ended = service.certify("doctor")
    assert (ended.code, service.url in ended.out) == (0, True), ended.out


def test_a_warning_ends_doctor_with_6(service: Service) -> None:
    stray = service.data_dir / "serviceconfig.json"
    stray.write_text("{}")
    os.chown(stray, 12_345, 12_345)
    ended = service.certify("doctor", "--json")
    stray.unlink()
    assert (ended.code, ended.json["worst"], codes(ended)["foreign-owner"]) == (6, "warning", "warning")


def test_an_error_ends_doctor_with_1_and_is_said_first_with_its_remedy(service: Service) -> None:
    open_to_others(service.data_dir / "api.token")
    ended = service.certify("doctor")
    service.certify("doctor", "--fix")
    assert ended.code == 1
    assert ended.out.splitlines()[0].startswith("error ")
    assert REMEDY in ended.out


def test_doctor_mends_with_the_service(service: Service) -> None:
    open_to_others(service.data_dir / "api.token")
    ended = service.certify("doctor", "--fix", "--json")
    assert (ended.code, [repair["fixed"] for repair in ended.json["repairs"]]) == (0, [True])


def test_doctor_says_that_no_service_ever_ran(tmp_path: Path) -> None:
    ended = Service(tmp_path / "data").certify("doctor", "--json")
    assert (ended.code, codes(ended)["never-ran"], (tmp_path / "data").exists()) == (1, "error", False)


def test_doctor_says_that_the_service_does_not_run_and_checks_the_rest(stopped: Service) -> None:
    ended = stopped.certify("doctor", "--json")
    found = codes(ended)
    assert (ended.code, ended.json["service"], found["service-not-running"]) == (1, None, "error")
    assert {"port", "configuration", WELL, "disk", "plugins"} <= found.keys()


def test_doctor_says_what_the_service_logged_last(stopped: Service) -> None:
    log = stopped.data_dir / "logs" / "service.exceptions.log"
    log.write_text("2026-01-01 00:00:00,000 ERROR   certify: The disk was full\nTraceback\n")
    assert "The disk was full" in stopped.certify("doctor").out


def test_doctor_says_who_has_the_port_of_a_service_that_does_not_run(stopped: Service) -> None:
    config = json.loads((stopped.data_dir / "serviceconfig.json").read_text())
    with socket.create_server((config["host"], config["port"])):
        ended = stopped.certify("doctor", "--json")
    (held,) = [item for item in ended.json["findings"] if item["code"] == "port-held"]
    assert (held["severity"], "(pid " in held["evidence"]) == ("note", True)


def test_doctor_mends_without_the_service(stopped: Service) -> None:
    (stopped.data_dir / "serviceconfig.json").write_text('{"logLevel": "loud"}')
    open_to_others(stopped.data_dir / "master.key")
    ended = stopped.certify("doctor", "--fix", "--json")
    assert {repair["code"] for repair in ended.json["repairs"] if repair["fixed"]} == {"config-invalid", TOO_OPEN}
    assert codes(ended).keys().isdisjoint({"config-invalid", TOO_OPEN})


def test_doctor_helps_a_service_that_could_not_start(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").configure()
    (service.data_dir / "master.key").write_bytes(b"short")
    try:
        service.launch()
        ended = service.certify("doctor")
        assert (ended.code, "master.key" in ended.out, "no certificate is renewed" in ended.out) == (1, True, True)
    finally:
        service.close()


def test_the_settings_are_shown_without_a_service(stopped: Service) -> None:
    settings = {item["name"]: item for item in stopped.certify("config", "show", "--json").json["settings"]}
    assert (settings["host"]["source"], settings["logLevel"]["source"]) == ("file", "default")


def test_a_setting_is_written_and_taken_out_again(stopped: Service) -> None:
    path = stopped.data_dir / "serviceconfig.json"
    before = json.loads(path.read_text())
    assert stopped.certify("config", "set", "logLevel", "debug").code == 0
    assert json.loads(path.read_text()) == {**before, "logLevel": "debug"}
    assert stopped.certify("config", "set", "loglevel", "--remove").code == 0
    assert json.loads(path.read_text()) == before


@pytest.mark.parametrize(
    "arguments", [("port", "many"), ("host", "0.0.0.0"), ("colour", "red"), ("port",), ("port", "1", "--remove")]
)
def test_a_setting_that_would_be_wrong_is_not_written(stopped: Service, arguments: tuple[str, ...]) -> None:
    before = (stopped.data_dir / "serviceconfig.json").read_text()
    ended = stopped.certify("config", "set", *arguments)
    assert (ended.code, (stopped.data_dir / "serviceconfig.json").read_text()) == (2, before)


def test_validation_names_every_fault_with_line_and_field(stopped: Service) -> None:
    (stopped.data_dir / "serviceconfig.json").write_text('{\n"port": -1,\n"logLevel": "loud"\n}')
    ended = stopped.certify("config", "validate")
    assert (ended.code, "line 2: port" in ended.err, "line 3: logLevel" in ended.err) == (2, True, True)


def test_validation_of_what_is_right_ends_with_0(stopped: Service) -> None:
    assert stopped.certify("config", "validate").code == 0


def test_a_service_that_still_runs_another_version_is_named() -> None:
    (found,) = other_version("0.0.1")
    assert (found.code, found.severity, "Certify 0.0.1" in found.what) == ("version-differs", Severity.WARNING, True)
