"""pywin32, loaded when it is needed: it is on Windows alone, and its types are nowhere else."""

from __future__ import annotations

import importlib
from typing import Any


def win32service() -> Any:
    """Return the calls of the service control manager."""
    return importlib.import_module("win32service")


def servicemanager() -> Any:
    """Return what makes this process a service."""
    return importlib.import_module("servicemanager")


def service_framework() -> Any:
    """Return the class that services derive from."""
    return importlib.import_module("win32serviceutil").ServiceFramework


def win32evtlog() -> Any:
    """Return what reads the event log."""
    return importlib.import_module("win32evtlog")
