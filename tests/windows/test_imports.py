"""Every module of Certify and of its built-in plugins can be imported on a Windows Python."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from importlib.metadata import entry_points
from pathlib import Path

from certify_core.api import PluginContext
from certify_core.plugins import GROUP, Plugins

if sys.platform == "win32":

    def packages() -> list[str]:
        plugins = [one.value for one in entry_points(group=GROUP) if one.dist and one.dist.name == "certify-core"]
        return ["certify_core", *plugins]

    def test_every_module_can_be_imported() -> None:
        refused = []
        for package in packages():
            found = importlib.import_module(package)
            for module in pkgutil.walk_packages(found.__path__, f"{package}."):
                if not module.name.endswith(".__main__"):
                    try:
                        importlib.import_module(module.name)
                    except ImportError as error:
                        refused.append(f"{module.name}: {error}")
        assert refused == []

    def test_every_built_in_plugin_loads_and_offers_something(tmp_path: Path) -> None:
        settings = {"integratedauthentication": True}  # what is off until it is switched on
        records = Plugins.load(PluginContext(tmp_path, settings)).records
        assert {record.module for record in records if not record.error and record.offers} == set(packages()[1:])
