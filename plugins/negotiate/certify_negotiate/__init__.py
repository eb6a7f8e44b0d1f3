"""Integrated authentication: people sign in with the account they have, by Kerberos or NTLM (RFC 4559).

Who is let in, and as what, the groups of this machine say. Off until a setting switches it on.
"""

from __future__ import annotations

from certify_core.api import PluginContext, SelfTest, SignIn, hookimpl
from certify_negotiate.selftest import SignInSelfTest
from certify_negotiate.settings import Settings
from certify_negotiate.sign_in import Negotiate

__all__ = ["certify_selftests", "certify_sign_ins"]


@hookimpl
def certify_sign_ins(context: PluginContext) -> list[SignIn]:
    """Offer the sign-in if it is wanted."""
    settings = Settings.model_validate(context.settings)
    return [Negotiate(settings)] if settings.integrated_authentication else []


@hookimpl
def certify_selftests(context: PluginContext) -> list[SelfTest]:
    """Offer what it is tried with on a real machine, also while it is off."""
    return [SignInSelfTest(Negotiate(Settings.model_validate(context.settings)))]
