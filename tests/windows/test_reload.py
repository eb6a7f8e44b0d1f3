"""The reload command of deployed files on Windows, which splits a command line by rules of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.target import FilesTarget
from tests.support.certificates import CertificateAuthority

TELLING = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"

if sys.platform == "win32":

    @pytest.mark.parametrize("argument", ["C:\\site\\", "it's"])
    def test_it_is_handed_on_as_it_was_written(tmp_path: Path, argument: str) -> None:
        script, told = tmp_path / "telling.py", tmp_path / "told"
        script.write_text(TELLING)
        wish = {"dir": str(tmp_path / "site"), "reload": f"{sys.executable} {script} {told} {argument}"}
        FilesTarget().apply(CertificateAuthority().issue("app.test"), FilesParameters.model_validate(wish))
        assert told.read_text() == argument
