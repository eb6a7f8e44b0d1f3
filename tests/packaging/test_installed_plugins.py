"""A plugin that somebody installs beside the project is found; a broken one harms nobody."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.samples import some_on_windows

pytestmark = pytest.mark.xdist_group("packaging")

HELLO = """
import json, sys
from pathlib import Path
from certify_core.api import CertificateBundle, PluginContext
from certify_core.plugins import Plugins, parse_parameters

bundle = CertificateBundle("Shop", ("shop.test",), "", "", "", "A1B2C3", 0.0, 1.0)
target = Plugins.load(PluginContext(Path(sys.argv[1]))).deployment_targets.get("hello", field="target")
parameters = parse_parameters(target.parameters, {"file": sys.argv[2]}, field="parameters")
planned = [[change.action, change.subject] for change in target.plan(bundle, parameters)]
existed = Path(sys.argv[2]).exists()
target.apply(bundle, parameters)
target.apply(bundle, parameters)
target.verify(bundle, parameters)
print(json.dumps([planned, existed]))
"""

DESCRIBE = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from certify_core.api import PluginContext
from certify_core.plugins import Plugins

print(json.dumps([asdict(record) for record in Plugins.load(PluginContext(Path(sys.argv[1]))).described()]))
"""

IMPORT_ALL = """
import importlib, json, pkgutil
import certify_core

names = [module.name for module in pkgutil.walk_packages(certify_core.__path__, "certify_core.")]
# The contract tests are for plugin authors, who have pytest; users need not.
for name in names:
    if not name.startswith("certify_core.testing"):
        importlib.import_module(name)
print(json.dumps(names))
"""

OFFER = """
from types import SimpleNamespace
from pydantic import BaseModel
from certify_core.api import hookimpl

class Target:
    title = "A target"
    parameters = BaseModel
    def __init__(self, name): self.name = name
    def plan(self, bundle, parameters): return []
    def apply(self, bundle, parameters): return None
    def verify(self, bundle, parameters): return None

@hookimpl
def certify_deployment_targets(context):
    {body}
"""

BROKEN = {
    "raises on import": ("raise RuntimeError('no such luck')", "RuntimeError: no such luck"),
    "exits on import": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "asserts on import": ("assert False, 'never'", "AssertionError: never"),
    "has a syntax error": ("def", "SyntaxError"),
    "needs what is not there": ("import certify_no_such_module", "certify_no_such_module"),
    "raises in its hook": (OFFER.format(body="raise RuntimeError('no such luck')"), "RuntimeError: no such luck"),
    "exits in its hook": (OFFER.format(body="raise SystemExit(3)"), "SystemExit: 3"),
    "lacks the contract": (OFFER.format(body="return [SimpleNamespace(name='half')]"), "lacks what the contract asks"),
    "claims a name that is taken": (OFFER.format(body="return [Target('hello')]"), "deployment target named 'hello'"),
}


def run(python: Path, program: str, *arguments: Path, beside: Path | None = None) -> Any:
    """Run a program in the environment, and with the distributions in the folder `beside`; return its answer."""
    surroundings = os.environ | {"PYTHONPATH": str(beside or "")}
    command = [str(python), "-c", program, *map(str, arguments)]
    ended = subprocess.run(command, env=surroundings, cwd=python.parent, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def add_plugin(folder: Path, name: str, source: str) -> None:
    """Put a distribution with one plugin module into a folder, as an installer would."""
    information = folder / f"{name}-1.0.dist-info"
    information.mkdir(parents=True)
    (folder / f"{name}.py").write_text(source)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[certify.plugins]\n{name} = {name}\n")


def test_every_module_imports_with_the_declared_requirements_alone(installed: Path) -> None:
    assert "certify_core.plugins" in run(installed, IMPORT_ALL)


def test_the_built_in_plugins_and_the_example_are_found(installed: Path, tmp_path: Path) -> None:
    found = {record["name"]: (record["distribution"], record["error"]) for record in run(installed, DESCRIBE, tmp_path)}
    assert found == {
        "av_checks": ("certify-core", None),
        "ca_local": ("certify-core", None),
        "ca_public": ("certify-core", None),
        "challenge_http": ("certify-core", None),
        "deploy_files": ("certify-core", None),
        "hello": ("certify-plugin-hello", None),
        "iis": ("certify-core", None),
        "store_sqlite": ("certify-core", None),
        "negotiate": ("certify-core", None),
        "notify_apprise": ("certify-core", None),
        "systemd": ("certify-core", None),
        "windows_dpapi": ("certify-core", None),
        "windows_service": ("certify-core", None),
    }


def test_the_example_says_what_it_will_do_and_greets(installed: Path, tmp_path: Path) -> None:
    greeting = tmp_path / "hello.txt"
    planned, existed = run(installed, HELLO, tmp_path, greeting)
    assert (planned, existed, greeting.read_text()) == ([["write", str(greeting)]], False, "Hello Shop A1B2C3\n")


@pytest.mark.parametrize("breakage", some_on_windows(list(BROKEN), every=4))
def test_a_broken_plugin_is_recorded_with_its_error_and_all_others_work(
    installed: Path, tmp_path: Path, breakage: str
) -> None:
    source, reason = BROKEN[breakage]
    # Plugins load in the order of their names: some come before the broken one, and one after it.
    add_plugin(tmp_path / "site", "zz_broken", source)
    add_plugin(tmp_path / "site", "zzz_later", OFFER.format(body="return [Target('later')]"))
    records = run(installed, DESCRIBE, tmp_path, beside=tmp_path / "site")
    errors = {record["name"]: record["error"] for record in records if record["error"]}
    offers = [offer for record in records for offer in record["offers"]]
    assert (list(errors), reason in str(errors.get("zz_broken"))) == (["zz_broken"], True)
    assert {"deployment_targets:hello", "deployment_targets:later", "authorities:local"} <= set(offers)


def test_a_broken_plugin_is_described_by_the_distribution_it_came_with(installed: Path, tmp_path: Path) -> None:
    add_plugin(tmp_path / "site", "broken", "raise RuntimeError")
    records = {record["name"]: record for record in run(installed, DESCRIBE, tmp_path, beside=tmp_path / "site")}
    assert (records["broken"]["distribution"], records["broken"]["version"]) == ("broken", "1.0")
