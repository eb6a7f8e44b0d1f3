"""Certify as a Windows service, hosted by python.exe: its folder closed to others, its errors in the event log."""

from __future__ import annotations

import logging
import os

from certify_core.api import FolderKeeper, HealthCheck, PluginContext, SelfTest, ServiceManager, hookimpl
from certify_windows_service.folder_check import AccessListKeeper, FolderAccessCheck
from certify_windows_service.hosting import HOSTED
from certify_windows_service.manager import WindowsServices
from certify_windows_service.selftest import WindowsServiceSelfTest

__all__ = [
    "certify_folder_keepers",
    "certify_health_checks",
    "certify_log_handlers",
    "certify_selftests",
    "certify_service_managers",
]


@hookimpl
def certify_folder_keepers() -> list[FolderKeeper]:
    """Offer what closes a new data folder."""
    return [AccessListKeeper()] if os.name == "nt" else []


@hookimpl
def certify_health_checks(context: PluginContext) -> list[HealthCheck]:
    """Offer a look at who may read the data folder."""
    return [FolderAccessCheck(context.data_dir)] if os.name == "nt" else []


@hookimpl
def certify_log_handlers() -> list[logging.Handler]:
    """Offer the event log to a process that Windows runs as a service."""
    if not HOSTED.is_set():
        return []
    from certify_windows_service.event_log import EventLog

    return [EventLog()]


@hookimpl
def certify_service_managers() -> list[ServiceManager]:
    """Offer Windows' service manager; whether it is here it says itself."""
    return [WindowsServices()]


@hookimpl
def certify_selftests() -> list[SelfTest]:
    """Offer what Windows' service manager is tried with on a real machine."""
    return [WindowsServiceSelfTest()]
