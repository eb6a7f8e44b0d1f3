"""`certify apply`, `export` and `schema` as people and scripts see them."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from tests.support.service import Service
from tests.support.terminal import COLOUR, on_a_terminal


@pytest.fixture
def name() -> str:
    """What no other test's certificate is called."""
    return f"{uuid.uuid4().hex}.test"


@pytest.fixture
def folder(tmp_path: Path, name: str) -> Path:
    """A folder that wants one managed certificate."""
    wanted = {"kind": "ManagedCertificate", "name": name, "identifiers": [name], "authority": "local"}
    (tmp_path / "one.json").write_text(json.dumps({**wanted, "renewal": {"automatic": False}}))
    return tmp_path


def test_the_plan_is_printed_even_if_nothing_else_is_to_be(service: Service, folder: Path, name: str) -> None:
    ended = service.certify("apply", "-f", str(folder), "--dry-run", "--quiet")
    assert ended.out.startswith(f"create    ManagedCertificate {name}  (one.json:1)\n          authority: local\n")
    assert service.certify("apply", "-f", str(folder), "--quiet").out == ""
    assert service.certify("apply", "-f", str(folder)).out == "Nothing to do: 1 unchanged.\n"


def test_a_terminal_gets_colours(service: Service, folder: Path) -> None:
    environment = {"CERTIFY_DATA_DIR": str(service.data_dir)}
    assert COLOUR in on_a_terminal("apply", "-f", str(folder), "--dry-run", environment=environment)
    plain = on_a_terminal("apply", "-f", str(folder), "--dry-run", environment={**environment, "NO_COLOR": "1"})
    assert COLOUR not in plain


def test_mistakes_are_told_one_a_line(service: Service, folder: Path) -> None:
    (folder / "two.json").write_text('{"kind": "Authority", "name": "house", "directory": 5}')
    (folder / "three.yaml").write_text("kind: [")
    ended = service.certify("apply", "-f", str(folder))
    assert ended.code == 2
    assert ended.err.startswith("Error: Nothing was applied.\nthree.yaml:2:1: This is not YAML")


def test_the_export_is_printed_as_one_stream(service: Service, folder: Path, name: str) -> None:
    service.certify("apply", "-f", str(folder))
    ended = service.certify("export")
    (document,) = [text for text in ended.out.split("---\n") if name in text]
    assert document.startswith(f"kind: ManagedCertificate\nname: {name}\n")


def test_an_export_that_cannot_be_written(service: Service, folder: Path) -> None:
    service.certify("apply", "-f", str(folder))
    (folder / "certificates").write_text("in the way")
    ended = service.certify("export", "-o", str(folder))
    assert ended.code == 1
    assert "cannot be written" in ended.err
    assert "Give another folder." in ended.err


def test_the_schema_needs_no_service(tmp_path: Path) -> None:
    service = Service(tmp_path / "nowhere")
    assert service.certify("schema").json["title"] == "Certify configuration"
    assert service.certify("schema", "-o", str(tmp_path / "certify.schema.json")).code == 0
    assert json.loads((tmp_path / "certify.schema.json").read_text())["title"] == "Certify configuration"
