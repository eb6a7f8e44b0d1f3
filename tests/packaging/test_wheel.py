"""The wheel holds the core, every built-in plugin, and the entry points by which they are found."""

from __future__ import annotations

import configparser
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.xdist_group("packaging")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(wheel: Path) -> set[str]:
    """The names of all files in the wheel."""
    return set(ZipFile(wheel).namelist())


def sources(package: Path) -> set[str]:
    """Return all files of a package as the wheel names them."""
    return {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_holds_every_file_of_the_core(files: set[str]) -> None:
    assert sources(ROOT / "certify_core") - files == set()


def test_it_holds_every_file_of_every_built_in_plugin(files: set[str]) -> None:
    packages = list(ROOT.glob("plugins/*/certify_*"))
    assert (len(packages) > 0, set().union(*map(sources, packages)) - files) == (True, set())


def test_it_holds_nothing_else(files: set[str]) -> None:
    tops = {name.split("/")[0] for name in files}
    assert {top for top in tops if not top.startswith("certify_")} == set()


def test_every_built_in_plugin_has_an_entry_point(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        entry_points = configparser.ConfigParser()
        entry_points.read_string(archive.read(name).decode())
    folders = {path.parent.name: path.name for path in ROOT.glob("plugins/*/certify_*")}
    assert dict(entry_points["certify.plugins"]) == folders


def test_the_command_has_an_entry_point(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "certify = certify_core.cli.main:main" in archive.read(name).decode()


def test_it_tells_type_checkers_that_it_is_typed(files: set[str]) -> None:
    assert "certify_core/py.typed" in files


def test_an_editable_install_sees_the_same_plugins() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    from_wheel = {str(Path(package).parent) for package in build["targets"]["wheel"]["packages"]}
    assert set(build["dev-mode-dirs"]) == from_wheel
