"""The sign-in itself: pyspnego speaks Negotiate and NTLM, by SSPI on Windows and by GSSAPI or Python elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from certify_core.api import AccessRefused, Handshake, LocalFault, Role, SignedIn
from certify_negotiate.ntlm import claimed_user
from certify_negotiate.settings import Settings

if TYPE_CHECKING:
    from spnego import ContextProxy

PROTOCOLS = {"Negotiate": "negotiate", "NTLM": "ntlm"}
"""Schemes of HTTP, and what pyspnego calls them."""


class Negotiate:
    """Signs people in by Kerberos or NTLM."""

    name = "negotiate"
    title = "Account of this machine or its domain (Kerberos, NTLM)"
    schemes: Sequence[str] = tuple(PROTOCOLS)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def begin(self, scheme: str) -> Handshake:
        """Begin an attempt.

        Raises:
            LocalFault: pyspnego is not installed, or there is no key for the service.
        """
        try:
            import spnego
            import spnego.exceptions
        except ImportError as error:
            raise LocalFault(
                f"Integrated authentication needs pyspnego, which does not load: {error}.",
                "Install it: pip install 'certify-core[integrated]'.",
            ) from error
        # It logs every message while it debugs, and those are as good as passwords to who can guess.
        logging.getLogger("spnego").setLevel(logging.WARNING)
        try:
            context = spnego.server(hostname="localhost", service="HTTP", protocol=PROTOCOLS[scheme])
        except (spnego.exceptions.SpnegoError, ValueError, ImportError) as error:
            raise LocalFault(
                f"{scheme} cannot begin: {_line(error)}.",
                "Kerberos needs a key for HTTP/localhost in a keytab (KRB5_KTNAME), NTLM a file NTLM_USER_FILE.",
            ) from error
        return _Handshake(context, self._role_of)

    def _role_of(self, name: str) -> Role | None:
        from certify_negotiate.groups import groups_of

        settings = self._settings
        groups = groups_of(name, settings.access_realm)
        if groups.are_administrators or settings.administrators_group.casefold() in groups.names:
            return Role.ADMINISTRATOR
        return settings.access_group_role if settings.access_group.casefold() in groups.names else None


class _Handshake:
    """One attempt."""

    def __init__(self, context: ContextProxy, role_of: Callable[[str], Role | None]) -> None:
        self._context = context
        self._role_of = role_of

    def claimed(self, message: bytes) -> str | None:
        """Return the user of an NTLM message; Kerberos tries no password here.

        Raises:
            AccessRefused: it cannot be told which of several passwords would be tried.
        """
        return claimed_user(message)

    def step(self, message: bytes) -> tuple[bytes, SignedIn | None]:
        """Take a message; return the answer, and who it is if that is known by now.

        Raises:
            AccessRefused: the message does not fit, or password or ticket are wrong.
        """
        try:
            reply = self._context.step(message) or b""
        except Exception as error:  # strangers send what they like, and the library raises many things when it reads it
            raise AccessRefused(
                f"You could not be recognised: {_line(error)}.",
                "Sign in with an account of this machine or its domain.",
            ) from error
        if not self._context.complete:
            return reply, None
        name = self._context.client_principal
        if not name:
            raise AccessRefused("You are anonymous.", "Sign in with an account of this machine or its domain.")
        return reply, SignedIn(name, self._role_of(name))


def _line(error: BaseException) -> str:
    """Return an error in one line; the library's texts hold no secrets, only codes and what was being done."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200].rstrip(".")
