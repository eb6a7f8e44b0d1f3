"""The wheel as users get it, and a Python in which it is installed with a third party's plugin beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.support.beside import PYTHON, run_on_linux

ROOT = Path(__file__).parents[2]


def pip(python: Path, *arguments: str | Path) -> None:
    """Run pip for a Python; what it says is in the test's report."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, *arguments]
    subprocess.run(list(map(str, command)), check=True)


def build(project: Path, folder: Path) -> Path:
    """Build a project's wheel into a new folder; return its path."""
    python = os.environ.get(PYTHON, sys.executable)  # what builds it is installed on Linux alone
    run_on_linux(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, project)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel."""
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def hello_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the example plugin."""
    return build(ROOT / "examples" / "certify-plugin-hello", tmp_path_factory.mktemp("hello"))


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, hello_wheel: Path) -> Path:
    """A Python that has the project, what it requires, and the example plugin: as pip installs them."""
    if os.name == "nt":  # its machine has the project already, and no index to fetch from
        pip(Path(sys.executable), "install", "--quiet", "--no-index", hello_wheel)
        return Path(sys.executable)
    python = tmp_path_factory.mktemp("installed") / "env" / "bin" / "python"
    venv.create(python.parents[1], with_pip=False, symlinks=True)
    pip(python, "install", "--quiet", request.getfixturevalue("wheel"), hello_wheel)
    return python
