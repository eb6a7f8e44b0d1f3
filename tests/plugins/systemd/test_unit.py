"""The unit file, as systemd itself judges it: without a fault, and with as few rights as the service can work with."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from certify_core.api import ServiceWish
from certify_systemd.unit import quoted, unit_file
from tests.support.processes import installed

WORST_SCORE = 1.7
"""Of 10, as `systemd-analyze security` adds exposure up; a service without any restriction has 9.6."""
COMMAND = ("/bin/true", "-m", "certify_core.cli", "service", "run", "--data-dir", "/var/lib/certify")


def wish(*, data_dir: str = "/var/lib/certify", account: str = "games", writable: tuple[Path, ...] = ()) -> ServiceWish:
    """Return a wish whose account every system has."""
    return ServiceWish(COMMAND, Path(data_dir), account=account, writable=writable)


def analyzed(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Have systemd-analyze look at a unit file."""
    unit = folder / "certify.service"
    unit.write_text(text)
    command = [installed("systemd-analyze", "systemd"), *arguments, str(unit)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def settings(text: str, name: str) -> list[str]:
    """Return the values of a setting."""
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


@pytest.mark.parametrize(
    "wanted",
    [
        wish(),
        wish(data_dir="/srv/certify data/100%"),
        wish(writable=(Path("/etc/ssl/site"), Path("/etc/my site"))),
        wish(account="root"),
    ],
)
def test_systemd_finds_no_fault_in_it(tmp_path: Path, wanted: ServiceWish) -> None:
    ended = analyzed(tmp_path, unit_file(wanted), "verify", "--man=no")
    assert (ended.returncode, [line for line in ended.stderr.splitlines() if "certify" in line]) == (0, [])


def test_systemd_finds_it_safe(tmp_path: Path) -> None:
    threshold = f"--threshold={round(WORST_SCORE * 10)}"
    ended = analyzed(tmp_path, unit_file(wish()), "security", "--offline=true", "--no-pager", threshold)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AmbientCapabilities", "CAP_NET_BIND_SERVICE"),
        ("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("StateDirectory", "certify"),
        ("StateDirectoryMode", "0700"),
        ("TimeoutStopSec", "20"),
        ("Restart", "on-failure"),
    ],
)
def test_it_has_the_rights_that_were_promised_and_no_more(name: str, value: str) -> None:
    assert settings(unit_file(wish()), name) == [value]


def test_a_data_folder_elsewhere_can_be_written() -> None:
    text = unit_file(wish(data_dir="/srv/certify"))
    assert (settings(text, "StateDirectory"), settings(text, "ReadWritePaths")) == ([], ["-/srv/certify"])


def test_folders_that_it_deploys_to_can_be_written() -> None:
    text = unit_file(wish(writable=(Path("/etc/ssl/site"), Path("/srv/tls"))))
    assert settings(text, "ReadWritePaths") == ["-/etc/ssl/site", "-/srv/tls"]


@pytest.mark.parametrize(("folder", "homes"), [("/home/anna/tls", "read-only"), ("/srv/tls", "yes")])
def test_homes_are_hidden_unless_something_in_them_is_needed(folder: str, homes: str) -> None:
    wanted = ServiceWish(("/usr/bin/python3",), Path("/var/lib/certify"), "games", writable=(Path(folder),))
    assert settings(unit_file(wanted), "ProtectHome") == [homes]


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain", '"plain"'),
        ("a b", '"a b"'),
        ('"', '"\\""'),
        ("50%", '"50%%"'),
        ("$HOME", '"$$HOME"'),
        ("\\", '"\\\\"'),
    ],
)
def test_every_word_of_the_command_is_what_it_was(word: str, written: str) -> None:
    assert quoted(word) == written


def test_the_score_of_a_unit_without_restrictions_is_bad(tmp_path: Path) -> None:
    text = "[Service]\nExecStart=/bin/true\n"
    ended = analyzed(tmp_path, text, "security", "--offline=true", "--no-pager", "--json=short", "--threshold=90")
    assert (ended.returncode != 0, len(json.loads(ended.stdout)) > 0) == (True, True)
