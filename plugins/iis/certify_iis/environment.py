"""What has to be so before IIS is touched; each lack has one clear message."""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Callable
from typing import Any, cast

from certify_core.api import DeploymentFailed

_POINTER_SIZE = struct.calcsize("P")
"""Bytes; 8 in a 64-bit Python."""


def _is_elevated() -> bool:
    """https://learn.microsoft.com/windows/win32/api/shlobj_core/nf-shlobj_core-isuseranadmin."""
    return bool(cast(Any, ctypes).WinDLL("shell32").IsUserAnAdmin())


def require_windows(
    platform: str = sys.platform, pointer_size: int = _POINTER_SIZE, is_elevated: Callable[[], bool] = _is_elevated
) -> None:
    """Refuse where there can be no IIS, or where it could not be changed.

    Raises:
        DeploymentFailed: not Windows, a 32-bit Python, or no administrator.
    """
    if platform != "win32":
        raise DeploymentFailed(
            "The target iis works on Windows alone, and this is another system.",
            "Run Certify on the server that has IIS, or use the target files.",
        )
    if pointer_size == 4:
        raise DeploymentFailed(
            "This is a 32-bit Python, which sees another configuration of IIS than the one in use.",
            "Install a 64-bit Python and Certify in it.",
        )
    if not is_elevated():
        raise DeploymentFailed(
            "The service is not elevated, so it may change neither IIS nor the machine's certificates.",
            "Run it as LocalSystem, or start it from a prompt that was opened as administrator.",
        )
