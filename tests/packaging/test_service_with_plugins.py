"""The installed service works with what somebody installs beside it, and in spite of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.issuing import issue
from tests.support.service import Service

pytestmark = pytest.mark.xdist_group("packaging")

BROKEN = {
    "METADATA": "Metadata-Version: 2.1\nName: certify-broken\nVersion: 1.0\n",
    "entry_points.txt": "[certify.plugins]\nbroken = certify_broken\n",
}


@pytest.fixture
def broken_plugin(tmp_path: Path) -> Path:
    """A folder with an installed plugin that raises when it is imported."""
    folder = tmp_path / "plugins"
    (folder / "certify_broken-1.0.dist-info").mkdir(parents=True)
    (folder / "certify_broken.py").write_text("raise RuntimeError('the licence has expired')\n")
    for name, content in BROKEN.items():
        (folder / "certify_broken-1.0.dist-info" / name).write_text(content)
    return folder


@pytest.fixture
def service(tmp_path: Path, installed: Path, broken_plugin: Path) -> Iterator[Service]:
    """The service out of the wheel, with the example plugin and a broken one beside it."""
    running = Service(tmp_path / "data", python=str(installed), environment={"PYTHONPATH": str(broken_plugin)}).start()
    yield running
    running.close()


def test_a_third_partys_target_is_deployed_to(service: Service, tmp_path: Path) -> None:
    greeting = tmp_path / "greeting.txt"
    deployment = {"target": "hello", "parameters": {"file": str(greeting)}}
    wish = {"name": "Shop", "identifiers": ["shop.test"], "authority": "local", "deployments": [deployment]}
    certificate = issue(service, wish)
    assert greeting.read_text() == f"Hello Shop {certificate['issued']['thumbprint']}\n"


def test_a_third_partys_target_is_offered_on_the_command_line(service: Service, tmp_path: Path) -> None:
    greeting = tmp_path / "greeting.txt"
    ended = service.certify("request", "cli.test", "--ca", "local", "--deploy", f"hello:file={greeting}", "--wait")
    assert (ended.code, greeting.exists()) == (0, True)


def test_the_api_reports_a_plugin_that_does_not_load(service: Service) -> None:
    plugins = service.call("GET", "/api/plugins").body["plugins"]
    (broken,) = [plugin for plugin in plugins if plugin["name"] == "broken"]
    assert (broken["distribution"], broken["error"]) == ("certify-broken", "RuntimeError: the licence has expired")


def test_the_command_line_reports_a_plugin_that_does_not_load(service: Service) -> None:
    assert "the licence has expired" in service.certify("plugins").out


def test_the_command_line_shows_what_a_third_partys_target_asks_for(service: Service) -> None:
    lines = [line.split() for line in service.certify("plugins", "show", "hello").out.splitlines()]
    assert ["file", "path", "needed", "The", "file", "that", "gets", "the", "greeting."] in lines


def test_a_third_partys_parameter_that_is_misspelt_is_refused_with_the_one_that_was_meant(service: Service) -> None:
    ended = service.certify("request", "typo.test", "--ca", "local", "--deploy", "hello:fiel=/tmp/hello.txt")
    assert (ended.code, "There is no parameter fiel. Did you mean file?" in ended.err) == (2, True)
