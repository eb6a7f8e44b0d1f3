"""Where IIS cannot be changed, one message says so before anything is touched."""

from __future__ import annotations

import pytest

from certify_core.api import DeploymentFailed
from certify_iis.environment import require_windows

LACKS = {
    "another system": ("linux", 8, True, "works on Windows alone"),
    "a 32-bit Python": ("win32", 4, True, "32-bit Python"),
    "no administrator": ("win32", 8, False, "not elevated"),
}


@pytest.mark.parametrize("lack", LACKS)
def test_each_lack_is_one_message_with_a_remedy(lack: str) -> None:
    platform, pointer_size, elevated, words = LACKS[lack]
    with pytest.raises(DeploymentFailed, match=words) as failed:
        require_windows(platform, pointer_size, lambda: elevated)
    assert failed.value.remedy


def test_an_elevated_64_bit_python_on_windows_is_accepted() -> None:
    asked: list[str] = []

    def elevated() -> bool:
        asked.append("elevated")
        return True

    require_windows("win32", 8, elevated)
    assert asked == ["elevated"]
