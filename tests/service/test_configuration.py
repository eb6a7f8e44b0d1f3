"""serviceconfig.json, and all that keeps a service from starting: one clear line, and no trace."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.service import Ended, Service
from tests.support.stores import open_store
from tests.support.wishes import CERTIFICATES


def refused(service: Service) -> Ended:
    """Run a service that cannot start; it has to end by itself."""
    return service.certify("serve", timeout=30)


def config(service: Service, text: str | bytes) -> None:
    """Write serviceconfig.json as it is."""
    content = text.encode() if isinstance(text, str) else text
    (service.data_dir / "serviceconfig.json").write_bytes(content)


def newer_schema(folder: Path) -> None:
    """Make a database that a newer version has left."""
    with open_store(folder):
        pass
    with contextlib.closing(sqlite3.connect(folder / "manageditems.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
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
    ("text", "named"),
    [
        ('{"port": 9696,}', "line 1, column"),
        ("", "serviceconfig.json"),
        ("[]", "not a JSON object"),
        ('"port"', "not a JSON object"),
        ('{"port": "many"}', "port"),
        ('{"Port": 70000}', "port"),
        ('{"port": null}', "port"),
        ('{"host": 7}', "host"),
        ('{"host": "0.0.0.0"}', "0.0.0.0"),
        ('{"host": "::"}', "::"),
        ('{"host": "192.0.2.1"}', "192.0.2.1"),
        ('{"host": "www.example.com"}', "www.example.com"),
        ('{"logLevel": "loud"}', "loglevel"),
        ('{"store": "stone-tablets"}', "stone-tablets"),
        (b'{"host": "\xff"}', "serviceconfig.json"),
    ],
)
def test_a_wrong_configuration_ends_the_start_with_one_line_that_names_it(
    idle: Service, text: str | bytes, named: str
) -> None:
    config(idle, text)
    ended = refused(idle)
    assert (ended.code, ended.out) == (1, "")
    assert [named in line for line in ended.err.splitlines()] == [True]
    assert ended.err.startswith("certify: ")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (newer_schema, "newer version"),
        (damaged("master.key", b"short"), "master.key"),
        (in_its_place("master.key"), "master.key"),
        (damaged("manageditems.db", b"this is no database" * 1000), "manageditems.db"),
        (in_its_place("manageditems.db"), "manageditems.db"),
        (in_its_place("api.token"), "api.token"),
        (damaged("api.token", b"\xff\xfe\xff"), "api.token"),
        (damaged("logs", b""), "logs"),
    ],
    ids=["newer schema", "key cut off", "key a folder", "no database", "database a folder", "token a folder",
         "token damaged", "logs a file"],
)  # fmt: skip
def test_a_damaged_data_folder_ends_the_start_with_one_line_that_names_it(
    idle: Service, damage: Callable[[Path], None], named: str
) -> None:
    damage(idle.data_dir)
    ended = refused(idle)
    assert (ended.code, ended.out) == (1, "")
    assert [named in line for line in ended.err.splitlines()] == [True]
    assert ended.err.startswith("certify: ")


@pytest.mark.parametrize("folder", ["file", "file/below", "/proc/certify"])
def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    ended = refused(Service(tmp_path / folder))
    assert ended.code in {1, 2}
    assert folder in ended.err
    assert "Traceback" not in ended.err


def test_a_service_that_could_not_start_starts_once_the_cause_is_gone(idle: Service) -> None:
    config(idle, "{")
    refused(idle)
    config(idle, "{}")
    assert idle.start().call("GET", CERTIFICATES).status == 200


@pytest.mark.parametrize("port", ["port", "Port", "PORT"])
def test_keys_are_found_in_any_case(idle: Service, port: str) -> None:
    config(idle, json.dumps({port: 0, "HOST": "127.0.0.1"}))
    idle.start(port=None)
    assert idle.url.startswith("http://127.0.0.1:")
    assert idle.url != "http://127.0.0.1:9696"


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


def test_the_command_line_wins_over_the_file(idle: Service) -> None:
    assert idle.configure(port=1).start(port=0).call("GET", CERTIFICATES).status == 200


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    try:
        assert service.call("GET", CERTIFICATES).status == 200
    finally:
        service.close()
