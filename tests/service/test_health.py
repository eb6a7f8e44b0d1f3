"""The service's health as the API shows it: to everybody that it works, to who has the token what was found."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_core.api import LocalFault, Severity
from certify_core.health.checkup import Checkup
from certify_core.service.checks import ApiCheck, ConfigurationCheck, ServiceState
from certify_core.service.config import read_configuration
from certify_core.service.servers import Server
from certify_core.testing.health_check import HealthCheckContract
from tests.service.test_broken_plugin import install
from tests.support.degraded import found, launched
from tests.support.permissions import TOO_OPEN, WELL, open_to_others
from tests.support.scripted_server import ScriptedServer
from tests.support.service import Service
from tests.support.waiting import eventually

HEALTH = "/api/health"
BAD_CHECK = """
from certify_core.api import Finding, Severity, hookimpl

class Check:
    name = "{name}"
    title = "The check of a plugin"

    def run(self):
        {run}

    def fix(self, finding):
        return "Mended."

@hookimpl
def certify_health_checks(context):
    return [Check()]
"""


def test_everybody_may_know_that_it_works(service: Service) -> None:
    answer = service.call("GET", HEALTH, token=None)
    assert (answer.status, answer.body["live"], answer.body["ready"]) == (200, True, True)


def test_nobody_else_may_know_what_was_found(service: Service) -> None:
    assert service.call("GET", f"{HEALTH}/findings", token=None).status == 401
    assert service.call("POST", f"{HEALTH}/check", token=None).status == 401
    assert service.call("POST", f"{HEALTH}/fix", {}, token=None).status == 401


def test_health_is_checked_by_itself_after_the_start(service: Service) -> None:
    eventually(lambda: service.call("GET", f"{HEALTH}/findings").body["checked_at"] is not None)
    assert service.call("GET", HEALTH).body["worst"] in {"ok", "note"}


def test_a_service_that_is_well_says_so_of_everything(service: Service) -> None:
    codes = {
        "start",
        "configuration",
        "api",
        WELL,
        "disk",
        "plugins",
        "certificates",
        "assets",
        "installation",
    }
    assert codes <= found(service).keys()


def test_what_is_wrong_is_found_and_mended(service: Service) -> None:
    token = service.data_dir / "api.token"
    open_to_others(token)
    assert found(service)[TOO_OPEN]["fixable"] is True
    answer = service.call("POST", f"{HEALTH}/fix", {})
    assert [(repair["subject"], repair["fixed"]) for repair in answer.body["repairs"]] == [(str(token), True)]
    assert TOO_OPEN not in {item["code"] for item in answer.body["findings"]}


def test_what_is_not_there_cannot_be_mended(service: Service) -> None:
    answer = service.call("POST", f"{HEALTH}/fix", {"code": "unheard-of"})
    assert (answer.status, answer.body["field"]) == (422, "code")


def test_what_is_found_at_the_start_is_logged(idle: Service) -> None:
    open_to_others(idle.data_dir / "serviceconfig.json")
    idle.start()
    eventually(lambda: "serviceconfig.json can be " in idle.log())


@pytest.fixture(scope="module")
def plagued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a plugin that cannot be loaded, and with checks of plugins: a good one and one that raises."""
    plugins = tmp_path_factory.mktemp("plugins")
    install(plugins, "unloadable", "raise RuntimeError('the licence has expired')\n")
    good = 'return [Finding("from-afar", Severity.OK, "A plugin has looked.")]'
    install(plugins, "good", BAD_CHECK.format(name="good", run=good))
    install(plugins, "bad", BAD_CHECK.format(name="bad", run='raise SystemExit("hunter2")'))
    data = tmp_path_factory.mktemp("service") / "data"
    running = Service(data, environment={"PYTHONPATH": str(plugins)}).start()
    yield running
    running.close()


def test_a_plugin_that_does_not_load_is_a_finding(plagued: Service) -> None:
    told = found(plagued)["plugin-failed"]
    assert (told["subject"], "the licence has expired" in told["evidence"]) == ("unloadable", True)


def test_checks_of_plugins_are_run(plagued: Service) -> None:
    assert found(plagued)["from-afar"]["check"] == "good"


def test_a_check_of_a_plugin_that_ends_the_program_is_a_finding(plagued: Service) -> None:
    told = found(plagued)["check-failed"]
    assert (told["subject"], "SystemExit" in told["evidence"], "hunter2" in str(told)) == ("bad", True, False)


def test_a_token_that_the_service_may_not_read_is_a_finding(tmp_path: Path) -> None:
    state = ServiceState(read_configuration(tmp_path), token_failure=LocalFault("It may not be read.", "Mend that."))
    state.server = Server("localhost", 1)
    (told,) = ApiCheck(state).run()
    assert (told.code, told.severity, told.evidence) == ("token-unreadable", Severity.ERROR, "It may not be read.")


class TestConfigurationCheckContract(HealthCheckContract):
    @pytest.fixture
    def check(self, tmp_path: Path) -> ConfigurationCheck:
        (tmp_path / "serviceconfig.json").write_text('{"port": -1, "logLevel": "loud"}')
        return ConfigurationCheck(tmp_path, lambda: None)


@pytest.mark.parametrize(
    ("text", "code", "left"),
    [
        ('{"port": -1, "host": "localhost"}', "config-invalid", '{"host":"localhost"}'),
        ('{"logLevel": "loud"}', "config-invalid", "{}"),
    ],
)
def test_a_wrong_value_is_taken_out(tmp_path: Path, text: str, code: str, left: str) -> None:
    path = tmp_path / "serviceconfig.json"
    path.write_text(text)
    (repair,) = Checkup([ConfigurationCheck(tmp_path, lambda: None)]).fix()
    assert (repair.finding.code, "".join(path.read_text().split())) == (code, left)


def test_a_file_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "serviceconfig.json").write_text("{")
    (repair,) = Checkup([ConfigurationCheck(tmp_path, lambda: None)]).fix()
    assert repair.fixed
    assert [path.name for path in tmp_path.iterdir()] == ["serviceconfig.json.damaged-1"]


def test_a_wrong_store_is_left_to_a_person(tmp_path: Path) -> None:
    (tmp_path / "serviceconfig.json").write_text('{"store": 7}')
    assert Checkup([ConfigurationCheck(tmp_path, lambda: None)]).fix() == []


def test_a_service_that_works_is_heard_at_the_address_of_its_heartbeat(idle: Service) -> None:
    with ScriptedServer() as server:
        idle.configure(heartbeatUrl=f"{server.url}/ping/2f6b").start()
        eventually(lambda: len(server.requests("/ping/2f6b")) > 0)


def test_a_service_that_could_not_start_says_so_at_the_address_of_its_heartbeat(idle: Service) -> None:
    (idle.data_dir / "master.key").write_bytes(b"short")
    with ScriptedServer() as server:
        launched(idle.configure(heartbeatUrl=f"{server.url}/ping/2f6b"))
        eventually(lambda: len(server.requests("/ping/2f6b/fail")) > 0)


def test_a_service_in_another_programs_folder_says_so_and_leaves_its_database_alone(idle: Service) -> None:
    database = idle.data_dir / "manageditems.db"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE manageditem (id TEXT PRIMARY KEY, json TEXT)")
    before = database.read_bytes()
    launched(idle)
    assert "is another program's" in found(idle)["start-failed"]["evidence"]
    assert database.read_bytes() == before
