"""`certify selftest`: what looks is run at once, what changes something only with consent; a report is written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
MACHINE = """
from pathlib import Path
from certify_core.api import LocalFault, SelfTestStep, hookimpl

PLACE = Path(__file__).parent / "made"

def fails():
    raise LocalFault("It is off.", "Switch it on.")

class Machine:
    name = title = suite = "machine"

    def is_here(self):
        return True

    def steps(self):
        return [
            SelfTestStep("looks", "It is looked at", lambda: "It is well."),
            SelfTestStep("makes", "A file is made", lambda: f"{PLACE.write_text('made')} bytes.", changes=True),
            *([SelfTestStep("fails", "It fails", fails)] if PLACE.with_name("broken").exists() else []),
        ]

@hookimpl
def certify_selftests():
    return [Machine()]
"""

Certify = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def certify(tmp_path: Path) -> Certify:
    """Run the command with the plugin of this page and the one of docs/plugins.md installed, without a service."""
    add_plugin(tmp_path, "certify_machine", MACHINE)
    add_plugin(tmp_path, "certify_nas", example())

    def run(*arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "certify_core.cli", "selftest", *arguments]
        surroundings = os.environ | {"PYTHONPATH": str(tmp_path), "CERTIFY_DATA_DIR": str(tmp_path / "data")}
        return subprocess.run(command, env=surroundings, stdin=stdin, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """What the changing step makes."""
    return tmp_path / "made"


def add_plugin(folder: Path, name: str, source: str) -> None:
    """Put a distribution with one plugin module into a folder, as an installer would."""
    information = folder / f"{name}-1.0.dist-info"
    information.mkdir()
    (folder / f"{name}.py").write_text(source)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[certify.plugins]\n{name} = {name}\n")


def example() -> str:
    """Return the module that the page shows."""
    found = re.search(r"^```python\n(.*?)^```$", PAGE[PAGE.index("## A selftest") :], re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def answering(answer: str) -> int:
    """Return a terminal at which somebody has typed an answer."""
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    return theirs


def test_what_only_looks_is_run_without_asking(certify: Certify, made: Path) -> None:
    ended = certify("machine")
    assert (ended.returncode, "✓ looks" in ended.stdout, made.exists()) == (0, True, False)
    assert "--change tries that too" in ended.stdout


def test_with_change_all_is_run(certify: Certify, made: Path) -> None:
    ended = certify("machine", "--change")
    assert (ended.returncode, "✓ makes" in ended.stdout, made.exists()) == (0, True, True)


@pytest.mark.parametrize(("answer", "done"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_it_says_what_it_will_do_and_asks(certify: Certify, made: Path, answer: str, done: bool) -> None:
    ended = certify("machine", stdin=answering(answer))
    assert ("A file is made" in ended.stdout, made.exists()) == (True, done)


def test_with_look_nobody_is_asked(certify: Certify, made: Path) -> None:
    ended = certify("machine", "--look", stdin=answering("y"))
    assert (ended.returncode, "Go on?" in ended.stdout, made.exists()) == (0, False, False)


def test_a_failed_step_is_told_with_its_remedy_and_the_exit_code(certify: Certify, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    ended = certify("machine")
    assert (ended.returncode, "It is off." in ended.stdout, "→ Switch it on." in ended.stdout) == (1, True, True)


def test_the_report_is_printed_and_written_as_json(certify: Certify, tmp_path: Path) -> None:
    ended = certify("machine", "--change", "--json", "--report", str(tmp_path / "report.json"))
    written = json.loads((tmp_path / "report.json").read_text())
    outcomes = {step["name"]: step["outcome"] for step in written["steps"]}
    assert (json.loads(ended.stdout), outcomes) == (written, {"looks": "passed", "makes": "passed"})


def test_a_report_that_cannot_be_written_is_said(certify: Certify, tmp_path: Path) -> None:
    ended = certify("machine", "--report", str(tmp_path / "no folder" / "report.json"))
    assert (ended.returncode, "report cannot be written" in ended.stderr) == (1, True)


def test_here_there_is_nothing_of_windows_to_test(certify: Certify) -> None:
    ended = certify("windows")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr == "Error: There is nothing to test here: windows is about another kind of machine.\n"


def test_an_unknown_suite_is_told_with_those_that_there_are(certify: Certify) -> None:
    ended = certify("moon")
    assert (ended.returncode, "There are: machine, nas, windows." in ended.stderr) == (4, True)


def test_the_example_of_the_page_is_a_selftest(certify: Certify) -> None:
    ended = certify("nas", "--change")
    assert (ended.returncode, "- nas-folder" in ended.stdout) == (0, True), ended.stderr


def test_a_report_that_cannot_be_written_is_told(certify: Certify, tmp_path: Path) -> None:
    ended = certify("machine", "--report", str(tmp_path / "missing" / "report.json"))
    assert (ended.returncode, "The report cannot be written to " in ended.stderr) == (1, True)


def test_quiet_says_what_fails_alone(certify: Certify, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    lines = certify("machine", "--quiet", "--look").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["✗", "→"]
