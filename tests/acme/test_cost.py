"""A service that has no ACME account yet pays for no HTTP and no ACME library."""

from __future__ import annotations

import subprocess
import sys

_LOADED = "import certify_core.acme, sys; print(sorted({'acme', 'josepy', 'requests', 'urllib3'} & set(sys.modules)))"


def test_importing_the_package_imports_no_heavy_library() -> None:
    loaded = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
