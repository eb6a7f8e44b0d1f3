"""Certify as a unit of systemd, with as few rights as it can work with; its warnings and errors in the journal."""

from __future__ import annotations

import logging

from certify_core.api import ServiceManager, hookimpl
from certify_systemd.journal import Journal, is_here
from certify_systemd.manager import Systemd

__all__ = ["certify_log_handlers", "certify_service_managers"]


@hookimpl
def certify_log_handlers() -> list[logging.Handler]:
    """Offer the journal to a service that systemd runs."""
    return [Journal()] if is_here() else []


@hookimpl
def certify_service_managers() -> list[ServiceManager]:
    """Offer systemd; whether it is here it says itself."""
    return [Systemd()]
