"""Reading the CAA records (RFC 8659) that hold for a name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from certify_core.domain.caa import CaaRecord

if TYPE_CHECKING:
    from dns.resolver import Resolver

AT_ONCE = 40
LOOK_UP = 3.0
"""Seconds for one name and all domains above it together."""


def system_resolver() -> Resolver:
    """Return a resolver that asks the name servers of this machine."""
    from dns.resolver import Resolver  # 100 ms, and hardly ever needed

    return Resolver()


def read_records(names: Collection[str], resolver: Resolver) -> dict[str, list[CaaRecord] | str]:
    """Return for each name the records that hold for it, or why they cannot be read."""
    ordered = sorted(names)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="caa") as threads:
        return dict(zip(ordered, threads.map(partial(_look_up, resolver), ordered), strict=True))


def _look_up(resolver: Resolver, name: str) -> list[CaaRecord] | str:
    """Return the records that hold for a name (RFC 8659 section 3), or why they cannot be read."""
    import dns.exception
    import dns.name
    import dns.resolver

    domain = dns.name.from_text(name)
    try:
        while domain != dns.name.root:
            try:
                answer = resolver.resolve(domain, "CAA", search=False, lifetime=LOOK_UP)
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                domain = domain.parent()
                continue
            return [CaaRecord(item.flags, item.tag.decode(), item.value.decode("utf-8", "replace")) for item in answer]
    except (dns.exception.DNSException, OSError) as error:
        return type(error).__name__
    return []


def shown(records: Iterable[CaaRecord]) -> str:
    """Return records as people write them."""
    return ", ".join(f'{record.flags} {record.tag} "{record.value}"' for record in records)


def remedy_for(name: str, identity: str) -> str:
    """Return what to do where the records of a name do not allow the authority that calls itself `identity`."""
    return f'Add a record in DNS: {name} CAA 0 issue "{identity}", or use another authority.'
