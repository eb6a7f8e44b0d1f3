"""Antivirus software: which is here, and, measured apart from that, what somebody keeps Certify from doing."""

from __future__ import annotations

from certify_av_checks.check import AntivirusCheck
from certify_core.api import PluginContext, hookimpl


@hookimpl
def certify_health_checks(context: PluginContext) -> list[AntivirusCheck]:
    """Offer the check of the data folder."""
    return [AntivirusCheck(context.data_dir)]
