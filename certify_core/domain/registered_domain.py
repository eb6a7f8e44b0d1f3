"""The registered domain of a name, by the Public Suffix List that comes with the `publicsuffixlist` package."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import TYPE_CHECKING

from certify_core.domain.identifiers import Identifier, IdentifierType

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # reading its list takes longer than most commands

    return PublicSuffixList()


def registered_domain(identifier: Identifier) -> str:
    """Return what authorities count by: the public suffix and one label more, or the suffix if that is all.

    Of IP addresses it is the IPv4 address or the IPv6 network of 64 bits, as at Let's Encrypt.
    """
    if identifier.type is IdentifierType.DNS:
        return _suffixes().privatesuffix(identifier.base) or identifier.base
    address = ipaddress.ip_address(identifier.value)
    if address.version == 4:
        return identifier.value
    return str(ipaddress.ip_network((address, 64), strict=False))
