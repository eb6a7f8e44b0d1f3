"""The antivirus check on Windows: what holds a file there, what the registry and the Security Center say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from certify_av_checks import security_center
from certify_av_checks.check import AntivirusCheck
from certify_av_checks.defender import EXCLUSIONS, excluded_folders
from certify_av_checks.file_probe import CONTENT, probe_files
from tests.support.holding import held

DATA = r"C:\ProgramData\Certify"


if sys.platform == "win32":

    @pytest.fixture
    def exclusions() -> None:
        """What Microsoft Defender keeps in the registry where one folder is excluded."""
        import winreg

        with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, EXCLUSIONS[0]) as key:
            winreg.SetValueEx(key, DATA, 0, winreg.REG_DWORD, 0)

    def test_where_nobody_interferes_all_is_well(tmp_path: Path) -> None:
        assert [finding.code for finding in AntivirusCheck(tmp_path, []).run()] == ["antivirus"]

    def test_a_file_that_another_process_keeps_is_told(tmp_path: Path) -> None:
        file = tmp_path / "privkey.pem"
        file.write_bytes(CONTENT)
        with held(file):
            found = probe_files(tmp_path)
        assert [(fault.code, "privkey.pem" in fault.evidence) for fault in found] == [("files-blocked", True)]

    @pytest.mark.usefixtures("exclusions")
    def test_the_folders_that_defender_leaves_alone_are_read() -> None:
        assert DATA in (excluded_folders() or [])

    def test_a_windows_without_security_center_has_nothing_registered() -> None:
        assert security_center.registered() == []
