"""How health checks ask an authority: with the account that is there, and little patience."""

from __future__ import annotations

from certify_core.acme import AccountKey, AcmeClient
from certify_core.contracts import AcmeAuthority
from certify_core.engine.accounts import USER_AGENT
from certify_core.plugins import Plugins
from certify_core.store import Account

PATIENCE = 10.0
"""Seconds that an authority has to answer."""


def client_of(account: Account, plugins: Plugins, patience: float = PATIENCE) -> AcmeClient:
    """Return a client of the account's authority; whoever asks for it closes it."""
    return AcmeClient(
        account.directory,
        AccountKey.from_pem(account.key_pem),
        ca_bundle=account.ca_bundle or _usual_roots(account.directory, plugins),
        user_agent=USER_AGENT,
        timeout=patience,
    )


def _usual_roots(directory: str, plugins: Plugins) -> str | None:
    for authority in plugins.authorities:
        if isinstance(authority, AcmeAuthority) and authority.directory == directory:
            return authority.ca_bundle
    return None
