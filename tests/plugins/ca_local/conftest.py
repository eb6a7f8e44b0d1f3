"""A local CA that was never used."""

from __future__ import annotations

from pathlib import Path

import pytest

from certify_ca_local.authority import LocalAuthority


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the root will be."""
    return tmp_path / "ca_local"


@pytest.fixture
def authority(folder: Path) -> LocalAuthority:
    return LocalAuthority(folder)
