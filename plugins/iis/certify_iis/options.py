"""What a user decides about bindings, and what is known about certificates: the planner's other inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from certify_iis.bindings import ANY_IP, SNI, Certificate

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Options:
    """Where bindings may be changed and what new ones look like."""

    sites: tuple[str, ...] = ()
    """Names or ids; empty: every started site."""
    add: bool = True
    """Whether https bindings are added for http bindings; otherwise existing ones are updated only."""
    match_host: bool = True
    blank_host: bool = False
    """Whether bindings without a host are matched too."""
    replace_previous: bool = True
    stopped: bool = False
    """Whether stopped sites are matched as started ones are; a previous certificate is replaced there anyway."""
    ip: str = ANY_IP
    port: int = HTTPS_PORT
    flags: int = SNI
    """Flags of a new binding with a host; one without a host has no SNI."""
    central_store: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """Another managed certificate whose current certificate is in use."""

    name: str
    identifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The certificate that bindings shall show."""

    certificate: Certificate
    names: tuple[str, ...]
    previous: frozenset[str] = frozenset()
    """Thumbprints of its predecessors."""
    held: Mapping[str, Holder] = field(default_factory=dict)
    """By thumbprint: what other managed certificates hold; not taken from them without need."""
