"""`certify demo`: the first thing that somebody tries."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.service import BY_BREAK

README = Path(__file__).parents[2] / "README.md"
COMMAND = [sys.executable, "-u", "-m", "certify_core.cli", "demo"]
SECONDS = 240
"""It takes two, and much longer where everything else runs at once."""


def steps(text: str) -> list[str]:
    """Return the names of the steps in what the demo prints."""
    return [line[2:22].strip() for line in text.splitlines() if line.startswith(("✓", "+"))]


def interrupt(process: subprocess.Popen[str]) -> None:
    """Do what Ctrl-C does, or Ctrl+Break where processes send no signals to each other."""
    if process.stdin is not None:
        process.stdin.close()
    else:
        process.send_signal(signal.SIGINT)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo may put temporary folders."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def shown(temporary: Path) -> str:
    """What the demo prints."""
    return subprocess.run([*COMMAND, "--once"], capture_output=True, text=True, check=True, timeout=SECONDS).stdout


def test_it_shows_the_whole_way(shown: str) -> None:
    assert steps(shown) == ["order created", "saved", "deployed", "verified", "page checked"]


def test_it_prints_where_api_and_page_are(shown: str) -> None:
    assert re.search(r"API   http://127\.0\.0\.1:\d+", shown)
    assert re.search(r"Page  https://demo\.localhost:\d+/", shown)


def test_the_readme_shows_what_it_prints(shown: str) -> None:
    transcript = README.read_text().split("```\n✓", 1)[1].split("```")[0]
    assert steps(f"✓{transcript}") == steps(shown)


def test_it_leaves_nothing_behind(shown: str, temporary: Path) -> None:
    assert list(temporary.iterdir()) == []


def test_it_gives_its_result_as_json(temporary: Path) -> None:
    ended = subprocess.run([*COMMAND, "--json"], capture_output=True, text=True, check=True, timeout=SECONDS)
    assert json.loads(ended.stdout)["outcome"] == "succeeded"


def test_ctrl_c_ends_it_and_removes_everything(temporary: Path) -> None:
    command = [sys.executable, "-u", "-m", "tests.support.breaking", "demo"] if BY_BREAK else COMMAND
    given = subprocess.PIPE if BY_BREAK else None
    with subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Ctrl-C"):
                interrupt(process)
        assert process.wait(SECONDS) == 0
    assert list(temporary.iterdir()) == []
