"""A certificate authority inside the service, for development and internal names. It needs no network.

The root is made on first use (never at import), may only vouch for TLS servers with the names and addresses in
`names.py`, and lives in `ca_local/` of the data folder. Who trusts `root.pem` trusts all that this CA signs.
"""

from __future__ import annotations

from certify_ca_local.authority import LocalAuthority
from certify_core.api import PluginContext, hookimpl


@hookimpl
def certify_authorities(context: PluginContext) -> list[LocalAuthority]:
    """Offer the local CA."""
    return [LocalAuthority(context.data_dir / "ca_local")]
