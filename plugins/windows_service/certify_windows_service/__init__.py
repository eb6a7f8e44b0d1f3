"""Certify as a Windows service, hosted by python.exe itself."""

from __future__ import annotations

from certify_core.api import ServiceManager, hookimpl
from certify_windows_service.manager import WindowsServices

__all__ = ["certify_service_managers"]


@hookimpl
def certify_service_managers() -> list[ServiceManager]:
    """Offer Windows' service manager; whether it is here it says itself."""
    return [WindowsServices()]
