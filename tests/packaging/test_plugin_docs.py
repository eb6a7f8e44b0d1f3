"""docs/plugins.md says what is so: its tables and its example are compared with the code."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import certify_core.testing
from certify_core.hookspecs import HookSpecs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "certify-plugin-hello"


def hook_table() -> str:
    """Return the table of all hooks as the page should hold it."""
    rows = ["| hook | returns a list of | which is used |", "|---|---|---|"]
    for name, hook in inspect.getmembers(HookSpecs, inspect.isfunction):
        kind = re.fullmatch(r"Sequence\[(\w+)\]", hook.__annotations__["return"])
        assert kind is not None, name
        rows.append(f"| `{name}` | `{kind[1]}` | {inspect.getdoc(hook)} |")
    return "\n".join(rows) + "\n"


def contract_tests() -> Iterator[str]:
    """Yield the contract tests that plugin authors can inherit, as they import them."""
    for found in pkgutil.iter_modules(certify_core.testing.__path__, "certify_core.testing."):
        module = importlib.import_module(found.name)
        for name, item in inspect.getmembers(module, inspect.isclass):
            if name.endswith("Contract") and item.__module__ == found.name:
                yield f"`{found.name}.{name}`"


def code_block(language: str, after: str) -> str:
    """Return the first code block of a language after a heading."""
    block = re.search(rf"^```{language}\n(.*?)^```$", PAGE[PAGE.index(after) :], re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1]


def test_the_page_holds_the_table_of_all_hooks() -> None:
    assert hook_table() in PAGE


def test_the_page_shows_the_example_as_it_is() -> None:
    assert code_block("python", "## A whole plugin") == (EXAMPLE / "certify_hello.py").read_text(encoding="utf-8")


def test_the_page_shows_the_examples_project_file_as_it_is() -> None:
    assert code_block("toml", "## A whole plugin") == (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")


def test_the_page_names_every_contract_test() -> None:
    assert [name for name in contract_tests() if name not in PAGE] == []
