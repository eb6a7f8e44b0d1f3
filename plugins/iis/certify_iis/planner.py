"""Decides which bindings get a certificate: sites, certificate and options in; changes and explanations out. Pure.

Promises, whatever the sites look like:
- only https bindings and the certificates of FTP sites are changed, and only those that the certificate owns: by an
  exact or a wildcard name, by a predecessor's thumbprint, or (if asked) because they have no host;
- a binding's address, port, host and flags stay as they are, and each one is told apart by all of them;
- a certificate that http.sys shares between bindings is not changed as long as one of them is somebody else's;
- planning again after the changes gives none; the order of sites and bindings does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from certify_iis.bindings import (
    ANY_IP,
    CENTRAL_STORE,
    NO_CERTIFICATE,
    SNI,
    Binding,
    BindingChange,
    Change,
    FtpChange,
    Site,
    https_binding,
)
from certify_iis.matching import Fit, canonical, fit_binding
from certify_iis.options import Options, Wanted
from certify_iis.sharing import Left, leave_shared


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be changed, what is right already, and what is left alone and why."""

    changes: tuple[Change, ...]
    right: tuple[tuple[Site, Binding], ...]
    """Bindings that show the certificate already."""
    right_ftp: tuple[Site, ...]
    left: tuple[Left, ...]
    unknown_sites: tuple[str, ...]
    """What the option `sites` names and IIS does not have."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no place at all for the certificate."""
        return not (self.changes or self.right or self.right_ftp)


def plan_bindings(sites: Sequence[Site], wanted: Wanted, options: Options) -> Plan:
    """Return what has to be done so that every binding that the certificate owns shows it."""
    known = {key for site in sites for key in (site.name.lower(), str(site.id))}
    updates, left = _updates(sites, wanted, options)
    owned = [*updates, *_additions(sites, wanted, options, left)]
    kept, shared = leave_shared(sites, owned)
    ftp = [change for site in sites if (change := _ftp_change(site, wanted, options)) is not None]
    due: list[Change] = [change for change in kept if change.before != change.after]
    due += [change for change in ftp if change.before != change.after]
    by_id = {site.id: site for site in sites}
    right = [(by_id[each.site_id], each.after) for each in kept if each.before == each.after and each.after]
    return Plan(
        changes=tuple(sorted(due, key=_order)),
        right=tuple(sorted(right, key=lambda pair: (pair[0].id, pair[1].key))),
        right_ftp=tuple(sorted((by_id[each.site_id] for each in ftp if each.before == each.after), key=_site_id)),
        left=tuple(sorted({*left, *shared})),
        unknown_sites=tuple(name for name in options.sites if name.lower() not in known),
    )


def is_named(site: Site, options: Options) -> bool:
    """Return whether the user has named this very site."""
    return any(name.lower() in {site.name.lower(), str(site.id)} for name in options.sites)


def _is_chosen(site: Site, options: Options) -> bool:
    if options.sites:
        return is_named(site, options)
    return site.started or options.stopped


def _updates(sites: Iterable[Site], wanted: Wanted, options: Options) -> tuple[list[BindingChange], list[Left]]:
    """Return the existing https bindings that are owned, with what they shall be, and those that are left alone."""
    owned, left = [], []
    for site in sites:
        for binding in site.bindings:
            if not binding.is_https or not _is_owned(site, binding, wanted, options):
                continue
            reason = _reason_to_leave(site, binding, wanted, options)
            if reason:
                left.append(Left(site.name, str(binding), reason))
            else:
                owned.append(BindingChange(site.id, site.name, binding, _with_certificate(binding, wanted, options)))
    return owned, left


def _is_owned(site: Site, binding: Binding, wanted: Wanted, options: Options) -> bool:
    is_ours = binding.certificate == wanted.certificate
    is_previous = binding.certificate.thumbprint in wanted.previous and options.replace_previous
    # The central store has files for the certificate's own names alone.
    if (is_ours or is_previous) and not options.central_store and (not options.sites or is_named(site, options)):
        return True
    return _is_chosen(site, options) and _is_matched(binding, wanted, options)


def _is_matched(binding: Binding, wanted: Wanted, options: Options) -> bool:
    if not binding.host and options.blank_host:
        return True
    return options.match_host and fit_binding(wanted.names, binding) is not Fit.NONE


def _reason_to_leave(site: Site, binding: Binding, wanted: Wanted, options: Options) -> str:
    if binding.flags & CENTRAL_STORE and not options.central_store:
        return "it takes its certificate from the central certificate store; give ccs_path"
    if options.central_store and not binding.host:
        return "the central certificate store needs a host name"
    holder = wanted.held.get(binding.certificate.thumbprint)
    if holder is None or is_named(site, options) or binding.flags & CENTRAL_STORE:
        return ""
    if fit_binding(holder.identifiers, binding) >= fit_binding(wanted.names, binding):
        return f"it shows the certificate of {holder.name}; name the site in the parameter sites to take it over"
    return ""


def _with_certificate(binding: Binding, wanted: Wanted, options: Options) -> Binding:
    """Return the binding with the certificate; a copy, so that every field that is not ours stays."""
    if not options.central_store:
        return Binding(binding.protocol, binding.information, binding.flags, wanted.certificate)
    if binding.flags & CENTRAL_STORE:
        return binding
    # Flags above these two are not for the central store.
    return Binding(binding.protocol, binding.information, SNI | CENTRAL_STORE, NO_CERTIFICATE)


def _additions(sites: Sequence[Site], wanted: Wanted, options: Options, left: list[Left]) -> Iterable[BindingChange]:
    """Yield the https bindings that http bindings lack; of sites with the same host, the one with the lowest id."""
    if not options.add:
        return
    taken = {binding.key: site for site in sites for binding in site.bindings if binding.is_https}
    for site in sorted(sites, key=_site_id):
        served = {canonical(binding.host) for binding in site.bindings if binding.is_https and binding.host}
        for binding in sorted(site.bindings, key=lambda binding: binding.key):
            if binding.protocol.lower() != "http" or not _is_chosen(site, options):
                continue
            if not _is_matched(binding, wanted, options) or canonical(binding.host) in served:
                continue
            added = _https_beside(binding, wanted, options)
            if added is None:
                left.append(Left(site.name, str(binding), "the central certificate store needs a host name"))
            elif added.key not in taken:
                taken[added.key] = site
                yield BindingChange(site.id, site.name, None, added)
            elif taken[added.key].id != site.id:
                left.append(Left(site.name, str(binding), f"{taken[added.key].name} has {added}"))


def _https_beside(binding: Binding, wanted: Wanted, options: Options) -> Binding | None:
    """Return the https binding that belongs to an http binding; None if there can be none."""
    if options.central_store:
        flags = SNI | CENTRAL_STORE
        return https_binding(options.ip, options.port, binding.host, flags, NO_CERTIFICATE) if binding.host else None
    # Without a host the address is all that tells bindings apart, so it is kept.
    ip = binding.ip if not binding.host and binding.ip != ANY_IP else options.ip
    flags = options.flags if binding.host else options.flags & ~SNI
    return https_binding(ip, options.port, binding.host, flags, wanted.certificate)


def _ftp_change(site: Site, wanted: Wanted, options: Options) -> FtpChange | None:
    """Return the change of a site's FTP certificate if it is owned: it has a predecessor, or the site is named."""
    if not site.has_ftp or options.central_store:
        return None
    current = site.ftp_certificate
    is_ours = current == wanted.certificate
    is_previous = current.thumbprint in wanted.previous and options.replace_previous
    if options.sites and not is_named(site, options):
        return None
    if is_ours or is_previous or (options.sites and (options.add or current) and _ftp_is_matched(site, wanted)):
        return FtpChange(site.id, site.name, current, wanted.certificate)
    return None


def _ftp_is_matched(site: Site, wanted: Wanted) -> bool:
    bindings = [binding for binding in site.bindings if binding.protocol.lower() == "ftp"]
    return any(not binding.host or fit_binding(wanted.names, binding) is not Fit.NONE for binding in bindings)


def _order(change: Change) -> tuple[int, int, tuple[str, str]]:
    if isinstance(change, FtpChange):
        return change.site_id, 1, ("", "")
    binding = change.after or change.before
    return change.site_id, 0, binding.key if binding else ("", "")


def _site_id(site: Site) -> int:
    return site.id
