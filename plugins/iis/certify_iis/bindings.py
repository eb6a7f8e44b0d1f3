"""Sites and bindings as values, and changes to them that can be turned back.

A binding is what IIS keeps in `applicationHost.config` (protocol, `IP:port:host`, flags) together with the certificate
that http.sys shows for it. Nothing here touches a machine.
https://learn.microsoft.com/iis/configuration/system.applicationhost/sites/site/bindings/binding
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

SNI = 1
"""Flag: the certificate is chosen by the name that the client sends (RFC 6066 section 3)."""
CENTRAL_STORE = 2
"""Flag: the certificate is a file of the central certificate store (CCS), named after the host."""
ANY_IP = "*"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Which certificate of which machine store; empty where there is none."""

    thumbprint: str = ""
    """SHA-1 in upper-case hex."""
    store: str = ""

    def __bool__(self) -> bool:
        return bool(self.thumbprint)


NO_CERTIFICATE = Certificate()


@dataclass(frozen=True, slots=True)
class Binding:
    """One way into a site; within a site, protocol and information are unique."""

    protocol: str
    information: str
    """For http, https and ftp `IP:port:host`, IPv6 in brackets; other protocols have forms of their own."""
    flags: int = 0
    certificate: Certificate = NO_CERTIFICATE

    @property
    def is_https(self) -> bool:
        """Whether the binding has a certificate of http.sys."""
        return self.protocol.lower() == "https"

    @property
    def key(self) -> tuple[str, str]:
        """What tells the bindings of one site apart."""
        return self.protocol.lower(), self.information.lower()

    @property
    def ip(self) -> str:
        """The address without brackets, `*` for all."""
        return self._parts[0] or ANY_IP

    @property
    def port(self) -> int:
        """The TCP port; 0 if the information has none."""
        return int(self._parts[1]) if self._parts[1].isdecimal() else 0

    @property
    def host(self) -> str:
        """The host name as it is written; empty for all."""
        return self._parts[2]

    @property
    def _parts(self) -> tuple[str, str, str]:
        address, bracket, rest = self.information.partition("]:")
        if bracket:
            address = address.removeprefix("[")
        else:
            address, _, rest = self.information.partition(":")
        port, _, host = rest.partition(":")
        return address, port, host

    @property
    def endpoint(self) -> tuple[str, int]:
        """Where http.sys keeps the certificate: by host and port with SNI, otherwise by address and port.

        Bindings with the same endpoint show the same certificate, also if they are of different sites.
        https://learn.microsoft.com/windows/win32/http/http-service-config-ssl-sni-set
        """
        return (self.host.lower() if self.flags & SNI else self.ip), self.port

    def __str__(self) -> str:
        return f"{self.protocol} {self.information}"


def https_binding(ip: str, port: int, host: str, flags: int, certificate: Certificate) -> Binding:
    """Return a new https binding."""
    address = f"[{ip}]" if ":" in ip else ip
    return Binding("https", f"{address}:{port}:{host}", flags, certificate)


@dataclass(frozen=True, slots=True)
class Site:
    """A site of IIS with its bindings."""

    id: int
    name: str
    bindings: tuple[Binding, ...]
    started: bool = True
    ftp_certificate: Certificate = NO_CERTIFICATE
    """The certificate of the site's FTP server (`ftpServer/security/ssl`)."""

    @property
    def has_ftp(self) -> bool:
        """Whether the site is reached by FTP."""
        return any(binding.protocol.lower() == "ftp" for binding in self.bindings)


@dataclass(frozen=True, slots=True)
class BindingChange:
    """A binding as it is and as it shall be; without `before` it is added, without `after` it is removed."""

    site_id: int
    site_name: str
    before: Binding | None
    after: Binding | None


@dataclass(frozen=True, slots=True)
class FtpChange:
    """The certificate of a site's FTP server as it is and as it shall be."""

    site_id: int
    site_name: str
    before: Certificate
    after: Certificate


Change = BindingChange | FtpChange


def turned_back(sites: Iterable[Site], changes: Iterable[Change], *, only_ours: bool = False) -> list[Change]:
    """Return what puts back as much of the changes as was made, the last one first.

    With `only_ours`, a place that is no longer as the change left it is somebody else's by now, and stays.
    """
    by_id = {site.id: site for site in sites}
    back: list[Change] = []
    for change in reversed(list(changes)):
        site = by_id.get(change.site_id)
        if site is None:
            continue
        if isinstance(change, FtpChange):
            now = site.ftp_certificate
            if now != change.before and (now == change.after or not only_ours):
                back.append(replace(change, before=now, after=change.before))
            continue
        found = _binding_of(site, change)
        if found != change.before and (found == change.after or not only_ours):
            back.append(replace(change, before=found, after=change.before))
    return back


def _binding_of(site: Site, change: BindingChange) -> Binding | None:
    """Return the binding that a change is about as it is now."""
    wanted = change.after or change.before
    return next((each for each in site.bindings if wanted and each.key == wanted.key), None)


def is_present(sites: Iterable[Site], change: Change) -> bool:
    """Return whether the sites are as the change expects them to be before it is made."""
    site = next((site for site in sites if site.id == change.site_id), None)
    if site is None:
        return False
    if isinstance(change, FtpChange):
        return site.ftp_certificate == change.before
    if change.before is not None:
        return change.before in site.bindings
    return change.after is None or change.after.key not in {binding.key for binding in site.bindings}


def version_of(sites: Iterable[Site]) -> str:
    """Return a text that differs when sites or bindings differ; their order does not count."""
    lines = sorted(
        f"{site.id}\t{site.name}\t{site.started}\t{site.ftp_certificate}\t{sorted(map(repr, site.bindings))}"
        for site in sites
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
