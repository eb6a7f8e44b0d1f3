"""Checks, backups and recoveries of the store as the API and the command line show them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from certify_core.care import Backup, CheckReport, RecoveryReport
from certify_core.service.routes.views import iso


def backup_view(backup: Backup) -> dict[str, Any]:
    """Return a backup as the API shows it."""
    rows = sum(backup.rows.values())
    return {**asdict(backup), "made_at": iso(backup.made_at), "path": str(backup.path), "rows": rows}


def report_view(report: CheckReport) -> dict[str, Any]:
    """Return what a check found as the API shows it."""
    rows = sum(report.rows.values())
    return {**asdict(report), "checked_at": iso(report.checked_at), "rows": rows, "sound": report.sound}


def recovery_view(report: RecoveryReport) -> dict[str, Any]:
    """Return what a recovery has done as the API shows it."""
    set_aside = str(report.set_aside) if report.set_aside else None
    rows = sum(report.rows.values())
    return {**asdict(report), "recovered_at": iso(report.recovered_at), "rows": rows, "set_aside": set_aside}
