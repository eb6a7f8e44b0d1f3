"""Shows plans and sites to people: what is added and changed, what stays, and what is left alone and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from certify_core.api import PlannedChange
from certify_iis.bindings import CENTRAL_STORE, SNI, BindingChange, Certificate, Change, Site
from certify_iis.planner import Plan


def described(plan: Plan) -> list[PlannedChange]:
    """Return a plan as planned changes."""
    return [
        *(_described(change) for change in plan.changes),
        *(PlannedChange("keep", f"{site.name}: {binding}", "unchanged") for site, binding in plan.right),
        *(PlannedChange("keep", f"{site.name}: FTP server", "unchanged") for site in plan.right_ftp),
        *(PlannedChange("leave", f"{left.site_name}: {left.binding}", left.reason) for left in plan.left),
    ]


def counted(sites: Sequence[Site]) -> str:
    """Return how many sites and bindings of each kind there are, without their names."""
    bindings = [binding for site in sites for binding in site.bindings]
    kinds = Counter(binding.protocol.lower() for binding in bindings)
    secured = [binding for binding in bindings if binding.is_https]
    return (
        f"{len(sites)} sites, {sum(site.started for site in sites)} of them started; "
        f"bindings: {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items())) or 'none'}; "
        f"https ones with SNI: {sum(bool(one.flags & SNI) for one in secured)}, "
        f"of the central store: {sum(bool(one.flags & CENTRAL_STORE) for one in secured)}, "
        f"with a certificate of the machine: {sum(bool(one.certificate) for one in secured)}."
    )


def _described(change: Change) -> PlannedChange:
    if not isinstance(change, BindingChange):
        return PlannedChange("bind", f"{change.site_name}: FTP server", _replaced(change.before))
    if change.before is None:
        return PlannedChange("add", f"{change.site_name}: {change.after}", _flags(change))
    if change.before.flags != (change.after.flags if change.after else 0):
        return PlannedChange("bind", f"{change.site_name}: {change.before}", _flags(change))
    return PlannedChange("bind", f"{change.site_name}: {change.before}", _replaced(change.before.certificate))


def _replaced(certificate: Certificate) -> str:
    return f"in place of {certificate.store}\\{certificate.thumbprint}" if certificate else "had no certificate"


def _flags(change: BindingChange) -> str:
    flags = change.after.flags if change.after else 0
    names = [name for flag, name in ((SNI, "SNI"), (CENTRAL_STORE, "central certificate store")) if flags & flag]
    return f"with {' and '.join(names)}" if names else "without SNI"
