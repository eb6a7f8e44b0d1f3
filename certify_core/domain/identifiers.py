"""Names that a certificate can hold: DNS names as A-labels (RFC 5890), wildcards, and IP addresses (RFC 8738)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import idna

from certify_core.errors import InvalidInput

MAX_LENGTH = 253
"""Characters of a DNS name as text (RFC 1035 section 2.3.4 allows 255 octets on the wire)."""

_REMEDY = "Give a DNS name such as www.example.com, a wildcard such as *.example.com, or an IP address."


class IdentifierType(StrEnum):
    """The identifier types of RFC 8555 section 9.7.7 and RFC 8738 section 3."""

    DNS = "dns"
    IP = "ip"


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One name in its canonical form: lower-case A-labels, or the shortest form of an IP address."""

    type: IdentifierType
    value: str

    @property
    def is_wildcard(self) -> bool:
        """Whether this is ``*.something``."""
        return self.value.startswith("*.")

    @property
    def base(self) -> str:
        """The name without ``*.``: what an authorization is made for (RFC 8555 section 7.1.3)."""
        return self.value.removeprefix("*.")

    def __str__(self) -> str:
        return self.value


def parse_identifier(text: str, *, field: str = "identifiers") -> Identifier:
    """Return the canonical identifier for what a user wrote.

    Raises:
        InvalidInput: it is neither a DNS name nor an IP address; names `field`.
    """
    text = text.strip()
    address = _ip_address(text)
    if address is not None:
        return Identifier(IdentifierType.IP, address)
    wildcard = "*." if text.startswith("*.") else ""
    base = text.removeprefix(wildcard)
    if not base or "*" in base:
        raise InvalidInput(field, f"{text!r} is not a name that a certificate can hold.", _REMEDY)
    try:
        value = wildcard + _a_labels(base)
    except idna.IDNAError as error:
        raise InvalidInput(field, f"{text!r} is not a valid DNS name: {error}.", _REMEDY) from error
    if value.rpartition(".")[2].isdigit():
        # No top-level domain is a number (RFC 3696 section 2): this is an address with a slip in it.
        raise InvalidInput(field, f"{text!r} is neither a DNS name nor a valid IP address.", _REMEDY)
    if len(value) > MAX_LENGTH:
        raise InvalidInput(field, f"{text!r} is longer than {MAX_LENGTH} characters.", _REMEDY)
    return Identifier(IdentifierType.DNS, value)


@lru_cache(maxsize=1024)
def _a_labels(name: str) -> str:
    """Return a DNS name as A-labels; kept, because a name is read at every step of its order, at a cost each time."""
    return idna.encode(name, uts46=True, std3_rules=True).decode("ascii").lower().removesuffix(".")


def parse_identifiers(texts: list[str] | tuple[str, ...], *, field: str = "identifiers") -> tuple[Identifier, ...]:
    """Return the canonical identifiers in the order given, each once."""
    return tuple(dict.fromkeys(parse_identifier(text, field=field) for text in texts))


def _ip_address(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None  # a zone means something on one machine only (RFC 4007 section 6)
        if address.ipv4_mapped is not None:
            return f"::ffff:{address.ipv4_mapped}"  # RFC 5952 section 5; Python writes it so since 3.13
    return str(address)
