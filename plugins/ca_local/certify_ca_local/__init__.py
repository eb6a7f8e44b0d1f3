"""A certificate authority inside the service, for development and internal names. It needs no network.

The root is made on first use (never at import), may only vouch for TLS servers with the names and addresses in
`names.py`, and lives in `ca_local/` of the data folder. Who trusts `root.pem` trusts all that this CA signs.
"""

from __future__ import annotations

from pathlib import Path

from certify_ca_local.authority import LocalAuthority
from certify_core.api import PluginContext, hookimpl

FOLDER = "ca_local"


@hookimpl
def certify_authorities(context: PluginContext) -> list[LocalAuthority]:
    """Offer the local CA."""
    return [LocalAuthority(context.data_dir / FOLDER)]


@hookimpl
def certify_moved_folders(context: PluginContext) -> list[Path]:
    """Have the root move to another machine: clients trust it."""
    return [context.data_dir / FOLDER]
