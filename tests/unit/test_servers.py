"""servers.json: written in the original's shape, read in any case, and nothing that it says of others is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from certify_core.service.servers import FILE, Server, read_server, server_at, write_servers

HERE = Server("localhost", 9696, "abc")
OTHER = {"Id": "7", "DisplayName": "web2", "Host": "web2.internal", "Port": 9696, "IsDefault": False}


def written(folder: Path) -> list[dict[str, object]]:
    """Return what is in the file."""
    document: list[dict[str, object]] = json.loads((folder / FILE).read_text())
    return document


@pytest.mark.parametrize(
    "server", [HERE, Server("::1", 1), Server("127.0.0.1", 9697, "x", https=True)], ids=["plain", "IPv6", "HTTPS"]
)
def test_what_is_written_is_what_is_read(tmp_path: Path, server: Server) -> None:
    write_servers(tmp_path, server)
    assert read_server(tmp_path) == server


def test_it_has_the_originals_fields(tmp_path: Path) -> None:
    write_servers(tmp_path, HERE)
    (entry,) = written(tmp_path)
    names = {"Id", "DisplayName", "Host", "Port", "UseHTTPS", "Mode", "Authentication", "IsDefault"}
    assert names <= entry.keys()


def test_keys_are_read_in_any_case(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('[{"HOST": "localhost", "port": "9700", "usehttps": false}]')
    assert read_server(tmp_path) == Server("localhost", 9700)


def test_other_servers_and_unknown_fields_stay(tmp_path: Path) -> None:
    mine = {"id": "local", "host": "localhost", "PORT": 1, "isDefault": True, "DateLastConnected": "2026-01-01"}
    (tmp_path / FILE).write_text(json.dumps([OTHER, mine]))
    write_servers(tmp_path, HERE)
    entry, other = written(tmp_path)
    assert (other, entry["Port"], entry["DateLastConnected"]) == (OTHER, 9696, "2026-01-01")
    assert not {"host", "PORT"} & entry.keys()


def test_the_default_server_is_read_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps([OTHER, {"Host": "localhost", "Port": 9698, "IsDefault": True}]))
    assert read_server(tmp_path) == Server("localhost", 9698)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "[1]", '[{"Host": "x"}]', '[{"Host": "x", "Port": "many"}]'])
def test_what_is_no_list_of_servers_names_none_and_is_written_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert read_server(tmp_path) is None
    write_servers(tmp_path, HERE)
    assert read_server(tmp_path) == HERE


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "https://127.0.0.1:9696"),
        ("::", "https://[::1]:9696"),
        ("[::1]", "https://[::1]:9696"),
        ("web1.internal", "https://web1.internal:9696"),
    ],
)
def test_the_address_is_one_that_this_machine_can_call(tmp_path: Path, host: str, url: str) -> None:
    assert server_at(tmp_path, host, 9696, https=True).url == url
