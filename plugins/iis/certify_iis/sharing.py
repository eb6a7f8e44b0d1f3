"""Keeps a certificate that http.sys shares between bindings from being changed behind somebody's back.

Without SNI, http.sys keeps one certificate for an address and port; with SNI, one for a host and port. Several
bindings, also of different sites, may stand behind it: a change to one is a change to all.
https://learn.microsoft.com/troubleshoot/developer/webapps/iis/site-behavior-performance/ip-port-binding-change
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from certify_iis.bindings import CENTRAL_STORE, Binding, BindingChange, Change, Site


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """Something that the certificate would fit and that is left alone."""

    site_name: str
    binding: str
    reason: str


def is_shared(sites: Iterable[Site], binding: Binding, changes: Iterable[Change]) -> bool:
    """Return whether a binding that is not among the changes shows the same certificate of http.sys."""
    ours = {(each.site_id, each.before.key) for each in changes if isinstance(each, BindingChange) and each.before}
    return any(
        _has_certificate_of_endpoint(other) and other.endpoint == binding.endpoint and (site.id, other.key) not in ours
        for site in sites
        for other in site.bindings
    )


def leave_shared(sites: Iterable[Site], owned: Sequence[BindingChange]) -> tuple[list[BindingChange], list[Left]]:
    """Return which of the changes can be made, and those that would also change a binding that is not among them."""
    ours = {(change.site_id, change.before.key) for change in owned if change.before}
    others: dict[tuple[str, int], tuple[Site, Binding]] = {}
    for site in sites:
        for binding in site.bindings:
            if _has_certificate_of_endpoint(binding) and (site.id, binding.key) not in ours:
                others.setdefault(binding.endpoint, (site, binding))
    kept, left = [], []
    for change in owned:
        other = _in_the_way(change, others)
        if other is None:
            kept.append(change)
            continue
        site, binding = other
        host, port = binding.endpoint
        reason = (
            f"it would share the certificate of {host}:{port} with {binding} of {site.name}, which is not to have it; "
            "use SNI for one of them"
        )
        left.append(Left(change.site_name, str(change.after), reason))
    return kept, left


def _has_certificate_of_endpoint(binding: Binding) -> bool:
    return binding.is_https and not binding.flags & CENTRAL_STORE


def _in_the_way(
    change: BindingChange, others: dict[tuple[str, int], tuple[Site, Binding]]
) -> tuple[Site, Binding] | None:
    after = change.after
    if after is None or not _has_certificate_of_endpoint(after):
        return None
    found = others.get(after.endpoint)
    return found if found and found[1].certificate != after.certificate else None
