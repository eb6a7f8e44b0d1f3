"""A certificate authority, a certificate and its successor, and a folder to put them into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from certify_core.api import CertificateBundle
from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.target import FilesTarget
from tests.support.certificates import CertificateAuthority

Parameters = Callable[..., FilesParameters]


@pytest.fixture(scope="session")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


@pytest.fixture
def bundle(authority: CertificateAuthority) -> CertificateBundle:
    return authority.issue("app.test", "www.app.test")


@pytest.fixture
def renewed(authority: CertificateAuthority) -> CertificateBundle:
    return authority.issue("app.test", "www.app.test")


@pytest.fixture
def target() -> FilesTarget:
    return FilesTarget()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "site"


@pytest.fixture
def parameters(folder: Path) -> Parameters:
    """Make parameters as the command line does: every value is a string."""

    def make(**values: str) -> FilesParameters:
        return FilesParameters.model_validate({"dir": str(folder), **values})

    return make
