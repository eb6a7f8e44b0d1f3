"""Antivirus software that is here is a note; what somebody does to us is a fault, whoever it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from certify_av_checks import certify_health_checks
from certify_av_checks.check import AntivirusCheck
from certify_av_checks.file_probe import CONTENT
from certify_av_checks.products import PRODUCTS, Product
from certify_av_checks.scratch import FOLDER
from certify_core.api import Finding, PluginContext, Severity
from certify_core.testing.health_check import HealthCheckContract
from tests.support.antivirus import ClamAv

GUARD = Product("Guard", "Guard > Exclusions.", frozenset({"certify-guard"}))
TAKER = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
print("begins", flush=True)
while True:
    for file in folder.rglob("*.pfx"):
        file.unlink(missing_ok=True)
"""


def codes(found: list[Finding]) -> dict[str, Severity]:
    """Return the codes that were found, and how bad each is."""
    return {finding.code: finding.severity for finding in found}


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A data folder that the service has used before."""
    (tmp_path / FOLDER).mkdir()
    return tmp_path


@pytest.fixture
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A harmless process with the name of a product's."""
    program = tmp_path_factory.mktemp("guard") / "certify-guard"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([str(program), "600"]) as process:
        yield
        process.kill()


@pytest.fixture
def taker(watched: Path) -> Iterator[None]:
    """A program without a name that takes away every key file that it sees."""
    with subprocess.Popen([sys.executable, "-c", TAKER, str(watched)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        yield
        process.kill()


class TestContract(HealthCheckContract):
    @pytest.fixture
    def check(self, tmp_path: Path) -> AntivirusCheck:
        return AntivirusCheck(tmp_path, [GUARD])


def test_where_nobody_interferes_all_is_well(tmp_path: Path) -> None:
    assert codes(AntivirusCheck(tmp_path, []).run()) == {"antivirus": Severity.OK}


def test_nothing_is_left_of_a_measurement(tmp_path: Path) -> None:
    AntivirusCheck(tmp_path, []).run()
    assert list((tmp_path / FOLDER).iterdir()) == []


@pytest.mark.usefixtures("guard")
def test_a_product_that_is_here_and_does_nothing_is_a_note(tmp_path: Path) -> None:
    assert codes(AntivirusCheck(tmp_path, [GUARD]).run()) == {
        "antivirus-found": Severity.NOTE,
        "antivirus": Severity.OK,
    }


@pytest.mark.usefixtures("guard")
def test_a_product_that_is_here_is_told_with_where_its_exclusions_are(tmp_path: Path) -> None:
    found = AntivirusCheck(tmp_path, [GUARD]).run()[0]
    assert (found.subject, str(tmp_path) in found.remedy, found.remedy.endswith("Guard > Exclusions.")) == (
        "Guard",
        True,
        True,
    )


@pytest.mark.usefixtures("guard")
def test_a_product_that_is_here_comes_with_a_command_that_excludes_the_folder(tmp_path: Path) -> None:
    commanded = replace(GUARD, posix_command='guard exclude "{folder}"', windows_command="guard {folder}")
    assert f'guard exclude "{tmp_path}"' in AntivirusCheck(tmp_path, [commanded]).run()[0].remedy


@pytest.mark.parametrize("name", ["ClamWin", "WatchGuard EPDR", "ESET", "Microsoft Defender", "ClamAV"])
def test_there_is_advice_for_the_products_that_are_known_to_get_in_the_way(name: str) -> None:
    (product,) = (item for item in PRODUCTS if item.name == name)
    assert (bool(product.processes | product.services), len(product.advice) > 20) == (True, True)


@pytest.mark.usefixtures("guard")
def test_a_product_that_is_here_is_told_with_its_process(tmp_path: Path) -> None:
    assert "process certify-guard (pid " in AntivirusCheck(tmp_path, [GUARD]).run()[0].evidence


def test_a_scanner_that_forbids_to_read_our_files_is_a_fault(watched: Path) -> None:
    with ClamAv(watched, disliked=CONTENT[:40]):
        found = codes(AntivirusCheck(watched).run())
    assert (found["antivirus-found"], found["files-taken"]) == (Severity.NOTE, Severity.ERROR)


def test_a_scanner_that_is_named_is_not_said_to_be_the_cause(watched: Path) -> None:
    with ClamAv(watched, disliked=CONTENT[:40]):
        (fault,) = (item for item in AntivirusCheck(watched).run() if item.code == "files-taken")
    assert "ClamAV; whether that does it was not seen" in fault.evidence


def test_a_scanner_that_dislikes_other_files_is_no_fault(watched: Path) -> None:
    with ClamAv(watched, disliked=b"something that Certify never writes"):
        found = codes(AntivirusCheck(watched).run())
    assert (found["antivirus-found"], found.get("antivirus")) == (Severity.NOTE, Severity.OK)


@pytest.mark.usefixtures("taker")
def test_a_program_that_takes_files_away_is_a_fault_whoever_it_is(watched: Path) -> None:
    (fault,) = AntivirusCheck(watched, []).run()
    assert (fault.severity, "No antivirus software that Certify knows" in fault.evidence) == (Severity.ERROR, True)


@pytest.mark.usefixtures("taker")
def test_the_file_that_was_taken_is_named(watched: Path) -> None:
    (fault,) = AntivirusCheck(watched, []).run()
    assert "certificate.pfx" in fault.evidence


def test_the_service_finds_the_check_by_the_hook(tmp_path: Path) -> None:
    assert [check.name for check in certify_health_checks(PluginContext(tmp_path))] == ["antivirus"]
