"""Tries integrated authentication on a real Windows: the account that runs this signs in to this very process."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from certify_core.api import LocalFault, SelfTestStep
from certify_negotiate.sign_in import PROTOCOLS, Negotiate

if TYPE_CHECKING:
    from spnego import ContextProxy

_MESSAGES = 6
"""More are not exchanged by any of the two."""


class SignInSelfTest:
    """One step for each scheme; nothing is changed."""

    name = "negotiate"
    title = "Integrated authentication (SSPI)"
    suite = "windows"

    def __init__(self, sign_in: Negotiate, client: Callable[[str], ContextProxy] | None = None) -> None:
        """`client` begins to sign in by a protocol; by default as the account that runs this."""
        self._sign_in = sign_in
        self._client = client or _this_account

    def is_here(self) -> bool:
        """Whether this is Windows. Wine says that it is, and crashes when it is asked to sign somebody in."""
        return os.name == "nt" and not hasattr(_library("ntdll"), "wine_get_version")

    def steps(self) -> Sequence[SelfTestStep]:
        """Return the steps."""
        return [
            SelfTestStep(f"sign-in-{protocol}", f"This account signs in by {scheme}", partial(self._try, scheme))
            for scheme, protocol in PROTOCOLS.items()
        ]

    def _try(self, scheme: str) -> str:
        server = self._sign_in.begin(scheme)
        client = self._client(PROTOCOLS[scheme])
        message = client.step() or b""
        for _ in range(_MESSAGES):
            reply, signed_in = server.step(message)
            if signed_in is not None:
                role = signed_in.role.value if signed_in.role else "nobody, who would not be let in"
                return f"This account was recognised, as {role}."
            message = client.step(reply) or b""
        raise LocalFault(f"The handshake by {scheme} comes to no end.", "Send the report in.")


def _this_account(protocol: str) -> ContextProxy:
    import spnego

    return spnego.client(hostname="localhost", service="HTTP", protocol=protocol)


def _library(name: str) -> Any:
    return getattr(ctypes, "windll")[name]  # noqa: B009 - the attribute exists on Windows alone
