"""serviceconfig.json, and all that keeps a service from working: it says so on its API wherever that is possible."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.service.test_broken_plugin import install
from tests.support.degraded import answers, found, is_ready, launched
from tests.support.issuing import issue
from tests.support.ports import has_ipv6
from tests.support.processes import installed
from tests.support.service import Service
from tests.support.stores import open_store, sqlite_engine
from tests.support.waiting import eventually
from tests.support.wishes import CERTIFICATES, wish

NOBODY = 65534


def config(service: Service, text: str | bytes) -> None:
    """Write serviceconfig.json as it is."""
    content = text.encode() if isinstance(text, str) else text
    (service.data_dir / "serviceconfig.json").write_bytes(content)


def newer_schema(folder: Path) -> None:
    """Make a database that a newer version has left."""
    with open_store(folder):
        pass
    engine = sqlite_engine(folder)
    with engine.execution_options(certify_writes=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()


def without_a_table(folder: Path) -> None:
    """Make a database that lacks what a start needs first."""
    with open_store(folder):
        pass
    with contextlib.closing(sqlite3.connect(folder / "manageditems.db")) as database:
        database.execute("DROP TABLE deployment")
        database.commit()


def in_its_place(name: str) -> Callable[[Path], None]:
    """Return what puts a folder in the place of a file."""

    def put(folder: Path) -> None:
        (folder / name).mkdir()

    return put


def damaged(name: str, content: bytes) -> Callable[[Path], None]:
    """Return what damages a file."""

    def damage(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return damage


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (damaged("serviceconfig.json", b'{"port": 9696,}'), "line 1, column"),
        (damaged("serviceconfig.json", b'{"store": "stone-tablets"}'), "stone-tablets"),
        (newer_schema, "newer than"),
        (without_a_table, "no such table"),
        (damaged("master.key", b"short"), "master.key"),
        (in_its_place("master.key"), "master.key"),
        (in_its_place("manageditems.db"), "manageditems.db"),
        (damaged("logs", b""), "logs"),
    ],
    ids=["configuration", "no such store", "newer schema", "no table", "key cut off", "key a folder",
         "database a folder", "logs a file"],
)  # fmt: skip
class TestStartFailure:
    def test_it_is_told_in_one_line_and_by_the_api(
        self, idle: Service, damage: Callable[[Path], None], named: str
    ) -> None:
        damage(idle.data_dir)
        line = launched(idle)
        assert (line.startswith("certify: "), named in line, "Traceback" in line) == (True, True, False)
        health = idle.call("GET", "/api/health", token=None)
        assert (health.status, health.body["live"], health.body["ready"]) == (503, True, False)
        refused = idle.call("GET", CERTIFICATES)
        assert (refused.status, named in refused.body["detail"]) == (503, True)
        reason = found(idle)["start-failed"]
        assert (reason["severity"], named in reason["evidence"]) == ("error", True)


BROKEN_STORE = """
from certify_core.api import hookimpl

class Store:
    name = "broken"
    title = "A store that cannot be opened"

    def open(self, context):
        raise RuntimeError("the vault door is stuck")

@hookimpl
def certify_stores(context):
    return [Store()]
"""


def test_a_plugin_whose_store_raises_leaves_a_service_that_says_so(tmp_path: Path) -> None:
    install(tmp_path / "plugins", "broken", BROKEN_STORE)
    service = Service(tmp_path / "data", environment={"PYTHONPATH": str(tmp_path / "plugins")}).configure(
        store="broken"
    )
    try:
        line = launched(service)
        refused = service.call("GET", CERTIFICATES)
        assert ("the vault door is stuck" in line, refused.status) == (True, 503)
        assert "the vault door is stuck" in refused.body["detail"]
        assert "the vault door is stuck" in (service.data_dir / "logs" / "service.exceptions.log").read_text()
    finally:
        service.close()


@pytest.fixture
def bound(tmp_path: Path) -> Iterator[Service]:
    """A service that permissions bind although it runs as root, as they do any other user."""
    setpriv = installed("setpriv", "util-linux")
    service = Service(tmp_path / "data", before=[setpriv, "--bounding-set=-all"]).configure()
    yield service
    service.close()


@pytest.mark.parametrize("file", ["master.key", "manageditems.db"])
def test_a_file_that_the_service_may_not_read_leaves_a_service_that_says_so(bound: Service, file: str) -> None:
    with open_store(bound.data_dir):
        pass
    os.chown(bound.data_dir / file, NOBODY, NOBODY)
    line = launched(bound)
    assert (line.startswith("certify: "), file in line) == (True, True)
    assert file in bound.call("GET", CERTIFICATES).body["detail"]
    assert file in (bound.data_dir / "logs" / "service.exceptions.log").read_text()


def test_a_folder_that_the_service_may_not_write_ends_the_start_with_one_line(bound: Service) -> None:
    bound.data_dir.chmod(0o500)
    line = bound.launch()
    assert (line.startswith("certify: "), str(bound.data_dir) in line) == (True, True)
    assert bound.wait_for_death() == 1


def test_a_port_that_is_taken_and_may_not_be_left_is_told_in_one_line_and_in_the_log(idle: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = idle.configure(port=port, enableAutoPortNegotiation=False, host="127.0.0.1").launch(port=None)
        assert (line.startswith("certify: "), f"Port {port} is held by" in line) == (True, True)
        eventually(lambda: f"Port {port} is held by" in idle.log())


def test_a_folder_in_the_place_of_the_pid_file_is_no_obstacle(idle: Service) -> None:
    in_its_place("service.pid")(idle.data_dir)
    assert idle.start().call("GET", CERTIFICATES).status == 200


def test_a_service_that_could_not_start_works_once_the_cause_is_gone(idle: Service, name: str) -> None:
    config(idle, "{")
    launched(idle)
    config(idle, "{}")
    eventually(lambda: is_ready(idle))
    assert issue(idle, wish(name))["status"] == "healthy"
    assert "start-failed" not in found(idle)


def test_a_stranger_learns_of_a_failed_start_and_no_more(idle: Service) -> None:
    config(idle, "{")
    launched(idle)
    told = idle.call("GET", "/api/health", token=None).body
    assert set(told) == {"service", "version", "instance", "live", "ready", "worst"}
    for path in ("/api/health/findings", CERTIFICATES, "/api/system/config"):
        assert idle.call("GET", path, token=None).status == 401


def test_a_service_that_could_not_start_ends_when_it_is_told_to(idle: Service) -> None:
    config(idle, "{")
    launched(idle)
    assert idle.stop(10) == 0


def test_the_log_says_once_why_the_service_could_not_start(idle: Service) -> None:
    config(idle, '{"store": "stone-tablets"}')
    launched(idle)
    idle.stop(10)
    log = (idle.data_dir / "logs" / "service.exceptions.log").read_text()
    assert log.count("stone-tablets") == 1


@pytest.mark.parametrize("damage", [in_its_place("api.token"), damaged("api.token", b"\xff\xfe\xff")])
def test_what_can_be_no_token_is_set_aside_and_a_new_one_made(idle: Service, damage: Callable[[Path], None]) -> None:
    damage(idle.data_dir)
    assert idle.start().call("GET", CERTIFICATES).status == 200
    assert (idle.data_dir / "api.token.damaged-1").exists()


@pytest.mark.parametrize("folder", ["file", "file/below", "/proc/certify"])
def test_a_data_folder_that_cannot_be_written_is_one_line(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    ended = Service(tmp_path / folder).certify("serve", timeout=30)
    assert ended.code in {1, 2}
    assert str(Path(folder)) in ended.err
    assert "Traceback" not in ended.err


def test_a_value_that_is_wrong_is_a_finding_and_certificates_are_issued_all_the_same(idle: Service, name: str) -> None:
    config(idle, '{\n"logLevel": "loud"\n}')
    assert issue(idle.start(), wish(name))["status"] == "healthy"
    wrong = found(idle)["config-invalid"]
    assert (wrong["subject"], "line 2" in wrong["evidence"], wrong["fixable"]) == ("logLevel", True, True)


def test_unknown_keys_are_left_alone(idle: Service) -> None:
    text = json.dumps({"port": 0, "powershellExecutionPolicy": "Unrestricted", "nested": {"a": [1, None]}})
    config(idle, text)
    assert idle.start(port=None).call("GET", CERTIFICATES).status == 200
    assert (idle.data_dir / "serviceconfig.json").read_text() == text


def test_the_mark_that_windows_editors_put_in_front_is_no_mistake(idle: Service) -> None:
    config(idle, b"\xef\xbb\xbf" + json.dumps({"port": 0}).encode())
    assert idle.start(port=None).call("GET", CERTIFICATES).status == 200


def test_an_empty_host_is_the_default(idle: Service) -> None:
    assert idle.configure(host="").start().url.startswith("http://localhost:")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", *(["::1", "[::1]"] if has_ipv6() else [])])
def test_every_loopback_host_is_listened_on(idle: Service, host: str) -> None:
    called = f"[{host.strip('[]')}]" if ":" in host else host
    assert idle.configure(host=host).start().url.startswith(f"http://{called}:")
    assert answers(idle)


def test_a_host_that_others_can_reach_is_not_listened_on(idle: Service) -> None:
    assert idle.configure(host="0.0.0.0").start().url.startswith("http://localhost:")
    assert "0.0.0.0" in found(idle)["config-invalid"]["evidence"]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    service = Service(tmp_path / "data", environment={"CERTIFY_HOST": "127.0.0.3"}).configure(host="127.0.0.2")
    try:
        assert service.start().url.startswith("http://127.0.0.3:")
    finally:
        service.close()


def test_the_command_line_wins_over_the_file(idle: Service) -> None:
    assert idle.configure(port=1).start(port=0).call("GET", CERTIFICATES).status == 200


def test_the_settings_are_shown_with_what_is_wrong(idle: Service) -> None:
    config(idle, '{"logLevel": "loud", "host": "127.0.0.1"}')
    shown = idle.start().call("GET", "/api/system/config").body
    settings = {item["name"]: (item["value"], item["source"]) for item in shown["settings"]}
    assert (settings["host"], settings["logLevel"]) == (("127.0.0.1", "file"), ("information", "default"))
    assert [problem["field"] for problem in shown["problems"]] == ["logLevel"]


def test_a_setting_is_changed_in_the_file(service: Service) -> None:
    answer = service.call("PATCH", "/api/system/config", {"enableAutoPortNegotiation": False})
    assert (
        answer.status,
        json.loads((service.data_dir / "serviceconfig.json").read_text())["enableAutoPortNegotiation"],
    ) == (
        200,
        False,
    )


def test_a_wrong_setting_is_refused_by_its_name(service: Service) -> None:
    answer = service.call("PATCH", "/api/system/config", {"port": 70_000})
    assert (answer.status, answer.body["field"]) == (422, "port")


def test_the_heartbeats_address_is_shown_to_nobody_in_full(idle: Service) -> None:
    idle.configure(heartbeatUrl="http://127.0.0.1:9/ping/2f6b").start()
    shown = idle.call("GET", "/api/system/config").body
    values = {item["name"]: item["value"] for item in shown["settings"]}
    assert (values["heartbeatUrl"], "2f6b" in json.dumps(shown)) == ("http://127.0.0.1/********", False)


def test_the_mask_of_an_address_is_not_taken_for_the_address(idle: Service) -> None:
    idle.configure(heartbeatUrl="http://127.0.0.1:9/ping/2f6b").start()
    answer = idle.call("PATCH", "/api/system/config", {"heartbeatUrl": "http://127.0.0.1/********"})
    assert (answer.status, answer.body["field"], "2f6b" in (idle.data_dir / "serviceconfig.json").read_text()) == (
        422,
        "heartbeatUrl",
        True,
    )
