"""What an authority will not take, told from its directory before anything is asked of it."""

from __future__ import annotations

from certify_core.acme import AcmeClient
from certify_core.contracts import AcmeAuthority
from certify_core.errors import PolicyRefused


def check_profile(profile: str | None, authority: AcmeAuthority, client: AcmeClient) -> None:
    """See that the authority has a certificate profile (draft-ietf-acme-profiles), if one is wanted.

    Raises:
        PolicyRefused: it has not.
    """
    if profile is not None and profile not in client.profiles:
        known = ", ".join(client.profiles) or "it has none"
        raise PolicyRefused(f"{authority.title} has no certificate profile {profile!r}.", f"Its profiles: {known}.")


def check_binding(authority: AcmeAuthority, client: AcmeClient) -> None:
    """See that the authority opens accounts to anybody, without an external account binding (RFC 8555 section 7.3.4).

    Raises:
        PolicyRefused: it does not.
    """
    if authority.needs_eab or client.needs_eab:
        raise PolicyRefused(
            f"{authority.title} opens accounts only with an external account binding.",
            f"Get a key id and an HMAC key there, then: certify account add --ca {authority.id} --eab-kid KID",
        )
