"""Which names the local CA signs: those that nobody can own on the public Internet.

The same table makes the root's name constraints (RFC 5280 section 4.2.1.10), so that to clients that honour those of a
root, as OpenSSL does and Java does not, even a stolen root key is good for nothing else. That is why single-label names
(``intranet``) are refused: a constraint permits a name and all below it, and no constraint says "any name without a
dot"; the root would have to permit every name there is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from cryptography import x509

from certify_core.api import Identifier, IdentifierType, PolicyRefused

DOMAINS = (
    "localhost",  # RFC 6761 section 6.3
    "test",  # RFC 6761 section 6.2
    "example",  # RFC 6761 section 6.5
    "internal",  # reserved by ICANN's board on 2024-07-29
    "local",  # RFC 6762 section 3
    "lan",  # held back by ICANN's collision studies; RFC 6762 appendix G
    "home.arpa",  # RFC 8375
)
NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
_BELOW = f"{', '.join(DOMAINS[:-1])} or {DOMAINS[-1]}"


def name_constraints() -> x509.NameConstraints:
    """Return what the root may sign at most."""
    return x509.NameConstraints(
        permitted_subtrees=[
            *(x509.DNSName(domain) for domain in DOMAINS),
            *(x509.IPAddress(network) for network in NETWORKS),
        ],
        excluded_subtrees=None,
    )


def refuse_public_names(identifiers: Sequence[Identifier]) -> None:
    """Let pass what is internal.

    Raises:
        PolicyRefused: the first name that is not, and what to use instead.
    """
    for identifier in identifiers:
        if identifier.type is IdentifierType.IP:
            _refuse_public_address(identifier)
        else:
            _refuse_public_domain(identifier)


def _refuse_public_address(identifier: Identifier) -> None:
    address = ipaddress.ip_address(identifier.value)
    if not any(address in network for network in NETWORKS):
        raise PolicyRefused(
            f"The local CA does not sign for {identifier}: it is not a private, loopback or link-local address.",
            "Choose a public authority that signs for addresses, or a private address.",
        )


def _refuse_public_domain(identifier: Identifier) -> None:
    name = identifier.base
    if not any(name == domain or name.endswith(f".{domain}") for domain in DOMAINS):
        if "." not in name:
            raise PolicyRefused(
                f"The local CA does not sign for {identifier}: its root cannot be limited to names without a dot.",
                f"Use {identifier}.internal or {identifier}.lan.",
            )
        raise PolicyRefused(
            f"The local CA does not sign for {identifier}: it may be somebody's name on the public Internet.",
            f"Choose a public authority such as letsencrypt, or a name below {_BELOW}.",
        )
    if identifier.is_wildcard and "." not in name:
        raise PolicyRefused(
            f"The local CA does not sign for {identifier}: clients accept no wildcard directly below a top-level name.",
            f"Use a wildcard one level down, such as *.dev.{name}.",
        )
