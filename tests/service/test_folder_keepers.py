"""A data folder that the service makes is closed to others, by plugins too, before there is a secret in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.test_broken_plugin import install
from tests.support.service import Service

KEEPER = '''
"""A keeper of folders that notes what it was asked for, and what was there already."""

from pathlib import Path

from certify_core.api import LocalFault, hookimpl


class Keeper:
    name = "noting"
    title = "Notes"

    def close(self, folder):
        secrets = sorted(path.name for path in folder.glob("*") if path.name in ("api.token", "master.key"))
        (folder / "closed.txt").write_text(f"{secrets}")
        raise LocalFault("This disk knows no access lists.", "Choose another.")


@hookimpl
def certify_folder_keepers():
    return [Keeper()]
'''


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A service, not started, with that plugin."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    install(plugins, "noting", KEEPER)
    return Service(tmp_path / "data", environment={"PYTHONPATH": str(plugins)})


def test_a_new_folder_is_closed_before_a_secret_is_in_it(service: Service) -> None:
    service.start().stop()
    assert (service.data_dir / "closed.txt").read_text() == "[]"


def test_a_folder_that_cannot_be_closed_is_logged_and_used(service: Service) -> None:
    service.start().stop()
    assert "This disk knows no access lists." in service.log()


def test_a_folder_that_was_there_is_left_as_its_owner_made_it(service: Service) -> None:
    service.configure().start().stop()
    assert not (service.data_dir / "closed.txt").exists()
