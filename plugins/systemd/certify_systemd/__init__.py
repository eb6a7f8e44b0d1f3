"""Certify as a unit of systemd, with as few rights as it can work with."""

from __future__ import annotations

from certify_core.api import ServiceManager, hookimpl
from certify_systemd.manager import Systemd

__all__ = ["certify_service_managers"]


@hookimpl
def certify_service_managers() -> list[ServiceManager]:
    """Offer systemd; whether it is here it says itself."""
    return [Systemd()]
