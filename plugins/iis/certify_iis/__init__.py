"""A deployment target that puts certificates into the machine's store and binds them to sites of IIS.

It loads on every system; where there is no IIS, planning and deploying say so.
"""

from __future__ import annotations

import os

from certify_core.api import HealthCheck, PluginContext, SelfTest, hookimpl
from certify_iis.com import ComAdmin
from certify_iis.health import AccountRightsCheck
from certify_iis.ledger import Ledger
from certify_iis.selftest import IisSelfTest
from certify_iis.target import IisTarget
from certify_iis.windows_store import WindowsStore


@hookimpl
def certify_deployment_targets(context: PluginContext) -> list[IisTarget]:
    """Offer the target `iis`."""
    return [IisTarget(Ledger(context.data_dir / "iis" / "deployed.json"), ComAdmin(), WindowsStore())]


@hookimpl
def certify_selftests() -> list[SelfTest]:
    """Offer what IIS and the certificate store are tried with on a real server."""
    return [IisSelfTest(ComAdmin(), WindowsStore())]


@hookimpl
def certify_health_checks(context: PluginContext) -> list[HealthCheck]:
    """Offer a look at what the service's account may do."""
    return [AccountRightsCheck(ComAdmin(), WindowsStore())] if os.name == "nt" else []
